"""Requests of every form: what we send parses to what sends the same again, and the official SDK knows all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from jackfield import Board, ChatRequest, Endpoint, HTTPRequest, Message, Refusal, Text, ToolResult
from tests.dialects.openai.requests import DIALECT, requests
from tests.dialects.openai.sdk import check_body

ENDPOINT = Endpoint("any", DIALECT, "https://any.invalid/v1")
often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def sent(board: Board, request: ChatRequest) -> dict[str, Any]:
    """Return the body as JSON."""
    made = board.translate_request(request, ENDPOINT, board.model(request.model)).encode()
    body: dict[str, Any] = json.loads(made.body)
    return body


def parsed(board: Board, body: Any) -> ChatRequest:
    """Parse a body."""
    found = board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat"})
    assert isinstance(found, ChatRequest)
    return found


@often
@given(request=requests(hosts=True))
def test_a_request_that_was_sent_and_parsed_is_sent_the_same(board: Board, request: ChatRequest) -> None:
    body = sent(board, request)
    assert sent(board, parsed(board, body)) == body


@often
@given(request=requests())
@example(request=ChatRequest(model="m", messages=(Message(role="assistant", parts=()),)))
def test_the_official_sdk_knows_everything_that_is_sent(board: Board, request: ChatRequest) -> None:
    # recorded requests name the tool in its result too; the SDK's type of that message has no such member
    body = sent(board, request)
    for message in body["messages"]:
        if message["role"] == "tool":
            message.pop("name", None)
    assert check_body(body) == []


def test_the_official_sdks_types_notice_what_they_do_not_know() -> None:
    turn = {"role": "user", "content": [{"type": "text", "text": "x", "color": "red"}]}
    assert check_body({"model": "m", "messages": [turn], "top_k": 3}) != []
    found = "; ".join(check_body({"model": "m", "messages": [turn]}))
    assert "color" in found
    assert check_body({"model": "m", "messages": [{"role": "user", "content": "x"}]}) == []


def test_all_of_a_refusal_in_pieces_is_sent(board: Board) -> None:
    turn = Message(role="assistant", parts=(Refusal(text="I "), Refusal(text="won't")))
    assert sent(board, ChatRequest(messages=(turn,)))["messages"][0]["refusal"] == "I won't"


@pytest.mark.parametrize("parts", ["plain", (Text(text="plain"),)])
def test_one_text_is_sent_as_a_string(board: Board, parts: Any) -> None:
    turns = (Message(role="user", parts=parts), Message(role="tool", parts=(ToolResult(call_id="c", parts=parts),)))
    assert [row["content"] for row in sent(board, ChatRequest(messages=turns))["messages"]] == ["plain", "plain"]
