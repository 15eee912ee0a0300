"""Limits: requests and tokens a minute, and calls at a time, of keys, projects and models.

A call that is refused uses nothing, and one that has ended takes no place, however it ended.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, TypeVar

from jackfield import ConfigurationError

from .clock import new_id
from .errors import LimitExceeded, StoreUnavailable
from .parallel import MemorySlots, RedisSlots, Slots
from .rates import MINUTE, Limit, Rate, Window, exceeded, rates_of
from .windows import MemoryWindows

__all__ = ["Limits", "Permit"]

Result = TypeVar("Result")

#: How long a Redis that did not answer is not asked again, in seconds.
_PAUSE = 1.0


@dataclass(slots=True)
class Permit:
    """A call that was let in. Release it at its end, whatever the end is; `headers` tell the caller what is left."""

    headers: Mapping[str, str]
    _limits: Limits = field(repr=False)
    _id: str = field(repr=False)
    _tokens: int
    _counted: Sequence[Limit] = field(repr=False)
    _slots: list[str] = field(repr=False)

    async def use(self, tokens: int) -> None:
        """Count the tokens that the call has used in all, as far as they are more than it was let in with."""
        more, self._tokens = tokens - self._tokens, max(tokens, self._tokens)
        if more > 0:
            await self._limits.count(self._counted, more)

    async def release(self) -> None:
        """Give back the call's place among those at a time; the first time counts."""
        names, self._slots = self._slots, []
        if names:
            await self._limits.give_back(names, self._id)

    async def __aenter__(self) -> Permit:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.release()


