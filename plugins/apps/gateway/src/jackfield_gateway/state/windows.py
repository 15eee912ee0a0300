"""Sliding windows of one process: what the library limits does in Redis, in memory and for half of its cost there."""

from __future__ import annotations

import math
import time

__all__ = ["MemoryWindows"]


class MemoryWindows:
    """Counts by key, in this window of time and the one before. Once a window, what both have left is forgotten."""

    def __init__(self) -> None:
        #: By key: the number of its newest window, the count there, and the count in the window before.
        self._counts: dict[str, tuple[int, int, int]] = {}
        self._swept = 0

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return the count of the window before, the seconds until it is forgotten, and both of this window."""
        moment = time.time()
        previous, current = self._at(key, int(moment // expiry))
        left = expiry - moment % expiry
        return previous, left, current, left + expiry

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` where the limit holds it; else nothing."""
        moment = time.time()
        number = int(moment // expiry)
        previous, current = self._at(key, number)
        if math.floor(previous * (expiry - moment % expiry) / expiry + current) + amount > limit:
            return False
        self._counts[key] = (number, current + amount, previous)
        if number != self._swept:
            self._swept = number
            self._counts = {name: row for name, row in self._counts.items() if row[0] >= number - 1}
        return True

    def _at(self, key: str, number: int) -> tuple[int, int]:
        newest, current, previous = self._counts.get(key, (number, 0, 0))
        if newest == number:
            return previous, current
        return (current, 0) if newest == number - 1 else (0, 0)
