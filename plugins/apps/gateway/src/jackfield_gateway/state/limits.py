"""Limits: requests and tokens a minute, and calls at a time, of keys, projects and models.

A call that is refused uses nothing, and one that has ended takes no place, however it ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, TypeVar

from jackfield import ConfigurationError

from .clock import new_id
from .errors import StoreUnavailable
from .local import LocalLimits
from .parallel import RedisSlots
from .rates import MINUTE, Header, Limit, Rate, Window, exceeded, full, headroom

__all__ = ["Limits", "Permit"]

Result = TypeVar("Result")

#: How long a Redis that did not answer is not asked again, in seconds.
_PAUSE = 1.0


@dataclass(slots=True)
class Permit:
    """A call that was let in. Release it at its end, whatever the end is; `heads` tell the caller what is left."""

    heads: Sequence[Header]
    _limits: Limits = field(repr=False)
    _id: str = field(repr=False)
    _tokens: int
    _counted: Sequence[Limit] = field(repr=False)
    _slots: list[str] = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The same headers as text."""
        return {name.decode(): value.decode() for name, value in self.heads}

    async def use(self, tokens: int) -> None:
        """Count the tokens that the call has used in all, as far as they are more than it was let in with."""
        if (more := self._more(tokens)) > 0:
            await self._limits.count(self._counted, more)

    async def release(self) -> None:
        """Give back the call's place among those at a time; the first time counts."""
        names, self._slots = self._slots, []
        if names:
            await self._limits.give_back(names, self._id)

    def end_now(self, tokens: int | None) -> bool:
        """Use and release at once; False where Redis has to be told."""
        if (local := self._limits.local) is None:
            return False
        names, self._slots = self._slots, []
        local.give_back(names)
        if tokens is not None and (more := self._more(tokens)) > 0:
            local.count(self._counted, more)
        return True

    def _more(self, tokens: int) -> int:
        more, self._tokens = tokens - self._tokens, max(tokens, self._tokens)
        return more

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
        #: What counts, where that is this process, and nothing ever waits.
        self.local: LocalLimits | None = None
        self._wait = wait
        self._when_down = when_down
        self._down_until = 0.0
        self._down: tuple[type[Exception], ...] = (OSError,)
        if url == "memory://":
            self.local = LocalLimits()
        elif url.startswith(("redis://", "rediss://")):
            self._storage, self._slots = self._connect(url, slot_seconds)
        else:
            raise ConfigurationError("the URL of the limits cannot be used; memory:// and redis://host can")
        #: Calls that were let in without being counted, since Redis did not answer.
        self.unchecked = 0

    async def admit(self, limits: Sequence[Limit], tokens: int = 0) -> Permit:
        """Let a call in that needs about so many tokens, where every limit allows it.

        Raises:
            LimitExceeded: a limit is reached; nothing is used.
            StoreUnavailable: Redis does not answer.
        """
        if (here := self.admit_now(limits, tokens)) is not None:
            return here
        permit = Permit((), self, new_id(), max(tokens, 0), limits, [])
        try:
            for limit in limits:
                if limit.parallel is not None:
                    if not await self._within(self._slots.take(limit.name, permit._id, limit.parallel)):
                        raise full(limit)
                    permit._slots.append(limit.name)
            permit.heads = await self._use([rate for limit in limits for rate in limit.rates], permit._tokens)
        except BaseException as error:
            if isinstance(error, StoreUnavailable) and self._when_down == "open":
                self.unchecked += 1
                permit._counted = ()
                return permit
            await permit.release()
            raise
        return permit

    def admit_now(self, limits: Sequence[Limit], tokens: int = 0) -> Permit | None:
        """Let a call in as `admit` does, without waiting; None where Redis has to be asked.

        Raises:
            LimitExceeded: a limit is reached; nothing is used.
        """
        if self.local is None:
            return None
        heads, names = self.local.admit(limits, tokens := max(tokens, 0))
        return Permit(heads, self, "", tokens, limits, names)

    async def count(self, limits: Sequence[Limit], tokens: int) -> None:
        """Count tokens that were used beyond what was asked for, as many as the limits can still hold."""
        if self.local is not None:
            self.local.count(limits, tokens)
            return
        try:
            for rate in [rate for limit in limits for rate in limit.rates if rate.unit == "tokens"]:
                if not await self._within(self._hit(rate, tokens)):
                    left = rate.amount - (await self._within(self._window(rate))).used
                    if left > 0:
                        await self._within(self._hit(rate, left))
        except StoreUnavailable:
            self.unchecked += 1

    async def give_back(self, names: Sequence[str], permit: str) -> None:
        """Give back a call's places; where Redis does not take them, they expire."""
        if self.local is not None:
            self.local.give_back(names)
            return
        try:
            await self._within(self._slots.give_back(names, permit))
        except StoreUnavailable:
            self.unchecked += 1

    async def running(self, limit: Limit) -> int:
        """Return how many calls of a limit run."""
        if self.local is not None:
            return self.local.running(limit.name)
        return int(await self._within(self._slots.running(limit.name)))

    async def close(self) -> None:
        """Close every connection."""
        if self.local is None:
            await self._slots.close()

    async def _use(self, rates: Sequence[Rate], tokens: int) -> list[Header]:
        """Use what a call needs of every counter, or of none."""
        heads = headroom(rates, [await self._within(self._window(rate)) for rate in rates], tokens)
        for rate in rates:  # another call may have been faster: then what was used before this counter stays used
            need = rate.need(tokens)
            if need and not await self._within(self._hit(rate, need)):
                raise exceeded(rate, need, await self._within(self._window(rate)))
        return heads

    async def _window(self, rate: Rate) -> Window:
        return Window(*await self._storage.get_sliding_window(rate.key, MINUTE))

    async def _hit(self, rate: Rate, cost: int) -> bool:
        # What the library's SlidingWindowCounterRateLimiter does, less the making of names, which is a third of it.
        return bool(await self._storage.acquire_sliding_window_entry(rate.key, rate.amount, MINUTE, cost))

    async def _within(self, answer: Coroutine[Any, Any, Result]) -> Result:
        """Bound the wait for Redis."""
        if time.monotonic() < self._down_until:
            answer.close()
            raise StoreUnavailable("the limits did not answer a moment ago", retry_after=_PAUSE)
        try:
            async with asyncio.timeout(self._wait):  # wait_for may swallow a cancellation before Python 3.12
                return await answer
        except self._down as error:
            self._down_until = time.monotonic() + _PAUSE
            raise StoreUnavailable(f"the limits do not answer: {type(error).__name__}", retry_after=_PAUSE) from error

    def _connect(self, url: str, slot_seconds: float) -> tuple[Any, RedisSlots]:
        try:
            from limits.aio.storage import RedisStorage
            from limits.errors import StorageError
            from redis.asyncio import Redis
            from redis.exceptions import RedisError
        except ModuleNotFoundError:
            raise ConfigurationError("limits in Redis need redis; pip install 'jackfield-gateway[redis]'") from None
        self._down = (*self._down, StorageError, RedisError)
        # Every wait is bounded here; with a socket_timeout redis-py sends within wait_for, see _within.
        client = Redis.from_url(url, socket_timeout=None, socket_connect_timeout=self._wait)
        shared: dict[str, Any] = {"connection_pool": client.connection_pool}
        storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix="jackfield", **shared)
        return storage, RedisSlots(client, slot_seconds)
