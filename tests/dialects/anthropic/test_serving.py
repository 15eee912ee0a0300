"""What is served: errors in the format's own words, as a body and as an event, members beside, lists of models."""

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
    ContextLengthError,
    HTTPRequest,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    ListedModel,
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
    UnsupportedParameterError,
    unroll,
)
from tests.dialects.anthropic.requests import state
from tests.dialects.anthropic.test_answers import ASKED, AT, STREAMED, answer, events, opened
from tests.dialects.anthropic.test_requests import parsed, sent

CLASSES: list[tuple[JackfieldError, type[JackfieldError], int, str]] = [
    (AuthenticationError("x"), AuthenticationError, 401, "authentication_error"),
    (BillingError("x"), BillingError, 402, "billing_error"),
    (PermissionDenied("x"), PermissionDenied, 403, "permission_error"),
    (ModelNotFoundError("x"), ModelNotFoundError, 404, "not_found_error"),
    (RequestTooLargeError("x"), RequestTooLargeError, 413, "request_too_large"),
    (RateLimitError("x"), RateLimitError, 429, "rate_limit_error"),
    (ServerError("x"), ServerError, 500, "api_error"),
    (RequestTimeout("x"), RequestTimeout, 504, "timeout_error"),
    (OverloadedError("x"), OverloadedError, 529, "overloaded_error"),
    (NotReadyError("x"), OverloadedError, 529, "overloaded_error"),
    (InvalidRequestError("x"), InvalidRequestError, 400, "invalid_request_error"),
    (ContextLengthError("prompt is too long: 9 tokens > 8"), ContextLengthError, 400, "invalid_request_error"),
    (UnsupportedParameterError("a.b: Extra inputs are not permitted"), UnsupportedParameterError, 400,
     "invalid_request_error"),
    (UnsupportedFeature("x"), InvalidRequestError, 400, "invalid_request_error"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "kind", "status", "word"), CLASSES)
def test_an_error_keeps_its_class_as_a_body_and_as_an_event(
    board: Board, error: JackfieldError, kind: type[JackfieldError], status: int, word: str
) -> None:
    rendered = board.render_error(error)
    assert rendered.status == status
    assert json.loads(rendered.body) == {"type": "error", "error": {"type": word, "message": error.message}}
    exchange = opened(board, ASKED)
    exchange.receive_head(status, {"content-type": "application/json"})
    exchange.receive_data(rendered.body)
    with pytest.raises(kind) as caught:
        exchange.receive_eof()
    assert type(caught.value) is kind
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(board.stream_encoder(STREAMED, AT).fail(error))
    with pytest.raises(kind) as caught:
        exchange.check()
    assert type(caught.value) is kind
    assert caught.value.code == word


def test_the_wait_that_a_provider_asked_for_goes_along(board: Board) -> None:
    rendered = board.render_error(RateLimitError("x", status=429, retry_after=1.2, request_id="r"))
    assert (rendered.headers["retry-after"], rendered.headers["request-id"]) == ("2", "r")


@pytest.mark.parametrize("code", ["enforced_spend_limit_reached", "contract_spend_limit_reached"])
def test_a_limit_of_spending_is_no_limit_of_rate(board: Board, code: str) -> None:
    fault = {"type": "rate_limit_error", "message": "x", "details": {"error_code": code}}
    answer_ = HTTPResponse(429, {}, json.dumps({"type": "error", "error": fault, "request_id": "r"}).encode())
    error = board.normalize_error(ASKED, answer_)
    assert type(error) is BillingError
    assert (error.code, error.request_id, error.retryable) == (code, "r", False)
    rendered = json.loads(board.render_error(error).body)
    assert rendered["error"]["details"] == {"error_code": code}
    assert rendered["request_id"] == "r"


@pytest.mark.parametrize(
    ("status", "kind"), [(429, RateLimitError), (503, OverloadedError), (418, InvalidRequestError)]
)
def test_without_a_type_the_status_decides(board: Board, status: int, kind: type[JackfieldError]) -> None:
    error = board.normalize_error(ASKED, HTTPResponse(status, {}, b'{"error": {"message": "x"}}'))
    assert type(error) is kind
    for body in (b"<html>", b'{"error": "x"}', b"[]"):
        assert board.normalize_error(ASKED, HTTPResponse(status, {}, body)) is None


