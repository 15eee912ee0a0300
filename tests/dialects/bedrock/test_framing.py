"""The binary event stream: what we write is what botocore reads, however it is cut; no flipped bit goes unnoticed."""

from __future__ import annotations

import json
import struct
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from jackfield import Event
from jackfield.framing import open_framing
from jackfield_dialect_bedrock import CONTENT_TYPE, FRAMING, EventStream, encode_frame

_names = st.text("abcdefghijklmnopqrstuvwxyz:-", min_size=1, max_size=20)
_headers = st.dictionaries(_names, st.text(max_size=30), max_size=5)
_events = st.lists(st.tuples(st.sampled_from(["messageStart", "metadata", "ä"]), st.binary(max_size=40)), max_size=6)


def event(name: str, payload: bytes = b"{}", kind: str = "event", **more: str) -> bytes:
    """Write an event."""
    words = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    return encode_frame({**words, **more}, payload)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into pieces of these sizes, and the rest."""
    found = []
    for size in sizes:
        found.append(data[:size])
        data = data[size:]
    return [*found, data]


def read(*pieces: bytes) -> list[Event]:
    """Read a stream in pieces."""
    framing = EventStream()
    return [found for piece in pieces for found in framing.feed(piece)] + framing.close()


@given(headers=_headers, payload=st.binary(max_size=200))
def test_a_frame_is_what_botocore_reads(headers: dict[str, str], payload: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(encode_frame(headers, payload))
    (message,) = buffer
    assert message.headers == headers
    assert message.payload == payload


@given(rows=_events, sizes=st.lists(st.integers(0, 40), max_size=30))
def test_a_stream_is_the_same_however_it_is_cut(rows: list[tuple[str, bytes]], sizes: list[int]) -> None:
    data = b"".join(event(name, payload) for name, payload in rows)
    expected = [Event(name, payload) for name, payload in rows]
    assert read(data) == expected
    assert read(*cut(data, sizes)) == expected
    assert read(*(bytes((byte,)) for byte in data)) == expected


def test_no_flipped_bit_goes_unnoticed() -> None:
    rows = [event("messageStart", b'{"role":"assistant"}'), event("metadata", b'{"usage":{}}')]
    data = b"".join(rows)
    for place in range(len(data) * 8):
        broken = bytearray(data)
        broken[place // 8] ^= 1 << place % 8
        found = read(bytes(broken))
        before = found[:-1]
        assert (found[-1].name or "")[:1] == ":", place
        assert before == read(rows[0])[: len(before)], "what came before is whole"


def test_damage_is_told_once_and_nothing_is_read_after_it() -> None:
    good = event("messageStart")
    framing = EventStream()
    found = framing.feed(good + good[:-1] + b"\0" + good)
    assert [row.name for row in found] == ["messageStart", ":damaged"]
    assert b"checksum of a frame of the stream is wrong" in found[-1].data
    assert framing.feed(good) == framing.close() == []


def _framed(headers: bytes, total: int | None = None) -> bytes:
    lengths = struct.pack(">II", 16 + len(headers) if total is None else total, len(headers))
    start = lengths + struct.pack(">I", crc32(lengths)) + headers
    return start + struct.pack(">I", crc32(start))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"message": "no"}  ', "the answer is no event stream: {"),
        (b"<html>a page</html>", "the answer is no event stream: <html>"),
        (b"data: a sentence", "is of another format"),
        (_framed(b"", 15), "a length of 15 bytes, which none has"),
        (_framed(b"", 2**31), "a length of 2147483648 bytes"),
        (_framed(b"\x01a\x07\x00\x09short"), "headers of a frame of the stream cannot be read"),
        (_framed(b"\x01a\x63"), "headers of a frame of the stream cannot be read"),
        (_framed(b"\x01\xff\x07\x00\x00"), "headers of a frame of the stream cannot be read"),
        (_framed(b"\x05a"), "headers of a frame of the stream cannot be read"),
    ],
)
def test_what_is_no_frame_is_named(data: bytes, words: str) -> None:
    (found,) = read(data)
    assert found.name == ":damaged"
    assert words in found.data.decode()


def test_a_frame_that_the_end_cuts_off_is_told() -> None:
    data = event("metadata")
    for place in range(1, len(data)):
        assert [row.name for row in read(data[:place])] == [":cut"]


def test_headers_of_every_type_are_passed_over() -> None:
    values = {0: b"", 1: b"", 2: b"\x01", 3: b"\0\1", 4: b"\0\0\0\1", 5: b"\0" * 8, 6: b"\0\2ab", 8: b"\0" * 8,
              9: b"\0" * 16}  # fmt: skip
    headers = b"".join(b"\x01%c" % (97 + kind) + bytes((kind,)) + value for kind, value in values.items())
    name = b"\x0b:event-type\x07\x00\x08metadata"
    data = _framed(headers + name)
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    (message,) = buffer
    assert message.headers[":event-type"] == "metadata"
    assert read(data) == [Event("metadata", b"")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            event("throttlingException", b'{"message":"slow"}', "exception"),
            {"__type": "throttlingException", "message": "slow"},
        ),
        (event("throttlingException", b"slow", "exception"), {"__type": "throttlingException", "message": "slow"}),
        (event("throttlingException", b"[1]", "exception"), {"__type": "throttlingException", "message": "[1]"}),
        (
            encode_frame({":message-type": "error", ":error-code": "Oops", ":error-message": "broken"}, b""),
            {"__type": "Oops", "message": "broken"},
        ),
    ],
)
def test_an_exception_is_written_as_bodies_write_it(data: bytes, told: dict[str, Any]) -> None:
    (found,) = read(data)
    assert found.name == ":exception"
    assert json.loads(found.data) == told


def test_the_framing_is_found_by_name_and_by_content_type() -> None:
    assert isinstance(open_framing(FRAMING, None), EventStream)
    assert isinstance(open_framing(None, f"{CONTENT_TYPE}; charset=x"), EventStream)


def test_a_large_frame_in_small_pieces_is_not_read_again_and_again() -> None:
    payload = b"x" * 3_000_000
    data = event("chunk", payload)
    pieces = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    assert read(*pieces) == [Event("chunk", payload)]
