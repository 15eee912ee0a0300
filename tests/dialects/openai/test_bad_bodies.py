"""What a caller wrote wrong: one line that names the member, and never a fault of ours."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, HTTPRequest, InvalidInput
from tests.dialects.openai.test_requests import parsed, sent

PDF = {"file_data": "data:application/pdf;base64,AAAA", "filename": "x.pdf"}
NOTE = {"url": "u", "title": "t", "start_index": 0, "end_index": 1}
USER = [
    {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    {"type": "file", "file": PDF},
    {"type": "file", "file": {"file_id": "x"}},
]
ASSISTANT = {
    "role": "assistant",
    "content": "c",
    "annotations": [{"type": "url_citation", "url_citation": NOTE}],
    "refusal": "r",
    "audio": {"id": "a"},
    "reasoning_content": "t",
    "reasoning_details": [{"text": "x"}],
    "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}},
    ],
    "function_call": {"name": "f", "arguments": "{}"},
}
#: A body with a member of every kind, good as it is.
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "x"},
        {"role": "user", "name": "n", "content": USER},
        ASSISTANT,
        {"role": "tool", "tool_call_id": "c", "content": "x", "name": "n"},
        {"role": "function", "name": "f", "content": "y"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": {}, "strict": True}},
        {"type": "custom", "custom": {"name": "g", "format": {"type": "text"}}},
    ],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
    },
    "functions": [{"name": "f"}],
    "function_call": {"name": "f"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
    "reasoning_effort": "low",
    "audio": {"voice": "v", "format": "wav"},
    "prediction": {"type": "content", "content": "x"},
    "web_search_options": {"search_context_size": "low", "user_location": {"type": "approximate"}},
    "prompt_cache_key": "k",
    "stream_options": {"include_usage": True},
    "stop": ["a"],
    "logit_bias": {"1": 2},
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "temperature": 1,
    "seed": 1,
    "stream": True,
}
JUNK: list[Any] = [
    None, 0, 1.5, True, "x", "", [], {}, [None], ["x"], [{}], {"type": "x"}, {"type": ["y"]}, {"x": None}, [[]],
    "data:x", "data:image/png;base64,A", {"type": "url_citation", "url_citation": 3},
]  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in rows:
        yield from _places(inner, (*place, name))


@pytest.mark.parametrize("member", BODY)
def test_whatever_stands_in_a_member_is_parsed_or_refused_by_name(board: Board, member: str) -> None:
    named = {**BODY, "tool_choice": {"type": "function", "function": {"name": "f"}}}
    for whole in (BODY, named):
        for place in _places({member: whole[member]}):
            for junk in JUNK:
                body = copy.deepcopy(whole)
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


def _body(**members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "x"}], **members}


def _turn(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "x"}, {"role": "user", **members}]}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        (_body(messages=None), "messages", "a list is needed"),
        (_body(messages="hello"), "messages", "a list is needed"),
        (_body(messages=["hello"]), "messages[0]", "an object is needed"),
        (_turn(role="robot", content="x"), "messages[1].role", "'robot' is none of assistant, developer"),
        (_turn(content=None), "messages[1].content", "a string or a list is needed"),
        (_turn(content=3), "messages[1].content", "a list is needed"),
        (_turn(content=[3]), "messages[1].content[0]", "a part with a type is needed"),
        (_turn(content=[{"type": "text", "text": 3}]), "messages[1].content[0].text", "a string is needed"),
        (_turn(content="x", name=3), "messages[1].name", "valid string"),
        (_turn(role="tool", content="x"), "messages[1].tool_call_id", "a string is needed"),
        (_turn(role="assistant", tool_calls=[{"id": "x"}]), "messages[1].tool_calls[0]", "a call with id, type"),
        (_turn(role="assistant", tool_calls=3), "messages[1].tool_calls", "a list is needed"),
        (
            _turn(content=[{"type": "image_url", "image_url": {"url": "data:image/png;base64,A"}}]),
            "messages[1].content[0].image_url",
            "broken base64",
        ),
        (
            _turn(content=[{"type": "input_audio", "input_audio": {"format": "wav"}}]),
            "messages[1].content[0].input_audio",
            "base64 is needed",
        ),
        (_body(temperature="hot"), "temperature", "valid number"),
        (_body(n=0), "n", "greater than or equal to 1"),
        (_body(model=3), "model", "valid string"),
        (_body(tools={}), "tools", "a list is needed"),
        (_body(tools=["f"]), "tools[0]", "a tool with a type is needed"),
        (_body(tools=[{"type": "function", "function": {}}]), "tools[0].function.name", "a string is needed"),
        (
            _body(tools=[{"type": "function", "function": {"name": "f", "parameters": 3}}]),
            "tools[0].function.parameters",
            "valid dictionary",
        ),
        (_body(tool_choice="sometimes"), "tool_choice", "auto, none, required"),
        (_body(tool_choice={"type": "function"}), "tool_choice", "is needed"),
        (_body(response_format="json"), "response_format", "json_object or json_schema"),
        (
            _body(response_format={"type": "json_schema", "json_schema": {"name": 3, "schema": {}}}),
            "response_format.json_schema.name",
            "valid string",
        ),
        (_body(reasoning_effort="frantic"), "reasoning_effort", "'frantic' is none of none, minimal"),
        (_body(functions={}), "functions", "a list is needed"),
        (_body(web_search_options={"search_context_size": 3}), "web_search_options.search_context_size", "string"),
        (_body(headers={"x": "y"}), "headers", "no such member"),
        (_body(query={"x": "y"}), "query", "no such member"),
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
