"""Callers' bodies that are wrong: each is refused by name, whatever stands in whichever place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

import jackfield
from jackfield import Boards, Client, Endpoint, HTTPRequest
from tests.core.conftest import acme

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}
NOTE = {"type": "url_citation", "url_citation": {"url": "u", "start_index": 1}}
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s", "name": "n", "extra": 1},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "5m"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"filename": "f", "file_data": "data:application/pdf;base64,AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "refusal", "refusal": "r"}],
            "refusal": "r",
            "reasoning_details": [{"text": "x"}],
            "annotations": [NOTE],
            "audio": {"id": "a"},
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "x"}},
            ],
            "function_call": {"name": "f", "arguments": "{}"},
        },
        {"role": "tool", "tool_call_id": "c1", "content": "x"},
        {"role": "function", "name": "f", "content": "x"},
    ],
    "max_completion_tokens": 3,
    "safety_identifier": "u",
    "stop": ["a"],
    "logit_bias": {"1": 1},
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "tools": [{"type": "function", "function": FUNCTION}, {"type": "custom", "custom": {"name": "c", "format": {}}}],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
    },
    "functions": [{"name": "g", "parameters": {}}],
    "function_call": {"name": "g"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
    "reasoning_effort": "low",
    "audio": {"voice": "v", "format": "wav"},
    "prediction": {"type": "content", "content": "x"},
    "web_search_options": {"search_context_size": "low", "user_location": {}},
    "prompt_cache_key": "k",
    "stream": True,
    "stream_options": {"include_usage": True},
}
ODD: list[Any] = [
    None, True, -1, 1.5, float("nan"), 2**70, "", "x", [], [None], ["x"], [[]], {}, {"a": 1}, {"type": []},
    [{"type": []}], [{"role": []}], [{"role": "user", "content": "x", "name": 3}], {"type": "function", "function": {}},
    [{"id": 3, "type": "function", "function": {"name": "f"}}],
    {"type": "allowed_tools", "allowed_tools": {"tools": 3}},
]  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*place, key))


def _with(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = _with(changed[place[0]], place[1:], odd)
    return changed


@pytest.mark.parametrize("place", list(_places(BODY)), ids=str)
def test_an_odd_member_is_taken_or_refused_by_name(place: tuple[Any, ...]) -> None:
    board = Boards(environ={}).dialect("openai-chat")
    endpoint = Endpoint("acme", "openai-chat", "http://acme.invalid")
    for odd in ODD:
        body = _with(BODY, place, odd)
        before = copy.deepcopy(body)
        error = None
        try:
            request = board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat"})
            board.translate_request(request, endpoint, board.model("m")).encode()
        except jackfield.InvalidInput as caught:
            error = caught
        assert repr(body) == repr(before), "the caller's body stays as it is"
        if error is not None:
            assert place[0] in (error.param or error.message), (odd, error)
            assert "\n" not in error.message


@pytest.mark.parametrize(
    ("place", "odd", "param"),
    [
        (("messages", 0, "name"), 7, "messages[0].name"),
        (("messages", 2, "tool_calls"), True, "messages[2].tool_calls"),
        (("messages", 2, "tool_calls", 0, "id"), 7, "messages[2].tool_calls[0].id"),
        (("messages", 2, "annotations"), "x", "messages[2].annotations"),
        (("messages", 1, "content", 1, "image_url", "detail"), 7, "messages[1].content[1].image_url.detail"),
        (("max_completion_tokens",), "many", "max_completion_tokens"),
        (("reasoning_effort",), "huge", "reasoning_effort"),
        (("tools", 0, "function", "name"), "", "tools[0].function.name"),
        (("tool_choice", "allowed_tools", "tools"), 3, "tool_choice.allowed_tools.tools"),
        (("response_format", "json_schema", "name"), 3, "response_format.json_schema.name"),
        (("functions",), [None], "functions[0].function.name"),
    ],
    ids=str,
)
def test_the_error_names_the_member_as_the_caller_wrote_it(place: tuple[Any, ...], odd: Any, param: str) -> None:
    with pytest.raises(jackfield.InvalidInput) as caught:
        jackfield.parse("openai-chat", _with(BODY, place, odd))
    assert caught.value.param == param
    assert caught.value.message.startswith(f"{param}: ")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"messages": "half a pair \ud800"}, "cannot be written as JSON"),
        ({"provider_options": {"acme": {"extra": {object()}}}}, "cannot be written as JSON"),
        ({"temperature": float("nan")}, "temperature: input should be a finite number"),
        ({"logit_bias": {"1": float("inf")}}, "finite number"),
    ],
    ids=["surrogate", "object", "nan", "infinity"],
)
def test_what_json_has_no_form_for_is_refused_before_anything_is_sent(parameters: dict[str, Any], message: str) -> None:
    client = Client({"acme": {"api_key": "k"}}, boards=Boards(acme("http://acme.invalid"), environ={}))
    with pytest.raises(jackfield.InvalidInput, match=message):
        client.chat("acme/large", **{"messages": "Hi", **parameters})
