"""Ways round what a caller may: each was open once, or is at another gateway."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from jackfield_gateway.manage._state import masked
from tests.apps.gateway.team.conftest import HI, MODEL, House, house_of
from tests.apps.gateway.team.test_money import budget, cost, rows, spent
from tests.core.server import Server, chunk, completion, streamed, whole

pytestmark = pytest.mark.needs("module:sqlalchemy")


def until_paid(ask: Callable[[], httpx.Response]) -> None:
    """Ask until there is money: a raised budget counts after a few seconds."""
    until = time.monotonic() + 15
    while (answer := ask()).status_code == 402 and time.monotonic() < until:
        time.sleep(0.3)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("provider", "values"),
    [
        ("amazon", {"profile": "payroll"}),
        ("vertex", {"file": "/etc/passwd"}),
        ("microsoft", {"credential": "any"}),
        ("openai", {"base_url": "http://evil.example"}),
    ],
)
def test_what_is_sealed_names_nothing_on_the_gateways_machine(
    house: House, provider: str, values: dict[str, str]
) -> None:
    body = {"provider": provider, "values": values}
    refused = house.call("PUT", "/api/manage/credentials", house.keys["second", "admin"], json=body)
    assert refused.status_code == 400, refused.text


def test_the_budget_of_an_organisation_is_the_operators(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    body = {"scope": "organisation", "subject_id": house.organisations["second"], "period": "total", "amount": "0"}
    made = house.manage("PUT", "budgets", json=body)
    second = house.keys["second", "admin"]
    assert house.chat(second).status_code == 402
    assert house.call("PUT", "/api/manage/budgets", second, json={**body, "amount": "9"}).status_code == 403
    assert house.call("DELETE", f"/api/manage/budgets/{made['id']}", second).status_code == 403
    assert house.chat(second).status_code == 402


def test_a_rotated_key_keeps_its_budget_and_its_limits(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    limits = [{"scope": "key", "match": "first member", "requests": 100}]
    with house_of(tmp_path, upstream, limits=limits) as house:
        budget(house, "0")
        assert house.chat(house.keys["first", "member"]).status_code == 402
        turned = house.manage("POST", f"keys/{house.ids['first', 'member']}/rotate", json={})
        again = house.manage("POST", f"keys/{turned['data']['id']}/rotate", json={})
        for made in (turned, again):
            answer = house.chat(made["key"])
            assert answer.status_code == 402, answer.text
            assert made["data"]["root_id"] == house.ids["first", "member"]
        assert answer.headers["x-ratelimit-remaining-requests"] == "97"
        body = {"scope": "key", "subject_id": again["data"]["id"], "period": "total", "amount": "5"}
        house.manage("PUT", "budgets", json=body)
        until_paid(lambda: house.chat(house.keys["first", "member"]))  # it is one budget, by whichever name


def test_trailers_are_bounded_and_nobodys_headers(house: House) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
    address = ("127.0.0.1", int(house.address.rpartition(":")[2]))
    for trailer in (b"x: y\r\n" * 200, b"x: " + b"y" * 1200):
        with socket.create_connection(address, timeout=5) as caller:
            caller.sendall(head)
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                _send_for_ever(caller, trailer)
    smuggled = b"authorization: Bearer " + house.keys["first", "admin"].encode() + b"\r\n"
    with socket.create_connection(address, timeout=5) as caller:
        caller.sendall(head + smuggled + b"\r\n")
        assert caller.recv(65536).startswith(b"HTTP/1.1 401 ")


def _send_for_ever(caller: socket.socket, data: bytes) -> None:
    for _ in range(20_000):  # 24 MB
        caller.sendall(data)


ANTHROPIC = [
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant",'
    b'"model":"claude-haiku-4-5","content":[],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}}}\n\n',
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n',
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"' + b"word " * 2000 + b'"}}\n\n',
]


def test_a_stream_that_states_its_usage_first_is_charged_for_what_came(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(streamed(*ANTHROPIC, 20.0))
    providers = {"anthropic": {"api_key": "sk", "base_url": upstream.url.removesuffix("/v1")}}
    with house_of(tmp_path, upstream, providers=providers) as house:
        budget(house, "1")
        body = {"model": "anthropic/claude-haiku-4-5", "messages": HI, "stream": True, "max_tokens": 4000}
        headers = {"authorization": f"Bearer {house.keys['first', 'member']}"}
        url = f"{house.address}/v1/chat/completions"
        with httpx.stream("POST", url, json=body, headers=headers, timeout=10) as answer:
            for line in answer.iter_lines():
                if "word" in line:
                    break
        [row] = rows(house, 1)
        assert row["output_tokens"] == 10_000 // 4 + 1
        assert spent(house) == Decimal(row["cost"]) > Decimal("0.01")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_without_usage_is_charged_by_its_size(house: House, upstream: Server, stream: bool) -> None:
    body = completion("word " * 800, model="gpt-4o-mini")
    del body["usage"]
    upstream.answer(streamed(chunk(content="word " * 800), chunk(finish="stop"), b"data: [DONE]\n\n") if stream
                    else whole(body))  # fmt: skip
    budget(house, "1")
    answer = house.chat(house.keys["first", "member"], stream=stream, max_tokens=2000)
    assert answer.status_code == 200
    assert '"completion_tokens":1001' not in answer.text.replace(" ", ""), (
        "an estimate is not told as the provider's word"
    )
    assert spent(house) >= cost(1, 1000)


def test_who_hangs_up_on_a_whole_answer_pays_for_the_question(house: House, upstream: Server) -> None:
    [data] = whole(completion("Hello", model="gpt-4o-mini"))
    assert isinstance(data, bytes)
    upstream.answer([data[:20], 20.0, data[20:]])
    budget(house, "1")
    headers = {"authorization": f"Bearer {house.keys['first', 'member']}"}
    body = {"model": MODEL, "messages": [{"role": "user", "content": "word " * 4000}], "max_tokens": 10}
    with contextlib.suppress(httpx.TimeoutException):
        httpx.post(f"{house.address}/v1/chat/completions", json=body, headers=headers, timeout=0.5)
    assert upstream.closed_early.wait(2)
    assert spent(house) == cost(5001, 0)


def test_a_limit_of_a_model_holds_for_fallbacks_and_for_all_its_names(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    limits = [{"scope": "model", "match": "openai/gpt-4o-mini", "requests": 1}]
    with house_of(tmp_path, upstream, limits=limits) as house:
        member = house.keys["first", "member"]
        assert house.chat(member).status_code == 200
        assert house.chat(member).status_code == 429
        assert house.chat(member, model="openai/gpt-4o-mini-2024-07-18").status_code == 429
        assert house.chat(member, model="openai/gpt-4.1-nano", fallbacks=[MODEL]).status_code == 429
        assert house.chat(member, model="openai/gpt-4.1-nano").status_code == 200


def test_members_that_steer_a_host_to_other_models_are_left_out(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    providers = {"openrouter": {"api_key": "sk", "base_url": upstream.url}}
    with house_of(tmp_path, upstream, providers=providers) as house:
        budget(house, "5")
        more = {"models": ["openai/gpt-5-pro"], "route": "fallback", "provider": {"sort": "price"}, "max_tokens": 10}
        answer = house.chat(house.keys["first", "member"], model="openrouter/openai/gpt-4o-mini", **more)
        assert answer.status_code == 200, answer.text
    sent = json.loads(upstream.requests[0]["body"])
    assert not {"models", "route"} & sent.keys()
    assert sent["provider"] == {"sort": "price"}, "which of the hosts of one model is asked is the caller's to say"


def test_a_name_that_is_longer_than_any_models_is_refused_and_kept_nowhere(house: House, upstream: Server) -> None:
    long = "openai/" + "x" * 100_000
    for body in ({"model": long}, {"fallbacks": [long]}):
        answer = house.chat(house.keys["first", "member"], **body)
        assert answer.status_code == 400
        assert len(answer.text) < 1000
    assert not any(len(name) > 1000 for name in (*house.app.panel._names, *house.app.guard._known))


def test_an_alias_may_have_the_name_of_a_model_and_lead_to_it(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    aliases = {MODEL: {"models": [MODEL, "openai/gpt-4.1-nano"], "weights": [0, 1]}, "fast": MODEL}
    with house_of(tmp_path, upstream, aliases=aliases) as house:
        narrow = house.manage("POST", "keys", json={"name": "narrow", "models": ["openai/gpt-4.1-nano"]})["key"]
        assert house.chat(narrow).status_code == 403, "one of the two is not its to ask"
        wide = house.manage("POST", "keys", json={"name": "wide", "models": [MODEL, "openai/gpt-4.1-nano"]})["key"]
        assert house.chat(wide).status_code == 200
        assert json.loads(upstream.requests[-1]["body"])["model"] == "gpt-4.1-nano"
        fast = house.manage("POST", "keys", json={"name": "fast", "models": ["fast"]})["key"]
        body = {"model": "fast", "messages": HI, "stream": False}
        assert house.call("POST", "/api/v1/chat/completions", fast, json=body).status_code == 200
        upstream.answer(whole({"error": {}}, 500), whole(completion("Hello")))
        answer = house.chat(house.keys["first", "member"], model="openai/gpt-4o", fallbacks=["fast"])
        assert answer.status_code == 200, answer.text


def test_a_callers_own_key_works_where_the_gateway_has_none(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    providers = {"openai": {"base_url": upstream.url}}
    with house_of(tmp_path, upstream, providers=providers) as house:
        own = {"x-jackfield-key-openai": "sk-own"}
        for path in ("/v1/chat/completions", "/api/v1/chat/completions"):
            body = {"model": MODEL, "messages": HI, "stream": False}
            answer = house.call("POST", path, house.keys["first", "member"], json=body, headers=own)
            assert answer.status_code == 200, (path, answer.text)
        odd = house.chat(house.keys["first", "member"], headers={"x-jackfield-key-openai": "cl\u00e9".encode()})
        assert odd.status_code == 400


@pytest.mark.parametrize("expires", ["9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_beyond_the_calendar_is_refused(house: House, expires: str) -> None:
    assert house.call("POST", "/api/manage/keys", json={"name": "x", "expires": expires}).status_code == 400


def test_urls_are_shown_without_what_is_secret_in_them() -> None:
    urls = {"store": "postgresql://u:p@ss/w@h/db?password=SEC", "limits_url": "redis://h?password=SEC2"}
    assert masked(urls) == {"store": "postgresql://***@h/db?password=***", "limits_url": "redis://h?password=***"}


def test_reranking_by_the_search_is_priced_by_the_search(tmp_path: Path, upstream: Server) -> None:
    found: dict[str, Any] = {
        "id": "r", "results": [{"index": 0, "relevance_score": 0.9}],
        "meta": {"billed_units": {"search_units": 2}},
    }  # fmt: skip
    upstream.answer(whole(found))
    providers = {"cohere": {"api_key": "sk", "base_url": upstream.url.removesuffix("/v1")}}
    with house_of(tmp_path, upstream, providers=providers) as house:
        member = house.keys["first", "member"]
        body = {"model": "cohere/rerank-v3.5", "query": "q", "documents": ["d"] * 150}
        budget(house, "0.003")
        assert house.call("POST", "/v1/rerank", member, json=body).status_code == 402
        budget(house, "1")
        until_paid(lambda: house.call("POST", "/v1/rerank", member, json=body))
        assert spent(house) == Decimal("0.004")


def test_projects_of_tokens_are_those_of_their_organisation(house: House) -> None:
    house.manage("POST", "projects", house.keys["second", "admin"], json={"name": "default"})
    made = house.manage("POST", "keys", json={"name": "x", "project_id": "default"})
    assert made["data"]["project_id"] == house.projects["first"], "a name means one's own project"
