"""Over pyreqwest, which is the Rust library reqwest: the cheapest transport.

Of a request that waits, one limit covers the head and the body, the longer of both; an async one is limited here.
An async request that is cancelled before its head has come lives on in the library, up to that longer limit.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from pyreqwest.client import Client, ClientBuilder, SyncClient, SyncClientBuilder

from . import transport_errors as errors
from .transport import AsyncReply, Reply, join_headers
from .transport_pyreqwest_clients import Clients, named
from .transport_settings import TransportSettings
from .wire import HTTPRequest

if TYPE_CHECKING:
    from .flows import Timeout

_CLOSED = "the client was closed"


class PyreqwestTransport:
    """Over a client of pyreqwest that waits; makes its own where none is given, and closes only those."""

    def __init__(
        self,
        client: SyncClient | None = None,
        *,
        settings: TransportSettings | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        settings = settings or TransportSettings()
        self._given = client
        self._clients = Clients(SyncClientBuilder, settings, environ or {})
        self._places = threading.Semaphore(settings.max_connections)
        self._open: WeakSet[_Answer] = WeakSet()

    def send(self, request: HTTPRequest, timeout: Timeout) -> Reply:
        """Send a request and return its answer as soon as the head is there."""
        client = self._given if self._given is not None else self._clients.route(request.url, timeout)
        streamed = _built(client, request)
        if not self._places.acquire(timeout=timeout.connect):
            raise errors.late("no connection became free")
        try:
            response = streamed.__enter__()
        except BaseException as error:
            self._places.release()
            raise named(error) from error
        answer = _Answer(streamed, self._places)
        self._open.add(answer)
        return Reply(
            response.status, join_headers(response.headers.items()), answer.chunks(response.body_reader), answer.close
        )

    def close(self) -> None:
        """Close the clients that are our own; answers that are being read end in an error."""
        if self._given is None:
            for answer in list(self._open):
                answer.is_over = True
            for client in self._clients.drain():
                client.close()


class AsyncPyreqwestTransport:
    """Over an async client of pyreqwest; makes its own where none is given, and closes only those."""

    def __init__(
        self,
        client: Client | None = None,
        *,
        settings: TransportSettings | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        settings = settings or TransportSettings()
        self._given = client
        self._clients = Clients(ClientBuilder, settings, environ or {})
        self._places = asyncio.Semaphore(settings.max_connections)
        self._open: WeakSet[_AsyncAnswer] = WeakSet()

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Send a request and return its answer as soon as the head is there."""
        client = self._given if self._given is not None else self._clients.route(request.url, timeout)
        first, between = timeout.first, timeout.between
        if self._given is None:  # ours keep the longer by themselves
            first, between = _shorter(first, between), _shorter(between, first)
        streamed = _built(client, request)
        if self._places.locked():
            try:
                async with asyncio.timeout(timeout.connect):
                    await self._places.acquire()
            except TimeoutError as error:
                raise errors.late("no connection became free") from error
        else:
            await self._places.acquire()
        try:
            async with asyncio.timeout(first):
                response = await streamed.__aenter__()
        except BaseException as error:
            self._places.release()
            raise named(error) from error
        answer = _AsyncAnswer(streamed, self._places)
        self._open.add(answer)
        chunks = answer.chunks(response.body_reader, first, between)
        return AsyncReply(response.status, join_headers(response.headers.items()), chunks, answer.close)

    async def aclose(self) -> None:
        """Close the clients that are our own; answers that are being read end in an error."""
        if self._given is None:
            for answer in list(self._open):
                answer.is_over = True
            for client in self._clients.drain():
                await client.close()


class _Answer:
    """An answer that is being read: it holds a connection until it is closed, in the thread that reads it."""

    def __init__(self, streamed: Any, places: threading.Semaphore) -> None:
        self._streamed, self._places = streamed, places
        self.is_over = False

    def chunks(self, reader: Any) -> Iterator[bytes]:
        try:
            while not self.is_over and (chunk := reader.read_chunk()) is not None:
                yield bytes(chunk)
        except Exception as error:
            raise named(error) from error
        finally:
            self.close()
        if self.is_over:
            raise errors.failed(_CLOSED)

    def close(self) -> None:
        streamed, self._streamed = self._streamed, None
        if streamed is not None:
            try:
                streamed.__exit__(None, None, None)
            finally:
                self._places.release()


class _AsyncAnswer:
    """An answer that is being read, in the async colour."""

    def __init__(self, streamed: Any, places: asyncio.Semaphore) -> None:
        self._streamed, self._places = streamed, places
        self.is_over = False

    async def chunks(self, reader: Any, first: float | None, between: float | None) -> AsyncIterator[bytes]:
        limit = first
        try:
            while not self.is_over:
                if limit is None:
                    chunk = await reader.read_chunk()
                else:
                    async with asyncio.timeout(limit):
                        chunk = await reader.read_chunk()
                if chunk is None:
                    return
                yield bytes(chunk)
                limit = between
            raise errors.failed(_CLOSED)
        except Exception as error:
            raise named(error) from error
        finally:
            await self.close()

    async def close(self) -> None:
        streamed, self._streamed = self._streamed, None
        if streamed is not None:
            try:
                await streamed.__aexit__(None, None, None)
            finally:
                self._places.release()


def _shorter(limit: float | None, other: float | None) -> float | None:
    """Return a limit where it is the shorter of two."""
    return limit if limit is not None and (other is None or limit < other) else None


def _built(client: Any, request: HTTPRequest) -> Any:
    try:
        started = client.request(request.method, request.url)
    except ValueError as error:
        raise errors.wrong_url() from error
    try:
        # without a limit of zero the head would wait for the body's first 64 kB
        built = started.headers(request.headers).body_bytes(request.body).streamed_read_buffer_limit(0)
        return built.build_streamed()
    except Exception as error:
        raise named(error) from error
