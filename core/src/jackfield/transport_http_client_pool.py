"""The connections behind the transport over http.client: how they are made, and which are kept open."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any

from . import transport_errors as errors
from .errors import ConfigurationError
from .transport_decoding import decoder_for
from .transport_settings import TransportSettings, tls_context
from .transport_ways import Way, Ways, has_ended

#: What is idle on a way: connections, each with the time since when.
Kept = list[tuple[float, http.client.HTTPConnection]]


class Pool:
    """The connections of a transport."""

    def __init__(self, settings: TransportSettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._context = tls_context(settings, environ)
        self._ways: Ways[Kept] = Ways(settings, environ, list, _drop)
        self._swept = 0.0

    def way(self, url: str) -> tuple[Way[Kept], str]:
        """Return how the origin of a URL is reached, and what is asked for there.

        Raises:
            ConfigurationError: it is no URL of HTTP, or one that http.client does not reach.
        """
        way, target = self._ways.find(url)
        if way.tunnel is not None and way.is_secure:
            raise ConfigurationError("http.client reaches no https:// server through an https:// proxy; use httpx")
        return way, target

    def take(self, way: Way[Kept], limit: float | None) -> http.client.HTTPConnection:
        """Return a connection that is idle, or a new one, which is made within the limit in seconds."""
        while True:
            with self._ways.lock:
                since, connection = way.idle.pop() if way.idle else (0.0, None)
            if connection is None:
                return self._connected(way, limit)
            if time.monotonic() - since < self._settings.idle_seconds and not has_ended(connection.sock):
                return connection
            connection.close()

    def keep(self, way: Way[Kept], connection: http.client.HTTPConnection) -> None:
        """Keep a connection for the next request, as long as the settings say."""
        now = time.monotonic()
        with self._ways.lock:
            if now - self._swept >= self._settings.idle_seconds:
                self._swept = now
                for other in self._ways:
                    while other.idle and now - other.idle[0][0] >= self._settings.idle_seconds:
                        other.idle.pop(0)[1].close()
            if way.is_open and len(way.idle) < self._settings.max_idle:
                way.idle.append((now, connection))
                return
        connection.close()

    def close(self) -> None:
        """Close what is idle."""
        self._ways.clear()

    def _connected(self, way: Way[Kept], limit: float | None) -> http.client.HTTPConnection:
        if way.is_secure or way.tunnel is not None:
            if self._context is None:
                self._context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                way.host, way.port, timeout=waiting(limit), context=self._context
            )
        else:
            connection = http.client.HTTPConnection(way.host, way.port, timeout=waiting(limit))
        connection.response_class = _Response
        if way.tunnel is not None:
            connection.set_tunnel(way.tunnel.host, way.tunnel.port, way.tunnel.headers)
        try:
            connection.connect()
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError):
                raise errors.late("the connection was not made") from error
            _, refused, status = str(error).partition("Tunnel connection failed: ")
            raise errors.failed(f"the proxy refused: status {status}") if refused else error from error
        return connection


class _Response(http.client.HTTPResponse):
    """An answer whose head has an end: http.client takes a connection that breaks within it for that."""

    def begin(self) -> None:
        lines = _Lines(self.fp)
        self.fp: Any = lines
        try:
            super().begin()
        finally:
            if self.fp is lines:
                self.fp = lines.file
        if not lines.last:
            raise http.client.IncompleteRead(b"")


class _Lines:
    """A file that is read by lines, and the last of them."""

    def __init__(self, file: Any) -> None:
        self.file, self.last = file, b""

    def readline(self, most: int) -> bytes:
        line: bytes = self.file.readline(most)
        self.last = line
        return line

    def close(self) -> None:
        self.file.close()


def waiting(limit: float | None) -> float | None:
    """Return a limit for a socket, which takes none at all for the order not to wait and fails in another way."""
    return None if limit is None else max(limit, 0.001)


def decoded(chunks: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Decode a body."""
    decoder = decoder_for(coding)
    for chunk in chunks:
        if decoder is None:
            yield chunk
        else:
            yield from decoder.feed(chunk)
    if decoder is not None:
        decoder.end()


def _drop(way: Way[Kept]) -> None:
    while way.idle:
        way.idle.pop()[1].close()
