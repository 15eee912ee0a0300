"""How many calls run at a time: slots that are taken and given back, in Redis for all processes.

A slot in Redis is a lease: the process that took it renews it, and where that has died it is free when it expires.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisSlots"]

_LOG = logging.getLogger(__name__)
_NAMES = "jackfield:parallel:"
#: By the clock of Redis, which is one for all processes. Answers how many run then, or -1 where no slot is free.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local running = redis.call('ZCARD', KEYS[1])
if running >= tonumber(ARGV[2]) then return -1 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return running + 1
"""
#: A slot that is gone stays gone: it may be another's by now.
_RENEW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], 'XX', now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


class RedisSlots:
    """Counts the calls of every process that uses this Redis; a slot lasts for `seconds` unless it is renewed."""

    def __init__(self, client: Redis, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._milliseconds = int(seconds * 1000)
        self._take = client.register_script(_TAKE)
        self._renew = client.register_script(_RENEW)
        self._held: set[tuple[str, str]] = set()
        self._removals: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    async def take(self, name: str, permit: str, limit: int) -> bool:
        """Take one of `limit` slots for a permit; False where none is free."""
        try:
            if await self._take(keys=[_NAMES + name], args=[permit, limit, self._milliseconds]) < 0:
                return False
        except BaseException:  # Redis may have given what nobody waits for any more
            removal = asyncio.get_running_loop().create_task(self._remove([name], permit), name="parallel")
            self._removals.add(removal)
            removal.add_done_callback(self._removals.discard)
            raise
        self._held.add((name, permit))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._renew_all(), name="parallel")
        return True

    def give_back(self, names: Sequence[str], permit: str) -> Coroutine[Any, Any, None]:
        """Renew the slots of a permit no more; what is returned takes them out of Redis, before they expire."""
        self._held.difference_update((name, permit) for name in names)
        return self._take_out(names, permit)

    async def running(self, name: str) -> int:
        """Return how many slots are taken, with those that have expired since the last was."""
        return int(await self._client.zcard(_NAMES + name))

    async def close(self) -> None:
        """Renew no more, and close every connection."""
        tasks = [task for task in (self._task, *self._removals) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    async def _take_out(self, names: Sequence[str], permit: str) -> None:
        async with self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.zrem(_NAMES + name, permit)
            await pipeline.execute()

    async def _remove(self, names: Sequence[str], permit: str) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._take_out(names, permit)
        except Exception as error:  # whatever it was, they expire
            _LOG.warning("slots of a call that has gone were not taken out: %s", error)

    async def _renew_all(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            try:
                for name, permit in tuple(self._held):
                    if (name, permit) in self._held:  # it may have been given back meanwhile
                        async with asyncio.timeout(self._seconds / 3):
                            await self._renew(keys=[_NAMES + name], args=[permit, self._milliseconds])
            except Exception as error:  # whatever it was, the next round tries again
                _LOG.warning("slots of %d calls were not renewed: %s", len(self._held), error)