def test_an_error_in_a_stream_keeps_what_had_arrived(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    deltas = list(unroll(answer(Text(text="so far"))))
    place = next(number for number, delta in enumerate(deltas) if isinstance(delta, TextDelta)) + 1
    said = b"".join(encoder.encode(delta) for delta in deltas[:place])
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(said + encoder.keep_alive() + encoder.fail(OverloadedError("too many")))
    with pytest.raises(OverloadedError, match="too many") as caught:
        exchange.receive_eof()
    assert isinstance(caught.value.response, ChatResponse)
    assert caught.value.response.text == "so far"


def test_an_error_with_status_200_is_an_error(board: Board) -> None:
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "x"}}'
    with pytest.raises(OverloadedError):
        board.normalize_response(ASKED, HTTPResponse(200, {}, body))
    for broken in (b"<html>", b"[]", b"{}", b""):
        with pytest.raises(ProviderError):
            board.normalize_response(ASKED, HTTPResponse(200, {}, broken))


def test_another_provider_may_go_on_but_not_begin_again(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    assert encoder.encode(Restarted("p", "r", "rerun")) == b""
    deltas = list(unroll(answer(Text(text="a"))))
    said = b"".join(encoder.encode(delta) for delta in deltas[:3])
    assert events(said + encoder.encode(Restarted("p", "r", "continue")))[-1]["type"] == "content_block_stop"
    with pytest.raises(JackfieldError, match="cannot take back"):
        encoder.encode(Restarted("p", "r", "rerun"))


def test_lists_of_models_are_rendered_and_read(board: Board) -> None:
    asked = board.parse_request(HTTPRequest("GET", "/v1/models"), {"operation": "models"})
    assert isinstance(asked, ModelsRequest)
    models = ModelsResponse(models=(ListedModel(id="a", created=1700000000), ListedModel(id="b")))
    rendered = board.render_response(asked, models)
    found = board.normalize_response(asked, HTTPResponse(200, {}, rendered.body))
    assert isinstance(found, ModelsResponse)
    assert [(model.id, model.created) for model in found.models] == [("a", 1700000000), ("b", 0)]
    assert json.loads(board.render_response(asked, ModelsResponse()).body)["first_id"] is None


def test_other_operations_are_not_spoken(board: Board) -> None:
    with pytest.raises(UnsupportedOperation):
        board.parse_request(HTTPRequest("POST", ""), {"operation": "embedding"})


def test_an_answer_goes_back_as_it_came(board: Board) -> None:
    content: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "t", "signature": "sig"},
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "a"},
        {"type": "thinking", "thinking": "u", "signature": "sig2"},
        {
            "type": "server_tool_use",
            "id": "s",
            "name": "web_fetch",
            "input": {"url": "u"},
            "caller": {"type": "direct"},
        },
        {"type": "web_fetch_tool_result", "tool_use_id": "s", "content": {"type": "web_fetch_tool_result_error"}},
        {"type": "mcp_tool_use", "id": "m", "name": "ask", "server_name": "wiki", "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "m", "is_error": False, "content": []},
        {"type": "container_upload", "file_id": "f"},
        {"type": "compaction", "content": "so far", "signature": "x"},
        {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
    ]
    body = {"id": "x", "type": "message", "model": "m", "content": content, "stop_reason": "pause_turn", "usage": {}}
    found = board.normalize_response(ASKED, HTTPResponse(200, {}, json.dumps(body).encode()))
    assert isinstance(found, ChatResponse)
    assert found.finish_reason == "pause"
    failed = [part.is_error for part in found.message.parts if isinstance(part, ToolResult)]
    assert failed == [True, False]
    again = sent(board, ChatRequest(model="m", messages=(found.message,)))["messages"]
    assert again == [{"role": "assistant", "content": content}]
    assert json.loads(board.render_response(ASKED, found).body)["content"] == content


def test_a_system_message_among_the_turns_stays_there(board: Board) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "c"}]
    body = {"model": "m", "system": "s", "messages": turns}
    request = parsed(board, body)
    assert [message.role for message in request.messages] == ["system", "user", "system", "user"]
    assert sent(board, request) == body
    lifted = request.messages[2].model_copy(update={"provider_state": None})
    moved = request.model_copy(update={"messages": (*request.messages[:2], lifted, request.messages[3])})
    assert sent(board, moved)["system"] == [{"type": "text", "text": "s"}, {"type": "text", "text": "b"}]
    assert request.messages[2].provider_state == state(inline=True)
