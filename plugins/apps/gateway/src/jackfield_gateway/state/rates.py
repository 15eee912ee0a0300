"""Rates: what is limited, what a call needs of it, and how long it has to wait.

A minute slides: of what was used in the window before counts the share that is less than a minute ago.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from .errors import LimitExceeded

__all__ = ["MINUTE", "Limit", "Rate", "Window", "exceeded", "rates_of"]

MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one key, project or model may use: requests and tokens a minute, calls at a time. None is no limit."""

    scope: Literal["key", "project", "model"]
    subject: str
    requests: int | None = None
    tokens: int | None = None
    parallel: int | None = None
    #: The name under which it is counted.
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.scope}:{self.subject}")


class Rate(NamedTuple):
    """One counter, and what a call needs of it."""

    limit: Limit
    unit: Literal["requests", "tokens"]
    amount: int
    need: int
    key: str


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

    @property
    def until_empty(self) -> float:
        """Seconds until everything that was used is forgotten."""
        return max(self.current_ends if self.current else 0.0, self.previous_ends if self.previous else 0.0)

    def until_free(self, room: int) -> float:
        """Seconds until no more than `room` is used, where nobody uses any meanwhile."""
        if self.used <= room:
            return 0.0
        if self.current <= room and self.previous:
            return max(self.previous_ends - (room - self.current) * MINUTE / self.previous, 0.0)
        return max(self.current_ends - MINUTE, 0.0) + MINUTE * (1 - room / self.current) if self.current else 0.0


def rates_of(limits: Sequence[Limit], tokens: int) -> list[Rate]:
    """Return the counters of limits, for a call that needs so many tokens."""
    found = []
    for limit in limits:
        requests, more = _keys(limit.name)
        if limit.requests is not None:
            found.append(Rate(limit, "requests", limit.requests, 1, requests))
        if limit.tokens is not None:
            found.append(Rate(limit, "tokens", limit.tokens, tokens, more))
    return found


@lru_cache(10_000)
def _keys(name: str) -> tuple[str, str]:
    return f"{name}/requests", f"{name}/tokens"


def exceeded(rate: Rate, window: Window) -> LimitExceeded:
    """Return the error of a call that needs more of a counter than there is."""
    who = f"{rate.limit.scope} {rate.limit.subject}"
    if rate.need > rate.amount:
        what = f"the call needs {rate.need} {rate.unit}; {who} has {rate.amount} a minute"
        error = LimitExceeded(what, retry_after=MINUTE, headers={})
        error.retryable = False
        return error
    seconds = math.ceil(window.until_free(rate.amount - rate.need)) or 1
    headers = {
        "retry-after": str(seconds),
        f"x-ratelimit-limit-{rate.unit}": str(rate.amount),
        f"x-ratelimit-remaining-{rate.unit}": str(max(rate.amount - window.used, 0)),
        f"x-ratelimit-reset-{rate.unit}": f"{seconds}s",
    }
    what = f"{who} has used its {rate.amount} {rate.unit} a minute; wait {seconds} s"
    return LimitExceeded(what, retry_after=float(seconds), headers=headers)
