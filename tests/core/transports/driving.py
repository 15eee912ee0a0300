"""Drives transports of both colours in the same words, so that one suite serves all."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from jackfield import HTTPRequest, Timeout, TransportSettings
from jackfield.transport import open_async_transport, open_transport

#: Every library in each colour that it has; ours over both event loops.
KINDS = (
    "httpx", "httpx2", "http.client", "async-httpx", "async-httpx2", "async-aiohttp", "async-httptools",
    pytest.param("uvloop-httptools", marks=pytest.mark.needs("module:uvloop")),
)  # fmt: skip
SOON = Timeout(connect=5.0, first=5.0, between=5.0)


def post(url: str, body: bytes = b'{"a":1}', **headers: str) -> HTTPRequest:
    """Write a request with a key in its header."""
    given = {"authorization": "Bearer sk-secret-1", "content-type": "application/json", **headers}
    return HTTPRequest("POST", url, given, body)


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    """Make the event loop that a kind of transport is driven in."""
    if kind.startswith("uvloop"):
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


class Answer:
    """An answer that is being read."""

    def __init__(self, run: Callable[[Any], Any], reply: Any) -> None:
        self._run, self._reply = run, reply
        self.status: int = reply.status
        self.headers: Mapping[str, str] = reply.headers

    def read(self) -> bytes | None:
        """Return the next bytes; None at the end."""
        chunks = self._reply.chunks
        if hasattr(chunks, "__anext__"):
            found: bytes | None = self._run(anext(chunks, None))
            return found
        return next(chunks, None)

    def body(self) -> bytes:
        """Read to the end, and close."""
        found = b""
        while (chunk := self.read()) is not None:
            found += chunk
        self.close()
        return found

    def close(self) -> None:
        """Close, read or not."""
        closes = getattr(self._reply, "aclose", None)
        if closes is not None:
            self._run(closes())
            if hasattr(self._reply.chunks, "aclose"):
                self._run(self._reply.chunks.aclose())
        else:
            self._reply.close()


class Driver:
    """A transport of any kind, used from a thread that waits. Leaves nothing behind, or fails."""

    def __init__(self, kind: str, loop: asyncio.AbstractEventLoop) -> None:
        colour, _, name = kind.rpartition("-")
        self.is_async = bool(colour)
        self.library = name
        self._loop = loop
        self._transports: list[Any] = []

    def open(self, environ: Mapping[str, str] | None = None, **settings: Any) -> Any:
        """Make a transport with settings."""
        given = TransportSettings(library=self.library, **settings)
        opener: Callable[..., Any] = open_async_transport if self.is_async else open_transport
        self._transports.append(opener(given, environ or {}))
        return self._transports[-1]

    def run(self, awaitable: Any) -> Any:
        """Run what an async transport gives; what a waiting one gives is there already."""
        return self._loop.run_until_complete(awaitable) if self.is_async else awaitable

    def send(self, request: HTTPRequest, timeout: Timeout = SOON, transport: Any = None) -> Answer:
        """Send over the transport that was opened last, or over one of default settings."""
        if transport is None:
            transport = self._transports[-1] if self._transports else self.open()
        return Answer(self.run, self.run(transport.send(request, timeout)))

    def send_all(self, requests: list[HTTPRequest], timeout: Timeout = SOON) -> list[bytes | Exception]:
        """Send at once, and read every answer to its end."""
        transport = self._transports[-1] if self._transports else self.open()
        if self.is_async:
            return self._run_all(transport, requests, timeout)
        found: list[bytes | Exception] = [b""] * len(requests)

        def ask(number: int) -> None:
            try:
                reply = transport.send(requests[number], timeout)
                found[number] = b"".join(reply.chunks)
            except Exception as error:
                found[number] = error

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(requests))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return found

    def _run_all(self, transport: Any, requests: list[HTTPRequest], timeout: Timeout) -> list[bytes | Exception]:
        async def ask(request: HTTPRequest) -> bytes:
            reply = await transport.send(request, timeout)
            return b"".join([chunk async for chunk in reply.chunks])

        async def all_of_them() -> Any:
            return await asyncio.gather(*map(ask, requests), return_exceptions=True)

        found: list[bytes | Exception] = self.run(all_of_them())
        return found

    def close(self) -> None:
        """Close every transport."""
        for transport in self._transports:
            self.run(transport.aclose() if self.is_async else transport.close())
        self._transports.clear()

    def tasks(self) -> list[asyncio.Task[Any]]:
        """Return the tasks that are left when the loop has turned for a while."""
        self._loop.run_until_complete(asyncio.sleep(0.02))
        return [task for task in asyncio.all_tasks(self._loop) if not task.done()]


def sockets() -> set[str]:
    """Return the sockets of this process that are open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def wait_until_gone(before: set[str], seconds: float = 3.0) -> set[str]:
    """Return the sockets that are left and were not there before, once no more of them go."""
    until = time.monotonic() + seconds
    while (left := sockets() - before) and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    return left
