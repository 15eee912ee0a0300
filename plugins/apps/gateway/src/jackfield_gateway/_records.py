"""What the gateway remembers of every question: who asked whom, what it took, what it cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from jackfield import Attempt, Cost, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One question. `route` names the address in words, `seconds` is how long it took, `first` until the first delta.

    `cost` is None where it is unknown; an answer of the sandbox has one too, and counts nowhere.
    """

    at: datetime
    route: str
    provider: str
    model: str
    status: int = 200
    key: str = ""
    user: str | None = None
    user_agent: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    attempts: tuple[Attempt, ...] = ()
    seconds: float = 0.0
    first: float | None = None
    sandboxed: bool = False
    error: str | None = None


@dataclass(slots=True)
class Total:
    """What the questions of one key on one route to one provider cost from a day on."""

    key: str
    day: date
    route: str
    provider: str
    cost: Decimal
    count: int


class Records(Protocol):
    """Takes entries without waiting, and adds them up."""

    def record(self, entry: Entry) -> None:
        """Take an entry; never waits."""

    async def entries(self, begin: date, end: date) -> Iterable[Entry]:
        """Return the entries of the days from `begin` to `end`, both included (UTC)."""


class RecentRecords:
    """The last entries, in memory: what there is without a database. Older ones are forgotten."""

    def __init__(self, most: int = 100_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=most)

    def record(self, entry: Entry) -> None:
        """Take an entry; never waits."""
        self._entries.append(entry)

    async def entries(self, begin: date, end: date) -> Sequence[Entry]:
        """Return the entries of the days from `begin` to `end`, both included (UTC)."""
        return [entry for entry in self._entries if begin <= entry.at.date() <= end]
