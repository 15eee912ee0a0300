"""Rates: what is limited, what a call needs of it, and how long it has to wait.

A minute slides: of what was used in the window before counts the share that is less than a minute ago.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self, TypeAlias

from .errors import LimitExceeded

__all__ = ["MINUTE", "Limit", "Rate", "Window", "exceeded", "full", "headroom", "told"]

MINUTE = 60
#: What is counted in a minute.
Unit = Literal["requests", "tokens"]
#: A header as ASGI has it.
Header: TypeAlias = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one key, project or model may use: requests and tokens a minute, calls at a time. None is no limit."""

    scope: Literal["key", "project", "model"]
    subject: str
    requests: int | None = None
    tokens: int | None = None
    parallel: int | None = None
    #: The name under which it is counted, and what is counted in a minute.
    name: str = field(init=False)
    rates: tuple[Rate, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        amounts: tuple[tuple[Unit, int | None], ...] = (("requests", self.requests), ("tokens", self.tokens))
        rates = [Rate.of(self, unit, amount) for unit, amount in amounts if amount is not None]
        object.__setattr__(self, "name", f"{self.scope}:{self.subject}")
        object.__setattr__(self, "rates", tuple(rates))


class Rate(NamedTuple):
    """One counter of a limit, and what of its headers never changes."""

    limit: Limit
    unit: Unit
    amount: int
    key: str
    head: Header
    remaining: bytes
    reset: bytes

    @classmethod
    def of(cls, limit: Limit, unit: Unit, amount: int) -> Self:
        """Return the counter of a limit that holds so many units a minute."""
        names = [f"x-ratelimit-{what}-{unit}".encode() for what in ("limit", "remaining", "reset")]
        head = (names[0], b"%d" % amount)
        return cls(limit, unit, amount, f"{limit.scope}:{limit.subject}/{unit}", head, names[1], names[2])

    def need(self, tokens: int) -> int:
        """Return what a call needs of it that needs so many tokens."""
        return 1 if self.unit == "requests" else tokens


class Window(NamedTuple):
    """What a counter holds: the window before and this one, each with the seconds until it is forgotten."""

    previous: int
    previous_ends: float
    current: int
    current_ends: float

    @property
    def used(self) -> int:
        """What counts as used in the last minute."""
        return math.floor(self.previous * self.previous_ends / MINUTE + self.current)

    def until_empty(self, more: int) -> float:
        """Seconds until everything that was used is forgotten, with what is used now."""
        return max(self.current_ends if self.current + more else 0.0, self.previous_ends if self.previous else 0.0)

    def until_free(self, room: int) -> float:
        """Seconds until no more than `room` is used, where nobody uses any meanwhile."""
        if self.used <= room:
            return 0.0
        if self.current <= room and self.previous:
            return max(self.previous_ends - (room - self.current) * MINUTE / self.previous, 0.0)
        return max(self.current_ends - MINUTE, 0.0) + MINUTE * (1 - room / self.current) if self.current else 0.0


def headroom(rates: Sequence[Rate], windows: Sequence[Window], tokens: int) -> list[Header]:
    """Return the headers that tell a call what is left when it has used what it needs; of the tightest of each kind.

    Raises:
        LimitExceeded: a counter holds less than it needs.
    """
    tightest: dict[str, tuple[int, Rate, float]] = {}
    for rate, window in zip(rates, windows, strict=True):
        need = rate.need(tokens)
        left = rate.amount - window.used - need
        if left < 0:
            raise exceeded(rate, need, window)
        if (other := tightest.get(rate.unit)) is None or left < other[0]:
            tightest[rate.unit] = (left, rate, window.until_empty(need))
    return told(tightest.values())


def told(tightest: Iterable[tuple[int, Rate, float]]) -> list[Header]:
    """Return the headers of what is left of counters, and the seconds until all of each is free again."""
    headers: list[Header] = []
    for left, rate, seconds in tightest:
        headers += (rate.head, (rate.remaining, b"%d" % left), (rate.reset, b"%ds" % math.ceil(seconds)))
    return headers


def full(limit: Limit) -> LimitExceeded:
    """Return the error of a call for which too many others run."""
    what = f"{limit.parallel} calls of {limit.scope} {limit.subject} run already"
    return LimitExceeded(what, retry_after=1.0, headers={"retry-after": "1"})


def exceeded(rate: Rate, need: int, window: Window) -> LimitExceeded:
    """Return the error of a call that needs more of a counter than there is."""
    who = f"{rate.limit.scope} {rate.limit.subject}"
    if need > rate.amount:
        what = f"the call needs {need} {rate.unit}; {who} has {rate.amount} a minute"
        error = LimitExceeded(what, retry_after=MINUTE, headers={})
        error.retryable = False
        return error
    seconds = math.ceil(window.until_free(rate.amount - need)) or 1
    headers = {
        "retry-after": str(seconds),
        rate.head[0].decode(): str(rate.amount),
        rate.remaining.decode(): str(max(rate.amount - window.used, 0)),
        rate.reset.decode(): f"{seconds}s",
    }
    what = f"{who} has used its {rate.amount} {rate.unit} a minute; wait {seconds} s"
    return LimitExceeded(what, retry_after=float(seconds), headers=headers)
