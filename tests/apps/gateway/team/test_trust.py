"""Incidents of other gateways, each a test under its item of the list: URLs of callers, injections, secrets, tokens."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import hashlib
import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import jackfield_gateway
from jackfield import Boards
from tests.apps.gateway.conftest import served
from tests.apps.gateway.team.conftest import HI, MODEL, House, house_of
from tests.core.server import DONE, USAGE, Server, chunk, completion, running, streamed, whole

pytestmark = pytest.mark.needs("module:sqlalchemy")
SOURCES = sorted(Path(jackfield_gateway.__file__).parent.rglob("*.py"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Server]]:
    with running() as upstream:
        upstream.answer(whole(completion("Hello")))
        with house_of(tmp_path_factory.mktemp("house"), upstream) as found:
            yield found, upstream


# -- item 4: where a request goes is never a caller's to say -----------------------------------------------------------

_MEMBERS = (
    "api_base", "base_url", "apiBase", "api_url", "url", "endpoint", "host", "custom_host", "proxy", "azure_endpoint",
    "aws_bedrock_runtime_endpoint", "vertex_api_base", "api_key", "organization", "headers", "extra_headers",
)  # fmt: skip


def _nested(url: str) -> Iterator[dict[str, Any]]:
    for name in _MEMBERS:
        value: Any = {"host": url, "authorization": "Bearer x"} if "headers" in name else url
        yield {name: value}
        for outer in ("metadata", "extra_body", "litellm_params", "provider_options", "openai", "user_config"):
            yield {outer: {name: value}}
        yield {"extra_body": {"model_list": [{"litellm_params": {name: value}}]}}


def test_item_4_no_member_header_or_query_of_a_caller_changes_where_a_stored_key_goes(
    shared: tuple[House, Server],
) -> None:
    house, upstream = shared
    with running() as attacker:
        attacker.answer(whole(completion("stolen")))
        upstream.requests.clear()
        host = attacker.url.removeprefix("http://").removesuffix("/v1")
        for body in _nested(attacker.url):
            house.chat(house.keys["first", "member"], **body)
        for name in ("x-portkey-custom-host", "x-base-url", "x-api-base", "x-forwarded-host", "host", "x-upstream",
                     "x-jackfield-base-url", "helicone-target-url"):  # fmt: skip
            house.chat(house.keys["first", "member"], headers={name: host})
        for query in ("api_base", "base_url", "url", "host"):
            path = f"/v1/chat/completions?{query}={attacker.url}"
            house.call("POST", path, house.keys["first", "member"], json={"model": MODEL, "messages": HI})
        for model in (f"{attacker.url}/gpt", f"openai/{attacker.url}", f"openai/../{host}", f"openai@{host}/x"):
            house.chat(house.keys["first", "member"], model=model)
        assert attacker.requests == []
    assert upstream.requests, "what could be asked went where the operator says"
    for row in upstream.requests:
        assert row["headers"]["host"] == f"127.0.0.1:{upstream.port}"
        assert row["headers"]["authorization"] == "Bearer sk-gateway-0123456789"


def test_item_4_a_sealed_credential_has_no_address(shared: tuple[House, Server]) -> None:
    house, _ = shared
    for name in ("base_url", "url", "transport", "headers", "settings"):
        body = {"provider": "openai", "values": {"api_key": "sk-own", name: "http://evil.example"}}
        refused = house.call("PUT", "/api/manage/credentials", json=body)
        assert refused.status_code == 400
        assert f"values.{name}" in refused.json()["error"]["message"]
        assert "sk-own" not in refused.text


# -- items 5, 9: what callers write is data ----------------------------------------------------------------------------

GRAMMAR = [
    "'", "''", '"', "' OR 1=1 --", "'; DROP TABLE keys; --", "1 UNION SELECT hash FROM keys", "%", "%%%%%%%%", "_",
    "\\", "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "{{7*7}}", "{{''.__class__}}", "${7*7}",
    "%(x)s", "{0}", "a" * 5000, "́" * 50, "null", "0x27", "admin'/*", "*/ SELECT 1 /*", "; ATTACH 'x' AS y; --",
]  # fmt: skip
_QUERIES = (
    "cursor", "key_id", "project_id", "organisation_id", "user", "route", "provider", "model", "since", "until",
    "status", "failed", "sandboxed", "limit", "by", "period", "format", "scope", "subject_id", "ended", "name",
)  # fmt: skip


@pytest.mark.parametrize("path", ["requests", "usage", "audit", "keys", "budgets", "projects", "users", "credentials"])
def test_item_5_no_query_is_read_as_sql_a_pattern_or_a_template(shared: tuple[House, Server], path: str) -> None:
    house, _ = shared
    with httpx.Client(base_url=house.address, timeout=20) as client:
        client.headers["authorization"] = f"Bearer {house.keys['first', 'admin']}"
        before = client.get("/api/manage/keys", params={"ended": "true"}).json()
        for payload in GRAMMAR:
            for name in _QUERIES:
                answer = client.get(f"/api/manage/{path}", params={name: payload})
                assert answer.status_code in (200, 400, 403, 404, 431), (name, payload, answer.text)
                assert "49" not in answer.text or payload != "{{7*7}}"
                assert not re.search(r"sqlite|sqlalchemy|syntax error|Traceback", answer.text, re.IGNORECASE)
                if answer.status_code == 200 and name in ("user", "route", "provider", "model", "key_id"):
                    assert path not in ("requests", "usage") or answer.json()["data"] == [], (name, payload)
        for payload in GRAMMAR[:12]:
            quoted = httpx.QueryParams({"x": payload})["x"].encode("utf-8", "replace").hex()
            answer = client.get(f"/api/manage/requests/{quoted}")
            assert answer.status_code == 404
        assert client.get("/api/manage/keys", params={"ended": "true"}).json() == before


def test_item_5_the_key_itself_is_no_sql_on_any_path(shared: tuple[House, Server]) -> None:
    house, _ = shared
    address = ("127.0.0.1", int(house.address.rpartition(":")[2]))
    for payload in GRAMMAR:
        raw = payload.encode("utf-8", "surrogatepass").replace(b"\x00", b"%00")
        for prefix in (b"Bearer ", b"Bearer jf-", b""):
            with socket.create_connection(address, timeout=10) as caller:
                head = b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: " + prefix + raw
                caller.sendall(head + b"\r\n\r\n")
                answer = b""
                while piece := caller.recv(65536):
                    answer += piece
            status = int(answer.split(b" ", 2)[1])
            assert status in (400, 401), (payload, answer)
            assert b"sqlite" not in answer.lower()


# -- items 15, 16, 17: keys --------------------------------------------------------------------------------------------


def test_item_15_a_key_store_that_is_down_is_503_and_never_401(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    with house_of(tmp_path, upstream) as house:
        member, viewer = house.keys["first", "member"], house.keys["first", "viewer"]
        assert house.chat(member).status_code == 200
        file = tmp_path / "gateway.db"
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("ALTER TABLE keys RENAME TO gone")
            answer = house.call("GET", "/v1/models", viewer)
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) >= 1
            assert house.chat(member).status_code == 200, "a key that is known goes on"
            other.execute("ALTER TABLE gone RENAME TO keys")
        until = time.monotonic() + 10
        while house.call("GET", "/v1/models", viewer).status_code != 200 and time.monotonic() < until:
            time.sleep(0.1)
        assert house.call("GET", "/v1/models", viewer).status_code == 200


def test_item_16_keys_that_begin_alike_are_never_one_another(shared: tuple[House, Server]) -> None:
    house, _ = shared
    key = house.keys["first", "member"]
    assert house.chat(key).status_code == 200
    for length in (11, 20, 40, len(key) - 1):
        for other in (key[:length], key[:length] + "A" * (len(key) - length), key[:length] + "-" * 200):
            if other != key:
                assert house.chat(other).status_code == 401
    assert house.chat(key + "A").status_code == 401
    assert house.chat(key.swapcase()).status_code == 401


def test_item_17_what_is_stored_of_a_key_is_no_key(shared: tuple[House, Server]) -> None:
    house, _ = shared
    with contextlib.closing(sqlite3.connect(house.folder / "gateway.db")) as connection:
        rows = connection.execute("SELECT hash, prefix, id FROM keys").fetchall()
    assert rows
    for row in rows:
        for stored in row:
            for sent in (stored, f"jf-{stored}", f"jf-{stored}"[:46]):
                assert house.chat(sent).status_code == 401
    key = house.keys["first", "admin"]
    assert hashlib.sha256(key.encode()).hexdigest() not in {row[0] for row in rows}, "a plain hash could be guessed"


# -- items 9, 14, 21 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["answer", "error", "timeout", "hang-up", "refusal"])
def test_item_9_calls_at_a_time_are_counted_down_however_they_end(
    tmp_path: Path, upstream: Server, ending: str
) -> None:
    limits = [{"scope": scope, "parallel": 3} for scope in ("key", "project", "model")]
    [data] = whole(completion("Hello"))
    assert isinstance(data, bytes)
    scripts: dict[str, Any] = {
        "answer": whole(completion("Hello")), "error": whole({"error": {"message": "no"}}, 500),
        "timeout": [data[:20], 30.0, data[20:]], "hang-up": [data[:20], 30.0, data[20:]], "refusal": [None],
    }  # fmt: skip
    upstream.answer(scripts[ending])
    with house_of(tmp_path, upstream, limits=limits) as house:
        member = house.keys["first", "member"]
        for _ in range(7):
            if ending in ("timeout", "hang-up"):
                with contextlib.suppress(httpx.TimeoutException):
                    headers = {"authorization": f"Bearer {member}"}
                    body = {"model": MODEL, "messages": HI, "stream": ending == "hang-up"}
                    httpx.post(f"{house.address}/v1/chat/completions", json=body, headers=headers, timeout=0.2)
            else:
                assert house.chat(member).status_code != 429
        limiter = house.app.guard.limits
        until = time.monotonic() + 5
        while house.app.panel.running and time.monotonic() < until:
            time.sleep(0.02)
        assert house.app.panel.running == 0
        assert limiter.local is not None
        assert limiter.local._running == {}


def test_limits_are_told_in_every_answer_and_hold(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(
        whole(completion("Hello", usage={"prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50}))
    )
    limits = [{"scope": "key", "match": "first member", "requests": 3}, {"scope": "project", "tokens": 100}]
    with house_of(tmp_path, upstream, limits=limits) as house:
        member, admin = house.keys["first", "member"], house.keys["first", "admin"]
        first = house.chat(member)
        assert (first.headers["x-ratelimit-limit-requests"], first.headers["x-ratelimit-remaining-requests"]) == (
            "3",
            "2",
        )
        assert first.headers["x-ratelimit-limit-tokens"] == "100"
        assert house.chat(member).status_code == 200
        refused = house.chat(member)
        assert refused.status_code == 429, "two answers of 50 tokens are the project's 100"
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["x-ratelimit-remaining-tokens"] == "0"
        assert "tokens a minute" in refused.json()["error"]["message"]
        assert house.chat(admin).status_code == 429, "the project's tokens are everybody's in it"
        assert house.chat(house.keys["second", "member"]).status_code == 200
        assert "x-ratelimit-limit-requests" not in house.chat(house.keys["second", "member"]).headers


def test_item_14_a_key_that_is_replaced_ends_no_stream_that_is_open(house: House, upstream: Server) -> None:
    body = {"provider": "openai", "values": {"api_key": "sk-project-old"}}
    house.manage("PUT", "credentials", json=body)
    upstream.answer(
        streamed(chunk(content="Hel"), 1.0, chunk(content="lo"), chunk(finish="stop"), USAGE, DONE),
        whole(completion("Hello")),
    )
    headers = {"authorization": f"Bearer {house.keys['first', 'member']}"}
    asked = {"model": MODEL, "messages": HI, "stream": True}
    with httpx.stream(
        "POST", f"{house.address}/v1/chat/completions", json=asked, headers=headers, timeout=10
    ) as answer:
        lines = answer.iter_lines()
        assert "Hel" in "".join(next(lines) for _ in range(2))
        house.manage("PUT", "credentials", json={**body, "values": {"api_key": "sk-project-new"}})
        for number in range(250):  # more clients than anybody keeps
            house.app.panel.lending.forget(str(number))  # type: ignore[union-attr]
        assert house.chat(house.keys["first", "member"]).status_code == 200
        rest = "".join(lines)
    assert "lo" in rest
    assert "[DONE]" in rest
    keys = [row["headers"]["authorization"] for row in upstream.requests]
    assert keys == ["Bearer sk-project-old", "Bearer sk-project-new"]


def test_item_21_a_fallback_gets_nothing_of_the_first_provider_or_of_the_caller(tmp_path: Path) -> None:
    with running() as first, running() as second:
        first.answer(whole({"error": {"message": "down"}}, 503))
        second.answer(whole({
            "id": "m", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 1, "output_tokens": 1},
        }))  # fmt: skip
        providers = {
            "openai": {"api_key": "sk-openai-canary", "base_url": first.url, "headers": {"x-first": "1"}},
            "anthropic": {"api_key": "sk-anthropic-canary", "base_url": second.url.removesuffix("/v1")},
        }
        with house_of(tmp_path, first, providers=providers) as house:
            headers = {"x-caller": "c", "cookie": "c=1", "openai-organization": "o", "user-agent": "caller/1",
                       "x-jackfield-key-openai": "sk-callers-own"}  # fmt: skip
            body = {"fallbacks": ["anthropic/claude-haiku-4-5"], "store": True, "logit_bias": {"5": 1}}
            answer = house.chat(house.keys["first", "member"], headers=headers, **body)
            assert answer.status_code == 200, answer.text
        [row] = second.requests
        allowed = {"host", "content-type", "content-length", "accept", "accept-encoding", "connection", "user-agent",
                   "x-api-key", "anthropic-version"}  # fmt: skip
        assert set(row["headers"]) <= allowed, set(row["headers"]) - allowed
        assert row["headers"]["x-api-key"] == "sk-anthropic-canary"
        assert "caller/1" not in str(row["headers"])
        assert "sk-callers-own" not in str(row)
        assert "logit_bias" not in row["body"] if isinstance(row["body"], str) else b"logit_bias" not in row["body"]
        assert first.requests[0]["headers"]["authorization"] == "Bearer sk-callers-own"


def test_a_callers_own_key_is_used_for_its_provider_alone_and_costs_no_budget(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini")))
    body = {"scope": "key", "subject_id": house.ids["first", "member"], "period": "total", "amount": "1"}
    house.manage("PUT", "budgets", json=body)
    own = {"x-jackfield-key-openai": "sk-callers-own"}
    assert house.chat(house.keys["first", "member"], headers=own, max_tokens=9).status_code == 200
    assert house.chat(house.keys["first", "member"], headers={"x-jackfield-key-anthropic": "k"}).status_code == 200
    wrong = house.chat(house.keys["first", "member"], headers={"x-jackfield-key-nobody": "k"})
    assert (wrong.status_code, "no such provider" in wrong.text) == (400, True)
    sent = [row["headers"]["authorization"] for row in upstream.requests]
    assert sent == ["Bearer sk-callers-own", "Bearer sk-gateway-0123456789"]
    until, found = time.monotonic() + 5, "0"
    while float(found) == 0 and time.monotonic() < until:
        found = house.manage("GET", "budgets")["data"][0]["spent"]
    assert 0 < float(found) < 0.00001, "the second question alone is charged"


# -- item 13: files of prices ------------------------------------------------------------------------------------------


def test_item_13_a_bad_file_of_prices_is_refused_and_a_good_one_counts_everywhere(
    tmp_path: Path, upstream: Server
) -> None:
    path = tmp_path / "jackfield.toml"
    price = '[prices]\n"openai/gpt-4o-mini" = {{ rates = {{ input = "{0}", output = "{0}" }} }}\n'
    path.write_text(price.format("1000"))
    usage = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=usage)))
    with house_of(tmp_path, upstream, boards=Boards.of(path, {})) as house:
        details = {"x-jackfield-details": "1"}

        def told() -> float:
            return float(house.chat(house.keys["first", "member"], headers=details).json()["jackfield"]["cost"])

        assert told() == 2.0
        for bad in (price.format("cheap"), price.format("-1"), "[prices", "[prices]\nx = 5\n", "[pricez]\n"):
            path.write_text(bad)
            with pytest.raises(Exception, match=r"jackfield\.toml|pricez"):
                house.app.reload({})
            assert told() == 2.0
        path.write_text(price.format("3000"))
        house.app.reload({})
        assert told() == 6.0
        body = {"scope": "key", "subject_id": house.ids["first", "member"], "period": "total", "amount": "10"}
        house.manage("PUT", "budgets", json=body)
        refused = house.chat(house.keys["first", "member"], max_tokens=9000)
        assert refused.status_code == 402, "what is reserved goes by the new price too"


# -- item 20: smuggling and bounds -------------------------------------------------------------------------------------


def _raw(house: House, data: bytes, wait: float = 3.0) -> bytes:
    answer = b""
    address = ("127.0.0.1", int(house.address.rpartition(":")[2]))
    ended = contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError)
    with socket.create_connection(address, timeout=wait) as caller, ended:
        caller.sendall(data)
        while piece := caller.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: 5\r\ntransfer-encoding: chunked",
        b"transfer-encoding: chunked\r\ncontent-length: 5",
        b"content-length: 5\r\ncontent-length: 6",
        b"content-length: 5, 6",
        b"content-length: +5",
        b"content-length: 5 5",
        b"content-length: -1",
        b"transfer-encoding: xchunked",
        b"transfer-encoding : chunked",
        b"transfer-encoding: chunked, identity",
        b"x: y\r\n folded: z",
        b"transfer-encoding:\x0bchunked",
        b"x\x00y: 1",
        b"content-length: 5\nx: y",
    ],
)
def test_item_20_what_may_be_read_in_two_ways_is_refused(shared: tuple[House, Server], lines: bytes) -> None:
    house, upstream = shared
    upstream.requests.clear()
    inner = (
        b"GET /api/manage/keys HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + house.keys["first", "admin"].encode()
    )
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + lines
    answer = _raw(house, head + b"\r\n\r\n0\r\n\r\n" + inner + b"\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") <= 1, "there is one request, and no second one in its body"
    assert answer[9:12] in (b"400", b"401", b""), answer[:200]
    assert not upstream.requests


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A process of ours with small bounds."""
    from tests.apps.gateway.test_serve import serving

    environ = {"JACKFIELD_GATEWAY_MAX_HEADER": "4096", "JACKFIELD_GATEWAY_MAX_BODY": "20000"}
    with serving(tmp_path_factory.mktemp("small"), "--demo", **environ) as (address, _):
        yield address


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x%d: y\r\n" % number for number in range(900)) + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 200_000,
    ],
)
def test_item_20_a_head_that_is_too_large_is_refused(small: str, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(small.rpartition(":")[2])), timeout=5) as caller:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            caller.sendall(head)
        assert caller.recv(65536).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("sent", ["length", "chunks"])
