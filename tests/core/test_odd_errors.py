"""Refusals and streams that are odd in their heads, their error objects or their ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

import jackfield
from jackfield import AuthenticationError, Boards, ChatRequest, Client, Exchange
from tests.core.conftest import acme
from tests.core.server import Server, whole


def _exchange(stream: bool = False) -> Exchange:
    client = Client({"acme": {"api_key": "k"}}, boards=Boards(acme("http://acme.invalid"), environ={}))
    return client.exchange(ChatRequest(model="acme/large", messages="Hi", stream=stream or None))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after-ms": "1e400", "retry-after": "3"}, 3.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2.5s"}, 62.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1.2.3s"}, None),
    ],
    ids=str,
)
def test_a_wait_is_a_number_of_seconds_or_none(headers: dict[str, str], wait: float | None) -> None:
    exchange = _exchange()
    exchange.receive_head(429, headers)
    with pytest.raises(jackfield.RateLimitError) as caught:
        exchange.receive_eof()
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("inner", [{"code": []}, {"code": {}}, [], 7])
def test_an_odd_inner_error_is_still_the_providers(inner: Any) -> None:
    exchange = _exchange()
    exchange.receive_head(400, {})
    exchange.receive_data(json.dumps({"error": {"message": "no", "innererror": inner}}).encode())
    with pytest.raises(jackfield.InvalidRequestError, match="no"):
        exchange.receive_eof()


@pytest.mark.parametrize("events", [b"data: [DONE]\n\n", b'data: {"detail": "no"}\n\ndata: [DONE]\n\n'])
def test_a_stream_that_ends_without_having_begun_is_an_error(events: bytes) -> None:
    exchange = _exchange(stream=True)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(events)
    exchange.receive_eof()
    with pytest.raises(jackfield.ResponseFormatError, match="the stream is empty") as caught:
        exchange.check()
    assert caught.value.body == events


def test_a_key_that_a_provider_repeats_is_hidden(server: Server, boards: Boards) -> None:
    told = {"error": {"message": "Incorrect API key provided: sk-canary-1.", "code": "invalid_api_key"}}
    server.answer(whole(told, 401))
    with Client(boards=boards, environ={"ACME_API_KEY": "sk-canary-1"}) as client:
        with pytest.raises(AuthenticationError, match=r"provided: \*\*\*") as caught:
            client.chat("acme/large", "Hi")
        shown = f"{caught.value!r} {caught.value} {vars(caught.value)}"
    assert "sk-canary-1" not in shown
    assert caught.value.body is not None
    assert b"***" in caught.value.body
