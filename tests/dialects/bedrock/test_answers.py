"""Answers of every form: what we write is read by us as it was, whole or streamed, and by botocore's own parsers."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.parsers
import botocore.session
import pytest
from botocore.eventstream import EventStreamBuffer
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
    ResponseFormatError,
    StreamInterrupted,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    ToolResult,
    unroll,
)
from jackfield_dialect_bedrock import CONTENT_TYPE
from tests.dialects.bedrock.answers import comparable, pieces, responses
from tests.dialects.bedrock.requests import DIALECT
from tests.dialects.bedrock.test_framing import event

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
    exchange.receive_head(200, {"content-type": CONTENT_TYPE if request.stream else "application/json"})
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


def framed(*rows: tuple[str, Any]) -> bytes:
    """Write events as they are."""
    return b"".join(event(name, json.dumps(body).encode()) for name, body in rows)


def events(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Return the events by name, as botocore cuts them."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(row.headers[":event-type"], json.loads(row.payload)) for row in buffer]


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


@functools.cache
def _shape(operation: str) -> Any:
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model(operation).output_shape


@often
@given(response=responses())
def test_botocore_reads_what_we_render(board: Board, response: ChatResponse) -> None:
    rendered = board.render_response(ASKED, response)
    answer_ = {"status_code": 200, "headers": dict(rendered.headers), "body": rendered.body}
    found = botocore.parsers.create_parser("rest-json").parse(answer_, _shape("Converse"))
    assert found["stopReason"] == response.choices[0].raw_finish_reason
    assert found["usage"]["outputTokens"] == (response.usage.counts["output"] if response.usage else None)
    texts = [text for block in found["output"]["message"]["content"] for text in _texts(block)]
    assert "".join(texts) == response.text


def _texts(block: dict[str, Any]) -> list[str]:
    cited = block.get("citationsContent", {}).get("content", ())
    return [block["text"]] if "text" in block else [row["text"] for row in cited]


@often
@given(response=responses(), data=st.data())
def test_blocks_never_overlap_and_are_counted(board: Board, response: ChatResponse, data: st.DataObject) -> None:
    rows = events(written(board, pieces(data.draw, response)))
    assert [rows[0][0], rows[-2][0], rows[-1][0]] == ["messageStart", "messageStop", "metadata"]
    current, following = None, 0
    for name, row in rows[1:-2]:
        if current is None:
            assert name in ("contentBlockStart", "contentBlockDelta")
            assert row["contentBlockIndex"] == following
            current, following = following, following + 1
        else:
            assert name in ("contentBlockDelta", "contentBlockStop")
            assert row["contentBlockIndex"] == current
            current = None if name == "contentBlockStop" else current
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


def test_parts_of_other_formats_are_said_as_well_as_they_can_be(board: Board) -> None:
    foreign = ToolCall(id="ws_1", name="web_search", kind="web_search", executed_by="provider")
    result = ToolResult(call_id="ws_1", parts="x")
    cited = Text(
        text="t",
        citations=(
            Citation(url="https://a.example", title="A", raw={"type": "url_citation"}),
            Citation(text="said"),
            Citation(raw={"odd": 1}),
        ),
    )
    broken = ToolCall(id="c", name="f", arguments="{oops")
    response = answer(Thinking(text="hm"), Thinking(kind="redacted"), foreign, result, cited, broken)
    notes: list[dict[str, Any]] = [
        {"location": {"web": {"url": "https://a.example"}}, "title": "A"},
        {"sourceContent": [{"text": "said"}]},
        {"sourceContent": [{"text": ""}]},
    ]
    whole = json.loads(board.render_response(ASKED, response).body)
    assert whole["output"]["message"]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"citationsContent": {"content": [{"text": "t"}], "citations": notes}},
        {"toolUse": {"toolUseId": "c", "name": "f", "input": {"INVALID_JSON": "{oops"}}},
    ]
    rows = [row["delta"] for name, row in events(written(board, unroll(response))) if name == "contentBlockDelta"]
    assert rows == [
        {"reasoningContent": {"text": "hm"}}, {"text": "t"}, *({"citation": note} for note in notes),
        {"toolUse": {"input": "{oops"}},
    ]  # fmt: skip


def test_what_the_format_has_no_block_for_is_said_in_text(board: Board) -> None:
    parts = (
        Refusal(text="no"),
        Data(value={"a": 1}),
        Media(kind="audio", source=Bytes(data=b"pcm"), transcript="spoken"),
        Media(kind="image", source="https://example.com/a.png"),
        Media(kind="image", source=Bytes(data=b"bmp"), mime="image/bmp"),
        Native(dialect="other", body={}, text="instead"),
        Native(dialect="other", body={}),
    )
    response = answer(*parts, reason="refusal")
    unheld = "(image that this format cannot hold)"
    wanted = ["no", '{"a":1}', "spoken", unheld, unheld, "instead"]
    whole = json.loads(board.render_response(ASKED, response).body)
    assert [block["text"] for block in whole["output"]["message"]["content"]] == wanted
    found = read(board, written(board, unroll(response)))
    assert [part.text for part in found.message.parts if isinstance(part, Text)] == wanted
    assert whole["stopReason"] == found.choices[0].raw_finish_reason == "content_filtered"


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


def test_a_stream_without_its_end_is_an_error_that_keeps_what_came(board: Board) -> None:
    rows = events(written(board, unroll(answer(Text(text="abc")))))
    for place in range(1, len(rows)):
        with pytest.raises(StreamInterrupted) as caught:
            read(board, framed(*rows[:place]))
        assert caught.value.response.text == ("" if place < 2 else "abc")


def test_damage_is_an_interruption_and_what_is_no_stream_is_named(board: Board) -> None:
    good = framed(*events(written(board, unroll(answer(Text(text="abc")))))[:3])
    with pytest.raises(StreamInterrupted, match="checksum of a frame of the stream is wrong") as caught:
        read(board, good + event("metadata")[:-1] + b"\0")
    assert caught.value.response.text == "abc"
    with pytest.raises(StreamInterrupted, match="cut in the middle of a frame") as caught:
        read(board, good + event("metadata")[:-1])
    assert caught.value.response.text == "abc"
    for data, words in ((b'{"message":"no"}', "no event stream"), (event(""), "names no event"), (b"", "is empty")):
        with pytest.raises(ResponseFormatError, match=words):
            read(board, data)


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        ([("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "a"}})], ["a"]),
        (
            [
                ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "a"}}),
                ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "b"}}),
                ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"unheardOf": 1}}),
                ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{}"}}}),
                ("contentBlockStop", {"contentBlockIndex": 7}),
                ("unheardOf", {}),
            ],
            ["a", "b"],
        ),
    ],
)
def test_blocks_without_their_ends_are_read_all_the_same(
    board: Board, rows: list[tuple[str, Any]], texts: list[str]
) -> None:
    start, stop = ("messageStart", {"role": "assistant"}), ("messageStop", {"stopReason": "end_turn"})
    found = read(board, framed(start, *rows, stop, ("metadata", {})))
    assert [part.text for part in found.message.parts if isinstance(part, Text)] == texts
    assert (found.finish_reason, found.usage) == ("stop", None)


WHOLE: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
        {"citationsContent": {"content": [{"text": "c"}], "citations": [{"location": {"web": {"url": "u"}}}]}},
        {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {"q": 1}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "s", "content": [{"text": "x"}], "status": "error", "type": "x_result"}},
        {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
        {"toolUse": {"toolUseId": "c", "name": "f", "input": {}}},
    ]}},
    "stopReason": "tool_use",
    "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3, "cacheDetails": [{"ttl": "5m", "inputTokens": 1}]},
    "metrics": {"latencyMs": 1},
    "serviceTier": {"type": "flex"},
    "trace": {"guardrail": {"a": 1}},
}  # fmt: skip
JUNK: list[Any] = [None, 0, True, "x", [], {}, [None], [[]], ["x"], {"text": 3}, {"text": None}, {"toolUse": {}}]


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
    for number, (name, row) in enumerate(rows):
        for changed in _mutated(row):
            stream = [*rows[:number], (name, changed), *rows[number + 1 :]]
            found.append(_readable(board, framed(*stream), STREAMED))
    assert True in found
    assert False in found
