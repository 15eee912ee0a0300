"""Time as the state writes it: whole microseconds since 1970 in UTC, and ids that sort by them; and bounded waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import threading
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Literal

__all__ = ["Period", "at", "begin", "end", "new_id", "now", "stamp", "within"]

#: A span of the calendar, in UTC; weeks begin on Monday.
Period = Literal["day", "week", "month", "year"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = 0
_LOCK = threading.Lock()
_MANY = 256
_CHANCE: list[str] = []
#: A process that was forked has chance of its own.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_CHANCE.clear)


def now() -> int:
    """Return this machine's time."""
    return time.time_ns() // 1000


def stamp(moment: datetime) -> int:
    """Return a time as microseconds; one without a zone is UTC."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def at(stamped: int) -> datetime:
    """Return microseconds as an aware time."""
    return _EPOCH + timedelta(microseconds=stamped)


def begin(period: Period, stamped: int) -> int:
    """Return when the period that a time lies in began."""
    day = at(stamped).replace(hour=0, minute=0, second=0, microsecond=0)
    match period:
        case "day":
            first = day
        case "week":
            first = day - timedelta(days=day.weekday())
        case "month":
            first = day.replace(day=1)
        case "year":
            first = day.replace(month=1, day=1)
    return stamp(first)


def end(period: Period, stamped: int) -> int:
    """Return when the period that a time lies in ends, which is when the next begins."""
    longest = {"day": 1, "week": 7, "month": 31, "year": 366}[period]
    return begin(period, begin(period, stamped) + longest * 86_400_000_000)


def new_id() -> str:
    """Return a new id in the form of UUID version 7 without dashes: of two, the later made here sorts later."""
    global _LATEST
    with _LOCK:
        _LATEST = max(time.time_ns() // 250, _LATEST + 1)  # milliseconds and 12 bits, as RFC 9562's method 3 has them
        moment = _LATEST
        if not _CHANCE:  # the system is asked for many at once: a call of it may take longer than all the rest here
            numbers = struct.unpack(f"{_MANY}Q", os.urandom(8 * _MANY))
            _CHANCE.extend([f"{0x8000_0000_0000_0000 | number & 0x3FFF_FFFF_FFFF_FFFF:016x}" for number in numbers])
        end = _CHANCE.pop()
    milliseconds, fraction = divmod(moment, 4000)
    return f"{milliseconds:012x}7{fraction:03x}{end}"


async def within(what: Awaitable[object], seconds: float) -> None:
    """Wait for something, and for no longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for may swallow a cancellation before Python 3.12
            await what
