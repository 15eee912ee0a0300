"""Answers of every form: what we write is read by us as it was, whole or streamed, and in the form of the server."""

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
    ArgumentsDelta,
    Board,
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    Data,
    Delta,
    Endpoint,
    Exchange,
    Finished,
    Media,
    Message,
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
from tests.dialects.ollama.answers import comparable, pieces, responses
from tests.dialects.ollama.requests import DIALECT

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
    kind = "application/x-ndjson" if request.stream else "application/json; charset=utf-8"
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


def lines(data: bytes) -> list[dict[str, Any]]:
    """Return the lines of a stream."""
    return [json.loads(line) for line in data.splitlines()]


def framed(*rows: Any) -> bytes:
    """Write lines as they are."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@often
@given(response=responses(), data=st.data())
def test_a_stream_that_we_write_is_read_as_the_answer_it_was(
    board: Board, response: ChatResponse, data: st.DataObject
) -> None:
    size = data.draw(st.integers(0, 9))
    again = read(board, written(board, pieces(data.draw, response)), size=size)
    one, other = comparable(again), comparable(response)
    # calls are written when they are whole, so that one which began earlier may come later
    assert sorted(map(repr, one.pop("parts"))) == sorted(map(repr, other.pop("parts")))
    assert one == other


@often
@given(response=responses())
def test_a_whole_answer_that_we_render_is_read_as_it_was(board: Board, response: ChatResponse) -> None:
    body = board.render_response(ASKED, response).body
    assert comparable(read(board, body, ASKED)) == comparable(response)


@often
@given(response=responses(), data=st.data())
def test_only_the_last_line_is_done_and_counts(board: Board, response: ChatResponse, data: st.DataObject) -> None:
    rows = lines(written(board, pieces(data.draw, response)))
    assert [row["done"] for row in rows] == [False] * (len(rows) - 1) + [True]
    assert all("eval_count" not in row for row in rows[:-1])
    assert all(row["message"]["role"] == "assistant" and "content" in row["message"] for row in rows)


def answer(*parts: Any, reason: Any = "stop", **members: Any) -> ChatResponse:
    """Return an answer of these parts."""
    message = Message(role="assistant", parts=parts)
    return ChatResponse(id="x", model="m", choices=(Choice(message=message, finish_reason=reason),), **members)


def test_parts_of_other_formats_are_said_as_well_as_they_can_be(board: Board) -> None:
    foreign = ToolCall(id="ws_1", name="web_search", kind="web_search", executed_by="provider")
    parts = (
        Thinking(text="hm"), foreign, Refusal(text="no"), Data(value={"a": 1}),
        Media(kind="image", source=Bytes(data=b"png")), ToolCall(id="c", name="f", arguments="{oops"),
    )  # fmt: skip
    response = answer(*parts, reason="context")
    call = {"id": "c", "function": {"index": 0, "name": "f", "arguments": {"INVALID_JSON": "{oops"}}}
    whole = json.loads(board.render_response(ASKED, response).body)
    assert whole["message"] == {"role": "assistant", "content": 'no{"a":1}', "thinking": "hm", "tool_calls": [call]}
    assert whole["done_reason"] == "length"
    rows = lines(written(board, unroll(response)))
    assert "".join(row["message"]["content"] for row in rows) == 'no{"a":1}'
    assert [row["message"]["tool_calls"] for row in rows if "tool_calls" in row["message"]] == [[call]]
    assert rows[-1]["done_reason"] == "length"


def test_calls_that_overlap_are_written_whole_and_in_their_order(board: Board) -> None:
    one, two = ToolCall(id="a", name="f"), ToolCall(id="b", name="g", arguments='{"y"')
    deltas: list[Delta] = [
        PartStarted(0, 0, one), ArgumentsDelta(0, 0, '{"x"'), PartStarted(0, 1, two), ArgumentsDelta(0, 1, ":2}"),
        PartEnded(0, 1), ArgumentsDelta(0, 0, ":1}"), PartEnded(0, 0), Finished(0, "tool_calls"),
    ]  # fmt: skip
    found = read(board, written(board, deltas))
    assert [(call.id, call.arguments) for call in found.tool_calls] == [("a", '{"x":1}'), ("b", '{"y":2}')]
    assert found.finish_reason == "tool_calls"


def test_calls_without_ids_get_one_that_stays_here(board: Board) -> None:
    message = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {}}}] * 2}
    body = {"model": "m", "message": message, "done": True, "done_reason": "stop"}
    whole = read(board, json.dumps(body).encode(), ASKED)
    stream = read(board, framed({**body, "done": False}, {**body, "message": {"role": "assistant", "content": ""}}))
    ids = [call.id for call in whole.tool_calls]
    assert ids == [call.id for call in stream.tool_calls]
    assert len(set(ids)) == 2
    assert whole.finish_reason == stream.finish_reason == "tool_calls"
    rendered = json.loads(board.render_response(ASKED, whole).body)
    assert all("id" not in call for call in rendered["message"]["tool_calls"])
    rows = lines(written(board, unroll(whole)))
    assert all("id" not in call for row in rows for call in row["message"].get("tool_calls", ()))


@pytest.mark.parametrize("place", [1, 2])
def test_a_stream_without_its_end_is_an_error_that_keeps_what_came(board: Board, place: int) -> None:
    data = b"".join(written(board, unroll(answer(Thinking(text="hm"), Text(text="abc")))).splitlines(True)[:place])
    for cut in (data, data + b'{"mess'):
        with pytest.raises(StreamInterrupted) as caught:
            read(board, cut)
        assert caught.value.response.text == ("" if place < 2 else "abc")


def test_a_stream_that_says_nothing_is_an_error(board: Board) -> None:
    for data in (b"", b"\n\n", framed({"done": True})):
        with pytest.raises(ProviderError):
            read(board, data)


WHOLE: dict[str, Any] = {
    "model": "m",
    "created_at": "2026-11-20T10:00:00.123456789Z",
    "message": {
        "role": "assistant",
        "content": "abc",
        "thinking": "t",
        "tool_calls": [{"id": "c", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}}],
    },
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 3,
    "eval_count": 4,
    "total_duration": 5,
    "logprobs": [{"token": "a", "logprob": -1.0}],
}
JUNK: list[Any] = [None, 0, True, "x", [], {}, [None], [[]], ["x"], {"type": "x"}, {"function": {}}, [{"function": 3}]]


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


def test_a_malformed_line_is_an_error_of_the_provider_or_read_as_far_as_it_goes(board: Board) -> None:
    rows = lines(written(board, unroll(read(board, json.dumps(WHOLE).encode(), ASKED))))
    found = []
    for number, row in enumerate(rows):
        for changed in _mutated(row):
            found.append(_readable(board, framed(*rows[:number], changed, *rows[number + 1 :]), STREAMED))
    assert True in found
    assert False in found


def test_a_text_delta_is_told_as_it_comes(board: Board) -> None:
    exchange = opened(board)
    exchange.receive_head(200, {"content-type": "application/x-ndjson"})
    said = {"model": "m", "message": {"role": "assistant", "content": "a"}, "done": False}
    assert exchange.receive_data(framed(said))[-1] == TextDelta(0, 0, "a")
    assert exchange.receive_data(framed(said)) == [TextDelta(0, 0, "a")]
