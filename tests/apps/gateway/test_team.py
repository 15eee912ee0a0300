"""A gateway with a database: keys that are issued and bounded, a history of what was asked, a store that is down."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings, Team, db_command, keys_command
from jackfield_gateway.state import Teams, open_store, read_secret
from tests.apps.gateway.conftest import served
from tests.core.server import DONE, USAGE, Server, chunk, completion, streamed, whole

pytestmark = pytest.mark.needs("module:sqlalchemy")
HI = [{"role": "user", "content": "Hi"}]
ASKED: dict[str, Any] = {"model": "openai/gpt-4o-mini", "messages": HI}
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gateway.db'}"


def command(capsys: pytest.CaptureFixture[str], url: str, *words: str) -> Any:
    capsys.readouterr()
    assert keys_command(["--store", url, "--json", *words]) == 0
    return json.loads(capsys.readouterr().out or "null")


@pytest.fixture
def address(url: str, upstream: Server) -> Iterator[str]:
    upstream.answer(whole(completion("Hello")))
    secret = read_secret(Path(url.removeprefix("sqlite:///")).with_suffix(".secret"))
    providers = {"openai": {"api_key": "sk", "base_url": upstream.url}}
    with served(
        GatewayApp(providers, boards=Boards({}, environ={}), settings=Settings(retries=0), team=Team(url, secret))
    ) as found:
        yield found


def ask(address: str, key: str, path: str = "/v1/chat/completions", body: Any = None) -> httpx.Response:
    return httpx.post(address + path, json=body or ASKED, headers={"authorization": f"Bearer {key}"}, timeout=10)


def test_the_first_start_prints_a_key_of_an_administrator_once(
    url: str, upstream: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    upstream.answer(whole(completion("Hello")))
    secret = read_secret(Path(url.removeprefix("sqlite:///")).with_suffix(".secret"))
    told = []
    for _ in range(2):
        providers = {"openai": {"api_key": "sk", "base_url": upstream.url}}
        with served(GatewayApp(providers, boards=Boards({}, environ={}), team=Team(url, secret))) as address:
            out = capfd.readouterr().out
            told += [line.rpartition(" ")[2] for line in out.splitlines() if "first key" in line]
            assert ask(address, told[0]).status_code == 200
    assert len(told) == 1
    assert told[0].encode() not in Path(url.removeprefix("sqlite:///")).read_bytes()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/chat/completions", ASKED, 401),
        ("/v2/text/chat", {"providers": "openai", "text": "Hi"}, 403),
        ("/api/v1/chat/completions", {**ASKED}, 401),
        ("/v1/messages", {**ASKED, "max_tokens": 5}, 401),
        ("/openapi.json", None, 401),
        ("/nothing", {}, 401),
    ],
)
def test_without_a_key_nothing_is_told(address: str, upstream: Server, path: str, body: Any, status: int) -> None:
    for key in ("-", "jf-wrong", "x" * 4000, "jf-" + "A" * 43):
        answer = httpx.request(
            "GET" if body is None else "POST", address + path, json=body, headers={"authorization": f"Bearer {key}"}
        )
        assert answer.status_code == status, answer.text
        assert key == "-" or key not in answer.text
    assert not upstream.requests
    assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}


def test_keys_are_issued_rotated_and_revoked(
    address: str, url: str, upstream: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    made = command(capsys, url, "create", "app")
    assert ask(address, made["key"]).status_code == 200
    rotated = command(capsys, url, "rotate", made["id"])
    assert ask(address, rotated["key"]).status_code == 200
    assert ask(address, made["key"]).status_code == 200, "the old one is taken for a while"
    listed = command(capsys, url, "list")
    assert {row["name"] for row in listed} >= {"app"}
    assert all("key" not in row for row in listed)
    gone = command(capsys, url, "create", "gone")
    command(capsys, url, "revoke", gone["id"])
    assert ask(address, gone["key"]).status_code == 401


def test_a_key_asks_the_models_and_the_addresses_that_it_may(
    address: str, url: str, upstream: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    key = command(capsys, url, "create", "small", "--model", "openai/gpt-4o-mini", "--route", "/v1/chat/*")["key"]
    assert ask(address, key).status_code == 200
    assert ask(address, key, body={**ASKED, "model": "gpt-4o-mini"}).status_code == 200, "a bare name is the same model"
    upstream.requests.clear()
    for body in ({**ASKED, "model": "openai/gpt-4o"}, {**ASKED, "fallbacks": ["openai/gpt-4o"]}):
        refused = ask(address, key, body=body)
        assert refused.status_code == 403
        assert "openai/gpt-4o" in refused.json()["error"]["message"]
    assert ask(address, key, "/v2/text/chat", {"providers": "openai/gpt-4o-mini", "text": "Hi"}).status_code == 403
    assert not upstream.requests


def test_a_key_that_is_bound_cannot_be_led_elsewhere(
    address: str, url: str, upstream: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    key = command(capsys, url, "create", "small", "--model", "openai/gpt-4o-mini")["key"]
    assert ask(address, key, body={**ASKED, "models": ["openai/gpt-5"], "route": "fallback", "seed": 1}).is_success
    assert json.loads(upstream.requests[-1]["body"]).keys() == {"model", "messages", "seed"}
    body = {"providers": "openai/gpt-4o-mini", "text": "Hi"}
    for more in ({"fallback_providers": "openai/gpt-4o"}, {"providers": "openai"}, {"providers": "openai,openai/o1"}):
        assert ask(address, key, "/v2/text/chat", {**body, **more}).status_code == 403


def test_a_viewer_asks_nothing_and_sees_its_own_project(
    address: str, url: str, upstream: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    member = command(capsys, url, "create", "member")["key"]
    viewer, admin = (command(capsys, url, "create", role, "--role", role) for role in ("viewer", "admin"))
    asyncio.run(_move(url, viewer["id"]))
    assert ask(address, member).is_success
    assert ask(address, viewer["key"]).status_code == 403
    query = {"begin": TODAY, "end": "9999-12-31", "step": "1"}
    time.sleep(0.6)  # the history is written in batches
    rows = {}
    for name, key in (("viewer", viewer["key"]), ("admin", admin["key"])):
        headers = {"authorization": f"Bearer {key}"}
        rows[name] = httpx.get(f"{address}/v2/cost_management", params=query, headers=headers).json()["response"]
    assert rows["viewer"] == []
    assert rows["admin"]


async def _move(url: str, key_id: str) -> None:
    """Give a key another project, as an operator does with two teams."""
    store = await open_store(url)
    try:
        teams = Teams(store)
        project = await teams.add_project((await teams.organisations())[0].id, "other")
        async with store.writing() as connection:
            moved = {"project": project.id, "key": key_id}
            await connection.execute(text("UPDATE keys SET project_id = :project WHERE id = :key"), moved)
    finally:
        await store.close()


def test_what_is_asked_is_kept_and_added_up(
    address: str, url: str, upstream: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    made = command(capsys, url, "create", "app")
    ask(address, made["key"])
    upstream.answer(streamed(chunk(content="Hello"), chunk(finish="stop"), USAGE, DONE))
    ask(address, made["key"], body={**ASKED, "stream": True, "user": "u1"})
    upstream.answer(whole({"error": {"message": "because"}}, 500))
    ask(address, made["key"])
    until = time.monotonic() + 5
    rows: list[Any] = []
    while len(rows) < 3 and time.monotonic() < until:
        time.sleep(0.1)
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            rows = database.execute(
                'SELECT status, provider, model, cost, input_tokens, "user", error_class FROM requests ORDER BY id'
            ).fetchall()
    assert rows == [
        (200, "openai", "gpt-4o-mini", 1650, 3, None, None),
        (200, "openai", "gpt-4o-mini", 1650, 3, "u1", None),
        (500, "openai", "gpt-4o-mini", None, None, None, "ServerError"),
    ]
    query = {"begin": TODAY, "end": TODAY, "step": "1"}
    headers = {"authorization": f"Bearer {made['key']}"}
    found = httpx.get(f"{address}/v2/cost_management", params=query, headers=headers).json()["response"]
    assert [row["token"] for row in found] == [made["id"]]
    day = found[0]["data"][TODAY]["openai-chat__chat"]
    assert (day["details"], day["total_cost"]) == (3, pytest.approx(3.3e-06))


def test_a_store_that_is_down_is_503_and_known_keys_go_on(
    address: str, url: str, upstream: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    known, unknown = (command(capsys, url, "create", name)["key"] for name in ("known", "unknown"))
    assert ask(address, known).status_code == 200
    file = Path(url.removeprefix("sqlite:///"))
    for broken in (file, *file.parent.glob(f"{file.name}-*")):
        with broken.open("r+b") as database:
            database.write(b"no database any more" * 2000)
            database.truncate()
    assert ask(address, known).status_code == 200
    for path, body in (
        ("/v1/chat/completions", ASKED),
        ("/v2/text/chat", {"providers": "openai", "text": "Hi"}),
        ("/api/v1/chat/completions", ASKED),
    ):
        answer = ask(address, unknown, path, body)
        assert answer.status_code == 503, answer.text
        assert "retry-after" in answer.headers


def test_the_database_is_checked_and_copied(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert db_command(["--store", url, "upgrade"]) == 0
    assert db_command(["--store", url, "check"]) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    assert db_command(["--store", url, "backup", str(tmp_path / "copy.db")]) == 0
    assert (tmp_path / "copy.db").stat().st_size > 0
    assert db_command(["--store", url, "backup", str(tmp_path / "copy.db")]) == 2
    assert "there already" in capsys.readouterr().err


def test_a_missing_database_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert keys_command(["list"]) == 2
    assert "--store" in capsys.readouterr().err
    assert keys_command(["--store", "postgresql://127.0.0.1:1/x", "list"]) == 2
    assert "jackfield keys:" in capsys.readouterr().err