class Limits:
    """Counts in this process, or for several of them in Redis (`url`); closed at the end.

    Redis has `wait` seconds for an answer. While it has none, `when_down` decides: `closed` refuses (StoreUnavailable),
    `open` lets in and counts how often (`unchecked`). Where a process died, its calls' places are free after
    `slot_seconds`.
    """

    def __init__(
        self,
        url: str = "memory://",
        *,
        when_down: Literal["closed", "open"] = "closed",
        wait: float = 1.0,
        slot_seconds: float = 60.0,
    ) -> None:
        self._storage: Any
        self._slots: Slots
        self._wait = wait
        self._when_down = when_down
        self._down_until = 0.0
        self._down: tuple[type[Exception], ...] = (OSError,)
        if url == "memory://":
            self._storage, self._slots = MemoryWindows(), MemorySlots()
        elif url.startswith(("redis://", "rediss://")):
            self._storage, self._slots = self._connect(url, slot_seconds)
        else:
            raise ConfigurationError("the URL of the limits cannot be used; memory:// and redis://host can")
        #: Whether nothing here ever waits.
        self.is_local = isinstance(self._slots, MemorySlots)
        #: Calls that were let in without being counted, since Redis did not answer.
        self.unchecked = 0

    async def admit(self, limits: Sequence[Limit], tokens: int = 0) -> Permit:
        """Let a call in that needs about so many tokens, where every limit allows it.

        Raises:
            LimitExceeded: a limit is reached; nothing is used.
            StoreUnavailable: Redis does not answer.
        """
        permit = Permit({}, self, new_id(), max(tokens, 0), limits, [])
        try:
            for limit in limits:
                if limit.parallel is not None:
                    if not await self._asked(self._slots.take(limit.name, permit._id, limit.parallel)):
                        what = f"{limit.parallel} calls of {limit.scope} {limit.subject} run already"
                        raise LimitExceeded(what, retry_after=1.0, headers={"retry-after": "1"})
                    permit._slots.append(limit.name)
            permit.headers = await self._use(rates_of(limits, permit._tokens))
        except BaseException as error:
            if isinstance(error, StoreUnavailable) and self._when_down == "open":
                self.unchecked += 1
                permit._counted = ()
                return permit
            await permit.release()
            raise
        return permit

    async def count(self, limits: Sequence[Limit], tokens: int) -> None:
        """Count tokens that were used beyond what was asked for, as many as the limits can still hold."""
        try:
            for rate in rates_of(limits, tokens):
                if rate.unit == "tokens" and not await self._asked(self._hit(rate, tokens)):
                    left = rate.amount - (await self._asked(self._window(rate))).used
                    if left > 0:
                        await self._asked(self._hit(rate, left))
        except StoreUnavailable:
            self.unchecked += 1

    async def give_back(self, names: Sequence[str], permit: str) -> None:
        """Give back a call's places; where Redis does not take them, they expire."""
        try:
            await self._asked(self._slots.give_back(names, permit))
        except StoreUnavailable:
            self.unchecked += 1

    async def running(self, limit: Limit) -> int:
        """Return how many calls of a limit run."""
        return int(await self._asked(self._slots.running(limit.name)))

    async def close(self) -> None:
        """Close every connection."""
        await self._slots.close()

    async def _use(self, rates: Sequence[Rate]) -> dict[str, str]:
        """Use what a call needs of every counter, or of none; the headers speak of the tightest of each kind."""
        tightest: dict[str, tuple[int, Rate, float]] = {}
        for rate in rates:
            window = await self._asked(self._window(rate))
            left = rate.amount - window.used - rate.need
            if left < 0:
                raise exceeded(rate, window)
            if rate.unit not in tightest or left < tightest[rate.unit][0]:
                after = window._replace(current=window.current + rate.need)
                tightest[rate.unit] = (left, rate, after.until_empty)
        for rate in rates:  # another call may have been faster: then what was used before this counter stays used
            if rate.need and not await self._asked(self._hit(rate, rate.need)):
                raise exceeded(rate, await self._asked(self._window(rate)))
        headers = {}
        for unit, (left, rate, seconds) in tightest.items():
            headers[f"x-ratelimit-limit-{unit}"] = str(rate.amount)
            headers[f"x-ratelimit-remaining-{unit}"] = str(left)
            headers[f"x-ratelimit-reset-{unit}"] = f"{math.ceil(seconds)}s"
        return headers

    async def _window(self, rate: Rate) -> Window:
        return Window(*await self._storage.get_sliding_window(rate.key, MINUTE))

    async def _hit(self, rate: Rate, cost: int) -> bool:
        # What the library's SlidingWindowCounterRateLimiter does, less the making of names, which is a third of it.
        return bool(await self._storage.acquire_sliding_window_entry(rate.key, rate.amount, MINUTE, cost))

    def _asked(self, answer: Coroutine[Any, Any, Result]) -> Coroutine[Any, Any, Result]:
        """Bound the wait for Redis; in memory there is nothing to wait for."""
        return answer if self.is_local else self._within(answer)

    async def _within(self, answer: Coroutine[Any, Any, Result]) -> Result:
        if time.monotonic() < self._down_until:
            answer.close()
            raise StoreUnavailable("the limits did not answer a moment ago", retry_after=_PAUSE)
        try:
            async with asyncio.timeout(self._wait):  # wait_for may swallow a cancellation before Python 3.12
                return await answer
        except self._down as error:
            self._down_until = time.monotonic() + _PAUSE
            raise StoreUnavailable(f"the limits do not answer: {type(error).__name__}", retry_after=_PAUSE) from error

    def _connect(self, url: str, slot_seconds: float) -> tuple[Any, Slots]:
        try:
            from limits.aio.storage import RedisStorage
            from limits.errors import StorageError
            from redis.asyncio import Redis
            from redis.exceptions import RedisError
        except ModuleNotFoundError:
            raise ConfigurationError("limits in Redis need redis; pip install 'jackfield-gateway[redis]'") from None
        self._down = (*self._down, StorageError, RedisError)
        # Every wait is bounded here; with a socket_timeout redis-py sends within wait_for, see _asked.
        client = Redis.from_url(url, socket_timeout=None, socket_connect_timeout=self._wait)
        shared: dict[str, Any] = {"connection_pool": client.connection_pool}
        storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix="jackfield", **shared)
        return storage, RedisSlots(client, slot_seconds)
