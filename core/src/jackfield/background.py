"""The sync client's fan-out: an event loop in a thread, where the async client's legs run side by side.

A thread that waits in a socket cannot be cancelled; a task can, and its connection is closed with it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .async_client import AsyncClient
from .closing import Closing
from .fan_out import AsyncFanOut, Leg, Tagged
from .transport import AsyncReply, Transport, has_async, is_described, open_transport

if TYPE_CHECKING:
    from .client import Client

T = TypeVar("T")
_END: Final = object()


class Background:
    """An event loop in a thread of its own, until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jackfield-fan-out", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine there; its future is for this side."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """End the loop and its thread."""
        self.start(self._loop.shutdown_asyncgens()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class SideBySide:
    """A background, and the async client in it that asks as a sync client does."""

    def __init__(self, client: Client) -> None:
        given, environ = client._given_transport, client._environ
        overrides = {
            name: {**values, "transport": _threaded(client, name, values["transport"])}
            if "transport" in values
            else values
            for name, values in client._overrides.items()
        }
        self.background = Background()
        self.client = AsyncClient(
            overrides, client._retries, client._timeout, client._unsupported, given and _threaded(client, "", given),
            boards=client.boards, environ=environ,
        )  # fmt: skip
        self.client._book, self.client._media = client._book, client._media

    def close(self) -> None:
        """Close the connections, and end the loop."""
        self.background.start(self.client.close()).result()
        self.background.close()


class FanOut(Closing):
    """The answers of many models. Iterate for each `Leg` as it ends, or `deltas()` for every delta as it comes.

    `.legs` has all of them at the end, in the order of the models. Leave the `with` block to cancel.
    """

    def __init__(self, background: Background, fan: AsyncFanOut) -> None:
        self._background = background
        self._fan = fan
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._pump: Future[None] | None = None

    @property
    def legs(self) -> list[Leg]:
        """The legs that have ended, in the order of the models."""
        return self._fan.legs

    def __iter__(self) -> Iterator[Leg]:
        return (item for item in self._items(False) if isinstance(item, Leg))

    def deltas(self) -> Iterator[Tagged]:
        """Give every delta of every model as it comes; the legs are in `.legs`."""
        return (item for item in self._items(True) if isinstance(item, Tagged))

    def _items(self, stream: bool) -> Iterator[Leg | Tagged]:
        self._pump = self._background.start(self._pumped(stream))
        try:
            while (item := self._queue.get()) is not _END:
                yield item
            self._pump.result()
        finally:
            self.close()

    async def _pumped(self, stream: bool) -> None:
        try:
            async for item in self._fan.items(stream):
                self._queue.put(item)
        finally:
            self._queue.put(_END)

    def close(self) -> None:
        """Cancel who is left; returns when their connections are closed."""
        self._background.start(self._fan.close()).result()
        if self._pump is not None:
            self._pump.cancel()


def _threaded(client: Client, provider: str, given: Any) -> Any:
    """Return a transport for the loop: what was described is made there, if it can be; else the client's own serves."""
    if is_described(given) and has_async(given):
        return given
    return ThreadedTransport(client._transport_for(provider, open_transport))


class ThreadedTransport:
    """A sync transport for the loop: each wait in a thread. A leg that is cancelled there ends with its next bytes."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, request: Any, timeout: Any) -> AsyncReply:
        """Send a request and return its answer as soon as the head is there."""
        reply = await asyncio.to_thread(self._transport.send, request, timeout)

        async def chunks() -> AsyncIterator[bytes]:
            while (chunk := await asyncio.to_thread(next, reply.chunks, None)) is not None:
                yield chunk

        async def close() -> None:
            reply.close()

        return AsyncReply(reply.status, reply.headers, chunks(), close)

    async def aclose(self) -> None:
        """Leave it open: its owner closes it."""
