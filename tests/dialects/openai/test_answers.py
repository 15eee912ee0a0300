"""Answers of every form: what we render is read by us as it was, and by the official SDK's models strictly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from jackfield import (
    Board,
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    Endpoint,
    Exchange,
    InvalidRequestError,
    JackfieldError,
    Media,
    Message,
    ModelNotFoundError,
    NotReadyError,
    OverloadedError,
    PartEnded,
    PartStarted,
    PermissionDenied,
    ProviderError,
    ProviderState,
    RateLimitError,
    Refusal,
    RequestTimeout,
    RequestTooLargeError,
    ServerError,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    Usage,
    unroll,
)
from tests.dialects.openai.answers import comparable, delta_streams, responses
from tests.dialects.openai.requests import DIALECT
from tests.dialects.openai.sdk import read_strictly

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = ChatRequest(model="m", messages="hi", serving={"include_usage": True})
STREAMED = ASKED.model_copy(update={"stream": True})
#: Members that the SDK's models have no names for, and that it gives to its users all the same.
BEYOND = {"reasoning_content"}
often = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


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


def written(board: Board, response: ChatResponse, request: ChatRequest = STREAMED) -> bytes:
    """Write an answer as a stream."""
    encoder = board.stream_encoder(request, AT)
    return b"".join(encoder.encode(delta) for delta in unroll(response)) + encoder.close()


def events(data: bytes) -> list[Any]:
    """Read the events of a stream as JSON, without the end marker."""
    rows = [row.removeprefix(b"data: ") for row in data.split(b"\n\n") if row.startswith(b"data: ")]
    return [json.loads(row) for row in rows if row != b"[DONE]"]


@often
@given(response=responses())
def test_a_rendered_answer_is_read_as_it_was(board: Board, response: ChatResponse) -> None:
    found, expected = comparable(read(board, board.render_response(ASKED, response).body, ASKED)), comparable(response)
    for one in (found, expected):  # a whole message does not say in which order its parts came
        one["choices"] = [(row[0], sorted(row[1], key=lambda part: str(part.type)), *row[2:]) for row in one["choices"]]
    assert found == expected


@often
@given(response=responses(), data=st.data())
def test_a_written_stream_is_read_as_it_was(board: Board, response: ChatResponse, data: st.DataObject) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    pieces = [encoder.encode(delta) for delta in data.draw(delta_streams(response))] + [encoder.close()]
    for place in data.draw(st.lists(st.integers(0, len(pieces) - 1), max_size=3)):
        pieces.insert(place, encoder.keep_alive())
    size = data.draw(st.integers(1, 400))
    assert comparable(read(board, b"".join(pieces), size=size)) == comparable(response)


@often
@given(response=responses())
def test_the_official_sdk_reads_a_rendered_answer_strictly(board: Board, response: ChatResponse) -> None:
    assert read_strictly(ChatCompletion, board.render_response(ASKED, response).body) <= BEYOND


@often
@given(response=responses(custom=False))  # the SDK's chunks know no custom calls, nor annotations
def test_the_official_sdk_reads_a_written_stream_strictly(board: Board, response: ChatResponse) -> None:
    for event in events(written(board, response)):
        assert read_strictly(ChatCompletionChunk, json.dumps(event).encode()) <= {*BEYOND, "annotations"}


@often
@given(response=responses(), data=st.data())
def test_an_error_in_a_stream_keeps_what_had_arrived(board: Board, response: ChatResponse, data: st.DataObject) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    deltas = list(unroll(response))
    place = data.draw(st.integers(0, len(deltas)))
    said = b"".join(encoder.encode(delta) for delta in deltas[:place])
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(said + encoder.fail(OverloadedError("too many", provider="upstream")))
    with pytest.raises(OverloadedError, match="too many") as caught:
        exchange.receive_eof()
    found = {choice.index: choice.message.text for choice in caught.value.response.choices if choice.message.text}
    assert found == {delta.choice: delta.text for delta in deltas[:place] if isinstance(delta, TextDelta)}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimitError("x"), RateLimitError),
        (OverloadedError("x"), OverloadedError),
        (NotReadyError("x"), NotReadyError),
        (ServerError("x"), ServerError),
        (RequestTimeout("x"), RequestTimeout),
        (PermissionDenied("x"), PermissionDenied),
        (ModelNotFoundError("x"), ModelNotFoundError),
        (InvalidRequestError("x"), InvalidRequestError),
        (RequestTooLargeError("x"), RequestTooLargeError),
        (InvalidRequestError("x", code="odd"), InvalidRequestError),
    ],
)
def test_an_error_in_a_stream_keeps_its_class(board: Board, error: JackfieldError, kind: type[ProviderError]) -> None:
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(board.stream_encoder(STREAMED, AT).fail(error))
    with pytest.raises(kind) as caught:
        exchange.check()
    assert type(caught.value) is kind
    assert caught.value.retryable == kind.retryable


def _answer(*parts: Any, reason: Any = "stop", usage: Usage | None = None) -> ChatResponse:
    message = Message(role="assistant", parts=parts)
    return ChatResponse(id="x", model="m", choices=(Choice(message=message, finish_reason=reason),), usage=usage)


@pytest.mark.parametrize("asked", [True, False])
def test_usage_is_streamed_where_it_was_asked_for(board: Board, asked: bool) -> None:
    request = STREAMED.model_copy(update={"serving": {"include_usage": asked}})
    chunks = events(written(board, _answer(Text(text="x"), usage=Usage({"input": 3, "output": 4})), request))
    rows = [chunk["usage"] for chunk in chunks if "usage" in chunk]
    assert rows == ([{"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}] if asked else [])
    assert [chunk["choices"] for chunk in chunks if "usage" in chunk] == ([[]] if asked else [])


def test_a_call_that_the_provider_ran_is_not_given_to_the_caller(board: Board) -> None:
    ran = ToolCall(id="s", name="web_search", arguments="{}", kind="web_search", executed_by="provider")
    answer = _answer(ran, Text(text="found"), ToolCall(id="c", name="f", arguments="{}"), reason="tool_calls")
    message = json.loads(board.render_response(ASKED, answer).body)["choices"][0]["message"]
    assert [call["id"] for call in message["tool_calls"]] == ["c"]
    stream = read(board, written(board, answer))
    assert [call.id for call in stream.tool_calls] == ["c"]
    assert stream.text == "found"


def test_citations_of_several_texts_are_all_there_and_point_into_the_whole(board: Board) -> None:
    raw = {"type": "url_citation", "url_citation": {"url": "b", "title": "B", "start_index": 0, "end_index": 3}}
    one, two = Citation(url="a", title="A", start=0, end=2), Citation(url="b", title="B", start=0, end=3, raw=raw)
    call = ToolCall(id="c", name="f", arguments="{}")
    answer = _answer(Text(text="Hello ", citations=(one,)), call, Text(text="you", citations=(two,)))
    rendered = json.loads(board.render_response(ASKED, answer).body)["choices"][0]["message"]
    streamed = [
        note
        for chunk in events(written(board, answer))
        for choice in chunk["choices"]
        for note in choice["delta"].get("annotations", ())
    ]
    for notes in (rendered["annotations"], streamed):
        places = [tuple(note["url_citation"][name] for name in ("url", "start_index", "end_index")) for note in notes]
        assert places == [("a", 0, 2), ("b", 6, 9)]
    assert raw["url_citation"] == {"url": "b", "title": "B", "start_index": 0, "end_index": 3}


@pytest.mark.parametrize(
    ("part", "member", "text"),
    [
        (Thinking(text="so"), "reasoning_content", "so"),
        (Refusal(text="no"), "refusal", "no"),
        (Text(text="yes"), "content", "yes"),
    ],
)
def test_a_part_that_arrives_whole_is_written(board: Board, part: Any, member: str, text: str) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    (chunk,) = events(encoder.encode(PartStarted(0, 0, part)) + encoder.encode(PartEnded(0, 0)))
    assert chunk["choices"][0]["delta"][member] == text


def test_audio_with_the_state_of_another_dialect_is_rendered(board: Board) -> None:
    state = ProviderState(data="opaque", dialect="another", origin="x")
    spoken = Media(kind="audio", source=Bytes(data=b"pcm"), transcript="hi", provider_state=state)
    audio = json.loads(board.render_response(ASKED, _answer(spoken)).body)["choices"][0]["message"]["audio"]
    assert audio["id"].startswith("audio_")
    assert audio["transcript"] == "hi"


@pytest.mark.parametrize("whole", [{"choices": [None]}, {"choices": ["x"]}, {"choices": [{"message": "x"}]},
    {"choices": [{"message": {"tool_calls": ["x"]}}]}, {"choices": [{"message": {"tool_calls": 3}}]},
    {"choices": [{"message": {"content": 3}}]}, {"choices": [{"message": {"annotations": ["x", 3]}}]},
    {"choices": [{"message": {"refusal": {"why": 1}}}]}, {"choices": [], "id": 3},
    {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens_details": 3}},
    {"choices": [{"index": "x", "message": {}}]}, {"choices": [{"message": {"function_call": "x"}}]},
])  # fmt: skip
def test_a_malformed_answer_is_an_error_of_the_provider_or_read_as_far_as_it_goes(
    board: Board, whole: dict[str, Any]
) -> None:
    try:
        read(board, json.dumps(whole).encode(), ASKED)
    except ProviderError as error:
        problem: str | None = error.message
    else:
        problem = None
    assert problem is None or "is not of the format" in problem
