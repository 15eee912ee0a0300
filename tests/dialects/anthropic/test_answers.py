"""Answers of every form: what we write is read by us as it was, whole or streamed, and by the official SDK's models."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from anthropic.types.beta import BetaMessage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jackfield import (
    ArgumentsDelta,
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
    Finished,
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
    ToolResult,
    UsageDelta,
    unroll,
)
from tests.dialects.anthropic.answers import comparable, pieces, responses
from tests.dialects.anthropic.requests import DIALECT

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
    """Return the data of the events, each named as its type."""
    found = []
    for event in data.split(b"\n\n"):
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
def test_blocks_never_overlap_and_are_counted(board: Board, response: ChatResponse, data: st.DataObject) -> None:
    rows = events(written(board, pieces(data.draw, response)))
    assert [rows[0]["type"], rows[-2]["type"], rows[-1]["type"]] == ["message_start", "message_delta", "message_stop"]
    current, following = None, 0
    for row in rows[1:-2]:
        if row["type"] == "content_block_start":
            assert current is None
            assert row["index"] == following
            current, following = row["index"], following + 1
        else:
            assert row["index"] == current
            current = None if row["type"] == "content_block_stop" else current
    assert current is None


def answer(*parts: Any, reason: Any = "stop", **members: Any) -> ChatResponse:
    """Return an answer of these parts."""
    message = Message(role="assistant", parts=parts)
    return ChatResponse(id="x", model="m", choices=(Choice(message=message, finish_reason=reason),), **members)


def test_a_later_call_waits_for_the_earlier_one_and_loses_nothing(board: Board) -> None:
    one, two = ToolCall(id="a", name="f"), ToolCall(id="b", name="g")
    deltas: list[Delta] = [
        PartStarted(0, 0, one), ArgumentsDelta(0, 0, '{"x"'), PartStarted(0, 1, two), ArgumentsDelta(0, 1, '{"y":'),
        ArgumentsDelta(0, 0, ":1}"), PartStarted(0, 2, Text(text="")), TextDelta(0, 2, "so"), PartEnded(0, 2),
        ArgumentsDelta(0, 1, "2}"), PartEnded(0, 0), PartEnded(0, 1), Finished(0, "tool_calls"),
    ]  # fmt: skip
    found = read(board, written(board, deltas))
    assert [(call.id, call.arguments) for call in found.tool_calls] == [("a", '{"x":1}'), ("b", '{"y":2}')]
    assert found.text == "so"
    assert found.choices[0].raw_finish_reason == "tool_use"


def test_what_is_known_of_usage_stands_at_the_start_and_all_of_it_at_the_end(board: Board) -> None:
    first, last = {"input_tokens": 7, "cache_read_input_tokens": 2, "output_tokens": 1}, {"output_tokens": 9}
    start: dict[str, Any] = {
        "type": "message_start",
        "message": {"id": "x", "model": "m", "content": [], "usage": first},
    }
    tail = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last}
    body = framed(start, {"type": "ping"}, tail, {"type": "message_stop"})
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    deltas = exchange.receive_data(body) + exchange.receive_eof()
    rows = events(written(board, [*deltas[:2], PartStarted(0, 0, Text(text="")), PartEnded(0, 0), *deltas[2:]]))
    assert sum(isinstance(delta, UsageDelta) for delta in deltas) == 2
    assert rows[0]["message"]["usage"] == {"input_tokens": 7, "cache_read_input_tokens": 2, "output_tokens": 0}
    assert rows[-2]["usage"] == {"input_tokens": 7, "cache_read_input_tokens": 2, "output_tokens": 9}


def test_parts_of_other_formats_are_said_as_well_as_they_can_be(board: Board) -> None:
    foreign = ToolCall(id="ws_1", name="web_search", kind="web_search", executed_by="provider")
    result = ToolResult(call_id="ws_1", parts="x")
    cited = Text(text="t", citations=(Citation(url="https://a.example", title="A", raw={"type": "url_citation"}),))
    broken = ToolCall(id="c", name="f", arguments="{oops")
    response = answer(Thinking(text="hm"), Thinking(kind="redacted"), foreign, result, cited, broken)
    whole = json.loads(board.render_response(ASKED, response).body)
    location = {"type": "web_search_result_location", "url": "https://a.example", "title": "A"}
    assert whole["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "text", "text": "t", "citations": [{**location, "cited_text": "", "encrypted_index": ""}]},
        {"type": "tool_use", "id": "c", "name": "f", "input": {"INVALID_JSON": "{oops"}},
    ]
    BetaMessage.model_validate(whole)
    kinds = [row["content_block"]["type"] for row in events(written(board, unroll(response))) if "content_block" in row]
    assert kinds == ["thinking", "text", "tool_use"]


def test_what_the_format_has_no_block_for_is_said_in_text(board: Board) -> None:
    parts = (
        Refusal(text="no"),
        Data(value={"a": 1}),
        Media(kind="audio", source=Bytes(data=b"pcm"), transcript="spoken"),
        Media(kind="image", source=Bytes(data=b"png")),
        Native(dialect="other", body={}, text="instead"),
        Native(dialect="other", body={}),
    )
    response = answer(*parts, reason="content_filter")
    wanted = ["no", '{"a":1}', "spoken", "(image that this format cannot hold)", "instead"]
    whole = json.loads(board.render_response(ASKED, response).body)
    assert [block["text"] for block in whole["content"]] == wanted
    found = read(board, written(board, unroll(response)))
    assert [part.text for part in found.message.parts if isinstance(part, Text)] == wanted
    assert whole["stop_reason"] == found.choices[0].raw_finish_reason == "refusal"


def test_a_part_that_arrives_whole_is_written_whole(board: Board) -> None:
    note = Citation(url="https://a.example", title="A")
    deltas: list[Delta] = [
        PartStarted(0, 0, Thinking(text="hm")), PartEnded(0, 0), PartStarted(0, 1, Text(text="t", citations=(note,))),
        PartEnded(0, 1), PartStarted(0, 2, ToolCall(id="c", name="f", arguments='{"a":1}')), PartEnded(0, 2),
    ]  # fmt: skip
    thinking, text, call = read(board, written(board, deltas)).message.parts
    assert isinstance(thinking, Thinking)
    assert isinstance(text, Text)
    assert isinstance(call, ToolCall)
    assert (thinking.text, text.text, text.citations[0].url, call.arguments) == ("hm", "t", note.url, '{"a":1}')


@pytest.mark.parametrize("place", [1, 2, 4])
def test_a_stream_without_its_end_is_an_error_that_keeps_what_came(board: Board, place: int) -> None:
    data = b"\n\n".join(written(board, unroll(answer(Text(text="abc")))).split(b"\n\n")[: place + 1]) + b"\n\n"
    with pytest.raises(StreamInterrupted) as caught:
        read(board, data)
    assert caught.value.response.text == ("" if place < 2 else "abc")


def test_blocks_without_their_starts_are_read_all_the_same(board: Board) -> None:
    rows = [
        {"type": "message_start", "message": {"id": "x", "model": "m"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "b"}},
        {"type": "content_block_delta", "index": 5, "delta": {"type": "unheard_of"}},
        {"type": "message_stop"},
    ]
    assert [part.text for part in read(board, framed(*rows)).message.parts if isinstance(part, Text)] == ["a", "b"]


WHOLE: dict[str, Any] = {
    "id": "x",
    "type": "message",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "text", "text": "c", "citations": [{"type": "char_location", "cited_text": "a"}]},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": 1}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": {"type": "x_error"}},
        {"type": "tool_use", "id": "c", "name": "f", "input": {}},
        {"type": "compaction", "content": "c"},
    ],
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 1}, "output_tokens": 2,
        "server_tool_use": {"web_search_requests": 1}, "service_tier": "standard",
    },
}  # fmt: skip
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
    compaction = [
        {"type": "content_block_start", "index": 9, "content_block": {"type": "compaction", "content": None}},
        {"type": "content_block_delta", "index": 9, "delta": {"type": "compaction_delta", "content": "c"}},
        {"type": "content_block_stop", "index": 9},
    ]
    response = read(board, json.dumps(WHOLE).encode(), ASKED)
    rows = events(written(board, unroll(response)))
    rows[-2:-2] = compaction
    found = []
    for number, row in enumerate(rows):
        for changed in _mutated(row):
            stream = [*rows[:number], changed, *rows[number + 1 :]]
            found.append(_readable(board, framed(*stream), STREAMED))
    assert True in found
    assert False in found


def test_a_compaction_in_pieces_is_a_block_of_this_format(board: Board) -> None:
    rows = [
        {"type": "message_start", "message": {"id": "x", "model": "m"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "compaction", "content": None}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "compaction_delta", "content": "sum"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "compaction", "container": {"id": "c"}}, "usage": {}},
        {"type": "message_stop"},
    ]
    found = read(board, framed(*rows))
    (part,) = found.message.parts
    assert part.type == "native"
    assert (part.body, part.text) == ({"type": "compaction", "content": "sum"}, "sum")
    assert found.finish_reason == "pause"
    state = found.choices[0].provider_state
    assert state is not None
    assert state.data == {"container": {"id": "c"}}
