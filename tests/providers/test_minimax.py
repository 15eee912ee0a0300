"""MiniMax: a trace that goes back as it came, and errors that have a good status, whole and in a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import (
    BillingError,
    Client,
    ContentFilterError,
    InvalidRequestError,
    JackfieldError,
    Message,
    RateLimitError,
    TextDelta,
)
from tests.core.server import DONE, Server, chunk, running, streamed, whole

MODEL = "minimax/MiniMax-M3"
TRACE = {"type": "reasoning.text", "id": "reasoning-text-1", "format": "MiniMax-response-v1", "index": 0}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    server.requests.clear()
    with Client({"minimax": {"base_url": server.url, "api_key": "k"}}, environ={}, retries=0) as found:
        yield found


def failed(code: int, words: str) -> dict[str, Any]:
    return {"id": "1", "choices": None, "base_resp": {"status_code": code, "status_msg": words}}


def test_a_trace_goes_back_in_the_next_turn_as_it_came(server: Server, client: Client) -> None:
    details = [{**TRACE, "text": "Hm."}]
    choice = {"index": 0, "message": {"role": "assistant", "content": "4", "reasoning_details": details}}
    server.answer(whole({"id": "1", "model": "MiniMax-M3", "choices": [{**choice, "finish_reason": "stop"}]}))
    first = client.chat(MODEL, "2 + 2?")
    client.chat(MODEL, [Message(role="user", parts="2 + 2?"), first.message, Message(role="user", parts="Sure?")])
    back = json.loads(server.requests[-1]["body"])["messages"][1]
    assert (back["content"], back["reasoning_details"]) == ("4", details)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1002, RateLimitError), (1008, BillingError), (1026, ContentFilterError), (4711, InvalidRequestError)],
)
def test_a_number_is_the_class_of_an_error(
    server: Server, client: Client, code: int, kind: type[JackfieldError]
) -> None:
    server.answer(whole(failed(code, "so it is")))
    with pytest.raises(kind, match="so it is") as caught:
        client.chat(MODEL, "Hi")
    assert (caught.value.code, caught.value.status) == (str(code), 200)


def test_an_error_in_a_stream_comes_behind_what_was_said(server: Server, client: Client) -> None:
    error = f"data: {json.dumps(failed(1027, 'output sensitive'))}\n\n".encode()
    server.answer(streamed(chunk(content="So"), error, DONE))
    said: list[str] = []

    def read() -> None:
        with client.stream(MODEL, "Hi") as deltas:
            said.extend(delta.text for delta in deltas if isinstance(delta, TextDelta))

    with pytest.raises(ContentFilterError, match="output sensitive"):
        read()
    assert said == ["So"]


def test_an_error_of_the_formats_own_is_read_too(server: Server, client: Client) -> None:
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "slower"}, "request_id": "05"}
    server.answer(whole(body, 429))
    with pytest.raises(RateLimitError, match="slower") as caught:
        client.chat(MODEL, "Hi")
    assert caught.value.request_id == "05"
