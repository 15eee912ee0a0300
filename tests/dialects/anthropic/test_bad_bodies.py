"""What a caller wrote wrong: one line that names the member, and never a fault of ours."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, HTTPRequest, InvalidInput
from tests.dialects.anthropic.requests import FOUND, NOTE
from tests.dialects.anthropic.test_requests import parsed, sent

MARK = {"type": "ephemeral", "ttl": "5m"}
USER = [
    {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "r"}], "is_error": True},
    {"type": "text", "text": "a", "cache_control": MARK},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
    {"type": "image", "source": {"type": "url", "url": "https://example.com"}},
    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}, "title": "t"},
    {"type": "document", "source": {"type": "file", "file_id": "f"}, "citations": {"enabled": True}},
]
ASSISTANT = [
    {"type": "thinking", "thinking": "t", "signature": "s"},
    {"type": "redacted_thinking", "data": "d"},
    {"type": "text", "text": "c", "citations": [NOTE]},
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": [FOUND]},
    {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}},
]
#: A body with a member of every kind, good as it is.
BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 5,
    "system": [{"type": "text", "text": "x", "cache_control": MARK}],
    "messages": [{"role": "assistant", "content": ASSISTANT}, {"role": "user", "content": USER}],
    "tools": [
        {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": True, "cache_control": MARK},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 1},
    ],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
    "metadata": {"user_id": "u"},
    "cache_control": MARK,
    "stop_sequences": ["a"],
    "temperature": 1,
    "stream": True,
}
JUNK: list[Any] = [
    None, 0, 1.5, True, "x", "", [], {}, [None], ["x"], [{}], {"type": "x"}, {"type": ["y"]}, {"x": None}, [[]],
    {"type": "text"}, {"type": "tool_use"}, {"type": "image", "source": {"type": "base64"}},
]  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in rows:
        yield from _places(inner, (*place, name))


@pytest.mark.parametrize("member", BODY)
def test_whatever_stands_in_a_member_is_parsed_or_refused_by_name(board: Board, member: str) -> None:
    for place in _places({member: BODY[member]}):
        for junk in JUNK:
            body = copy.deepcopy(BODY)
            held: Any = body
            for step in place[:-1]:
                held = held[step]
            held[place[-1]] = junk
            _check(board, body, member)


def _check(board: Board, body: dict[str, Any], member: str) -> None:
    refusal = None
    try:
        sent(board, parsed(board, body))
    except InvalidInput as error:
        refusal = error
    if refusal is not None:
        assert refusal.param
        assert member in str(refusal)
        assert "\n" not in str(refusal)


def _turn(content: Any, role: str = "user", **members: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content, **members}]}


def _body(**members: Any) -> dict[str, Any]:
    return {**_turn("x"), **members}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        (_body(messages=None), "messages", "a list is needed"),
        (_body(messages=["hello"]), "messages[0]", "an object is needed"),
        (_turn("x", "robot"), "messages[0].role", "'robot' is none of assistant, system, user"),
        (_turn("x", name="n"), "messages[0].name", "no such member"),
        (_turn(3), "messages[0].content", "a string or a list"),
        (_turn([3]), "messages[0].content[0]", "a block with a type"),
        (_turn([{"type": "text"}]), "messages[0].content[0].text", "it is missing"),
        (_turn([{"type": "text", "text": 3}]), "messages[0].content[0].text", "valid string"),
        (_turn([{"type": "tool_result"}]), "messages[0].content[0].tool_use_id", "it is missing"),
        (_turn([{"type": "tool_use", "id": "x"}], "assistant"), "messages[0].content[0].name", "it is missing"),
        (
            _turn([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A"}}]),
            "messages[0].content[0]",
            "broken base64",
        ),
        (_body(temperature="hot"), "temperature", "valid number"),
        (_body(stop_sequences=3), "stop_sequences", "a list is needed"),
        (_body(stop_sequences=[3]), "stop_sequences", "valid string"),
        (_body(tools=["f"]), "tools[0]", "a tool with a name"),
        (_body(tools=[{"input_schema": {}}]), "tools[0].name", "a string is needed"),
        (_body(tools=[{"name": "f", "input_schema": 3}]), "tools[0].input_schema", "valid dictionary"),
        (_body(tool_choice="auto"), "tool_choice", "auto, any, tool, none"),
        (_body(tool_choice={"type": "tool"}), "tool_choice.name", "a string is needed"),
        (_body(output_config=3), "output_config", "an object is needed"),
        (_body(headers={"x": "y"}), "headers", "no such member"),
    ],
)
def test_a_bad_body_names_the_member(board: Board, body: dict[str, Any], param: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(board, body)
    assert caught.value.param == param
    assert words in str(caught.value)


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(board: Board, body: bytes) -> None:
    with pytest.raises(InvalidInput, match="JSON"):
        board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat"})
