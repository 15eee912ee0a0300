"""Serving: errors, operations and streams as clients of the format expect them."""

from __future__ import annotations

import json

import pytest

from jackfield import (
    AuthenticationError,
    BillingError,
    Board,
    ChatResponse,
    ContextLengthError,
    EmbeddingRequest,
    EmbeddingResponse,
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
    ResponseFormatError,
    Restarted,
    ServerError,
    Text,
    TextDelta,
    UnsupportedFeature,
    UnsupportedOperation,
    Usage,
    unroll,
)
from tests.dialects.ollama.test_answers import ASKED, AT, STREAMED, answer, opened

CLASSES: list[tuple[JackfieldError, type[JackfieldError], int]] = [
    (AuthenticationError("x"), AuthenticationError, 401),
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
    (UnsupportedFeature("x"), InvalidRequestError, 400),
    (JackfieldError("x"), ServerError, 500),
]


@pytest.mark.parametrize(("error", "kind", "status"), CLASSES)
def test_an_error_keeps_its_class_as_a_body(
    board: Board, error: JackfieldError, kind: type[JackfieldError], status: int
) -> None:
    rendered = board.render_error(error)
    assert rendered.status == status
    assert json.loads(rendered.body) == {"error": "x"}
    exchange = opened(board, ASKED)
    exchange.receive_head(status, {"content-type": "application/json"})
    exchange.receive_data(rendered.body)
    with pytest.raises(kind) as caught:
        exchange.receive_eof()
    assert type(caught.value) is kind


def test_the_wait_and_the_id_go_along(board: Board) -> None:
    rendered = board.render_error(RateLimitError("x", status=429, retry_after=1.2, request_id="r"))
    assert (rendered.headers["retry-after"], rendered.headers["x-request-id"]) == ("2", "r")


def test_a_prompt_that_is_too_long_is_told_by_its_words(board: Board) -> None:
    body = b'{"error": "prompt too long; exceeded max context length by 1119046 tokens"}'
    assert type(board.normalize_error(ASKED, HTTPResponse(400, {}, body))) is ContextLengthError
    assert type(board.normalize_error(ASKED, HTTPResponse(500, {}, body))) is ServerError


def test_bodies_that_are_none_of_the_format_are_left_to_their_status(board: Board) -> None:
    for body in (b"<html>", b"[]", b"3", b"{}", b'{"error": {}}'):
        assert board.normalize_error(ASKED, HTTPResponse(502, {}, body)) is None
    for broken in (b"<html>", b"[]", b"{}", b"", b'{"error": "no"}'):
        with pytest.raises(ProviderError):
            board.normalize_response(ASKED, HTTPResponse(200, {}, broken))


def test_an_error_in_a_stream_keeps_what_had_arrived(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    deltas = list(unroll(answer(Text(text="so far"))))
    place = next(number for number, delta in enumerate(deltas) if isinstance(delta, TextDelta)) + 1
    said = b"".join(encoder.encode(delta) for delta in deltas[:place])
    assert encoder.keep_alive() == b""
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "application/x-ndjson"})
    exchange.receive_data(said + encoder.fail(OverloadedError("too many")))
    with pytest.raises(ServerError, match="too many") as caught:
        exchange.receive_eof()
    assert isinstance(caught.value.response, ChatResponse)
    assert caught.value.response.text == "so far"


def test_another_provider_may_go_on_but_not_begin_again(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    assert encoder.encode(Restarted("p", "r", "rerun")) == b""
    deltas = list(unroll(answer(Text(text="a"))))
    assert b"".join(encoder.encode(delta) for delta in deltas[:3])
    assert encoder.encode(Restarted("p", "r", "continue")) == b""
    with pytest.raises(JackfieldError, match="cannot take back"):
        encoder.encode(Restarted("p", "r", "rerun"))


def test_lists_of_models_are_rendered_and_read(board: Board) -> None:
    asked = board.parse_request(HTTPRequest("GET", "/api/tags"), {"operation": "models"})
    assert isinstance(asked, ModelsRequest)
    models = ModelsResponse(models=(ListedModel(id="a", created=1700000000), ListedModel(id="b")))
    rendered = board.render_response(asked, models)
    found = board.normalize_response(asked, HTTPResponse(200, {}, rendered.body))
    assert isinstance(found, ModelsResponse)
    assert [(model.id, model.created) for model in found.models] == [("a", 1700000000), ("b", None)]


def test_embeddings_are_parsed_and_rendered(board: Board) -> None:
    for given in ("a", ["a"]):
        body = {"model": "m", "input": given, "dimensions": 2}
        asked = board.parse_request(HTTPRequest("POST", "/api/embed", {}, body), {"operation": "embedding"})
        assert asked == EmbeddingRequest(model="m", inputs=("a",), dimensions=2)
    made = EmbeddingResponse(model="m", vectors=((0.5, 1.0),), usage=Usage({"input": 4}))
    rendered = board.render_response(asked, made)
    found = board.normalize_response(asked, HTTPResponse(200, {}, rendered.body))
    assert isinstance(found, EmbeddingResponse)
    assert found.vectors == made.vectors
    assert found.raw_usage == {"prompt_eval_count": 4}
    short = HTTPResponse(200, {}, b'{"embeddings": []}')
    with pytest.raises(ResponseFormatError, match="0 embeddings of 1 texts"):
        board.normalize_response(asked, short)


def test_other_operations_are_not_spoken(board: Board) -> None:
    with pytest.raises(UnsupportedOperation):
        board.parse_request(HTTPRequest("POST", ""), {"operation": "pull"})
