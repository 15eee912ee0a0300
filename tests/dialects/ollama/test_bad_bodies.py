"""What a caller wrote wrong: one line that names the member, and never a fault of ours."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, HTTPRequest, InvalidInput
from tests.dialects.ollama.test_requests import parsed, sent

#: A body with a member of every kind, good as it is.
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "x", "images": ["AAAA"]},
        {
            "role": "assistant",
            "content": "a",
            "thinking": "t",
            "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "content": "r", "tool_name": "f", "tool_call_id": "c"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
    "format": {"type": "object"},
    "think": "high",
    "options": {"temperature": 1, "num_predict": 3, "stop": ["a"], "seed": 1, "num_ctx": 8},
    "keep_alive": "5m",
    "logprobs": True,
    "top_logprobs": 3,
    "stream": True,
}
JUNK: list[Any] = [
    None, 0, 1.5, True, "x", "", [], {}, [None], ["x"], [{}], {"type": "x"}, {"type": ["y"]}, {"x": None}, [[]],
    [{"function": {}}], [{"function": {"name": "f", "arguments": 3}}], -1,
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
        (_turn("x", "robot"), "messages[0].role", "'robot' is none of assistant, system, tool, user"),
        (_turn([3]), "messages[0].content", "a string is needed"),
        (_turn("x", images=[3]), "messages[0].images[0]", "base64 is needed"),
        (_turn("x", images=["A"]), "messages[0].images[0]", "broken base64"),
        (_turn("", "assistant", tool_calls=[{}]), "messages[0].tool_calls[0].function.name", "a string is needed"),
        (
            _turn("", "assistant", tool_calls=[{"function": {"name": "f", "arguments": "{}"}}]),
            "messages[0].tool_calls[0].function.arguments",
            "an object is needed",
        ),
        (_body(options={"temperature": "hot"}), "options.temperature", "valid number"),
        (_body(options={"num_predict": "all"}), "options.num_predict", "valid integer"),
        (_body(options={"stop": 3}), "options.stop", "a list is needed"),
        (_body(options={"stop": [3]}), "options.stop", "valid string"),
        (_body(options=3), "options", "an object is needed"),
        (_body(tools=["f"]), "tools[0].function.name", "a function with a name"),
        (_body(tools=[{"function": {"name": "f", "parameters": 3}}]), "tools[0].function.parameters", "dictionary"),
        (_body(format="xml"), "format", "json or a JSON schema"),
        (_body(stream="yes please"), "stream", "valid boolean"),
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


@pytest.mark.parametrize(("body", "param"), [({"input": 3}, "input"), ({"input": [3]}, "input[0]")])
def test_a_bad_embedding_names_the_member(board: Board, body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "embedding"})
    assert caught.value.param == param
    assert caught.value.message.startswith(param)
