"""What is served: old bodies with functions, members nobody knows, and what belongs to one endpoint only."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest

from jackfield import (
    Board,
    ChatRequest,
    ChatResponse,
    Choice,
    FileId,
    JackfieldError,
    Media,
    Message,
    Native,
    NativeTool,
    ProviderState,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    errors,
)
from tests.dialects.openai.requests import DIALECT
from tests.dialects.openai.test_answers import AT, events, opened, read, written
from tests.dialects.openai.test_requests import parsed, sent

FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}
TURNS = [{"role": "user", "content": "x"}]


def _body(board: Board, request: ChatRequest, origin: str = "here") -> dict[str, Any]:
    """Return what is sent to an endpoint."""
    found: dict[str, Any] = opened(board, request, origin).http_request.json()
    return found


def _state(**data: Any) -> ProviderState:
    return ProviderState(data, DIALECT, "here")


def test_functions_are_sent_on_as_they_came_and_answered_in_kind(board: Board) -> None:
    body = {"model": "m", "messages": TURNS, "functions": [FUNCTION], "function_call": {"name": "f"}}
    request = parsed(board, body)
    assert [tool.name for tool in request.tools or () if tool.type == "tool"] == ["f"]
    assert sent(board, request) == body
    call = ToolCall(id="c", name="f", arguments='{"a":1}')
    message = Message(role="assistant", parts=(call,))
    answer = ChatResponse(id="x", model="m", choices=(Choice(message=message, finish_reason="tool_calls"),))
    (choice,) = json.loads(board.render_response(request, answer).body)["choices"]
    assert choice["message"]["function_call"] == {"name": "f", "arguments": '{"a":1}'}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"
    streamed = read(board, written(board, answer, request.model_copy(update={"stream": True})))
    assert streamed.choices[0].raw_finish_reason == "function_call"
    assert [(one.id, one.name, one.arguments) for one in streamed.tool_calls] == [(None, "f", '{"a":1}')]


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_a_choice_of_functions_is_a_choice_of_tools(board: Board, choice: str) -> None:
    request = parsed(board, {"messages": TURNS, "functions": [FUNCTION], "function_call": choice})
    assert request.tool_choice is not None
    assert request.tool_choice.mode == choice


def test_members_that_nobody_knows_travel_to_this_dialect_only(board: Board) -> None:
    body = {"model": "m", "messages": TURNS, "safe_prompt": True, "plugins": [{"id": "web"}]}
    request = parsed(board, body)
    assert request.provider_options == {DIALECT: {"safe_prompt": True, "plugins": [{"id": "web"}]}}
    assert sent(board, request) == body
    other = request.model_copy(update={"provider_options": {"other": {"safe_prompt": True}}})
    assert sent(board, other) == {"model": "m", "messages": TURNS}


@pytest.mark.parametrize("asked", [None, {"include_usage": False}, {"include_usage": True}])
def test_usage_is_asked_of_every_stream_whatever_the_caller_asked(board: Board, asked: Any) -> None:
    request = parsed(board, {"messages": TURNS, "stream": True, "stream_options": asked})
    assert bool(request.serving.get("include_usage")) is bool(asked and asked["include_usage"])
    assert sent(board, request)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("role", "part", "words"),
    [
        ("user", Media(kind="document", source="https://example.com/x.pdf"), "no document by URL; give it as bytes"),
        ("user", Media(kind="audio", source="https://example.com/x.wav"), "no audio by URL"),
        ("user", Native(dialect="another", body={}), "only another knows"),
        ("tool", ToolResult(call_id="c", parts=(Native(dialect="another", body={}),)), "only another knows"),
        ("assistant", Media(kind="image", source=b"x"), "takes no media here"),
        ("user", Thinking(text="x"), "a thinking cannot stand in this role"),
    ],
)
def test_what_the_format_cannot_say_is_refused_before_it_is_sent(
    board: Board, role: Any, part: Any, words: str
) -> None:
    with pytest.raises(UnsupportedFeature, match=words) as caught:
        opened(board, ChatRequest(messages=(Message(role=role, parts=(part,)),)))
    assert caught.value.param == "messages"


def test_a_tool_of_another_dialect_is_refused(board: Board) -> None:
    with pytest.raises(UnsupportedFeature, match="no form for a another tool"):
        opened(board, ChatRequest(messages="x", tools=(NativeTool(dialect="another", body={}),)))


def test_a_block_of_another_dialect_is_said_in_its_text(board: Board) -> None:
    block = Native(dialect="another", body={"secret": 1}, text="a block")
    turns = (
        Message(role="user", parts=(block,)),
        Message(role="tool", parts=(ToolResult(call_id="c", parts=(block,)),)),
    )
    assert [row["content"] for row in _body(board, ChatRequest(messages=turns))["messages"]] == ["a block", "a block"]


@pytest.mark.parametrize(
    ("part", "member"),
    [
        (Thinking(text="so", provider_state=_state(field="reasoning_content")), "reasoning_content"),
        (Thinking(text="so", provider_state=_state(field="reasoning", details=[{"a": 1}])), "reasoning_details"),
        (Media(kind="audio", source=b"x", provider_state=_state(id="audio_1")), "audio"),
    ],
)
def test_state_returns_to_its_origin_and_nowhere_else(board: Board, part: Any, member: str) -> None:
    request = ChatRequest(messages=(Message(role="assistant", parts=(part, Text(text="x"))),))
    assert member in _body(board, request, "here")["messages"][0]
    assert member not in _body(board, request, "there")["messages"][0]
    foreign = part.model_copy(update={"provider_state": ProviderState(part.provider_state.data, "another", "here")})
    request = ChatRequest(messages=(Message(role="assistant", parts=(foreign, Text(text="x"))),))
    assert member not in _body(board, request, "here")["messages"][0]


def test_audio_is_referred_to_by_its_id(board: Board) -> None:
    turn = Message(role="assistant", parts=(Media(kind="audio", source=FileId(file_id="audio_1")),))
    assert _body(board, ChatRequest(messages=(turn,)))["messages"][0]["audio"] == {"id": "audio_1"}


#: The status of every class, and the exception that the official SDK makes of it.
RENDERED: dict[str, tuple[int, type[openai.APIStatusError]]] = {
    "Abandoned": (500, openai.InternalServerError),
    "JackfieldError": (500, openai.InternalServerError),
    "ConfigurationError": (500, openai.InternalServerError),
    "UnknownProvider": (404, openai.NotFoundError),
    "UnknownDialect": (500, openai.InternalServerError),
    "MissingCredential": (401, openai.AuthenticationError),
    "PluginError": (500, openai.InternalServerError),
    "InvalidInput": (400, openai.BadRequestError),
    "UnsupportedFeature": (400, openai.BadRequestError),
    "UnsupportedOperation": (400, openai.BadRequestError),
    "TransportError": (500, openai.InternalServerError),
    "ConnectionFailed": (502, openai.InternalServerError),
    "RequestTimeout": (504, openai.InternalServerError),
    "StreamInterrupted": (500, openai.InternalServerError),
    "ProviderError": (500, openai.InternalServerError),
    "AuthenticationError": (401, openai.AuthenticationError),
    "PermissionDenied": (403, openai.PermissionDeniedError),
    "BillingError": (429, openai.RateLimitError),
    "RateLimitError": (429, openai.RateLimitError),
    "OverloadedError": (503, openai.InternalServerError),
    "NotReadyError": (503, openai.InternalServerError),
    "ServerError": (500, openai.InternalServerError),
    "ModelNotFoundError": (404, openai.NotFoundError),
    "ContextLengthError": (400, openai.BadRequestError),
    "RequestTooLargeError": (413, openai.APIStatusError),
    "ContentFilterError": (400, openai.BadRequestError),
    "UnsupportedParameterError": (400, openai.BadRequestError),
    "InvalidRequestError": (400, openai.BadRequestError),
    "ResponseFormatError": (500, openai.InternalServerError),
}


def test_every_class_of_error_is_in_the_table() -> None:
    found = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, JackfieldError)]
    assert {kind.__name__ for kind in found} == RENDERED.keys()


@pytest.mark.parametrize("name", RENDERED)
def test_an_error_is_the_sdks_exception_of_its_kind(board: Board, name: str) -> None:
    status, kind = RENDERED[name]
    error: JackfieldError = getattr(errors, name)(
        "it went wrong", param="messages", retry_after=1.2, request_id="req_1"
    )
    answer = board.render_error(error)
    assert answer.status == status
    assert answer.headers["retry-after"] == "2"

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(answer.status, headers=dict(answer.headers), content=answer.body)

    transport = httpx2.MockTransport(respond)
    with (
        openai.OpenAI(api_key="x", max_retries=0, http_client=httpx2.Client(transport=transport)) as client,
        pytest.raises(kind, match="it went wrong") as caught,
    ):
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
    assert type(caught.value) is kind
    assert (caught.value.param, caught.value.request_id) == ("messages", "req_1")
    assert caught.value.type


def test_an_error_in_a_stream_is_an_envelope_without_an_end_marker(board: Board) -> None:
    data = board.stream_encoder(ChatRequest(messages="x"), AT).fail(errors.RateLimitError("slow down"))
    assert b"[DONE]" not in data
    (event,) = events(data)
    assert event["error"]["code"] == "rate_limit_exceeded"
