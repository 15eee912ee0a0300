"""Meta's Llama API in its native form: what is written otherwise there, and what its events say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Client, Message, ResponseFormatError, Text, ToolCall, ToolResult
from tests.core.server import Server, completion, running, streamed, whole

MODEL = "meta/Llama-3.3-70B-Instruct"
TURNS = (
    Message(role="user", parts="Weather?"),
    Message(role="assistant", parts=(ToolCall(id="c1", name="weather", arguments='{"city": "Paris"}'),)),
    Message(role="tool", parts=(ToolResult(call_id="c1", parts=(Text(text="Sunny"),)),)),
)
SAID = {"completion_message": {"role": "assistant", "content": "Sunny.", "stop_reason": "stop"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def client(server: Server, api: str) -> Client:
    server.requests.clear()
    return Client({"meta": {"base_url": server.url, "api_key": "k", "api": api}}, environ={}, retries=0)


def sent(server: Server) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(server.requests[-1]["body"])
    return body


def test_a_call_has_no_type_and_no_empty_text_there(server: Server) -> None:
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    server.answer(whole(SAID))
    with client(server, "native") as native:
        assert native.chat(MODEL, TURNS).text == "Sunny."
    assert sent(server)["messages"][1] == {"role": "assistant", "tool_calls": [{"id": "c1", "function": function}]}
    server.answer(whole(completion("Sunny.")))
    with client(server, "compat") as compat:
        assert compat.chat(MODEL, TURNS).text == "Sunny."
    (call,) = sent(server)["messages"][1]["tool_calls"]
    assert call == {"id": "c1", "type": "function", "function": function}


def test_two_calls_of_a_stream_are_two(server: Server) -> None:
    deltas: list[dict[str, Any]] = [
        {"type": "tool_call", "id": "c1", "function": {"name": "weather", "arguments": "{}"}},
        {"type": "tool_call", "id": "c2", "function": {"name": "clock"}},
        {"type": "tool_call", "function": {"arguments": "{}"}},
    ]
    events: list[dict[str, Any]] = [{"event_type": "progress", "delta": delta} for delta in deltas]
    events.append({"event_type": "complete", "delta": {"type": "text", "text": ""}, "stop_reason": "tool_calls"})
    server.answer(streamed(*(f"data: {json.dumps({'id': 'a', 'event': event})}\n\n".encode() for event in events)))
    with client(server, "native") as native, native.stream(MODEL, "Hi") as stream:
        for _ in stream:
            pass
        answer = stream.response
    assert [(call.id, call.name, call.arguments) for call in answer.tool_calls] == [
        ("c1", "weather", "{}"), ("c2", "clock", "{}"),
    ]  # fmt: skip
    assert answer.finish_reason == "tool_calls"
    assert "stream_options" not in sent(server)


def test_an_answer_of_another_form_is_no_empty_answer(server: Server) -> None:
    server.answer(whole({"id": "a", "completion_message": {"role": "assistant", "content": {"type": "image"}}}))
    with client(server, "native") as native, pytest.raises(ResponseFormatError):
        native.chat(MODEL, "Hi")