def test_item_20_a_body_that_is_too_large_is_refused(small: str, sent: str) -> None:
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "x" * 30_000}]}).encode()
    content = body if sent == "length" else iter([body[:9000], body[9000:]])
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{small}/v1/chat/completions", content=content, headers=headers, timeout=10)
    assert answer.status_code == 413, answer.text
    deep = b'{"model": "x", "messages": ' + b"[" * 9000 + b"]" * 9000 + b"}"
    assert httpx.post(f"{small}/v1/chat/completions", content=deep, headers=headers, timeout=10).status_code == 400


def test_item_20_who_never_ends_a_head_is_left_alone_with_it(upstream: Server) -> None:
    from jackfield_gateway._protocol import bounded

    async def main() -> bytes:
        import uvicorn

        from jackfield_gateway import GatewayApp

        config = uvicorn.Config(GatewayApp(boards=Boards({}, environ={})), http=bounded(4096, 0.3), log_level="error")
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            task = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n")
            answer = b""
            async with asyncio.timeout(5):
                slowly = asyncio.create_task(_drip(writer))
                answer = await reader.read()
            slowly.cancel()
            writer.close()
            server.should_exit = True
            await task
            return answer

    assert asyncio.run(main()).startswith(b"HTTP/1.1 408 ")


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x: y\r\n")
        await asyncio.sleep(0.05)


