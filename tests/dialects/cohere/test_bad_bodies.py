"""What a caller wrote wrong: one line that names the member, and never a fault of ours."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, HTTPRequest, InvalidInput
from tests.dialects.cohere.requests import NOTE
from tests.dialects.cohere.test_requests import parsed, sent

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
#: A body with a member of every kind, good as it is.
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "a"}],
            "tool_plan": "p",
            "tool_calls": [CALL],
            "citations": [NOTE],
        },
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": [{"type": "document", "document": {"id": "d", "data": {"a": 1}}}, {"type": "text", "text": "r"}],
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
            ],
        },
    ],
    "documents": ["d", {"id": "d", "data": {"snippet": "s"}}],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
    "strict_tools": True,
    "tool_choice": "REQUIRED",
    "thinking": {"type": "enabled", "token_budget": 1024},
    "response_format": {"type": "json_object", "json_schema": {"type": "object"}},
    "stop_sequences": ["a"],
    "temperature": 1,
    "p": 0.5,
    "k": 3,
    "stream": True,
}
JUNK: list[Any] = [
    None, 0, 1.5, True, "x", "", [], {}, [None], ["x"], [{}], {"type": "x"}, {"type": ["y"]}, {"x": None}, [[]],
    {"type": "text"}, {"type": "document", "document": {}}, {"type": "image_url", "image_url": {"url": "data:x"}},
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
        assert member.removesuffix("s") in str(refusal)
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
        (_turn("x", "robot"), "messages[0].role", "'robot' is none of assistant, system, tool, user"),
        (_turn(3), "messages[0].content", "a string or a list"),
        (_turn([3]), "messages[0].content[0]", "a block with a type"),
        (_turn([{"type": "text", "text": 3}]), "messages[0].content[0].text", "valid string"),
        (_turn("x", "tool"), "messages[0].tool_call_id", "a string is needed"),
        (_turn(None, "assistant", tool_calls=[{"id": "c"}]), "messages[0]", "function is missing"),
        (_turn(3, "assistant"), "messages[0]", "content is a JSON int"),
        (
            _turn([{"type": "image_url", "image_url": {"url": "data:image/png;base64,A"}}]),
            "messages[0].content[0]",
            "broken base64",
        ),
        (_body(temperature="hot"), "temperature", "valid number"),
        (_body(p="hot"), "p", "valid number"),
        (_body(k="all"), "k", "valid integer"),
        (_body(stop_sequences=3), "stop_sequences", "a list is needed"),
        (_body(stop_sequences=[3]), "stop_sequences", "valid string"),
        (_body(documents="d"), "documents", "a list is needed"),
        (_body(tools=["f"]), "tools[0].function.name", "a function with a name"),
        (_body(tools=[{"function": {"name": "f", "parameters": 3}}]), "tools[0].function.parameters", "dictionary"),
        (_body(tool_choice="auto"), "tool_choice", "REQUIRED or NONE"),
        (_body(tool_choice={"type": "tool"}), "tool_choice", "REQUIRED or NONE"),
        (_body(response_format={"type": "xml"}), "response_format", "text or json_object"),
        (_body(response_format={"type": "json_object", "json_schema": 3}), "response_format.schema", "dictionary"),
        (_body(headers={"x": "y"}), "headers", "no such member"),
    ],
)
def test_a_bad_body_names_the_member(board: Board, body: dict[str, Any], param: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(board, body)
    assert caught.value.param == param
    assert words in str(caught.value)


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"x"', b"\xff"])
@pytest.mark.parametrize("operation", ["chat", "embedding"])
def test_a_body_that_is_no_json_object_is_refused(board: Board, body: bytes, operation: str) -> None:
    with pytest.raises(InvalidInput, match="JSON"):
        board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": operation})


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"texts": "a"}, "texts"),
        ({"texts": [3]}, "texts[0]"),
        ({"texts": [], "output_dimension": 0}, "output_dimension"),
    ],
)
def test_a_bad_embedding_names_the_member(board: Board, body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "embedding"})
    assert caught.value.param == param
    assert caught.value.message.startswith(param)
