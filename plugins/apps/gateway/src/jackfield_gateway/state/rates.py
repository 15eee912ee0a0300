"""Rates: what is limited, what a call needs of it, and how long it has to wait.

A minute slides: of what was used in the window before counts the share that is less than a minute ago.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from .errors import LimitExceeded

__all__ = ["MINUTE", "Limit", "Rate", "Window", "exceeded", "full", "headroom"]

MINUTE = 60
#: What is counted in a minute.
Unit = Literal["requests", "tokens"]
_HEADERS = {unit: [f"x-ratelimit-{what}-{unit}" for what in ("limit", "remaining", "reset")] for unit in get_args(Unit)}


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
        name = f"{self.scope}:{self.subject}"
        amounts: tuple[tuple[Unit, int | None], ...] = (("requests", self.requests), ("tokens", self.tokens))
        rates = [Rate(self, unit, amount, f"{name}/{unit}") for unit, amount in amounts if amount is not None]
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "rates", tuple(rates))


class Rate(NamedTuple):
    """One counter of a limit."""

    limit: Limit
    unit: Unit
    amount: int
    key: str

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


def headroom(rates: Sequence[Rate], windows: Sequence[Window], tokens: int) -> dict[str, str]:
    """Return the headers that tell a call what is left when it has used what it needs; of the tightest of each kind.

    Raises:
        LimitExceeded: a counter holds less than it needs.
    """
    tightest: dict[str, tuple[int, int, float]] = {}
    for rate, window in zip(rates, windows, strict=True):
        need = rate.need(tokens)
        left = rate.amount - window.used - need
        if left < 0:
            raise exceeded(rate, need, window)
        if rate.unit not in tightest or left < tightest[rate.unit][0]:
            tightest[rate.unit] = (left, rate.amount, window.until_empty(need))
    headers = {}
    for unit, (left, amount, seconds) in tightest.items():
        limit, remaining, reset = _HEADERS[unit]
        headers[limit] = str(amount)
        headers[remaining] = str(left)
        headers[reset] = f"{math.ceil(seconds)}s"
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
    limit, remaining, reset = _HEADERS[rate.unit]
    headers = {
        "retry-after": str(seconds),
        limit: str(rate.amount),
        remaining: str(max(rate.amount - window.used, 0)),
        reset: f"{seconds}s",
    }
    what = f"{who} has used its {rate.amount} {rate.unit} a minute; wait {seconds} s"
    return LimitExceeded(what, retry_after=float(seconds), headers=headers)
