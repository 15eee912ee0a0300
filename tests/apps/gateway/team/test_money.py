"""Budgets through the gateway: reserved before, charged after, whatever becomes of a question."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jackfield import Boards
from jackfield_gateway.state import Budgets, Keys, nanos, open_store, read_secret
from jackfield_sandbox import AsyncSandboxTransport, stand_in
from tests.apps.gateway.team.conftest import HI, MODEL, House, house_of
from tests.core.server import DONE, USAGE, Server, chunk, completion, running, streamed, whole

pytestmark = pytest.mark.needs("module:sqlalchemy")
#: Of gpt-4o-mini: US dollars for a million tokens, from the provider's list.
INPUT, OUTPUT = Decimal("0.15"), Decimal("0.60")


def cost(into: int, out: int) -> Decimal:
    """What so many tokens cost by the list."""
    return (INPUT * into + OUTPUT * out) / 1_000_000


def budget(house: House, amount: str, scope: str = "key", subject: str | None = None) -> None:
    """Give the member of the first organisation a budget."""
    subject = subject or house.ids["first", "member"]
    body = {"scope": scope, "subject_id": subject, "period": "total", "amount": amount}
    house.manage("PUT", "budgets", json=body)


def spent(house: House, wanted: Callable[[Decimal], Any] = lambda amount: amount > 0) -> Decimal:
    """Return what the only budget has spent, once it is what is waited for."""
    until = time.monotonic() + 10
    while True:
        found = Decimal(house.manage("GET", "budgets")["data"][0]["spent"])
        if wanted(found) or time.monotonic() > until:
            return found
        time.sleep(0.05)


def rows(house: House, count: int) -> list[dict[str, Any]]:
    """Return the history, once it has so many rows: they are written a moment later."""
    until = time.monotonic() + 10
    while True:
        found: list[dict[str, Any]] = house.manage("GET", "requests")["data"]
        if len(found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.05)


def usage(into: int, out: int) -> dict[str, int]:
    return {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}


def test_a_question_is_charged_what_it_cost(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=usage(1000, 500))))
    budget(house, "1")
    assert house.chat(house.keys["first", "member"], max_tokens=600).status_code == 200
    assert spent(house) == cost(1000, 500)
    [row] = rows(house, 1)
    assert Decimal(row["cost"]) == cost(1000, 500)


def test_what_may_cost_more_than_is_left_is_refused_before_it_is_asked(house: House, upstream: Server) -> None:
    budget(house, "0.0001")
    member = house.keys["first", "member"]
    refused = house.chat(member, max_tokens=1000)
    assert refused.status_code == 402, refused.text
    assert "budget" in refused.json()["error"]["message"]
    assert not upstream.requests
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=usage(5, 5))))
    assert house.chat(member, max_tokens=100).status_code == 200, "a smaller one has room"
    assert [row["status"] for row in rows(house, 2)] == [200, 402]


def test_item_7_twenty_at_once_pass_a_nearly_empty_budget_by_one_reservation(house: House, upstream: Server) -> None:
    [data] = whole(completion("Hello", model="gpt-4o-mini", usage=usage(10, 100)))
    assert isinstance(data, bytes)
    upstream.answer([data[:20], 0.3, data[20:]])
    one = cost(20, 100)  # a little more than what a call reserves
    budget(house, str(2 * one))

    async def all_at_once() -> list[int]:
        async with httpx.AsyncClient(timeout=30) as client:
            headers = {"authorization": f"Bearer {house.keys['first', 'member']}"}
            body = {"model": MODEL, "messages": HI, "max_tokens": 100}
            url = f"{house.address}/v1/chat/completions"
            answers = await asyncio.gather(*[client.post(url, json=body, headers=headers) for _ in range(20)])
            return [answer.status_code for answer in answers]

    statuses = asyncio.run(all_at_once())
    assert set(statuses) == {200, 402}
    good = statuses.count(200)
    total = spent(house, lambda amount: amount == good * cost(10, 100))
    assert total == good * cost(10, 100)
    assert total <= 3 * one


@pytest.mark.parametrize("status", [500, 400, 429])
def test_a_question_that_failed_costs_nothing_and_holds_nothing(house: House, upstream: Server, status: int) -> None:
    upstream.answer(whole({"error": {"message": "no"}}, status))
    budget(house, str(cost(20, 100)))
    for _ in range(5):
        assert house.chat(house.keys["first", "member"], max_tokens=80).status_code in (status, 500, 502, 503)
    [found] = house.manage("GET", "budgets")["data"]
    assert Decimal(found["spent"]) == 0
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=usage(1, 1))))
    assert house.chat(house.keys["first", "member"], max_tokens=80).status_code == 200


EVENTS = [
    chunk(role="assistant", content=""), chunk(content="He"), chunk(content="ll"),
    chunk(content="o"),    chunk(finish="stop"), USAGE, DONE,
]  # fmt: skip


@pytest.mark.parametrize("cut", range(1, len(EVENTS)))
def test_item_10_a_caller_who_goes_in_the_middle_pays_for_what_came(house: House, upstream: Server, cut: int) -> None:
    upstream.answer(streamed(*EVENTS[:cut], 20.0))
    budget(house, "1")
    body = json.dumps({"model": MODEL, "messages": HI, "stream": True, "max_tokens": 50}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {house.keys['first', 'member']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(house.address.rpartition(":")[2]))) as caller:
        caller.sendall(head.encode() + body)
        until = time.monotonic() + 10
        while not upstream.requests and time.monotonic() < until:
            time.sleep(0.02)
        caller.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while caller.recv(65536):
                pass
    assert upstream.closed_early.wait(1.0), "the provider's connection is closed within a second"
    [row] = rows(house, 1)
    assert row["status"] == 499
    told = Decimal(row["cost"] or 0)
    assert spent(house, lambda amount: amount == told) == told
    said = sum(len(text) for text in ("He", "ll", "o")[: max(cut - 1, 0)])
    if cut >= EVENTS.index(USAGE) + 1:
        assert told == cost(3, 2), "the provider has said it"
    elif said:
        assert cost(1, said // 8) <= told <= cost(20, said), "nobody has said it; it is estimated by what came"
    else:
        assert cost(1, 0) <= told <= cost(20, 1), "the question was read, whoever waits for the answer"


def test_item_11_a_stream_is_charged_whether_its_caller_wants_to_see_the_usage_or_not(
    house: House, upstream: Server
) -> None:
    upstream.answer(streamed(*EVENTS))
    budget(house, "1")
    for number, options in enumerate((None, {"include_usage": False}, {"include_usage": True}), 1):
        body = {"stream": True, "max_tokens": 50, **({"stream_options": options} if options else {})}
        answer = house.chat(house.keys["first", "member"], **body)
        assert ('"usage":{' in answer.text.replace(" ", "")) == bool(options and options["include_usage"])
        assert json.loads(upstream.requests[-1]["body"])["stream_options"] == {"include_usage": True}
        expected = number * cost(3, 2)
        assert spent(house, expected.__eq__) == expected
    assert {Decimal(row["cost"]) for row in rows(house, 3)} == {cost(3, 2)}


@pytest.mark.parametrize(
    ("policy", "status", "charged"),
    [
        ("block", 403, Decimal(0)),
        ("allow", 200, Decimal(0)),
        ({"policy": "estimate", "input": "10", "output": "20"}, 200, Decimal("0.02")),
    ],
)
def test_a_model_without_a_price_follows_the_policy(
    tmp_path: Path, upstream: Server, policy: Any, status: int, charged: Decimal
) -> None:
    upstream.answer(whole(completion("Hello", model="new", usage=usage(1000, 500))))
    with house_of(tmp_path, upstream, unpriced=policy) as house:
        member = house.keys["first", "member"]
        assert house.chat(member, model="openai/new", max_tokens=600).status_code == 200, "no budget counts here"
        budget(house, "5")
        answer = house.chat(member, model="openai/new", max_tokens=600)
        assert answer.status_code == status, answer.text
        assert spent(house, lambda amount: amount == charged) == charged
        if status == 403:
            assert "gateway.unpriced" in answer.json()["error"]["message"]


def test_answers_of_the_sandbox_cost_no_budget(tmp_path: Path, upstream: Server) -> None:
    boards = Boards({}, environ={})
    providers = {"openai": stand_in(boards, "openai", AsyncSandboxTransport())}
    with house_of(tmp_path, upstream, providers=providers, boards=boards) as house:
        budget(house, "1")
        for stream in (False, True):
            assert house.chat(house.keys["first", "member"], max_tokens=50, stream=stream).status_code == 200
        time.sleep(0.5)
        assert spent(house, lambda amount: amount == 0) == 0
        assert [row["sandboxed"] for row in rows(house, 2)] == [True, True]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    max_tokens=st.sampled_from([None, 0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30]),
    n=st.sampled_from([None, 0, -1, 1, 2, 128, 2**31, 2**63]),
    prompt=st.integers(-(2**63), 2**64), out=st.integers(-(2**63), 2**64),
)  # fmt: skip
def test_item_22_extreme_numbers_never_make_a_fault_or_a_negative_charge(
    numbers_house: House, max_tokens: int | None, n: int | None, prompt: int, out: int
) -> None:
    house = numbers_house
    upstream: Server = house.upstream  # type: ignore[attr-defined]
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=usage(prompt, out))))
    body = {name: value for name, value in (("max_tokens", max_tokens), ("n", n)) if value is not None}
    answer = house.chat(house.keys["first", "member"], **body)
    assert answer.status_code in (200, 400, 402, 422, 502), answer.text
    assert all(Decimal(row["spent"]) >= 0 for row in house.manage("GET", "budgets")["data"])
    assert all(Decimal(row["cost"] or 0) >= 0 for row in house.manage("GET", "requests")["data"])


@pytest.fixture(scope="module")
def numbers_house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running() as upstream, house_of(tmp_path_factory.mktemp("numbers"), upstream) as house:
        house.upstream = upstream  # type: ignore[attr-defined]
        budget(house, "1000000")
        yield house


def test_item_8_a_killed_gateway_loses_one_group_at_most_and_doubles_none(tmp_path: Path, upstream: Server) -> None:
    """A process is killed in the middle of streams; the next one finds every charge that was committed, once."""
    config = tmp_path / "jackfield.toml"
    url = f"sqlite:///{tmp_path / 'gateway.db'}"

    async def prepare() -> tuple[str, str]:
        store = await open_store(url)
        first = await Keys(store, read_secret(tmp_path / "gateway.secret")).first()
        assert first is not None
        await Budgets(store).set("key", first.key.id, "total", nanos("1"))
        await store.close()
        return first.text, first.key.id

    key, _ = asyncio.run(prepare())
    config.write_text(f'[providers.openai.settings]\nbase_url = {{ default = "{upstream.url}" }}\n')
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=usage(1000, 500))))
    good = 0
    environ = {**os.environ, "JACKFIELD_CONFIG": str(config), "OPENAI_API_KEY": "sk", "JACKFIELD_GATEWAY_STORE": url}
    code = "import sys; from jackfield_gateway import command; sys.exit(command(sys.argv[1:]))"
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        process = subprocess.Popen([sys.executable, "-c", code, "--port", str(port)], env=environ, cwd=tmp_path,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/readyz").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.05)
            began = time.monotonic()
            while time.monotonic() - began < 1.0:
                body = {"model": MODEL, "messages": HI, "max_tokens": 600}
                headers = {"authorization": f"Bearer {key}"}
                answer = httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body, headers=headers)
                good += answer.status_code == 200
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(5)

    async def found() -> tuple[int, int, int]:
        from sqlalchemy import func, select

        from jackfield_gateway.state.tables import BALANCES, SETTLEMENTS

        store = await open_store(url)
        async with store.reading() as connection:
            count = await connection.scalar(select(func.count()).select_from(SETTLEMENTS))
            total = await connection.scalar(select(func.sum(SETTLEMENTS.c.cost)))
            balance = await connection.scalar(select(func.sum(BALANCES.c.spent)))
        await store.close()
        return int(count or 0), int(total or 0), int(balance or 0)

    count, total, balance = asyncio.run(found())
    assert total == balance == count * nanos(cost(1000, 500))
    assert count <= good
    assert count >= 0.3 * good, "what was committed a quarter of a second before is there"


def test_a_stream_of_the_sandbox_that_is_left_costs_nothing_either(tmp_path: Path, upstream: Server) -> None:
    boards = Boards({}, environ={})
    providers = {"openai": stand_in(boards, "openai", AsyncSandboxTransport())}
    unpriced = {"policy": "estimate", "input": "1000", "output": "1000"}
    with house_of(tmp_path, upstream, providers=providers, boards=boards, unpriced=unpriced) as house:
        budget(house, "1000")
        body = {"model": "openai/fault/pace=1", "messages": HI, "stream": True, "max_tokens": 50}
        headers = {"authorization": f"Bearer {house.keys['first', 'member']}"}
        url = f"{house.address}/v1/chat/completions"
        with httpx.stream("POST", url, json=body, headers=headers, timeout=10) as answer:
            next(answer.iter_lines())
        [row] = rows(house, 1)
        assert (row["status"], row["sandboxed"]) == (499, True)
        time.sleep(0.5)
        assert spent(house, lambda amount: amount == 0) == 0