# -- items 33, 34: what the gateway is made of -------------------------------------------------------------------------


def test_item_33_nothing_stands_between_the_server_and_the_application() -> None:
    """No middleware at all, so none that reads a body or a stream for itself."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("starlette", "fastapi") for name in names), path
            if isinstance(node, ast.ClassDef):
                assert "Middleware" not in node.name


def test_item_34_a_starlette_that_believes_the_host_header_is_never_installed() -> None:
    root = Path(__file__).parents[4]
    for file in root.glob("plugins/*/*/pyproject.toml"):
        assert "starlette" not in file.read_text(encoding="utf-8").lower(), file
    pinned = [Requirement(line) for line in (root / "constraints.txt").read_text().splitlines() if "starlette" in line]
    assert all(min(Version(one.version) for one in row.specifier) >= Version("1.0.1") for row in pinned)


@pytest.mark.parametrize(
    "name", ["eval", "exec", "compile", "pickle", "marshal", "shelve", "subprocess", "yaml", "jinja2"]
)
def test_nothing_that_runs_text_is_used(name: str) -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != name, path
            if isinstance(node, ast.Import):
                assert all(alias.name.split(".")[0] != name for alias in node.names), path


def test_item_20_who_never_ends_a_body_is_given_up(upstream: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from jackfield_gateway import GatewayApp, _call

    monkeypatch.setattr(_call, "_PATIENCE", 0.3)
    providers = {"openai": {"api_key": "sk", "base_url": upstream.url}}
    with (
        served(GatewayApp(providers, boards=Boards({}, environ={}))) as address,
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=5) as caller,
    ):
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {address.partition('//')[2]}\r\n"
        caller.sendall(f"{head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{{".encode())
        assert caller.recv(65536).startswith(b"HTTP/1.1 408 ")
    assert not upstream.requests
