"""Answers of every form: what we write is what was read, whole or streamed, and the official SDK reads it strictly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from jackfield import Board, ChatRequest, ChatResponse, Endpoint, Exchange, Media, Thinking, unroll
from tests.dialects.openai.sdk import read_strictly
from tests.dialects.openai_responses.answers import bodies, comparable, foreign, pieces
from tests.dialects.openai_responses.requests import DIALECT

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = ChatRequest(model="m", messages="hi")
STREAMED = ASKED.model_copy(update={"stream": True})
often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
EVENT: Any = TypeAdapter(ResponseStreamEvent)


def opened(board: Board, request: ChatRequest = STREAMED, origin: str = "") -> Exchange:
    """Open an exchange."""
    return Exchange(board, request, Endpoint("any", DIALECT, "https://any.invalid/v1", origin=origin), AT)


def read(board: Board, data: bytes, request: ChatRequest = STREAMED, size: int = 0) -> ChatResponse:
    """Read an answer, in pieces of a size."""
    exchange = opened(board, request)
    kind = "text/event-stream" if request.stream else "application/json"
    exchange.receive_head(200, {"content-type": kind})
    for start in range(0, len(data), size or len(data) or 1):
        exchange.receive_data(data[start : start + (size or len(data))])
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    return response


def read_body(board: Board, body: Any) -> ChatResponse:
    """Read a whole answer."""
    return read(board, json.dumps(body).encode(), ASKED)


def rendered(board: Board, response: ChatResponse, request: ChatRequest = ASKED) -> dict[str, Any]:
    """Render a whole answer."""
    body: dict[str, Any] = json.loads(board.render_response(request, response).body)
    return body


def written(board: Board, deltas: Any, request: ChatRequest = STREAMED) -> bytes:
    """Write deltas as a stream."""
    encoder = board.stream_encoder(request, AT)
    return b"".join([encoder.encode(delta) for delta in deltas]) + encoder.close()


def framed(*rows: Any) -> bytes:
    """Write events as they are."""
    return b"".join(b"data: %b\n\n" % json.dumps(row).encode() for row in rows)


def events(data: bytes) -> list[dict[str, Any]]:
    """Return the events of a stream, each named as its type and numbered."""
    found = []
    for event in data.split(b"\n\n"):
        name, _, body = event.partition(b"\n")
        if name.startswith(b"event: "):
            found.append(json.loads(body.removeprefix(b"data: ")))
            assert name == b"event: " + found[-1]["type"].encode()
            assert found[-1]["sequence_number"] == len(found) - 1
    return found


@often
@given(body=bodies())
def test_what_was_read_is_rendered_as_it_was(board: Board, body: dict[str, Any]) -> None:
    response = read_body(board, body)
    found = rendered(board, response)
    assert found == body
    assert comparable(read_body(board, found)) == comparable(response)


@often
@given(body=bodies(), data=st.data())
def test_what_was_read_is_streamed_as_it_was(board: Board, body: dict[str, Any], data: st.DataObject) -> None:
    response = read_body(board, body)
    encoder = board.stream_encoder(STREAMED, AT)
    rows = [encoder.encode(delta) for delta in pieces(data.draw, response)] + [encoder.close()]
    for place in data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=3)):
        rows.insert(place, encoder.keep_alive())
    stream = b"".join(rows)
    assert events(stream)[-1]["response"] == body
    assert comparable(read(board, stream, size=data.draw(st.integers(1, 400)))) == comparable(response)


@often
@given(response=foreign(), data=st.data())
def test_an_answer_of_another_format_is_the_same_whole_and_streamed(
    board: Board, response: ChatResponse, data: st.DataObject
) -> None:
    whole = read_body(board, rendered(board, response))
    stream = read(board, written(board, pieces(data.draw, response)))
    spoken = [part for part in response.message.parts if isinstance(part, Media) and part.kind == "audio"]
    words = sorted(response.text + "".join(part.transcript or "" for part in spoken))
    assert whole.text == stream.text
    assert sorted(whole.text) == words
    said = [(call.name, call.arguments) for call in response.tool_calls]
    for found in (whole, stream):
        assert [(call.name, call.arguments) for call in found.tool_calls] == said
    thought = "".join(part.text for part in response.message.parts if isinstance(part, Thinking))
    assert "".join(part.text for part in whole.message.parts if isinstance(part, Thinking)) == thought
    assert comparable(whole)["finish"] == comparable(stream)["finish"]


#: Members of answers that the SDK has no name for: what this format's own items may bring from other hosts.
BEYOND: set[str] = {"results"}


@often
@given(body=bodies())
def test_the_official_sdk_reads_strictly_what_is_written(board: Board, body: dict[str, Any]) -> None:
    body.pop("tool_usage", None)
    response = read_body(board, body)
    assert read_strictly(Response, board.render_response(ASKED, response).body) <= BEYOND
    for event in events(written(board, unroll(response))):
        EVENT.validate_json(json.dumps(event), strict=True)


@often
@given(response=foreign(), data=st.data())
def test_the_official_sdk_reads_strictly_what_other_formats_say(
    board: Board, response: ChatResponse, data: st.DataObject
) -> None:
    assert read_strictly(Response, board.render_response(ASKED, response).body) <= BEYOND
    for event in events(written(board, pieces(data.draw, response))):
        EVENT.validate_json(json.dumps(event), strict=True)
