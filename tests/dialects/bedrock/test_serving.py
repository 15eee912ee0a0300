"""What is served: errors in the format's own words, as a body and as a frame, and answers that go back as they came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import (
    AuthenticationError,
    BillingError,
    Board,
    ChatRequest,
    ChatResponse,
    ConnectionFailed,
    ContextLengthError,
    HTTPRequest,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    ModelNotFoundError,
    ModelsRequest,
    ModelsResponse,
    NotReadyError,
    OverloadedError,
    PermissionDenied,
    ProviderError,
    RateLimitError,
    RequestTimeout,
    RequestTooLargeError,
    Restarted,
    ServerError,
    Text,
    TextDelta,
    ToolResult,
    UnsupportedFeature,
    UnsupportedOperation,
    unroll,
)
from tests.dialects.bedrock.requests import state
from tests.dialects.bedrock.test_answers import ASKED, AT, STREAMED, answer, events, opened, read
from tests.dialects.bedrock.test_framing import event
from tests.dialects.bedrock.test_requests import parsed, sent

#: An error, what it is when it comes back as a body, and as a frame, where fewer exceptions have a name.
CLASSES: list[tuple[JackfieldError, type[JackfieldError], type[JackfieldError], int, str]] = [
    (AuthenticationError("x"), AuthenticationError, ServerError, 403, "UnrecognizedClientException"),
    (PermissionDenied("x"), PermissionDenied, ServerError, 403, "AccessDeniedException"),
    (BillingError("x"), PermissionDenied, ServerError, 403, "AccessDeniedException"),
    (ModelNotFoundError("x"), ModelNotFoundError, ServerError, 404, "ResourceNotFoundException"),
    (RateLimitError("x"), RateLimitError, RateLimitError, 429, "ThrottlingException"),
    (NotReadyError("x"), NotReadyError, ServerError, 429, "ModelNotReadyException"),
    (ServerError("x"), ServerError, ServerError, 500, "InternalServerException"),
    (OverloadedError("x"), OverloadedError, OverloadedError, 503, "ServiceUnavailableException"),
    (ConnectionFailed("x"), OverloadedError, OverloadedError, 503, "ServiceUnavailableException"),
    (RequestTimeout("x"), RequestTimeout, ServerError, 408, "ModelTimeoutException"),
    (InvalidRequestError("x"), InvalidRequestError, InvalidRequestError, 400, "ValidationException"),
    (ContextLengthError("Input is too long"), ContextLengthError, ContextLengthError, 400, "ValidationException"),
    (RequestTooLargeError("x"), RequestTooLargeError, InvalidRequestError, 413, "ValidationException"),
    (UnsupportedFeature("x"), InvalidRequestError, InvalidRequestError, 400, "ValidationException"),
    (ProviderError("x", status=418), InvalidRequestError, InvalidRequestError, 418, "ValidationException"),
    (ProviderError("x", status=502), ServerError, ServerError, 502, "InternalServerException"),
]


@pytest.mark.parametrize(("error", "whole", "streamed", "status", "name"), CLASSES)
def test_an_error_keeps_its_class_as_far_as_the_format_can_say_it(
    board: Board,
    error: JackfieldError,
    whole: type[JackfieldError],
    streamed: type[JackfieldError],
    status: int,
    name: str,
) -> None:
    rendered = board.render_error(error)
    assert (rendered.status, rendered.headers["x-amzn-errortype"]) == (status, name)
    assert json.loads(rendered.body) == {"message": error.message}
    exchange = opened(board, ASKED)
    exchange.receive_head(status, rendered.headers)
    exchange.receive_data(rendered.body)
    with pytest.raises(JackfieldError) as caught:
        exchange.receive_eof()
    assert (type(caught.value), caught.value.code) == (whole, name)
    exchange = opened(board)
    exchange.receive_head(200, {})
    exchange.receive_data(board.stream_encoder(STREAMED, AT).fail(error))
    with pytest.raises(JackfieldError) as caught:
        exchange.check()
    assert (type(caught.value), caught.value.message) == (streamed, error.message)


def test_the_wait_that_a_provider_asked_for_goes_along(board: Board) -> None:
    rendered = board.render_error(RateLimitError("x", status=429, retry_after=1.2, request_id="r"))
    assert (rendered.headers["retry-after"], rendered.headers["x-amzn-requestid"]) == ("2", "r")


@pytest.mark.parametrize(
    ("headers", "body", "kind", "code"),
    [
        ({"x-amzn-errortype": "ExpiredTokenException:http://x/"}, {"message": "m"}, AuthenticationError,
         "ExpiredTokenException"),
        ({}, {"__type": "com.amazon#ThrottlingException", "Message": "m"}, RateLimitError, "ThrottlingException"),
        ({}, {"message": "The provided model identifier is invalid."}, ModelNotFoundError, None),
        ({}, {"message": "m"}, InvalidRequestError, None),
        ({"x-amzn-errortype": "AccessDeniedException"}, {}, PermissionDenied, "AccessDeniedException"),
    ],
)  # fmt: skip
def test_the_name_of_an_exception_decides(
    board: Board, headers: dict[str, str], body: Any, kind: type[JackfieldError], code: str | None
) -> None:
    error = board.normalize_error(ASKED, HTTPResponse(400, headers, json.dumps(body).encode()))
    assert type(error) is kind
    assert error.code == code


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b""])
def test_without_a_name_and_a_message_the_status_decides(board: Board, body: bytes) -> None:
    assert board.normalize_error(ASKED, HTTPResponse(502, {}, body)) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttlingException", RateLimitError),
        ("modelStreamErrorException", ServerError),
        ("validationException", InvalidRequestError),
        ("serviceUnavailableException", OverloadedError),
        ("internalServerException", ServerError),
        ("unheardOfException", InvalidRequestError),
    ],
)
def test_an_exception_in_a_stream_keeps_what_had_arrived(board: Board, name: str, kind: type[JackfieldError]) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    deltas = list(unroll(answer(Text(text="so far"))))
    place = next(number for number, delta in enumerate(deltas) if isinstance(delta, TextDelta)) + 1
    said = b"".join(encoder.encode(delta) for delta in deltas[:place])
    exchange = opened(board)
    exchange.receive_head(200, {})
    exchange.receive_data(said + encoder.keep_alive() + event(name, b'{"message":"why"}', "exception"))
    with pytest.raises(JackfieldError, match="why") as caught:
        exchange.receive_eof()
    assert (type(caught.value), caught.value.code) == (kind, name)
    assert isinstance(caught.value.response, ChatResponse)
    assert caught.value.response.text == "so far"


def test_an_answer_that_is_none_is_an_error(board: Board) -> None:
    for broken in (b"<html>", b"[]", b"{}", b"", b'{"output": {}}'):
        with pytest.raises(ProviderError):
            board.normalize_response(ASKED, HTTPResponse(200, {}, broken))


def test_another_provider_may_go_on_but_not_begin_again(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    assert encoder.encode(Restarted("p", "r", "rerun")) == b""
    deltas = list(unroll(answer(Text(text="a"))))
    said = b"".join(encoder.encode(delta) for delta in deltas[:3])
    assert events(said + encoder.encode(Restarted("p", "r", "continue")))[-1][0] == "contentBlockStop"
    with pytest.raises(JackfieldError, match="cannot take back"):
        encoder.encode(Restarted("p", "r", "rerun"))


def test_other_operations_are_not_spoken(board: Board) -> None:
    with pytest.raises(UnsupportedOperation):
        board.parse_request(HTTPRequest("POST", ""), {"operation": "embedding"})
    with pytest.raises(UnsupportedOperation):
        board.render_response(ModelsRequest(), ModelsResponse())


def test_an_answer_goes_back_as_it_came(board: Board) -> None:
    content: list[dict[str, Any]] = [
        {"reasoningContent": {"reasoningText": {"text": "t", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
        {"text": "a"},
        {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {"q": 1}, "type": "server_tool_use"}},
        {
            "toolResult": {
                "toolUseId": "s",
                "content": [{"text": "x"}],
                "status": "error",
                "type": "nova_grounding_result",
            }
        },
        {"citationsContent": {"content": [{"text": "b"}], "citations": [{"title": "t"}]}},
        {"citationsContent": {"citations": [{"location": {"web": {"url": "https://example.com"}}}]}},
        {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
        {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}]}},
        {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
    ]
    usage = {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}
    body = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "tool_use", "usage": usage}
    body["metrics"] = {"latencyMs": 7}
    found = read(board, json.dumps(body).encode(), ASKED)
    assert found.finish_reason == "tool_calls"
    assert [part.is_error for part in found.message.parts if isinstance(part, ToolResult)] == [True]
    again = sent(board, ChatRequest(model="m", messages=(found.message,)))["messages"]
    assert again == [{"role": "assistant", "content": content}]
    assert json.loads(board.render_response(ASKED, found).body) == body


def test_a_system_message_among_the_turns_stays_there(board: Board) -> None:
    turns = [{"role": role, "content": [{"text": role}]} for role in ("user", "system", "user")]
    body = {"system": [{"text": "s"}], "messages": turns}
    request = parsed(board, body)
    assert [message.role for message in request.messages] == ["system", "user", "system", "user"]
    assert sent(board, request) == body
    lifted = request.messages[2].model_copy(update={"provider_state": None})
    moved = request.model_copy(update={"messages": (*request.messages[:2], lifted, request.messages[3])})
    assert sent(board, moved)["system"] == [{"text": "s"}, {"text": "system"}]
    assert request.messages[2].provider_state == state(inline=True)


def test_a_sequence_that_ended_an_answer_is_told(board: Board) -> None:
    response = answer(Text(text="a"), reason="stop_sequence")
    response.choices[0].finish_detail = "END"
    told = json.loads(board.render_response(ASKED, response).body)
    assert told["additionalModelResponseFields"] == {"stop_sequence": "END"}
