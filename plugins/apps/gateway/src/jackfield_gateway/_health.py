"""The health of providers, as the questions of this process found it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from ._records import Entry

_WINDOW = 100
#: The caller's own mistakes and absence say nothing of a provider.
_CALLERS = frozenset({400, 402, 403, 404, 405, 408, 413, 415, 422, 499, 501})


@dataclass(slots=True)
class Health:
    """Of the last hundred answers that say something: how many failed; and the last good and bad one."""

    requests: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None
    last_error: str | None = None
    outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=_WINDOW), repr=False)

    @property
    def failing(self) -> float | None:
        """The share of failures; None before the first answer."""
        return None if not self.outcomes else self.outcomes.count(False) / len(self.outcomes)


class Healths:
    """The health of every provider that was asked."""

    def __init__(self) -> None:
        self.of: dict[str, Health] = {}

    def ended(self, entry: Entry) -> None:
        """Take a question that has ended; each of its attempts says something of who was tried."""
        for row in entry.attempts:
            if row.outcome != "ok" and (row.status is None or row.status not in _CALLERS):
                self._note(row.provider, entry.at, row.outcome)
        if entry.status < 400:
            self._note(entry.provider, entry.at, None)
        elif not entry.attempts and entry.status not in _CALLERS and entry.status != 429:
            self._note(entry.provider, entry.at, entry.error)

    def _note(self, provider: str, at: datetime, error: str | None) -> None:
        if (found := self.of.get(provider)) is None:
            found = self.of[provider] = Health()
        found.requests += 1
        found.outcomes.append(error is None)
        if error is None:
            found.last_success = at
        else:
            found.last_failure, found.last_error = at, error
