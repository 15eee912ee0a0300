"""Several keys of one provider: which one is used, when another takes its place, and that none is shown."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from jackfield import AuthenticationError, Boards, ChatRequest, Client, ConfigurationError, RateLimitError, ServerError
from jackfield.key_rings import KeyRing
from jackfield.wire import Credential, Endpoint
from tests.core.colours import Asking
from tests.core.server import DONE, USAGE, Server, chunk, completion, streamed, whole

KEYS = ["sk-first-0123456789", "sk-second-0123456789", "sk-third-0123456789"]
LIMITED = whole({"error": {"message": "slow down"}}, 429, retry_after="30")
REFUSED = whole({"error": {"message": "no such key"}}, 401)


def _used(server: Server) -> list[int]:
    """Say which key was used for each request, counted from 0."""
    return [KEYS.index(row["headers"]["authorization"].removeprefix("Bearer ")) for row in server.requests]


@pytest.fixture
def several(boards: Boards) -> dict[str, Any]:
    return {"providers": {"acme": {"api_keys": KEYS}}, "boards": boards, "retries": 0}


@pytest.mark.parametrize(
    "refusal", [LIMITED, REFUSED, whole({}, 402), whole({}, 403)], ids=["429", "401", "402", "403"]
)
@pytest.mark.parametrize("method", ["chat", "stream"])
def test_another_key_takes_over_at_once(
    server: Server, asking: Asking, several: dict[str, Any], method: str, refusal: Any
) -> None:
    said = (
        streamed(chunk(content="Hi"), chunk(finish="stop"), USAGE, DONE) if method == "stream" else whole(completion())
    )
    server.answer(refusal, said)
    found = asking(method, "acme/large", "Hi", options=several)
    response = found[1].response if method == "stream" else found
    assert _used(server) == [0, 1]
    assert [attempt.outcome for attempt in response.attempts][1:] == ["ok"]
    assert [attempt.wait for attempt in response.attempts] == [0, 0]


def test_a_key_that_met_a_limit_rests(server: Server, several: dict[str, Any]) -> None:
    server.answer(LIMITED, whole(completion()))
    with Client(**several) as client:
        for _ in range(3):
            client.chat("acme/large", "Hi")
    assert _used(server) == [0, 1, 1, 1]


def test_every_key_has_one_turn_and_the_last_error_is_the_callers(
    server: Server, asking: Asking, several: dict[str, Any]
) -> None:
    server.answer(REFUSED)
    with pytest.raises(AuthenticationError) as caught:
        asking("chat", "acme/large", "Hi", options=several)
    assert _used(server) == [0, 1, 2]
    assert [attempt.outcome for attempt in caught.value.attempts] == ["AuthenticationError"] * 3


def test_a_short_rest_is_no_endless_turning(server: Server, asking: Asking, several: dict[str, Any]) -> None:
    server.answer(whole({"error": {"message": "slow down"}}, 429, retry_after="0"))
    with pytest.raises(RateLimitError):
        asking("chat", "acme/large", "Hi", options=several)
    assert len(server.requests) == 3


def test_what_is_not_the_keys_fault_keeps_it(server: Server, asking: Asking, several: dict[str, Any]) -> None:
    server.answer(whole({"error": {"message": "broke"}}, 500))
    with pytest.raises(ServerError):
        asking("chat", "acme/large", "Hi", options=several)
    assert _used(server) == [0]


def test_turns_are_no_retries(server: Server, asking: Asking, several: dict[str, Any]) -> None:
    server.answer(LIMITED, whole({}, 500, retry_after="0"), whole(completion()))
    answer = asking("chat", "acme/large", "Hi", options=several | {"retries": 1})
    assert _used(server) == [0, 1, 1]
    assert [attempt.outcome for attempt in answer.attempts] == ["RateLimitError", "ServerError", "ok"]


def test_a_fallback_is_asked_once_no_key_is_left(server: Server, asking: Asking, several: dict[str, Any]) -> None:
    server.answer(REFUSED, REFUSED, REFUSED, whole(completion()))
    answer = asking("chat", "acme/large", "Hi", fallbacks="acme/other", options=several)
    assert _used(server) == [0, 1, 2, 0]
    assert answer.attempts[-1].model == "other"


def test_no_key_is_shown(
    server: Server, several: dict[str, Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer(*(whole({"error": {"message": f"no such key: {key}"}}, 401) for key in KEYS))
    with Client(**several) as client, pytest.raises(AuthenticationError) as caught:
        client.chat("acme/large", "Hi")
    exchange = client.exchange(ChatRequest(model="acme/large", messages="Hi"))
    shown = [repr(client), repr(exchange), repr(exchange.keys), repr(exchange.endpoint), str(caught.value)]
    shown += [repr(caught.value.attempts), repr(caught.value.body), caplog.text, *capsys.readouterr()]
    assert not [text for text in shown for key in KEYS if key in text]


def test_a_ring_gives_the_key_that_rests_the_shortest() -> None:
    ends = [Endpoint("acme", "d", "http://x", credential=Credential("bearer", {"token": key})) for key in KEYS]
    ring = KeyRing(ends)
    assert ring.best(0.0) is ends[0]
    assert ring.turn(ends[0], RateLimitError("slow", retry_after=50.0), 0.0) is ends[1]
    assert ring.turn(ends[1], RateLimitError("slow"), 0.0) is ends[2]
    assert ring.turn(ends[2], AuthenticationError("no"), 0.0) is None
    assert ring.best(1.0) is ends[1]
    assert ring.best(60.0) is ends[0]
    assert len(ring) == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"api_keys": []}, "api_keys: a list of keys is needed"),
        ({"api_keys": "sk-1"}, "api_keys: a list of keys is needed"),
        ({"api_keys": ["sk-1", ""]}, "api_keys: a list of keys is needed"),
        ({"api_keys": ["sk-1"], "api_key": "sk-2"}, "api_key and api_keys: give one of them"),
        ({"api_keys": ["sk-1", "sk\n2"]}, "holds a line break"),
    ],
)
def test_bad_lists_are_refused(boards: Boards, values: dict[str, Any], message: str) -> None:
    with Client({"acme": values}, boards=boards) as client, pytest.raises(ConfigurationError, match=message) as caught:
        client.chat("acme/large", "Hi")
    assert "sk" not in str(caught.value)


def test_one_key_in_a_list_is_a_key(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    with Client({"acme": {"api_keys": KEYS[:1]}}, boards=boards) as client:
        client.chat("acme/large", "Hi")
        with client.on_behalf({"acme": {"api_key": KEYS[2]}}) as guest:
            guest.chat("acme/large", "Hi")
    assert _used(server) == [0, 2]


def test_a_guest_uses_no_key_of_its_host(server: Server, several: dict[str, Any]) -> None:
    server.answer(REFUSED)
    with Client(**several) as client:
        with pytest.raises(AuthenticationError):
            client.on_behalf({"acme": {"api_key": KEYS[1]}}).chat("acme/large", "Hi")
        assert _used(server) == [1]
