"""Answers of every form: what we write is read by us as it was, whole or streamed, and in the form of the API."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jackfield import (
    Board,
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    Data,
    Delta,
    Endpoint,
    Exchange,
    Media,
    Message,
    Native,
    PartEnded,
    PartStarted,
    ProviderError,
    Refusal,
    StreamInterrupted,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    unroll,
)
from tests.dialects.cohere.answers import comparable, pieces, responses
from tests.dialects.cohere.requests import DIALECT, NOTE

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = ChatRequest(model="m", messages="hi")
STREAMED = ASKED.model_copy(update={"stream": True})
often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def opened(board: Board, request: ChatRequest = STREAMED) -> Exchange:
    """Open an exchange."""
    return Exchange(board, request, Endpoint("any", DIALECT, "https://any.invalid"), AT)


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


def written(board: Board, deltas: Any) -> bytes:
    """Write deltas as a stream."""
    encoder = board.stream_encoder(STREAMED, AT)
    return b"".join([encoder.encode(delta) for delta in deltas]) + encoder.close()


def framed(*rows: Any) -> bytes:
    """Write events as they are."""
    return b"".join(b"data: %b\n\n" % json.dumps(row).encode() for row in rows)


def events(data: bytes) -> list[dict[str, Any]]:
    """Return the data of the events, each named as its type; the end marker has no name."""
    found = []
    for event in data.removesuffix(b"data: [DONE]\n\n").split(b"\n\n"):
        if event:
            name, _, body = event.partition(b"\n")
            found.append(json.loads(body.removeprefix(b"data: ")))
            assert name == b"event: " + found[-1]["type"].encode()
    return found


@often
@given(response=responses(), data=st.data())
def test_a_stream_that_we_write_is_read_as_the_answer_it_was(
    board: Board, response: ChatResponse, data: st.DataObject
) -> None:
    deltas = list(pieces(data.draw, response))
    assert comparable(read(board, written(board, deltas), size=data.draw(st.integers(0, 9)))) == comparable(response)


@often
@given(response=responses())
def test_a_whole_answer_that_we_render_is_read_as_it_was(board: Board, response: ChatResponse) -> None:
    body = board.render_response(ASKED, response).body
    assert comparable(read(board, body, ASKED)) == comparable(response)


@often
@given(response=responses(), data=st.data())
def test_blocks_and_calls_are_counted_and_whole(board: Board, response: ChatResponse, data: st.DataObject) -> None:
    stream = written(board, pieces(data.draw, response))
    assert stream.endswith(b"data: [DONE]\n\n")
    rows = events(stream)
    assert [rows[0]["type"], rows[-1]["type"]] == ["message-start", "message-end"]
    for kind in ("content", "tool-call", "citation"):
        started = [row["index"] for row in rows if row["type"] == f"{kind}-start"]
        assert started == list(range(len(started)))
        assert sorted(row["index"] for row in rows if row["type"] == f"{kind}-end") == started


def answer(*parts: Any, reason: Any = "stop", **members: Any) -> ChatResponse:
    """Return an answer of these parts."""
    message = Message(role="assistant", parts=parts)
    return ChatResponse(id="x", model="m", choices=(Choice(message=message, finish_reason=reason),), **members)


def test_parts_of_other_formats_are_said_as_well_as_they_can_be(board: Board) -> None:
    foreign = ToolCall(id="ws_1", name="web_search", kind="web_search", executed_by="provider")
    cited = Text(text="t", citations=(Citation(url="https://a.example", title="A", raw={"type": "url_citation"}),))
    parts = (
        Thinking(text="hm"), foreign, Refusal(text="no"), Data(value={"a": 1}), cited,
        Media(kind="image", source=Bytes(data=b"png")), Native(dialect="other", body={}, text="instead"),
        ToolCall(id="c", name="f", arguments="{oops"),
    )  # fmt: skip
    response = answer(*parts, reason="context")
    whole = json.loads(board.render_response(ASKED, response).body)
    note = {
        "start": 0, "end": 0, "text": "", "type": "TEXT_CONTENT", "content_index": 3,
        "sources": [
            {"type": "document", "id": "https://a.example", "document": {"url": "https://a.example", "title": "A"}}
        ],
    }  # fmt: skip
    assert whole["message"]["content"] == [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "no"},
        {"type": "text", "text": '{"a":1}'},
        {"type": "text", "text": "t"},
    ]
    assert whole["message"]["citations"] == [note]
    assert whole["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{oops"}
    assert whole["finish_reason"] == "MAX_TOKENS"
    rows = events(written(board, unroll(answer(Thinking(text="hm"), foreign, Refusal(text="no"), cited))))
    assert [row["delta"]["message"]["citations"] for row in rows if row["type"] == "citation-start"] == [
        {**note, "content_index": 2}
    ]
    assert [row["index"] for row in rows if row["type"] == "content-start"] == [0, 1, 2]


def test_a_part_that_arrives_whole_is_written_whole(board: Board) -> None:
    deltas: list[Delta] = [
        PartStarted(0, 0, Thinking(text="I will.", group="tool_plan")), PartEnded(0, 0),
        PartStarted(0, 1, Text(text="t")), PartEnded(0, 1),
        PartStarted(0, 2, ToolCall(id="c", name="f", arguments='{"a":1}')), PartEnded(0, 2),
    ]  # fmt: skip
    plan, text, call = read(board, written(board, deltas)).message.parts
    assert isinstance(plan, Thinking)
    assert isinstance(text, Text)
    assert isinstance(call, ToolCall)
    assert (plan.text, plan.group, text.text, call.arguments) == ("I will.", "tool_plan", "t", '{"a":1}')


@pytest.mark.parametrize("place", [1, 2, 4])
def test_a_stream_without_its_end_is_an_error_that_keeps_what_came(board: Board, place: int) -> None:
    data = b"\n\n".join(written(board, unroll(answer(Text(text="abc")))).split(b"\n\n")[:place]) + b"\n\n"
    with pytest.raises(StreamInterrupted) as caught:
        read(board, data)
    assert caught.value.response.text == ("" if place < 3 else "abc")


def _told(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "delta": {"message": message}}
    return found if index is None else {**found, "index": index}


def _ended(**delta: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": "COMPLETE", **delta}}


START = {"id": "x", **_told("message-start", role="assistant")}


def test_citations_belong_to_their_text_and_those_of_a_plan_to_none(board: Board) -> None:
    plan = {**NOTE, "type": "PLAN"}
    stream = framed(
        START,
        _told("tool-plan-delta", tool_plan="ab"),
        _told("citation-start", 0, citations=plan),
        _told("content-start", 0, content={"type": "text", "text": ""}),
        _told("content-delta", 0, content={"text": "ab"}),
        {"type": "content-end", "index": 0},
        _told("citation-start", 1, citations=NOTE),
        {"type": "citation-end", "index": 1},
        _ended(),
    )
    body = {
        "id": "x",
        "message": {"content": [{"type": "text", "text": "ab"}], "tool_plan": "ab", "citations": [plan, NOTE]},
        "finish_reason": "COMPLETE",
    }
    for response in (read(board, stream), read(board, json.dumps(body).encode(), ASKED)):
        texts = [part for part in response.message.parts if isinstance(part, Text)]
        assert [(text.text, [note.raw for note in text.citations]) for text in texts] == [("ab", [NOTE]), ("", [plan])]
        (note,) = texts[0].citations
        assert (note.start, note.end, note.title, note.text) == (0, 1, "t", "s")
        assert texts[1].citations[0].start is None


def test_two_blocks_of_one_kind_are_two_parts(board: Board) -> None:
    rows = [START]
    for number in (0, 1):
        rows.append(_told("content-start", number, content={"type": "text", "text": f"{number}"}))
        rows.append({"type": "content-end", "index": number})
    response = read(board, framed(*rows, {"type": "unheard-of"}, _ended()))
    assert [part.text for part in response.message.parts if isinstance(part, Text)] == ["0", "1"]


def test_a_plan_goes_back_as_a_plan(board: Board) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "tool_plan": "I will.", "tool_calls": [call]}
    body = {"id": "x", "message": message, "finish_reason": "TOOL_CALL"}
    response = read(board, json.dumps(body).encode(), ASKED)
    assert response.message.parts[0] == Thinking(text="I will.", group="tool_plan", provider_state=_home(response))
    endpoint = Endpoint("any", DIALECT, "https://any.invalid")
    again = board.translate_request(ChatRequest(model="m", messages=(response.message,)), endpoint, board.model("m"))
    assert again.body["messages"] == [message]
    assert json.loads(board.render_response(ASKED, response).body)["message"] == message


def _home(response: ChatResponse) -> Any:
    found = response.message.parts[0].provider_state
    assert found is not None
    assert found.data == {"field": "tool_plan"}
    return found


WHOLE: dict[str, Any] = {
    "id": "x",
    "finish_reason": "TOOL_CALL",
    "message": {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "abc"}],
        "tool_plan": "p",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        "citations": [NOTE],
    },
    "usage": {
        "billed_units": {"input_tokens": 1, "output_tokens": 2},
        "tokens": {"input_tokens": 3, "output_tokens": 4, "image_tokens": 1},
        "cached_tokens": 1,
    },
    "logprobs": [{"text": "a", "token_ids": [1], "logprobs": [-1.0]}],
}
JUNK: list[Any] = [None, 0, True, "x", [], {}, [None], [[]], ["x"], {"type": "x"}, {"type": []}, {"type": "text"}]


def _mutated(value: Any) -> Iterator[Any]:
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in rows:
        for junk in JUNK:
            changed = copy.deepcopy(value)
            changed[name] = junk
            yield changed
        for changed_inner in _mutated(inner):
            changed = copy.deepcopy(value)
            changed[name] = changed_inner
            yield changed


def _readable(board: Board, data: bytes, request: ChatRequest) -> bool:
    try:
        read(board, data, request)
    except (ProviderError, StreamInterrupted):
        return False
    return True


def test_a_malformed_answer_is_an_error_of_the_provider_or_read_as_far_as_it_goes(board: Board) -> None:
    found = [_readable(board, json.dumps(body).encode(), ASKED) for body in _mutated(WHOLE)]
    assert True in found
    assert False in found


def test_a_malformed_event_is_an_error_of_the_provider_or_read_as_far_as_it_goes(board: Board) -> None:
    rows = events(written(board, unroll(read(board, json.dumps(WHOLE).encode(), ASKED))))
    found = []
    for number, row in enumerate(rows):
        for changed in _mutated(row):
            stream = [*rows[:number], changed, *rows[number + 1 :]]
            found.append(_readable(board, framed(*stream), STREAMED))
    assert True in found
    assert False in found


def test_a_text_delta_is_told_as_it_comes(board: Board) -> None:
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    exchange.receive_data(framed(START, _told("content-start", 0, content={"type": "text", "text": ""})))
    assert exchange.receive_data(framed(_told("content-delta", 0, content={"text": "a"}))) == [TextDelta(0, 0, "a")]
