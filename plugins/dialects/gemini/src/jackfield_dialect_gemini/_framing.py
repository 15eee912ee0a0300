"""Framing: Google's streams, whose events may be followed by an error that is written as bare JSON."""

from __future__ import annotations

from jackfield import Event
from jackfield.framing import Framing, JSONArray, ServerSentEvents, register

FRAMING = "gemini"


class GeminiStream:
    """Reads server-sent events until a line begins with a brace or a bracket: what follows there is JSON."""

    __slots__ = ("_before", "_chosen", "_is_json", "_is_whole")

    def __init__(self) -> None:
        self._chosen: Framing = ServerSentEvents()
        self._is_json = False
        self._before = b"\n"
        #: Whether an empty line was the last, so that nothing of an event is held.
        self._is_whole = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk, return the events that it completes."""
        if (
            self._is_whole
            and chunk.endswith(b"\r\n\r\n")
            and chunk.startswith(b"data: ")
            and chunk.find(b"\n") == len(chunk) - 3
        ):  # one whole event, as Google's servers write them
            return [Event(None, chunk[6:-4])]
        if self._is_json or not chunk:
            return self._chosen.feed(chunk)
        place = self._json_in(chunk)
        self._before = chunk[-1:]
        if place < 0:
            self._is_whole = chunk.endswith((b"\r\n\r\n", b"\n\n"))
            return self._chosen.feed(chunk)
        events = self._chosen.feed(chunk[:place]) + self._chosen.close()
        self._chosen, self._is_json, self._is_whole = JSONArray(), True, False
        return events + self._chosen.feed(chunk[place:])

    def close(self) -> list[Event]:
        """Return what the end of the stream completes."""
        return self._chosen.close()

    def _json_in(self, chunk: bytes) -> int:
        """Return where a line begins that is JSON; -1 where none does."""
        if self._before == b"\n" and chunk[0] in b"{[":
            return 0
        found = [place + 1 for mark in (b"\n{", b"\n[") if (place := chunk.find(mark)) >= 0]
        return min(found, default=-1)


register(FRAMING, GeminiStream)
