"""Framing: `application/vnd.amazon.eventstream`, binary frames with two checksums, read and written.

A frame is `total length | length of headers | crc32 of both | headers | payload | crc32 of all before`, numbers in
network order. Source: botocore 1.44.5 (wheel), eventstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from struct import Struct, error, unpack_from
from typing import Any, Final
from zlib import crc32

from pydantic_core import from_json, to_json

from jackfield import Event
from jackfield.framing import register

FRAMING: Final = "aws-eventstream"
CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
#: Names of what is no event of the service: an exception, a frame that is damaged, one that the end cuts off.
EXCEPTION: Final = ":exception"
DAMAGED: Final = ":damaged"
CUT: Final = ":cut"

_PRELUDE = Struct(">III")
_CRC = Struct(">I")
_STRING = Struct(">BH")
#: What botocore takes at most; a longer frame is a wrong length, not something to wait for.
_LONGEST = 24 * 1024**2 + 128 * 1024
#: Sizes of the header values whose type alone says how long they are: booleans, integers, timestamps, UUIDs.
_SIZES: Final[Mapping[int, int]] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _TEXT = 6, 7
#: Kinds of frames differ in few ways, and their headers are the same bytes each time.
_MOST_KINDS = 64


class _DamagedError(Exception):
    """The bytes are no frame; the message says why."""


class EventStream:
    """Cuts bytes into frames, however they arrive. After a damaged frame nothing more is read."""

    __slots__ = ("_is_damaged", "_kinds", "_rest", "_wanted")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._wanted = _PRELUDE.size
        self._is_damaged = False
        self._kinds: dict[bytes, tuple[str, str]] = {}

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk, return the events that it completes."""
        if self._is_damaged:
            return []
        rest = self._rest
        if rest:
            rest += chunk
            if len(rest) < self._wanted:
                return []
            data = bytes(rest)
            rest.clear()
        else:
            data = chunk
        events: list[Event] = []
        try:
            rest += data[self._read(data, events) :]
        except _DamagedError as damage:
            self._is_damaged = True
            events.append(Event(DAMAGED, str(damage).encode()))
        return events

    def close(self) -> list[Event]:
        """Return that a frame was cut, if one was."""
        return [Event(CUT, b"the stream was cut in the middle of a frame")] if self._rest else []

    def _read(self, data: bytes, events: list[Event]) -> int:
        """Read the whole frames; return where the first one begins that is not whole."""
        place, size = 0, len(data)
        while size - place >= 12:
            total, length, checksum = _PRELUDE.unpack_from(data, place)
            if crc32(data[place : place + 8]) != checksum:
                raise _DamagedError(_no_frame(data[place : place + 60]))
            if total < length + 16 or total > _LONGEST:
                raise _DamagedError(f"a frame of the stream states a length of {total} bytes, which none has")
            if size - place < total:
                self._wanted = total
                return place
            end = place + total - 4
            if crc32(data[place:end]) != _CRC.unpack_from(data, end)[0]:
                raise _DamagedError("the checksum of a frame of the stream is wrong; it was damaged on its way")
            body = place + 12 + length
            events.append(self._event(data[place + 12 : body], data[body:end]))
            place = end + 4
        self._wanted = _PRELUDE.size
        return place

    def _event(self, headers: bytes, payload: bytes) -> Event:
        if (kind := self._kinds.get(headers)) is None:
            found = read_headers(headers)
            kind = str(found.get(":message-type", "event")), str(found.get(":event-type", ""))
            if kind[0] != "event":
                return _exception(found, payload)
            if len(self._kinds) < _MOST_KINDS:
                self._kinds[headers] = kind
        return Event(kind[1], payload)


def _no_frame(start: bytes) -> str:
    if start[:1] in (b"{", b"<"):
        return f"the answer is no event stream: {start.decode('utf-8', 'replace').strip()}"
    return "the checksum of a frame's lengths is wrong; the stream was damaged on its way, or is of another format"


def _exception(headers: Mapping[str, Any], payload: bytes) -> Event:
    """Write an exception as AWS writes it in bodies: its name is the member `__type`."""
    try:
        told = from_json(payload) if payload else {}
    except ValueError:
        told = {"message": payload.decode("utf-8", "replace")}
    body = told if isinstance(told, dict) else {"message": str(told)}
    if headers.get(":message-type") == "error":
        body = {"message": headers.get(":error-message"), **body, "__type": headers.get(":error-code")}
    else:
        body = {**body, "__type": headers.get(":exception-type")}
    return Event(EXCEPTION, to_json(body, fallback=str))


def read_headers(data: bytes) -> dict[str, Any]:
    """Read the headers of a frame; numbers, UUIDs and timestamps stay bytes, nothing here needs them.

    Raises:
        _DamagedError: they are none.
    """
    found: dict[str, Any] = {}
    place = 0
    try:
        while place < len(data):
            end = place + 1 + data[place]
            name, kind = data[place + 1 : end].decode(), data[end]
            place = end + 1
            if kind in (_BYTES, _TEXT):
                (size,) = unpack_from(">H", data, place)
                place += 2
            else:
                size = _SIZES[kind]
            value = data[place : place + size]
            if len(value) < size:
                raise IndexError(size)
            found[name] = value.decode() if kind == _TEXT else kind == 0 if size == 0 else value
            place += size
    except (LookupError, UnicodeDecodeError, error) as problem:
        raise _DamagedError(f"the headers of a frame of the stream cannot be read: {problem!r}") from None
    return found


def encode_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Write a frame whose headers are texts."""
    rows = b"".join([_header(name, value) for name, value in headers.items()])
    return _framed(rows, payload)


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes((len(key),)) + key + _STRING.pack(_TEXT, len(text)) + text


def _framed(headers: bytes, payload: bytes) -> bytes:
    lengths = (len(headers) + len(payload) + 16).to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    start = lengths + crc32(lengths).to_bytes(4, "big") + headers + payload
    return start + crc32(start).to_bytes(4, "big")


@cache
def _event_headers(name: str) -> bytes:
    words = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return b"".join([_header(*row) for row in words.items()])


def event_frame(name: str, payload: bytes) -> bytes:
    """Write an event of the service, whose payload is JSON."""
    return _framed(_event_headers(name), payload)


def exception_frame(name: str, payload: bytes) -> bytes:
    """Write an exception, whose payload is JSON."""
    words = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return encode_frame(words, payload)


register(FRAMING, EventStream, CONTENT_TYPE)
