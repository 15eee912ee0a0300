"""What the gateway remembers of every question: who asked whom, what it took, what it cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from jackfield import Attempt, Cost, Usage

from .state import clock
from .state.clock import Period, new_id
from .state.entries import Content
from .state.money import nanos


@dataclass(slots=True, kw_only=True)
class Entry:
    """One question. `route` names the address in words, `seconds` is how long it took, `first` until the first delta.

    `cost` is None where it is unknown; an answer of the sandbox has one too, and counts nowhere. `asked` and `answered`
    are what was said, as far as `content` says that it is kept.
    """

    id: str = field(default_factory=new_id)
    at: datetime
    route: str
    provider: str
    model: str
    status: int = 200
    key: str = ""
    project: str | None = None
    user: str | None = None
    user_agent: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    attempts: tuple[Attempt, ...] = ()
    seconds: float = 0.0
    first: float | None = None
    sandboxed: bool = False
    error: str | None = None
    content: Content = "off"
    asked: str | None = field(default=None, repr=False)
    answered: str | None = field(default=None, repr=False)
    _nanos: int | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def nanos(self) -> int | None:
        """The cost in nano-units of its currency, reckoned once; None where there is none, or less than none."""
        if self._nanos is None and (cost := self.cost) is not None and cost.total is not None and cost.total >= 0:
            self._nanos = nanos(cost.total)
        return self._nanos


@dataclass(slots=True)
class Spent:
    """What the questions of one key and user on one route to one provider cost in one period, from `begins` on.

    Answers of the sandbox are left out; where no cost is known, none is counted.
    """

    begins: date
    key: str
    user: str | None
    route: str
    provider: str
    cost: Decimal = Decimal(0)
    count: int = 0


class Records(Protocol):
    """Takes entries without waiting, and adds them up."""

    def record(self, entry: Entry) -> None:
        """Take an entry; never waits."""

    async def spent(self, begin: date, end: date, period: Period, project: str | None = None) -> Iterable[Spent]:
        """Return what was spent on the days from `begin` to `end`, both included (UTC), the oldest period first.

        `project` is whose questions count; None: everybody's.
        """


class RecentRecords:
    """The last entries, in memory: what there is without a database. Older ones are forgotten."""

    def __init__(self, most: int = 100_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=most)

    def record(self, entry: Entry) -> None:
        """Take an entry; never waits."""
        self._entries.append(entry)

    async def spent(self, begin: date, end: date, period: Period, project: str | None = None) -> Iterable[Spent]:
        """Return what was spent; see `Records`."""
        found: dict[tuple[date, str, str | None, str, str], Spent] = {}
        for entry in self._entries:
            if entry.sandboxed or not begin <= entry.at.date() <= end or project not in (None, entry.project):
                continue
            day = clock.at(clock.begin(period, clock.stamp(entry.at))).date()
            key = (day, entry.key, entry.user, entry.route, entry.provider)
            row = found.setdefault(key, Spent(*key))
            row.count += 1
            if entry.cost is not None and entry.cost.total is not None:
                row.cost += entry.cost.total
        return [found[key] for key in sorted(found, key=lambda key: key[0])]
