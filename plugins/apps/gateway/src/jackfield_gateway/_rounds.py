"""Rounds: one timer for all that are to be looked after some time later, nearly all of whom have gone by then.

To be entered and to leave costs a tenth of what a timer of one's own does, and a request has three of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

#: Seconds between two rounds, and so how much later than asked somebody may be looked after.
_EVERY: Final = 0.02


class Rounds:
    """Calls back after some seconds, in one event loop; while nobody waits, it does nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._due: dict[object, tuple[float, Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, who: object, seconds: float, call: Callable[[], None]) -> None:
        """Call back once in so many seconds, or a little later; what `who` waited for before is forgotten."""
        self._due[who] = (self.loop.time() + seconds, call)
        if self._timer is None:
            self._timer = self.loop.call_later(_EVERY, self._go)

    def leave(self, who: object) -> None:
        """Wait no more."""
        self._due.pop(who, None)

    def _go(self) -> None:
        self._timer = None
        moment = self.loop.time()
        due = [who for who, (until, _) in self._due.items() if until <= moment]
        try:
            for who in due:
                if (waiting := self._due.pop(who, None)) is not None:  # one before may have sent it away
                    waiting[1]()
        finally:  # whom one that failed left waiting is called in the next round
            if self._due and self._timer is None:
                self._timer = self.loop.call_later(_EVERY, self._go)


_last: Rounds | None = None


def rounds_here() -> Rounds:
    """Return the rounds of the loop that runs."""
    global _last
    loop = asyncio.get_running_loop()
    if _last is None or _last.loop is not loop:
        _last = Rounds(loop)
    return _last
