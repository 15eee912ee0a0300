"""Late writes: while many are asked or answered, what is written in one turn of an event loop goes out together.

Each write wakes who reads at the other end, which costs more than the write itself where that is on another processor
and has gone to sleep; of writes one behind the other, the first one wakes it for all.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

#: From so many under way on, writes are late; fewer go out at once.
MANY: Final = 4


class Flushable(Protocol):
    """Has something to write."""

    def flush(self) -> None:
        """Write it. What it raises goes to the loop's exception handler."""


class LateWrites:
    """Those who have something to write at the end of this turn of a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: list[Flushable] = []

    def enter(self, who: Flushable) -> None:
        """Have it write at the end."""
        if not self._waiting:
            self.loop.call_soon(self._flush)
        self._waiting.append(who)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for who in waiting:
            try:
                who.flush()
            except Exception as error:  # the others are to be heard
                self.loop.call_exception_handler({"message": "what was to be written late was not", "exception": error})


_last: LateWrites | None = None


def late_writes(loop: asyncio.AbstractEventLoop) -> LateWrites:
    """Return the late writes of a loop, the same for all who ask while it is the one that runs."""
    global _last
    if (known := _last) is None or known.loop is not loop:
        known = _last = LateWrites(loop)
    return known
