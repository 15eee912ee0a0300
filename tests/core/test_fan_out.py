"""Fan-out over real sockets, in both colours: who answers, who is cancelled at the socket, and what each leg says."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from jackfield import AsyncClient, Boards, Client, InvalidInput, JackfieldError, Leg, RequestTimeout, Tagged, TextDelta
from jackfield_sandbox import SandboxTransport
from tests.core.server import DONE, USAGE, Server, chunk, completion, running, streamed, whole

NAMES = ("acme", "beta", "gamma")
MODELS = [f"{name}/large" for name in NAMES]
#: Fans out in one colour; gives the legs as they came, the deltas, and the legs in order.
Fan = Callable[..., tuple[list[Leg], list[Tagged], list[Leg]]]


@pytest.fixture
def servers() -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        found = {name: stack.enter_context(running()) for name in NAMES}
        for name, server in found.items():
            server.answer(whole(completion(f"{name} answers")))
        yield found


def boards(servers: dict[str, Server]) -> Boards:
    providers = {
        name: {
            "provider": {"name": name, "dialect": "openai-chat", "base_url": server.url},
            "auth": [{"kind": "none"}],
        }
        for name, server in servers.items()
    }
    return Boards({"providers": providers}, environ={})


@pytest.fixture(params=["sync", "async"])
def fan(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Iterator[Fan]:
    known = boards(servers)
    before = threading.active_count()

    def sync(models: list[str], stream: bool, **named: Any) -> tuple[list[Leg], list[Tagged], list[Leg]]:
        with Client(boards=known, retries=0) as client, client.fan_out(models, "Hi", **named) as found:
            if stream:
                return [], list(found.deltas()), found.legs
            return list(found), [], found.legs

    async def other(models: list[str], stream: bool, **named: Any) -> tuple[list[Leg], list[Tagged], list[Leg]]:
        async with AsyncClient(boards=known, retries=0) as client, client.fan_out(models, "Hi", **named) as found:
            if stream:
                return [], [tagged async for tagged in found.deltas()], found.legs
            return [leg async for leg in found], [], found.legs

    def run(models: list[str] = MODELS, stream: bool = False, **named: Any) -> Any:
        if request.param == "sync":
            return sync(models, stream, **named)
        return asyncio.run(other(models, stream, **named))

    yield run
    # the servers have threads of their own; ours is gone
    assert not [thread for thread in threading.enumerate() if thread.name == "jackfield-fan-out"]
    assert threading.active_count() >= before


def hanging(server: Server) -> None:
    """Let a server begin a stream and say nothing more."""
    server.answer(streamed(chunk(role="assistant", content="w"), 30.0))


def closed(server: Server) -> bool:
    """Tell whether the connection was closed under a server that was still writing."""
    return server.closed_early.wait(2.0)


def test_all_answer_each_when_it_ends(servers: dict[str, Server], fan: Fan) -> None:
    servers["acme"].answer(slow(0.5, completion("late")))
    came, _, legs = fan()
    assert [leg.model for leg in legs] == MODELS
    assert came[-1].model == "acme/large"
    assert [leg.response.text for leg in legs if leg.response] == ["late", "beta answers", "gamma answers"]
    assert all(leg.outcome == "ok" and leg.error is None for leg in legs)
    assert legs[0].seconds >= 0.5 > legs[1].seconds


def slow(seconds: float, body: Any) -> list[bytes | float | None]:
    """Write the head of an answer at once, and its body late."""
    (text,) = whole(body)
    assert isinstance(text, bytes)
    return [text[:-1], seconds, text[-1:]]


def test_the_first_is_enough_and_the_others_are_closed(servers: dict[str, Server], fan: Fan) -> None:
    for name in ("acme", "gamma"):
        hanging(servers[name])
    came, _, legs = fan(until="first", stream=False)
    assert [(leg.model, leg.outcome) for leg in legs] == [
        ("acme/large", "cancelled"), ("beta/large", "ok"), ("gamma/large", "cancelled"),
    ]  # fmt: skip
    assert came[0].model == "beta/large"
    assert all(closed(servers[name]) for name in ("acme", "gamma"))


def test_a_quorum(servers: dict[str, Server], fan: Fan) -> None:
    hanging(servers["gamma"])
    _, _, legs = fan(until=2)
    assert [leg.outcome for leg in legs] == ["ok", "ok", "cancelled"]
    assert closed(servers["gamma"])


def test_a_leg_that_fails_is_told_and_does_not_count(servers: dict[str, Server], fan: Fan) -> None:
    servers["acme"].answer(whole({"error": {"message": "no"}}, 500))
    for name in ("beta", "gamma"):
        servers[name].answer(slow(0.3, completion(f"{name} answers")))
    _, _, legs = fan([*MODELS, "nobody/large"], until=2)
    assert [leg.outcome for leg in legs[:3]] == ["error", "ok", "ok"]
    assert type(legs[0].error).__name__ == "ServerError"
    assert legs[3].outcome == "error"
    assert type(legs[3].error).__name__ == "UnknownProvider"


def test_the_deadline_ends_who_is_late(servers: dict[str, Server], fan: Fan) -> None:
    hanging(servers["acme"])
    began = time.monotonic()
    _, _, legs = fan(deadline=0.5)
    assert time.monotonic() - began < 3
    assert [leg.outcome for leg in legs] == ["deadline", "ok", "ok"]
    assert isinstance(legs[0].error, RequestTimeout)
    assert "0.5 s are over" in str(legs[0].error)
    assert closed(servers["acme"])


def test_deltas_are_tagged_and_merged(servers: dict[str, Server], fan: Fan) -> None:
    for name, server in servers.items():
        words = [chunk(role="assistant", content=""), *(chunk(content=f"{name}{n} ") for n in range(3))]
        server.answer(streamed(words[0], words[1], 0.1, words[2], 0.1, words[3], chunk(finish="stop"), USAGE, DONE))
    _, deltas, legs = fan(stream=True)
    for index, name in enumerate(NAMES):
        own = [row for row in deltas if row.index == index]
        assert {row.model for row in own} == {f"{name}/large"}
        text = "".join(row.delta.text for row in own if isinstance(row.delta, TextDelta))
        assert text == f"{name}0 {name}1 {name}2 "
    order = [row.index for row in deltas if isinstance(row.delta, TextDelta)]
    assert order != sorted(order), "the streams follow one another"
    assert [leg.outcome for leg in legs] == ["ok"] * 3


def test_leaving_early_closes_every_connection(servers: dict[str, Server]) -> None:
    for server in servers.values():
        hanging(server)
    known = boards(servers)
    with Client(boards=known, retries=0) as client:
        with client.fan_out(MODELS, "Hi") as found:
            for tagged in found.deltas():
                assert tagged.index in (0, 1, 2)
                break
        assert sum(closed(server) for server in servers.values()) >= 1

    async def leave() -> None:
        async with AsyncClient(boards=known, retries=0) as client:
            async with client.fan_out(MODELS, "Hi") as found:
                async for _ in found.deltas():
                    break
            await asyncio.sleep(0.05)  # the loop itself ends the generator that was left
            assert len(asyncio.all_tasks()) == 1

    for server in servers.values():
        server.closed_early.clear()
    asyncio.run(leave())
    assert sum(closed(server) for server in servers.values()) >= 1


def test_a_transport_that_was_given_is_used(servers: dict[str, Server]) -> None:
    providers = {"openai": {"api_key": "any", "transport": SandboxTransport()}}
    with Client(providers, environ={}) as client:
        legs = list(client.fan_out(["openai/gpt-5.4", "openai/gpt-5.4-mini"], "Hi"))
    assert [leg.outcome for leg in legs] == ["ok", "ok"]
    assert all(leg.response is not None and leg.response.sandboxed for leg in legs)


@pytest.mark.parametrize(
    ("models", "until", "what"),
    [([], "all", "models"), ("acme/large", "all", "models"), ([7], "all", "models"), (MODELS, "some", "until"),
     (MODELS, 0, "until"), (MODELS, 4, "until"), (MODELS, True, "until")],
)  # fmt: skip
def test_bad_input(servers: dict[str, Server], models: Any, until: Any, what: str) -> None:
    with Client(boards=boards(servers)) as client, pytest.raises(InvalidInput, match=what):
        client.fan_out(models, "Hi", until=until)


def test_a_wrong_message_or_parameter_is_told_before_anything_is_sent(servers: dict[str, Server]) -> None:
    with Client(boards=boards(servers)) as client:
        with pytest.raises(InvalidInput, match="temprature"):
            client.fan_out(MODELS, "Hi", temprature=1)
        with pytest.raises(InvalidInput, match="messages"):
            client.fan_out(MODELS, 7)
        legs = list(client.fan_out(MODELS, "Hi", system="Be kind", fallbacks=["beta/large"]))
    assert [leg.outcome for leg in legs] == ["ok"] * 3
    assert all(b'"Be kind"' in str(server.requests[-1]["body"]).encode() for server in servers.values())


def test_it_is_iterated_over_once(servers: dict[str, Server]) -> None:
    with Client(boards=boards(servers)) as client, client.fan_out(MODELS, "Hi") as found:
        assert len(list(found)) == 3
        with pytest.raises(JackfieldError, match="once"):
            list(found)
