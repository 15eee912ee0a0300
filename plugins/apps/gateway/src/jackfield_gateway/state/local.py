"""Limits counted in one process, where nothing waits: sliding windows as the library limits has them in Redis, and how
many calls run at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from .rates import MINUTE, Header, Limit, Rate, Window, exceeded, full, told

__all__ = ["LocalLimits"]


class LocalLimits:
    """Counts by name, in this minute and the one before. Once a minute, what both have left is forgotten."""

    def __init__(self) -> None:
        #: By name: the number of its newest minute, the count there, and the count in the minute before.
        self._counts: dict[str, list[int]] = {}
        self._swept = 0
        self._running: dict[str, int] = {}

    def admit(self, limits: Sequence[Limit], tokens: int) -> tuple[list[Header], list[str]]:
        """Let a call in; return the headers that tell what is left, and the names under which it runs.

        Raises:
            LimitExceeded: a limit is reached; nothing is used.
        """
        names: list[str] = []
        try:
            for limit in limits:
                if limit.parallel is not None:
                    if (running := self._running.get(limit.name, 0)) >= limit.parallel:
                        raise full(limit)
                    self._running[limit.name] = running + 1
                    names.append(limit.name)
            return self._use([rate for limit in limits for rate in limit.rates], tokens), names
        except BaseException:
            self.give_back(names)
            raise

    def count(self, limits: Sequence[Limit], tokens: int) -> None:
        """Count tokens that were used, as many as the limits can still hold."""
        moment = time.time()
        number, left = int(moment // MINUTE), MINUTE - moment % MINUTE
        for limit in limits:
            for rate in limit.rates:
                if rate.unit == "tokens":
                    row = self._row(rate.key, number)
                    room = rate.amount - Window(row[2], left, row[1], left + MINUTE).used
                    row[1] += max(min(tokens, room), 0)

    def give_back(self, names: Sequence[str]) -> None:
        """End a call that runs under these names."""
        for name in names:
            if (running := self._running[name] - 1) > 0:
                self._running[name] = running
            else:
                del self._running[name]

    def running(self, name: str) -> int:
        """Return how many calls run under a name."""
        return self._running.get(name, 0)

    def _use(self, rates: Sequence[Rate], tokens: int) -> list[Header]:
        """Use what a call needs of every counter, or of none; return the headers that `headroom` gives."""
        moment = time.time()
        number, left = int(moment // MINUTE), MINUTE - moment % MINUTE
        found: list[tuple[Rate, list[int], int, int]] = []
        tightest: dict[str, tuple[int, Rate, float]] = {}
        for rate in rates:
            row, need = self._row(rate.key, number), rate.need(tokens)
            current, previous = row[1], row[2]
            room = rate.amount - (math.floor(previous * left / MINUTE + current) if previous else current) - need
            if room < 0:
                raise exceeded(rate, need, Window(previous, left, current, left + MINUTE))
            found.append((rate, row, current, need))
            if (other := tightest.get(rate.unit)) is None or room < other[0]:
                tightest[rate.unit] = room, rate, left + MINUTE if current + need else left if previous else 0.0
        for rate, row, current, need in found:
            if row[1] != current:  # nobody was faster, but another of these limits has the same name
                window = Window(row[2], left, row[1], left + MINUTE)
                if need and window.used + need > rate.amount:
                    raise exceeded(rate, need, window)
            row[1] += need
        return told(tightest.values())

    def _row(self, key: str, number: int) -> list[int]:
        row = self._counts.get(key)
        if row is None or row[0] != number:
            before = row[1] if row is not None and row[0] == number - 1 else 0
            row = self._counts[key] = [number, 0, before]
            if number != self._swept:
                self._swept = number
                self._counts = {name: row for name, row in self._counts.items() if row[0] >= number - 1}
        return row
