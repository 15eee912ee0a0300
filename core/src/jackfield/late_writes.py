"""Late writes: while many are asked or answered, what is written in one turn of an event loop goes out together.

Each write wakes who reads at the other end, which costs more than the write itself where that is on another processor
and has gone to sleep; of writes one behind the other, the first one wakes it for all.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

#: From so many under way on, writes are late; fewer go out at once.
MANY: Final = 4


class Writer(Protocol):
    """Has something to write."""

    def flush(self) -> None:
        """Write it. What it raises goes to the loop's exception handler."""


class LateWrites:
    """Those who have something to write at the end of this turn of a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._writers: list[Writer] = []

    def enter(self, writer: Writer) -> None:
        """Have a writer write at the end."""
        if not self._writers:
            self.loop.call_soon(self._flush)
        self._writers.append(writer)

    def _flush(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            try:
                writer.flush()
            except Exception as error:  # the others are to be heard
                self.loop.call_exception_handler({"message": "what was to be written late was not", "exception": error})


_last: LateWrites | None = None


def late_writes(loop: asyncio.AbstractEventLoop) -> LateWrites:
    """Return the late writes of a loop, the same for all who ask while it is the one that runs."""
    global _last
    if (known := _last) is None or known.loop is not loop:
        known = _last = LateWrites(loop)
    return known
