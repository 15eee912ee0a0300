"""Bytes to events: server-sent events, lines of JSON, a JSON array; `register` adds more.

A framing is fed chunks that may be cut anywhere and gives the events that they complete. It never decodes JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .errors import ResponseFormatError
from .wire import Event

_BOM = b"\xef\xbb\xbf"


class Framing(Protocol):
    """Cuts a stream of bytes into events."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk, return the events that it completes."""
        ...

    def close(self) -> list[Event]:
        """Return what the end of the stream completes."""
        ...


class ServerSentEvents:
    """The event stream of the HTML standard: CR, LF or CRLF, comments, several data lines, a byte order mark.

    An event that the end of the stream cuts off is given too, for hosts that forget the last empty line.
    """

    __slots__ = ("_rest", "_scanned", "_skip_lf", "_started")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._scanned = 0
        self._skip_lf = False
        self._started = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk, return the events that it completes."""
        if self._skip_lf or b"\r" in chunk:
            chunk = self._normalize_line_ends(chunk)
        rest = self._rest
        if not rest and self._started and chunk.endswith(b"\n\n"):
            if chunk.startswith(b"data: ") and chunk.find(b"\n") == len(chunk) - 2:
                return [Event(None, chunk[6:-2])]
            if (
                chunk.startswith(b"event: ")
                and chunk.startswith(b"data: ", end := chunk.find(b"\n") + 1)
                and chunk.find(b"\n", end) == len(chunk) - 2
            ):
                return [Event(chunk[7 : end - 1].decode("utf-8", "replace"), chunk[end + 6 : -2])]
            return _read_blocks(chunk[:-2].split(b"\n\n"))
        rest += chunk
        if not self._started and not self._drop_bom():
            return []
        end = rest.rfind(b"\n\n", max(0, self._scanned - 1))
        if end < 0:
            self._scanned = len(rest)
            return []
        whole = bytes(rest[:end])
        del rest[: end + 2]
        self._scanned = len(rest)
        return _read_blocks(whole.split(b"\n\n"))

    def close(self) -> list[Event]:
        """Return the event that stands at the end without its empty line."""
        rest = bytes(self._rest).strip(b"\n")
        self._rest.clear()
        return _read_blocks([rest]) if rest else []

    def _normalize_line_ends(self, chunk: bytes) -> bytes:
        if self._skip_lf and chunk:
            self._skip_lf = False
            if chunk[0] == 10:
                chunk = chunk[1:]
        if chunk.endswith(b"\r"):
            self._skip_lf = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _drop_bom(self) -> bool:
        """Drop a byte order mark; False while what came is too short to tell."""
        rest = self._rest
        if len(rest) < 3 and _BOM.startswith(rest):
            return False
        if rest.startswith(_BOM):
            del rest[:3]
        self._started = True
        return True


def _read_blocks(blocks: list[bytes]) -> list[Event]:
    events = []
    for block in blocks:
        if block.startswith(b"data: ") and b"\n" not in block:
            events.append(Event(None, block[6:]))
        elif (event := _read_block(block)) is not None:
            events.append(event)
    return events


def _read_block(block: bytes) -> Event | None:
    name: str | None = None
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, colon, value = line.partition(b":")
        if colon and value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    if data:
        return Event(name, b"\n".join(data))
    return None


class JSONLines:
    """One JSON value on each line (NDJSON); empty lines are passed over."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk, return the lines that it completes."""
        if b"\n" not in chunk:
            self._rest += chunk
            return []
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [Event(None, line) for line in map(bytes.strip, lines) if line]

    def close(self) -> list[Event]:
        """Return the line that stands at the end without its line end."""
        line, self._rest = self._rest.strip(), b""
        return [Event(None, line)] if line else []


class JSONArray:
    """The elements of one JSON array, each given when its last byte is there; a bare JSON value is one element."""

    __slots__ = ("_depth", "_element", "_escaped", "_in_array", "_in_string")

    def __init__(self) -> None:
        self._element = bytearray()
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._in_array = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk, return the elements that it completes."""
        events: list[Event] = []
        for byte in chunk:
            if self._in_string:
                self._element.append(byte)
                if self._escaped:
                    self._escaped = False
                elif byte == 0x5C:
                    self._escaped = True
                elif byte == 0x22:
                    self._in_string = False
            elif byte in b"{[":
                if self._depth == 0 and not self._in_array and byte == 0x5B:
                    self._in_array = True
                    continue
                self._depth += 1
                self._element.append(byte)
            elif byte in b"}]":
                if self._depth == 0:
                    self._complete(events)
                    continue
                self._depth -= 1
                self._element.append(byte)
                if self._depth == 0:
                    self._complete(events)
            elif self._depth == 0 and byte in b", \t\r\n":
                self._complete(events)
            else:
                self._in_string = byte == 0x22
                self._element.append(byte)
        return events

    def close(self) -> list[Event]:
        """Return what stands at the end, whole or not: the reader of the event says whether it is JSON."""
        events: list[Event] = []
        self._complete(events)
        return events

    def _complete(self, events: list[Event]) -> None:
        if element := bytes(self._element).strip():
            events.append(Event(None, element))
        self._element.clear()


class Guess:
    """Chooses by the first byte that is no white space: `{` or `[` is JSON, anything else server-sent events.

    Once it has chosen, its `feed` is that of the chosen framing: a stream is long, and pays for no detour.
    """

    def __init__(self) -> None:
        self._chosen: Framing | None = None
        self._held = b""
        self.feed: Callable[[bytes], list[Event]] = self._look

    def _look(self, chunk: bytes) -> list[Event]:
        self._held += chunk
        if len(self._held) < 3 and _BOM.startswith(self._held):
            return []
        if not (seen := self._held.removeprefix(_BOM).lstrip()):
            return []
        self._chosen = JSONArray() if seen[0] in b"{[" else ServerSentEvents()
        self.feed = self._chosen.feed
        return self.feed(seen)

    def close(self) -> list[Event]:
        """Return what the end of the stream completes."""
        return self._chosen.close() if self._chosen is not None else []


_FRAMINGS: dict[str, Callable[[], Framing]] = {
    "sse": ServerSentEvents, "ndjson": JSONLines, "json-array": JSONArray, "guess": Guess,
}  # fmt: skip
_CONTENT_TYPES: dict[str, str] = {
    "text/event-stream": "guess", "application/x-ndjson": "ndjson", "application/jsonl": "ndjson",
}  # fmt: skip


def register(name: str, framing: Callable[[], Framing], content_type: str | None = None) -> None:
    """Add a framing under a name, and for a content type where one is given."""
    _FRAMINGS[name] = framing
    if content_type:
        _CONTENT_TYPES[content_type] = name


def open_framing(name: str | None, content_type: str | None) -> Framing:
    """Open a framing by name; without one by content type, and for a type that is unknown by the first byte.

    Raises:
        ResponseFormatError: no framing has this name.
    """
    if name is None:
        kind = (content_type or "").partition(";")[0].strip().lower()
        name = _CONTENT_TYPES.get(kind, "guess")
    try:
        return _FRAMINGS[name]()
    except KeyError:
        raise ResponseFormatError(f"no framing is named {name!r}; there are {', '.join(sorted(_FRAMINGS))}") from None
