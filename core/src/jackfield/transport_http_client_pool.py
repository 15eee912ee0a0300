"""The connections behind the transport over http.client: how an origin is reached, and what is kept open to it."""

from __future__ import annotations

import base64
import http.client
import select
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from . import transport_errors as errors
from .errors import ConfigurationError
from .proxies import Proxies
from .transport_settings import TransportSettings, tls_context

_PORTS: Final = {"http": 80, "https": 443}
#: Origins whose way is kept; more than any program asks.
_MOST = 1000


@dataclass(slots=True, eq=False)
class Way:
    """How an origin is reached, and the connections to it that are idle, each with the time since when."""

    is_secure: bool
    host: str
    port: int
    tunnel: tuple[str, int, dict[str, str]] | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)  # may hold a password
    origin: str = ""
    idle: list[tuple[float, http.client.HTTPConnection]] = field(default_factory=list)
    is_open: bool = True


class Pool:
    """The connections of a transport."""

    def __init__(self, settings: TransportSettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._context = tls_context(settings, environ)
        self._proxies = Proxies(settings.proxy, settings.no_proxy, environ)
        self._lock = threading.Lock()
        self._ways: dict[tuple[str, str | None], Way] = {}
        self._swept = 0.0

    def way(self, url: str) -> tuple[Way, str]:
        """Return how the origin of a URL is reached, and what is asked for there.

        Raises:
            ConfigurationError: it is no URL of HTTP.
        """
        scheme, _, rest = url.partition("://")
        end = min([place for mark in "/?#" if (place := rest.find(mark)) >= 0], default=len(rest))
        key = f"{scheme}://{rest[:end]}", self._proxies.route(url)
        if (way := self._ways.get(key)) is None:
            way = _found(*key)
            with self._lock:
                if len(self._ways) >= _MOST:
                    self._clear()
                way = self._ways.setdefault(key, way)
        target = rest[end:].partition("#")[0]
        return way, way.origin + (target if target.startswith("/") else f"/{target}")

    def take(self, way: Way, limit: float | None) -> http.client.HTTPConnection:
        """Return a connection that is idle, or a new one, which is made within the limit in seconds."""
        while True:
            with self._lock:
                since, connection = way.idle.pop() if way.idle else (0.0, None)
            if connection is None:
                return self._connected(way, limit)
            if time.monotonic() - since < self._settings.idle_seconds and not _has_ended(connection.sock):
                return connection
            connection.close()

    def keep(self, way: Way, connection: http.client.HTTPConnection) -> None:
        """Keep a connection for the next request, as long as the settings say."""
        now = time.monotonic()
        with self._lock:
            if now - self._swept >= self._settings.idle_seconds:
                self._swept = now
                for other in self._ways.values():
                    while other.idle and now - other.idle[0][0] >= self._settings.idle_seconds:
                        other.idle.pop(0)[1].close()
            if way.is_open and len(way.idle) < self._settings.max_idle:
                way.idle.append((now, connection))
                return
        connection.close()

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        for way in self._ways.values():
            way.is_open = False  # for connections that are still in use
            while way.idle:
                way.idle.pop()[1].close()
        self._ways.clear()

    def _connected(self, way: Way, limit: float | None) -> http.client.HTTPConnection:
        if way.is_secure:
            if self._context is None:
                self._context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                way.host, way.port, timeout=waiting(limit), context=self._context
            )
        else:
            connection = http.client.HTTPConnection(way.host, way.port, timeout=waiting(limit))
        connection.response_class = _Response
        if way.tunnel is not None:
            host, port, headers = way.tunnel
            connection.set_tunnel(host, port, headers)
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


def _found(origin: str, proxy: str | None) -> Way:
    """Find the way to an origin."""
    parts, port = _split(origin)
    host = parts.hostname or ""
    headers = _proof(parts, "authorization")
    if proxy is None:
        return Way(parts.scheme == "https", host, port, headers=headers)
    through, entry = _split(proxy)
    passes = _proof(through, "proxy-authorization")
    if parts.scheme == "http":
        return Way(through.scheme == "https", through.hostname or "", entry, None, {**headers, **passes}, origin)
    if through.scheme == "https":
        raise ConfigurationError("http.client reaches no https:// server through an https:// proxy; use httpx")
    return Way(True, through.hostname or "", entry, (host, port, passes), headers)


def _split(origin: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        raise errors.wrong_url() from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise errors.wrong_url()
    return parts, port or _PORTS[parts.scheme]


def _proof(parts: SplitResult, header: str) -> dict[str, str]:
    """Write the user and the password of an address as a header."""
    if parts.username is None:
        return {}
    said = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {header: f"Basic {base64.b64encode(said.encode()).decode()}"}


def waiting(limit: float | None) -> float | None:
    """Return a limit for a socket, which takes none at all for the order not to wait and fails in another way."""
    return None if limit is None else max(limit, 0.001)


def _has_ended(held: socket.socket) -> bool:
    """Tell whether the other side has hung up, or says what nobody asked for."""
    if hasattr(select, "poll"):
        waiting = select.poll()  # takes sockets beyond the thousandth, which select does not
        waiting.register(held, select.POLLIN)
        return bool(waiting.poll(0))
    return bool(select.select([held], [], [], 0)[0])


def decoded(chunks: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Decode a body.

    Raises:
        ResponseFormatError: it is not in the coding that its head promises, or that is one nobody asked for.
    """
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise errors.undecodable(f"{coding} was not asked for")
    decoder, is_begun = zlib.decompressobj(_EITHER), False
    for chunk in chunks:
        while chunk:
            is_begun = True
            try:
                data = decoder.decompress(chunk)
            except zlib.error as error:
                raise errors.undecodable(str(error)) from error
            if data:
                yield data
            if chunk := decoder.unused_data:  # a member follows
                decoder = zlib.decompressobj(_EITHER)
    if is_begun and not decoder.eof:
        raise errors.undecodable("it ends before its end")


#: Reads the head of gzip and of zlib alike.
_EITHER = zlib.MAX_WBITS | 32
