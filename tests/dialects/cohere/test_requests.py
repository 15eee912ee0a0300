"""Requests of every form: what we send parses to what sends the same again, in the form that the API wants."""

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
    FileId,
    HostedTool,
    HTTPRequest,
    Media,
    Message,
    ModelsRequest,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UnsupportedFeature,
    WebSearch,
)
from tests.dialects.cohere.requests import DIALECT, requests, state

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
        (_asked(), "POST", "/v2/chat"),
        (EmbeddingRequest(model="m", inputs=("a",)), "POST", "/v2/embed"),
        (ModelsRequest(), "GET", "/v1/models?page_size=1000"),
    ):
        made = board.translate_request(request, ENDPOINT, board.model("m"))
        assert (made.method, made.url) == (method, f"https://any.invalid{path}")


def test_a_conversation_takes_the_form_of_messages(board: Board) -> None:
    call = ToolCall(id="c", name="f", arguments="")
    image = PNG.model_copy(update={"detail": "low"})
    plan = Thinking(text="I will.", group="tool_plan", provider_state=state())
    body = sent(
        board,
        _asked(
            Message(role="developer", parts="one"),
            Message(role="user", parts=(Text(text="see"), image)),
            Message(role="assistant", parts=(Thinking(text="hm", provider_state=state()), plan, call)),
            Message(role="tool", parts=(ToolResult(call_id="c", parts=(Data(value={"a": 1}), PNG)),)),
            Message(role="assistant", parts="done"),
        ),
    )
    assert body["messages"] == [
        {"role": "system", "content": "one"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n", "detail": "low"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm"}],
            "tool_plan": "I will.",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": [
                {"type": "document", "document": {"data": {"a": 1}}},
                {"type": "text", "text": "(the image follows in the next message)"},
            ],
        },
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}}]},
        {"role": "assistant", "content": "done"},
    ]


DOCUMENTS: list[Any] = [
    "plain",
    {"id": "d", "data": {"title": "t"}},
    {"data": {"text": "x"}},
    {"id": "t", "data": {"snippet": "x", "title": "t"}},
    {"data": {"snippet": "y"}},
    {"id": "u", "data": {"snippet": "z", "title": "t"}},
]


def test_documents_of_the_prompt_go_to_the_last_user_and_come_back(board: Board) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    body = {"model": "m", "messages": turns, "documents": DOCUMENTS}
    request = parsed(board, body)
    kinds = [part.type for part in request.messages[-1].parts]
    assert kinds == ["text", "data", "data", "media", "media", "data", "text"]
    named = request.messages[-1].parts[3]
    assert named == Media(kind="document", source=Bytes(data=b"x"), mime="text/plain", name="t")
    assert sent(board, request) == body
    assert not request.provider_options


@pytest.mark.parametrize(
    "members",
    [
        {"documents": [{"id": "d", "text": "of an older form"}]},
        {"citation_options": {"mode": "FAST"}, "safety_mode": "OFF", "priority": 1, "num_generations": 1},
        {"thinking": {"type": "enabled", "token_budget": 0}},
        {"thinking": {"type": "enabled", "more": 1}},
        {"thinking": {"type": "enabled", "token_budget": 5}},
        {"thinking": {"type": "enabled"}},
        {"thinking": {"type": "disabled"}},
        {"strict_tools": True},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}, "more": 1}}], "strict_tools": True},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}, "more": 1}]},
    ],
)
def test_what_has_no_word_of_ours_is_sent_on_as_it_came(board: Board, members: dict[str, Any]) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **members}
    assert sent(board, parsed(board, body)) == body


def test_documents_without_a_user_stay_where_they_are(board: Board) -> None:
    body = {"model": "m", "messages": [{"role": "system", "content": "x"}], "documents": DOCUMENTS}
    assert sent(board, parsed(board, body)) == body


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        (Reasoning(budget=2000), {"type": "enabled", "token_budget": 2000}),
        (Reasoning(budget=0), {"type": "disabled"}),
        (Reasoning(enabled=False), {"type": "disabled"}),
        (Reasoning(effort="none"), {"type": "disabled"}),
        (Reasoning(enabled=True), {"type": "enabled"}),
        (Reasoning(effort="high"), {"type": "enabled"}),
        (Reasoning(), None),
    ],
)
def test_reasoning_is_thinking(board: Board, reasoning: Reasoning, thinking: Any) -> None:
    assert sent(board, _asked(reasoning=reasoning)).get("thinking") == thinking


TOOLS = (Tool(name="f"), Tool(name="g"))


