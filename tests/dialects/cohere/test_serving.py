"""Serving: errors, operations and streams as clients of the format expect them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import (
    AuthenticationError,
    BillingError,
    Board,
    ChatResponse,
    ContentFilterError,
    ContextLengthError,
    EmbeddingRequest,
    EmbeddingResponse,
    HTTPRequest,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    MissingCredential,
    ModelNotFoundError,
    NotReadyError,
    OverloadedError,
    PermissionDenied,
    ProviderError,
    RateLimitError,
    RequestTimeout,
    RequestTooLargeError,
    ResponseFormatError,
    Restarted,
    ServerError,
    Text,
    TextDelta,
    UnsupportedFeature,
    UnsupportedOperation,
    UnsupportedParameterError,
    Usage,
    unroll,
)
from tests.dialects.cohere.test_answers import ASKED, AT, STREAMED, answer, events, framed, opened

CLASSES: list[tuple[JackfieldError, type[JackfieldError], int]] = [
    (AuthenticationError("x"), AuthenticationError, 401),
    (MissingCredential("x"), AuthenticationError, 401),
    (BillingError("x"), BillingError, 402),
    (PermissionDenied("x"), PermissionDenied, 403),
    (ModelNotFoundError("x"), ModelNotFoundError, 404),
    (RequestTooLargeError("x"), RequestTooLargeError, 413),
    (RateLimitError("x"), RateLimitError, 429),
    (ServerError("x"), ServerError, 500),
    (RequestTimeout("x"), RequestTimeout, 504),
    (OverloadedError("x"), OverloadedError, 503),
    (NotReadyError("x"), OverloadedError, 503),
    (ResponseFormatError("x"), ServerError, 502),
    (InvalidRequestError("x"), InvalidRequestError, 400),
    (ContextLengthError("x"), InvalidRequestError, 400),
    (UnsupportedParameterError("x"), InvalidRequestError, 400),
    (ContentFilterError("x"), InvalidRequestError, 400),
    (UnsupportedFeature("x"), InvalidRequestError, 400),
    (JackfieldError("x"), ServerError, 500),
    (AuthenticationError("x", status=498), AuthenticationError, 498),
]


@pytest.mark.parametrize(("error", "kind", "status"), CLASSES)
def test_an_error_keeps_its_class_as_a_body(
    board: Board, error: JackfieldError, kind: type[JackfieldError], status: int
) -> None:
    rendered = board.render_error(error)
    assert rendered.status == status
    assert json.loads(rendered.body) == {"message": "x"}
    exchange = opened(board, ASKED)
    exchange.receive_head(status, {"content-type": "application/json"})
    exchange.receive_data(rendered.body)
    with pytest.raises(kind) as caught:
        exchange.receive_eof()
    assert type(caught.value) is kind


def test_the_wait_and_the_id_go_along(board: Board) -> None:
    rendered = board.render_error(RateLimitError("x", status=429, retry_after=1.2, request_id="r"))
    assert rendered.headers["retry-after"] == "2"
    assert json.loads(rendered.body) == {"message": "x", "id": "r"}
    error = board.normalize_error(ASKED, HTTPResponse(429, {}, rendered.body))
    assert error is not None
    assert error.request_id == "r"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("too many tokens: size limit exceeded by 11326 tokens. Try using shorter inputs.", ContextLengthError),
        ("too many tokens: total number of tokens in the prompt cannot exceed 4081", ContextLengthError),
        ("too many tokens: max tokens must be less than or equal to 4096", InvalidRequestError),
    ],
)
def test_a_prompt_that_is_too_long_is_told_by_its_words(board: Board, message: str, kind: type) -> None:
    error = board.normalize_error(ASKED, HTTPResponse(400, {}, json.dumps({"message": message}).encode()))
    assert type(error) is kind


def test_bodies_that_are_none_of_the_format_are_left_to_their_status(board: Board) -> None:
    for body in (b"<html>", b"[]", b"3"):
        assert board.normalize_error(ASKED, HTTPResponse(502, {}, body)) is None
    for broken in (b"<html>", b"[]", b"{}", b"", b'{"message": "no"}'):
        with pytest.raises(ProviderError):
            board.normalize_response(ASKED, HTTPResponse(200, {}, broken))


@pytest.mark.parametrize(
    ("delta", "kind", "code"),
    [
        (
            {"finish_reason": "ERROR", "error": "no", "error_type": "INVALID_TOOL_GENERATION"},
            InvalidRequestError,
            "INVALID_TOOL_GENERATION",
        ),
        ({"finish_reason": "ERROR", "error": "no"}, InvalidRequestError, None),
        ({"finish_reason": "TIMEOUT", "error": "no"}, RequestTimeout, None),
        ({"finish_reason": "ERROR_TOXIC", "error": "no"}, ContentFilterError, None),
        ({"error": "no"}, ServerError, None),
    ],
)
def test_an_end_that_names_an_error_is_one(board: Board, delta: Any, kind: type[JackfieldError], code: Any) -> None:
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(framed({"type": "message-start", "id": "x"}, {"type": "message-end", "delta": delta}))
    with pytest.raises(kind, match="no") as caught:
        exchange.receive_eof()
    assert type(caught.value) is kind
    assert caught.value.code == code


def test_an_error_in_a_stream_keeps_what_had_arrived(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    deltas = list(unroll(answer(Text(text="so far"))))
    place = next(number for number, delta in enumerate(deltas) if isinstance(delta, TextDelta)) + 1
    said = b"".join(encoder.encode(delta) for delta in deltas[:place])
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(said + encoder.keep_alive() + encoder.fail(OverloadedError("too many", code="busy")))
    with pytest.raises(ProviderError, match="too many") as caught:
        exchange.receive_eof()
    assert caught.value.code == "busy"
    assert isinstance(caught.value.response, ChatResponse)
    assert caught.value.response.text == "so far"


def test_a_refusal_without_a_stream_is_an_error_of_the_stream(board: Board) -> None:
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(b'{"id": "r", "message": "no"}')
    with pytest.raises(ServerError, match="no"):
        exchange.receive_eof()


def test_another_provider_may_go_on_but_not_begin_again(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    assert encoder.encode(Restarted("p", "r", "rerun")) == b""
    deltas = list(unroll(answer(Text(text="a"))))
    said = b"".join(encoder.encode(delta) for delta in deltas[:3])
    assert events(said + encoder.encode(Restarted("p", "r", "continue")))[-1]["type"] == "content-delta"
    with pytest.raises(JackfieldError, match="cannot take back"):
        encoder.encode(Restarted("p", "r", "rerun"))


def test_embeddings_are_parsed_and_rendered(board: Board) -> None:
    body = {"model": "m", "texts": ["a", "b"], "input_type": "search_query", "output_dimension": 2}
    asked = board.parse_request(HTTPRequest("POST", "/v2/embed", {}, body), {"operation": "embedding"})
    assert asked == EmbeddingRequest(model="m", inputs=("a", "b"), dimensions=2, input_type="query")
    made = EmbeddingResponse(model="m", vectors=((0.5, 1.0), (2.0, 3.0)), usage=Usage({"input": 4}))
    rendered = board.render_response(asked, made)
    found = board.normalize_response(asked, HTTPResponse(200, {}, rendered.body))
    assert isinstance(found, EmbeddingResponse)
    assert found.vectors == made.vectors
    assert found.raw_usage is not None
    assert found.raw_usage["billed_units"] == {"input_tokens": 4}


def test_too_few_embeddings_are_an_error(board: Board) -> None:
    short = HTTPResponse(200, {}, b'{"embeddings": {"float": [[1]]}}')
    with pytest.raises(ResponseFormatError, match="1 embeddings of 2 texts"):
        board.normalize_response(EmbeddingRequest(inputs=("a", "b")), short)


def test_other_operations_are_not_spoken(board: Board) -> None:
    with pytest.raises(UnsupportedOperation):
        board.parse_request(HTTPRequest("POST", ""), {"operation": "token_count"})
