"""Over asyncio's own connections and the parser of httptools, with a pool of its own: the cheapest for `AsyncClient`.

A request is one write, and an answer that came in one piece wakes its reader once. Nothing is sent twice: a connection
that breaks before any byte of an answer has come is an error, also where it was used before; retries are the flow's.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from . import transport_errors as errors
from .transport import USER_AGENT, AsyncReply
from .transport_httptools_connection import Idle
from .transport_httptools_pool import Pool
from .transport_settings import TransportSettings
from .transport_ways import Way
from .wire import HTTPRequest

if TYPE_CHECKING:
    from .flows import Timeout

_USUAL: Final = {"user-agent": USER_AGENT, "accept-encoding": "gzip"}
#: Methods whose requests say how long they are even where they have no body: RFC 9110, section 8.6.
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
#: URLs that are kept as they are asked for; more than any program asks.
_MOST: Final = 1000
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
#: What tells where a request ends: that is said here, and by nobody else.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_TARGET: Final = re.compile(r"[!-~]+")


@dataclass(slots=True)
class _Target:
    """What is asked for, and the headers that every request for it has, also as they are written."""

    way: Way[Idle]
    line: str
    usual: dict[str, str]
    written: str


class AsyncHttptoolsTransport:
    """Over connections that are kept and used again. Belongs to the event loop that it is used in first."""

    def __init__(self, *, settings: TransportSettings | None = None, environ: Mapping[str, str] | None = None) -> None:
        settings = (settings or TransportSettings()).without_http2("httptools")
        self._pool = Pool(settings, environ or {})
        self._targets: dict[str, _Target] = {}

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Send a request and return its answer as soon as the head is there."""
        target = self._targets.get(request.url)
        if target is None or not target.way.is_open:
            target = self._found(request.url)
        body = request.body or b""
        head = _head(request, target, len(body))
        pool, way = self._pool, target.way
        if pool.loop is not (loop := asyncio.get_running_loop()):
            await pool.enter(loop)
        connection = pool.reused(way) or await pool.take(way, timeout.connect)
        answer = connection.ask(head, body, request.method != "HEAD")
        await answer.head(timeout.first, timeout.between)
        return AsyncReply(answer.status, answer.headers, answer, answer.aclose)

    async def aclose(self) -> None:
        """Close every connection; answers that are being read end in an error."""
        self._targets.clear()
        await self._pool.close()

    def _found(self, url: str) -> _Target:
        way, line = self._pool.find(url)
        if not _TARGET.fullmatch(line):
            raise errors.wrong_url()
        usual = {"host": way.authority, **_USUAL, **way.headers}
        if len(self._targets) >= _MOST:
            self._targets.clear()
        found = _Target(way, f" {line} HTTP/1.1\r\n", usual, _written(usual))
        self._targets[url] = found
        return found


def _head(request: HTTPRequest, target: _Target, size: int) -> bytes:
    """Write the head of a request.

    Raises:
        ConfigurationError: it is no legal HTTP.
    """
    headers, method = request.headers, request.method
    length = f"content-length: {size}\r\n\r\n" if size or method in _WITH_BODY else "\r\n"
    if headers.keys().isdisjoint(target.usual) and "content-length" not in headers:
        usual = target.written
    else:
        headers = {**target.usual, **headers}
        headers.pop("content-length", None)  # it is known here
        usual = ""
    try:
        return f"{_token(method)}{target.line}{usual}{_written(headers)}{length}".encode("latin-1")
    except UnicodeEncodeError:
        raise errors.illegal_request() from None


def _written(headers: Mapping[str, str]) -> str:
    text = "".join([f"{_token(name)}: {value}\r\n" for name, value in headers.items()])
    if text.count("\r") + text.count("\n") != 2 * len(headers) or "\0" in text:
        raise errors.illegal_request()
    return text


@lru_cache(1000)
def _token(name: str) -> str:
    if not _TOKEN.fullmatch(name) or name.lower() in _FRAMING:
        raise errors.illegal_request()
    return name
