"""The connections behind the transport over httptools: how they are made, who may use one, and which are kept open.

All of it belongs to one event loop, and ends with it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from . import transport_errors as errors
from .errors import ConfigurationError
from .late_writes import MANY
from .transport_httptools_connection import Connection, Idle
from .transport_httptools_tunnel import through
from .transport_settings import TransportSettings, tls_context
from .transport_ways import Way, Ways

#: Seconds for which what is idle is taken without a look at its socket, after the loop has brought the last answer: it
#: would have told of the end of others then.
_FRESH: Final = 0.01
#: Seconds after which it is looked at in any case.
_OLD: Final = 1.0


class Pool:
    """The connections of a transport."""

    def __init__(self, settings: TransportSettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._context = tls_context(settings, environ)
        self._ways: Ways[Idle] = Ways(settings, environ, dict, _drop)
        self._idle: OrderedDict[Connection, None] = OrderedDict()  # of all ways, the oldest first
        self._open: set[Connection] = set()
        self._free = settings.max_connections
        self._waiters: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._sweeper: asyncio.TimerHandle | None = None
        self._times_closed = 0
        self._heard = 0.0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.find = self._ways.find

    async def enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work in an event loop from now on; what is left of one that was closed is dropped.

        Raises:
            ConfigurationError: the one before is still open.
        """
        self._leave(loop)
        self.loop = loop
        self._guard = self._until_the_end()
        await anext(self._guard)

    async def _until_the_end(self) -> AsyncGenerator[None]:
        """Close the connections when the loop ends its generators, as `asyncio.run` does, or the pool is closed."""
        try:
            yield
        finally:
            await self._end()

    def _leave(self, running: asyncio.AbstractEventLoop) -> None:
        if self.loop is None or self.loop is running:
            return
        if not self.loop.is_closed():
            raise ConfigurationError("the client is in use in another event loop; close it there, or make one for each")
        self._waiters.clear()  # they are of the other loop, and nobody's any more
        for connection in list(self._open):
            connection.abandon()
            self.gone(connection)
        self._open.clear()
        self._free = self._settings.max_connections
        self._sweeper = self.loop = None

    async def close(self) -> None:
        """Close every connection; answers that are being read end in an error."""
        self._leave(asyncio.get_running_loop())
        if self.loop is not None:
            await self._guard.aclose()
        self._ways.clear()

    async def _end(self) -> None:
        self.loop = None
        self._times_closed += 1
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(errors.failed("the client was closed"))
        left = list(self._open)
        for connection in left:
            connection.end(errors.failed("the client was closed"))
        for connection in left:
            await connection.lost

    def reused(self, way: Way[Idle]) -> Connection | None:
        """Take the connection that was idle last, if there is one and it may be used at once."""
        if way.idle and self._free and (connection := self._popped(way)) is not None:
            self._free -= 1
            connection.holds_place = True
            return connection
        return None

    async def take(self, way: Way[Idle], limit: float | None) -> Connection:
        """Take a connection as soon as one may be used, or make one; each within the limit in seconds.

        Raises:
            ConnectionFailed: it cannot be made.
            RequestTimeout: it was not made in time, or none became free.
        """
        if self._free:
            self._free -= 1
        else:
            await self._place(limit)
        try:
            connection = self._popped(way) or await self._made(way, limit)
            if connection.is_closed:
                raise errors.failed("the server closed the connection without an answer")
        except BaseException:
            self._release()
            raise
        connection.holds_place = True
        return connection

    @property
    def is_busy(self) -> bool:
        """Whether many requests are under way."""
        return self._settings.max_connections - self._free >= MANY

    def keep(self, connection: Connection) -> None:
        """Keep a connection whose answer has come for the next request, as long as the settings say."""
        connection.holds_place = False
        self._release()
        if not connection.way.is_open or not self._settings.max_idle or self.loop is None:
            connection.close()
            return
        if len(self._idle) >= self._settings.max_idle:
            next(iter(self._idle)).close()
        connection.idle_since = self._heard = self.loop.time()
        self._idle[connection] = connection.way.idle[connection] = None
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(self._settings.idle_seconds, self._sweep)

    def made(self, connection: Connection) -> None:
        """Know a connection that is open."""
        self._open.add(connection)

    def gone(self, connection: Connection) -> None:
        """Count no longer on a connection that is closed."""
        if connection.holds_place:
            connection.holds_place = False
            self._release()
        elif connection in self._idle:
            del self._idle[connection], connection.way.idle[connection]

    def lost(self, connection: Connection) -> None:
        """Forget a connection whose socket is closed."""
        self._open.discard(connection)

    def _popped(self, way: Way[Idle]) -> Connection | None:
        assert self.loop is not None
        now = self.loop.time()
        while way.idle:
            connection, _ = way.idle.popitem()
            del self._idle[connection]
            age = now - connection.idle_since
            looks = now - self._heard >= _FRESH or age >= _OLD
            if age < self._settings.idle_seconds and not connection.has_ended(looks):
                return connection
            connection.close()
        return None

    def _release(self) -> None:
        """Give a place to who waits for one."""
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1

    async def _place(self, limit: float | None) -> None:
        assert self.loop is not None
        waiter = self.loop.create_future()
        self._waiters[waiter] = None
        timer = None if limit is None else self.loop.call_later(limit, _late, waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release()  # it came with the order to stop
            raise
        finally:
            self._waiters.pop(waiter, None)
            if timer is not None:
                timer.cancel()

    async def _made(self, way: Way[Idle], limit: float | None) -> Connection:
        assert self.loop is not None
        times = self._times_closed
        try:
            async with asyncio.timeout(limit):
                connection = await self._connected(way, self.loop)
        except TimeoutError as error:
            raise errors.late("the connection was not made") from error
        except OSError as error:
            raise errors.broken(error, "the connection was not made") from error
        if times != self._times_closed:
            connection.close()
            raise errors.failed("the client was closed")
        return connection

    async def _connected(self, way: Way[Idle], loop: asyncio.AbstractEventLoop) -> Connection:
        if self._context is None and (way.is_secure or way.tunnel is not None):
            self._context = ssl.create_default_context()
        if way.tunnel is not None and self._context is not None:
            connection = Connection(self, way, loop)
            await through(way, loop, self._context, connection)
            return connection
        _, connection = await loop.create_connection(
            lambda: Connection(self, way, loop), way.host, way.port, ssl=self._context if way.is_secure else None
        )
        return connection

    def _sweep(self) -> None:
        """Close what has been idle for too long, and look again when the next may have been."""
        self._sweeper = None
        assert self.loop is not None
        now, seconds = self.loop.time(), self._settings.idle_seconds
        while self._idle:
            oldest = next(iter(self._idle))
            if (left := oldest.idle_since + seconds - now) > 0:
                self._sweeper = self.loop.call_later(left, self._sweep)
                return
            oldest.close()


def _drop(way: Way[Idle]) -> None:
    for connection in list(way.idle):
        connection.close()


def _late(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(errors.late("no connection became free"))
