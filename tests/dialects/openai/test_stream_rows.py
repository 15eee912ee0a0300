"""Streams as hosts really write them: odd rows of tool calls, lists for texts, usage everywhere, nothing at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import Board, ResponseFormatError, StreamInterrupted
from tests.dialects.openai.test_answers import read


def _chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    row = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {"id": "x", "model": "m", "created": 1, "choices": [row], **more}


def _stream(*chunks: dict[str, Any], end: bool = True) -> bytes:
    rows = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    return rows + b"data: [DONE]\n\n" if end else rows


def _rows(*rows: dict[str, Any]) -> bytes:
    return _stream(*(_chunk({"tool_calls": [row]}) for row in rows), _chunk(finish="tool_calls"))


def _row(index: int | None = None, call_id: str | None = None, name: Any = None, arguments: Any = None) -> Any:
    function = {"name": name, "arguments": arguments}
    row = {"index": index, "id": call_id, "function": {key: value for key, value in function.items() if value}}
    return {key: value for key, value in row.items() if value is not None}


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        pytest.param(
            [_row(0, "a", "f", '{"x"'), _row(0, arguments=": 1}"), _row(1, "b", "g", "{}")],
            [("a", "f", '{"x": 1}'), ("b", "g", "{}")],
            id="as it should be",
        ),
        pytest.param(
            [_row(0, "a", "f"), _row(1, "b", "g"), _row(0, arguments="{}"), _row(1, arguments='{"y":2}')],
            [("a", "f", "{}"), ("b", "g", '{"y":2}')],
            id="two calls in turns",
        ),
        pytest.param(
            [_row(None, "a", "f", '{"x"'), _row(arguments=": 1}"), _row(None, "b", "g", "{}")],
            [("a", "f", '{"x": 1}'), ("b", "g", "{}")],
            id="no index",
        ),
        pytest.param(
            [_row(0, "a", "f", "{}"), _row(0, "b", "g", '{"y":2}')],
            [("a", "f", "{}"), ("b", "g", '{"y":2}')],
            id="index 0 for every call",
        ),
        pytest.param(
            [_row(0, "a", "f", '{"x":'), _row(0, "a", arguments="1}")], [("a", "f", '{"x":1}')], id="id in every row"
        ),
        pytest.param([_row(0, "a"), _row(0, None, "f"), _row(0, arguments="{}")], [("a", "f", "{}")], id="id first"),
        pytest.param([_row(0, "a", None, "{}"), _row(0, None, "f")], [("a", "f", "{}")], id="name last"),
        pytest.param([_row(0, "a"), _row(1, "b", "g", "{}")], [("b", "g", "{}"), ("a", "", "")], id="no name"),
        pytest.param(
            [_row(0, "a", "f", "{}"), _row(0, "b", "f", "{}")], [("a", "f", "{}"), ("b", "f", "{}")], id="again, new id"
        ),
        pytest.param([_row(0, "a", "f", {"x": 1})], [("a", "f", '{"x":1}')], id="arguments as an object"),
        pytest.param([_row(0, "", "f", "{}"), _row(0, "")], [(None, "f", "{}")], id="an empty id"),
        pytest.param([_row(0, "a", "f", "{}"), _row(0, "", None)], [("a", "f", "{}")], id="an empty id after the call"),
    ],
)
def test_rows_of_tool_calls(board: Board, rows: list[Any], calls: list[tuple[str | None, str, str]]) -> None:
    response = read(board, _rows(*rows))
    found = [(call.id, call.name, call.arguments) for call in response.tool_calls]
    assert [row[1:] for row in found] == [row[1:] for row in calls]
    for one, other in zip(found, calls, strict=True):
        assert one[0] == other[0] if other[0] else (one[0] or "").startswith("call_")
    assert response.finish_reason == "tool_calls"


def test_an_id_that_was_missing_is_minted_alike_in_streams_and_whole_answers(board: Board) -> None:
    from tests.dialects.openai.test_answers import ASKED

    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    whole = {"choices": [{"index": 0, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    stream = read(board, _rows({"index": 0, **call}))
    assert read(board, json.dumps(whole).encode(), ASKED).tool_calls[0].id == stream.tool_calls[0].id


@pytest.mark.parametrize("content", [["Hel", "lo"], [[{"type": "text", "text": "Hel"}], "lo"]])
def test_content_may_be_a_list(board: Board, content: list[Any]) -> None:
    response = read(board, _stream(*(_chunk({"content": piece}) for piece in content), _chunk(finish="stop")))
    assert response.text == "Hello"


def test_chunks_without_choices_and_with_empty_rows_say_nothing(board: Board) -> None:
    empty = {"id": "x", "choices": []}
    response = read(board, _stream(empty, _chunk({"content": "x"}), empty, _chunk({}), _chunk(finish="stop"), empty))
    assert (response.text, response.finish_reason) == ("x", "stop")


def test_usage_on_every_chunk_counts_once_and_the_last_holds(board: Board) -> None:
    chunks = [_chunk({"content": "x"}, usage={"prompt_tokens": 3, "completion_tokens": n}) for n in (1, 2, 3)]
    usage = read(board, _stream(*chunks, _chunk(finish="stop"))).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (3, 3)


def test_content_after_the_finish_reason_still_counts(board: Board) -> None:
    response = read(board, _stream(_chunk({"content": "a"}, finish="stop"), _chunk({"content": "b"})))
    assert (response.text, response.finish_reason) == ("ab", "stop")


def test_a_stream_without_its_marker_is_whole_with_its_finish_reason(board: Board) -> None:
    assert read(board, _stream(_chunk({"content": "a"}, finish="stop"), end=False)).text == "a"
    with pytest.raises(StreamInterrupted) as caught:
        read(board, _stream(_chunk({"content": "a"}), end=False))
    assert caught.value.response.text == "a"


@pytest.mark.parametrize("data", [b"", b"data: nothing\n\n", b"data: [1]\n\n", b'data: {"choices": 3}\n\n'])
def test_what_is_no_stream_cannot_be_read(board: Board, data: bytes) -> None:
    with pytest.raises((ResponseFormatError, StreamInterrupted)):
        read(board, data)