@pytest.mark.parametrize(
    ("choice", "names", "word"),
    [
        (ToolChoice(), ["f", "g"], None),
        (ToolChoice(mode="none"), ["f", "g"], "NONE"),
        (ToolChoice(mode="required"), ["f", "g"], "REQUIRED"),
        (ToolChoice(mode="required", name="g"), ["g"], "REQUIRED"),
        (ToolChoice(allowed=("f",)), ["f"], None),
        (ToolChoice(mode="required", allowed=("f",)), ["f"], "REQUIRED"),
    ],
)
def test_a_choice_among_tools(board: Board, choice: ToolChoice, names: list[str], word: str | None) -> None:
    body = sent(board, _asked(tools=TOOLS, tool_choice=choice))
    assert [tool["function"]["name"] for tool in body["tools"]] == names
    assert body.get("tool_choice") == word


def test_strictness_holds_for_all_tools(board: Board) -> None:
    for strict in (True, False):
        tools = tuple(tool.model_copy(update={"strict": strict}) for tool in TOOLS)
        body = sent(board, _asked(tools=tools))
        assert body["strict_tools"] is strict
        assert sent(board, parsed(board, body)) == body
    assert "strict_tools" not in sent(board, _asked(tools=TOOLS))


@pytest.mark.parametrize(
    ("form", "wire"),
    [
        (ResponseFormat(), {"type": "text"}),
        (ResponseFormat(type="json"), {"type": "json_object"}),
        (
            ResponseFormat.model_validate({"type": "schema", "schema": {"type": "object"}, "name": "n"}),
            {"type": "json_object", "json_schema": {"type": "object"}},
        ),
    ],
)
def test_the_form_of_the_answer(board: Board, form: ResponseFormat, wire: dict[str, Any]) -> None:
    assert sent(board, _asked(response_format=form))["response_format"] == wire


STRICT = (Tool(name="f", strict=True), Tool(name="g"))
PDF = Media(kind="document", source=Bytes(data=b"%PDF"), mime="application/pdf")
BROKEN = Media(kind="document", source=Bytes(data=b"\xff"), mime="text/plain")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (_asked(Message(role="user", parts=(PDF,))), r"messages\[0\].parts\[0\]: the format takes documents as text"),
        (
            _asked(
                Message(role="user", parts=(PDF.model_copy(update={"source": Bytes(data=b"\xff"), "mime": "text/x"}),))
            ),
            "UTF-8 only",
        ),
        (
            _asked(Message(role="user", parts=(Media(kind="audio", source=Bytes(data=b"a")),))),
            "the format takes no audio",
        ),
        (
            _asked(Message(role="user", parts=(Media(kind="image", source=FileId(file_id="f")),))),
            "no files by id; give the bytes",
        ),
        (_asked(Message(role="assistant", parts=(PNG,))), "an assistant's message takes no such media"),
        (_asked(Message(role="assistant", parts=(ToolCall(name="f"),))), "its id is missing"),
        (
            _asked(Message(role="assistant", parts=(ToolCall(id="c", name="f", kind="custom"),))),
            "takes no such tool_call: the format has no form",
        ),
        (_asked(Message(role="tool", parts=(ToolResult(name="f", parts="x"),))), "set call_id"),
        (_asked(Message(role="user", parts=(ToolCall(id="c", name="f"),))), "a tool_call cannot stand in this role"),
        (_asked(Message(role="tool", parts=(ToolResult(call_id="c", parts=(PDF,)),))), "documents as text only"),
        (_asked(tools=STRICT), "strict with all tools or with none"),
        (_asked(tools=TOOLS, tool_choice=ToolChoice(mode="required", name="h")), "no tool is named h"),
        (_asked(tools=(HostedTool(kind="web_search"),)), "no form for a web_search tool"),
        (_asked(tools=(Tool(name="f", kind="custom"),)), "no form for a custom tool"),
    ],
)
def test_what_the_format_cannot_say_is_refused_with_its_place(board: Board, request_: ChatRequest, words: str) -> None:
    with pytest.raises(UnsupportedFeature, match=words) as caught:
        sent(board, request_)
    assert caught.value.param


def test_what_has_no_word_is_in_the_limits(board: Board) -> None:
    """Nothing vanishes: what `translate_request` does not write, the core drops and tells."""
    limits, untaken = board.model("m").limits, board.model("m").untaken
    for name in ("repetition_penalty", "logit_bias", "top_logprobs", "parallel_tool_calls", "verbosity", "user"):
        assert not limits[name].taken
    assert untaken["tool_result"] == ("is_error",)
    found = board.fit_request(_asked(web_search=WebSearch(), metadata={"a": "b"}, cache={"key": "k"}), board.model("m"))
    assert {row.parameter for row in found.adjustments} == {"web_search", "metadata", "cache"}
