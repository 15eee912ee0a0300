"""What callers and providers write wrong: one line that names the member, and never a fault of ours."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, ChatRequest, HTTPRequest, InvalidInput, ProviderError, StreamInterrupted, unroll
from tests.dialects.openai_responses.test_answers import ASKED, STREAMED, events, framed, read, read_body, written
from tests.dialects.openai_responses.test_requests import parsed, sent

CONTENT = [
    {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
    {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "x.pdf"},
    {"type": "input_file", "file_id": "file-1"},
]
NOTE = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
TOKEN = {"token": "c", "logprob": -1.0, "bytes": [1], "top_logprobs": []}
OUTPUT: list[Any] = [
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}],
     "content": [{"type": "reasoning_text", "text": "t"}], "encrypted_content": "e"},
    {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
        {"type": "output_text", "text": "c", "annotations": [NOTE], "logprobs": [TOKEN]},
        {"type": "refusal", "refusal": "r"}]},
    {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "d", "name": "g", "input": "x"},
    {"type": "computer_call", "id": "cu_1", "call_id": "e", "action": {"type": "wait"}, "pending_safety_checks": [],
     "status": "completed"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "1", "container_id": "c",
     "outputs": [{"type": "logs", "logs": "1"}]},
    {"type": "mcp_call", "id": "mcp_1", "name": "f", "server_label": "s", "arguments": "{}", "output": "o"},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"},
    {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": []},
]  # fmt: skip
#: A body with a member of every kind, good as it is.
BODY: dict[str, Any] = {
    "model": "m",
    "input": [
        {"role": "user", "content": "hi"},
        {"type": "message", "role": "user", "content": CONTENT, "status": "completed"},
        *OUTPUT,
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"type": "function_call_output", "call_id": "c", "output": CONTENT[:2]},
        {"type": "custom_tool_call_output", "call_id": "d", "output": "x"},
        {"type": "computer_call_output", "call_id": "e", "output": {"type": "computer_screenshot", "image_url": "u"}},
        {"type": "local_shell_call_output", "id": "l", "output": "x"},
        {"type": "shell_call_output", "call_id": "s", "output": [{"stdout": "x"}]},
        {"type": "item_reference", "id": "msg_0"},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
    ],
    "instructions": "be brief",
    "tools": [
        {"type": "function", "name": "f", "description": "d", "parameters": {}, "strict": True},
        {"type": "custom", "name": "g", "format": {"type": "text"}},
        {"type": "mcp", "server_label": "s", "server_url": "u"},
        {"type": "web_search"},
        {"type": "namespace", "name": "n", "tools": []},
    ],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto", "mode": "pro"},
    "include": ["message.output_text.logprobs"],
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
    "previous_response_id": "resp_1",
    "max_output_tokens": 5,
    "safety_identifier": "u",
    "metadata": {"a": "b"},
    "temperature": 1,
    "conversation": {"id": "conv_1"},
    "prompt": {"id": "p"},
    "stream": True,
}
JUNK: list[Any] = [
    None, 0, 1.5, True, "x", "", [], {}, [None], ["x"], [{}], {"type": "x"}, {"type": ["y"]}, {"x": None}, [[]],
    "data:x", "data:image/png;base64,A", {"type": "function"}, {"type": "message", "role": "assistant"},
]  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in rows:
        yield from _places(inner, (*place, name))


def _changed(whole: Any, place: tuple[Any, ...], junk: Any) -> Any:
    body = copy.deepcopy(whole)
    held: Any = body
    for step in place[:-1]:
        held = held[step]
    held[place[-1]] = junk
    return body


@pytest.mark.parametrize("member", BODY)
def test_whatever_stands_in_a_member_is_parsed_or_refused_by_name(board: Board, member: str) -> None:
    named = {**BODY, "tool_choice": {"type": "function", "name": "f"}}
    for whole in (BODY, named) if member == "tool_choice" else (BODY,):
        for place in _places({member: whole[member]}):
            for junk in JUNK:
                _check(board, _changed(whole, place, junk), member)


def _check(board: Board, body: dict[str, Any], member: str) -> None:
    refusal = None
    try:
        request = parsed(board, body)
    except InvalidInput as error:
        refusal = error
    else:
        with contextlib.suppress(InvalidInput):
            sent(board, request)
    if refusal is not None:
        assert refusal.param
        assert refusal.param.startswith(member)
        assert refusal.message.startswith(refusal.param)
        assert "\n" not in str(refusal)


def _body(**members: Any) -> dict[str, Any]:
    return {"model": "m", "input": "hi", **members}


def _item(**members: Any) -> dict[str, Any]:
    return {"model": "m", "input": [{"role": "user", "content": "x"}, members]}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        (_body(input=3), "input", "a list is needed"),
        (_body(input=["hello"]), "input[0]", "an item is needed"),
        (_item(), "input[1].type", "a type or a role is needed"),
        (_item(type=3), "input[1].type", "a type or a role is needed"),
        (_item(role="robot", content="x"), "input[1].role", "user, assistant, system or developer is needed"),
        (_item(role="user"), "input[1].content", "a list is needed"),
        (_item(role="user", content=3), "input[1].content", "a list is needed"),
        (_item(role="user", content=[3]), "input[1].content[0]", "a part with a type is needed"),
        (_item(role="user", content=[{"type": "input_text"}]), "input[1].content[0].text", "a string is needed"),
        (_item(role="assistant"), "input[1].content", "a string or a list is needed"),
        (
            _item(role="assistant", content=[{"type": "output_text"}]),
            "input[1].content[0].text",
            "a string is needed",
        ),
        (_item(role="assistant", content=["x"]), "input[1].content[0]", "a part with a type is needed"),
        (
            _item(type="reasoning", id="rs", summary=[{"type": "summary_text"}]),
            "input[1].summary[0].text",
            "a string is needed",
        ),
        (_item(type="function_call", call_id="c", arguments=""), "input[1].name", "a string is needed"),
        (_item(type="function_call", name="f", arguments="{}"), "input[1].call_id", "a string is needed"),
        (_item(type="custom_tool_call", name="f", call_id="c"), "input[1].input", "a string is needed"),
        (_item(type="function_call_output", output="x"), "input[1].call_id", "a string is needed"),
        (_item(type="function_call_output", call_id="c"), "input[1].output", "it is missing"),
        (
            _item(role="user", content=[{"type": "input_image", "image_url": "data:image/png;base64,A"}]),
            "input[1].content[0].image_url",
            "broken base64",
        ),
        (
            _item(role="user", content=[{"type": "input_audio", "input_audio": {"format": "wav"}}]),
            "input[1].content[0].input_audio",
            "base64 is needed",
        ),
        (_body(temperature="hot"), "temperature", "valid number"),
        (_body(max_output_tokens="x"), "max_output_tokens", "valid integer"),
        (_body(previous_response_id=3), "previous_response_id", "valid string"),
        (_body(safety_identifier=3), "safety_identifier", "valid string"),
        (_body(instructions=[]), "instructions", "a string is needed"),
        (_body(text="x"), "text", "an object is needed"),
        (_body(text={"format": {"type": "xml"}}), "text.format", "json_object or json_schema"),
        (
            _body(text={"format": {"type": "json_schema", "name": 3, "schema": {}}}),
            "text.format.name",
            "valid string",
        ),
        (_body(reasoning="low"), "reasoning", "an object is needed"),
        (_body(reasoning={"effort": "frantic"}), "reasoning.effort", "'frantic' is none of none, minimal"),
        (_body(tools={}), "tools", "a list is needed"),
        (_body(tools=["f"]), "tools[0]", "a tool with a type is needed"),
        (_body(tools=[{"type": "function"}]), "tools[0].name", "required"),
        (_body(tools=[{"type": "function", "name": "f", "parameters": 3}]), "tools[0].parameters", "valid dictionary"),
        (_body(tool_choice="sometimes"), "tool_choice", "auto, none, required"),
        (_body(tool_choice={"type": "function"}), "tool_choice.name", "a string is needed"),
        (
            _body(tool_choice={"type": "allowed_tools", "tools": [{"type": "function"}]}),
            "tool_choice.tools",
            "names are needed",
        ),
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


WHOLE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "model": "m", "created_at": 1, "status": "completed", "output": OUTPUT,
    "incomplete_details": None, "error": None, "service_tier": "default",
    "tool_usage": {"web_search": {"num_requests": 1}},
    "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 2,
              "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 3},
}  # fmt: skip


def _readable(board: Board, data: bytes, request: ChatRequest) -> bool:
    try:
        read(board, data, request)
    except (ProviderError, StreamInterrupted):
        return False
    return True


def test_a_malformed_answer_is_an_error_of_the_provider_or_read_as_far_as_it_goes(board: Board) -> None:
    bodies = [_changed(WHOLE, place, junk) for place in _places(WHOLE) for junk in JUNK]
    found = [_readable(board, json.dumps(body).encode(), ASKED) for body in bodies]
    assert True in found
    assert False in found


def test_a_malformed_event_is_an_error_of_the_provider_or_read_as_far_as_it_goes(board: Board) -> None:
    rows = events(written(board, unroll(read_body(board, WHOLE)), STREAMED))
    found = []
    for number, row in enumerate(rows):
        for place in _places(row):
            if place[0] == "response" and (place[-1] in WHOLE["output"] or len(place) > 3):
                continue  # whole answers are tried above
            for junk in JUNK:
                stream = [*rows[:number], _changed(row, place, junk), *rows[number + 1 :]]
                found.append(_readable(board, framed(*stream), STREAMED))
    assert True in found
    assert False in found
