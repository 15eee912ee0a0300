"""Framings give the same events however the bytes are cut."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield import ResponseFormatError
from jackfield.framing import Framing, JSONLines, open_framing, register
from jackfield.wire import Event

#: (bytes on the wire, the events in them as name and data)
SSE: list[tuple[bytes, list[tuple[str | None, bytes]]]] = [
    (b"data: a\n\n", [(None, b"a")]),
    (b"data: a\r\n\r\n", [(None, b"a")]),
    (b"data: a\r\rdata: b\r\r", [(None, b"a"), (None, b"b")]),
    (b"\xef\xbb\xbfdata: a\n\n", [(None, b"a")]),
    (b": hello\n\ndata: a\n\n: OPENROUTER PROCESSING\n\ndata: b\n\n", [(None, b"a"), (None, b"b")]),
    (b": comment\ndata: a\n\n", [(None, b"a")]),
    (b"event: x\ndata: a\n\n", [("x", b"a")]),
    (b"data: a\ndata: b\ndata\n\n", [(None, b"a\nb\n")]),
    (b"data:a\nid: 7\nretry: 10\n\n", [(None, b"a")]),
    (b"data:  a\n\n", [(None, b" a")]),
    (b"\n\n\ndata: a\n\n\n\ndata: b\n\n", [(None, b"a"), (None, b"b")]),
    (b"data: a", [(None, b"a")]),
    (b"data: a\n", [(None, b"a")]),
    (b"event: ping\n\n", []),
    (b"", []),
    ("data: äöü 😀\n\n".encode(), [(None, "äöü 😀".encode())]),
]
NDJSON: list[tuple[bytes, list[tuple[str | None, bytes]]]] = [
    (b'{"a":1}\n{"b":2}\n', [(None, b'{"a":1}'), (None, b'{"b":2}')]),
    (b'{"a":1}\r\n\r\n{"b":2}', [(None, b'{"a":1}'), (None, b'{"b":2}')]),
    (b"", []),
]
ARRAY: list[tuple[bytes, list[tuple[str | None, bytes]]]] = [
    (b'[{"a":1},\r\n{"b":[2,"]"]}]', [(None, b'{"a":1}'), (None, b'{"b":[2,"]"]}')]),
    (b'[{"a":"\\"}{"}\n]', [(None, b'{"a":"\\"}{"}')]),
    (b'{"error": {"code": 400}}', [(None, b'{"error": {"code": 400}}')]),
    (b'[1, "two", null]', [(None, b"1"), (None, b'"two"'), (None, b"null")]),
    (b"[]", []),
]
GUESS: list[tuple[bytes, list[tuple[str | None, bytes]]]] = [
    (b'\xef\xbb\xbf {"a":1}', [(None, b'{"a":1}')]),
    (b"\xef\xbb\xbfdata: a\n\n", [(None, b"a")]),
    (b"\n\n[1]", [(None, b"1")]),
]
CASES = (
    [("sse", *case) for case in SSE]
    + [("ndjson", *case) for case in NDJSON]
    + [("json-array", *case) for case in ARRAY]
    + [("guess", *case) for case in GUESS]
)


def _run(framing: Framing, pieces: list[bytes]) -> list[tuple[str | None, bytes]]:
    events: list[Event] = []
    for piece in pieces:
        events += framing.feed(piece)
    events += framing.close()
    return [(event.name, event.data) for event in events]


@pytest.mark.parametrize(("name", "data", "events"), CASES)
def test_events_are_the_same_however_the_bytes_are_cut(
    name: str, data: bytes, events: list[tuple[str | None, bytes]]
) -> None:
    assert _run(open_framing(name, None), [data]) == events
    assert _run(open_framing(name, None), [data[place : place + 1] for place in range(len(data))]) == events
    for place in range(len(data)):
        assert _run(open_framing(name, None), [data[:place], data[place:]]) == events


_LINES = st.sampled_from(["\n", "\r\n", "\r"])
_TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(
    st.lists(st.tuples(st.one_of(st.none(), _TEXT), st.lists(_TEXT, min_size=1, max_size=3)), max_size=5),
    _LINES,
    st.lists(st.integers(0, 400), max_size=6),
)
def test_any_events_with_any_line_end_survive_any_cuts(
    events: list[tuple[str | None, list[str]]], end: str, cuts: list[int]
) -> None:
    wire = ""
    for name, lines in events:
        wire += f"event: {name}{end}" if name is not None else ""
        wire += "".join(f"data: {line}{end}" for line in lines) + end
    data = wire.encode()
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    pieces = [data[one:other] for one, other in itertools.pairwise(places)]
    expected = [(name, "\n".join(lines).encode()) for name, lines in events]
    assert _run(open_framing("sse", None), pieces) == expected


@given(
    st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), max_size=4),
    st.integers(1, 9),
)
def test_any_json_array_gives_its_elements(values: list[Any], size: int) -> None:
    data = json.dumps([{"v": value} for value in values]).encode()
    events = _run(open_framing("json-array", None), [data[at : at + size] for at in range(0, len(data), size)])
    assert [json.loads(data)["v"] for _, data in events] == values


def test_the_first_byte_decides_where_the_content_type_does_not() -> None:
    for kind in (None, "application/octet-stream", "text/event-stream; charset=utf-8"):
        assert _run(open_framing(None, kind), [b" ", b"\n", b'{"error"', b":1}"]) == [(None, b'{"error":1}')]
        assert _run(open_framing(None, kind), [b"data: a\n\n"]) == [(None, b"a")]
    assert _run(open_framing(None, "application/x-ndjson"), [b"1\n2\n"]) == [(None, b"1"), (None, b"2")]


def test_a_framing_can_be_added_and_an_unknown_one_is_named() -> None:
    register("twice", JSONLines, "application/x-twice")
    assert _run(open_framing(None, "application/x-twice"), [b"1\n"]) == [(None, b"1")]
    with pytest.raises(ResponseFormatError, match="no framing is named 'thrice'"):
        open_framing("thrice", None)
