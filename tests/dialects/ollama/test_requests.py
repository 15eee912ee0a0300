"""Requests of every form: what we send parses to what sends the same again, in the form that the server wants."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from jackfield import (
    Board,
    Bytes,
    ChatRequest,
    Data,
    EmbeddingRequest,
    Endpoint,
    HostedTool,
    HTTPRequest,
    Media,
    Message,
    ModelsRequest,
    Reasoning,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UnsupportedFeature,
    Url,
)
from tests.dialects.ollama.requests import DIALECT, requests, state

ENDPOINT = Endpoint("any", DIALECT, "https://any.invalid")
often = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
PNG = Media(kind="image", source=Bytes(data=b"png"))


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
@given(request=requests())
def test_a_request_that_was_sent_and_parsed_is_sent_the_same(board: Board, request: ChatRequest) -> None:
    body = sent(board, request)
    assert sent(board, parsed(board, body)) == body


def _asked(*messages: Message, **values: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or (Message(role="user", parts="x"),), **values)


def test_where_and_how_things_are_asked(board: Board) -> None:
    for request, method, path in (
        (_asked(), "POST", "/api/chat"),
        (EmbeddingRequest(model="m", inputs=("a",), dimensions=3), "POST", "/api/embed"),
        (ModelsRequest(), "GET", "/api/tags"),
    ):
        made = board.translate_request(request, ENDPOINT, board.model("m"))
        assert (made.method, made.url) == (method, f"https://any.invalid{path}")


def test_a_stream_is_asked_for_or_refused_in_so_many_words(board: Board) -> None:
    assert sent(board, _asked())["stream"] is False
    assert sent(board, _asked(stream=True))["stream"] is True
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    assert parsed(board, body).stream is True
    assert parsed(board, {**body, "stream": False}).stream is False


def test_a_conversation_takes_the_form_of_messages(board: Board) -> None:
    ours, theirs = (
        ToolCall(id="a", name="f", arguments='{"x": 1}', provider_state=state(minted=True)),
        ToolCall(id="b", name="g"),
    )
    results = (
        ToolResult(call_id="a", parts=(Data(value={"a": 1}), PNG)),
        ToolResult(call_id="b", name="named", parts="r"),
        ToolResult(call_id="c", parts="s"),
    )
    body = sent(
        board,
        _asked(
            Message(role="developer", parts=(Text(text="one"), Text(text="two"))),
            Message(role="user", parts=(Text(text="see"), PNG)),
            Message(role="user", parts=(PNG,)),
            Message(role="assistant", parts=(Thinking(text="hm", provider_state=state()), ours, theirs)),
            Message(role="tool", parts=results),
            Message(role="assistant", parts="done"),
        ),
    )
    assert body["messages"] == [
        {"role": "system", "content": "one\n\ntwo"},
        {"role": "user", "content": "see", "images": ["cG5n"]},
        {"role": "user", "images": ["cG5n"]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"function": {"name": "f", "arguments": {"x": 1}}},
                {"id": "b", "function": {"name": "g", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": '{"a":1}\n\n(the image follows in the next message)', "tool_name": "f"},
        {"role": "tool", "content": "r", "tool_call_id": "b", "tool_name": "named"},
        {"role": "tool", "content": "s", "tool_call_id": "c"},
        {"role": "user", "images": ["cG5n"]},
        {"role": "assistant", "content": "done"},
    ]


@pytest.mark.parametrize(
    "members",
    [
        {"keep_alive": -1},
        {"think": "deeply"},
        {"think": True},
        {"think": "low"},
        {"options": {"num_ctx": 8192, "min_p": 0.1}},
        {"options": {"num_predict": -1}},
        {"template": "{{ .Prompt }}"},
        {"tools": [{"type": "function", "function": {"name": "f", "more": 1}}]},
        {"tools": [{"type": "function", "function": {"name": "f"}, "more": 1}]},
    ],
)
def test_what_has_no_word_of_ours_is_sent_on_as_it_came(board: Board, members: dict[str, Any]) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": False, **members}
    assert sent(board, parsed(board, body)) == body


@pytest.mark.parametrize(
    ("reasoning", "think"),
    [
        (Reasoning(enabled=True), True),
        (Reasoning(enabled=False), False),
        (Reasoning(effort="none"), False),
        (Reasoning(budget=0), False),
        (Reasoning(budget=9), True),
        (Reasoning(effort="high"), "high"),
        (Reasoning(effort="xhigh"), True),
        (Reasoning(), None),
    ],
)
def test_reasoning_is_think(board: Board, reasoning: Reasoning, think: Any) -> None:
    assert sent(board, _asked(reasoning=reasoning)).get("think") == think


TOOLS = (Tool(name="f"), Tool(name="g"))


@pytest.mark.parametrize(
    ("choice", "names"),
    [(ToolChoice(), ["f", "g"]), (ToolChoice(mode="none"), None), (ToolChoice(allowed=("g",)), ["g"])],
)
def test_a_choice_among_tools_is_the_tools_that_are_sent(board: Board, choice: ToolChoice, names: Any) -> None:
    tools = sent(board, _asked(tools=TOOLS, tool_choice=choice)).get("tools")
    assert (None if tools is None else [tool["function"]["name"] for tool in tools]) == names


def test_the_first_bytes_of_an_image_say_its_type(board: Board) -> None:
    for data, mime in ((b"\x89PNG..", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"??", None)):
        asked = _asked(Message(role="user", parts=(Media(kind="image", source=Bytes(data=data)),)))
        (part,) = parsed(board, sent(board, asked)).messages[0].parts
        assert isinstance(part, Media)
        assert (part.source, part.mime) == (Bytes(data=data), mime)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            _asked(Message(role="user", parts=(Media(kind="image", source=Url(url="https://x.example")),))),
            r"messages\[0\].parts\[0\]: the format takes images as bytes only",
        ),
        (
            _asked(Message(role="user", parts=(Media(kind="document", source=Bytes(data=b"x")),))),
            "the format takes no document",
        ),
        (_asked(Message(role="assistant", parts=(PNG,))), "a media cannot stand in this role"),
        (_asked(Message(role="user", parts=(ToolCall(id="c", name="f"),))), "a tool_call cannot stand in this role"),
        (
            _asked(Message(role="assistant", parts=(ToolCall(id="c", name="f", arguments="{oops"),))),
            "the arguments of f are no JSON object",
        ),
        (_asked(tools=TOOLS, tool_choice=ToolChoice(mode="required")), "cannot force a call"),
        (_asked(tools=TOOLS, tool_choice=ToolChoice(mode="required", name="f")), "cannot force a call"),
        (_asked(tools=(HostedTool(kind="web_search"),)), "no form for a web_search tool"),
        (_asked(tools=(Tool(name="f", kind="custom"),)), "no form for a custom tool"),
    ],
)
def test_what_the_format_cannot_say_is_refused_with_its_place(board: Board, request_: ChatRequest, words: str) -> None:
    with pytest.raises(UnsupportedFeature, match=words) as caught:
        sent(board, request_)
    assert caught.value.param
