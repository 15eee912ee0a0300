"""Over httpx or httpx2. A client that is given stays its owner's; of our own there is one for each proxy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import transport_errors as errors
from .errors import ConfigurationError, JackfieldError
from .proxies import Proxies
from .transport import USER_AGENT, AsyncReply, Reply, library_of, usual_library
from .transport_settings import TransportSettings, tls_context
from .wire import HTTPRequest

if TYPE_CHECKING:
    from .flows import Timeout


class _Clients:
    """The clients of a transport: the one that was given, or those of our own by proxy."""

    def __init__(self, kind: str, given: Any, settings: TransportSettings | None, environ: Mapping[str, str]) -> None:
        settings = settings or TransportSettings()
        self.own = given is None
        self.library: Any = import_module(_package(given, settings))
        self._given = given
        self._proxies = Proxies(settings.proxy, settings.no_proxy, environ)
        self._lock = threading.Lock()
        self._kind = getattr(self.library, kind)
        self.opened: dict[str | None, Any] = {}
        if given is None:
            self._options = _options(self.library, settings, environ)
            self._open(None)  # now: what is wrong with the settings is told before the first request

    def route(self, url: str) -> Any:
        """Return the client for a URL."""
        if self._given is not None:
            return self._given
        proxy = self._proxies.route(url)
        found = self.opened.get(proxy)
        return found if found is not None else self._open(proxy)

    def _open(self, proxy: str | None) -> Any:
        with self._lock:
            if proxy not in self.opened:
                try:
                    self.opened[proxy] = self._kind(proxy=proxy, trust_env=False, **self._options)
                except ImportError as error:
                    raise ConfigurationError("http2 needs the package h2; pip install h2") from error
            return self.opened[proxy]


class HTTPXTransport:
    """Over a client of httpx or httpx2; makes its own where none is given, and closes only those."""

    def __init__(
        self, client: Any = None, *, settings: TransportSettings | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._clients = _Clients("Client", client, settings, environ or {})

    def send(self, request: HTTPRequest, timeout: Timeout) -> Reply:
        """Send a request and return its answer as soon as the head is there."""
        library = self._clients.library
        try:
            client = self._clients.route(request.url)
            built = _built(library, client, request, timeout)
            response = client.send(built, stream=True, follow_redirects=False)
        except Exception as error:
            raise _named(library, error) from error
        built.extensions["timeout"]["read"] = _longer(timeout)  # of the body, which is read from here on
        return Reply(response.status_code, dict(response.headers), self._chunks(response), response.close)

    def _chunks(self, response: Any) -> Iterator[bytes]:
        try:
            yield from response.iter_bytes()
        except Exception as error:
            raise _named(self._clients.library, error) from error
        finally:
            response.close()

    def close(self) -> None:
        """Close the clients that are our own."""
        for client in self._clients.opened.values():
            client.close()


class AsyncHTTPXTransport:
    """Over an async client of httpx or httpx2; makes its own where none is given, and closes only those."""

    def __init__(
        self, client: Any = None, *, settings: TransportSettings | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._clients = _Clients("AsyncClient", client, settings, environ or {})

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Send a request and return its answer as soon as the head is there."""
        library = self._clients.library
        try:
            client = self._clients.route(request.url)
            built = _built(library, client, request, timeout)
            response = await client.send(built, stream=True, follow_redirects=False)
        except Exception as error:
            raise _named(library, error) from error
        built.extensions["timeout"]["read"] = _longer(timeout)  # of the body, which is read from here on
        return AsyncReply(
            response.status_code, dict(response.headers), self._chunks(response, timeout), response.aclose
        )

    async def _chunks(self, response: Any, timeout: Timeout) -> AsyncIterator[bytes]:
        pieces = response.aiter_bytes()
        try:
            if timeout.first == timeout.between:
                async for chunk in pieces:
                    yield chunk
                return
            limit = timeout.first
            while True:
                async with asyncio.timeout(limit):
                    chunk = await anext(pieces, None)
                if chunk is None:
                    return
                yield chunk
                limit = timeout.between
        except TimeoutError as error:
            raise errors.late("nothing came") from error
        except Exception as error:
            raise _named(self._clients.library, error) from error
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close the clients that are our own."""
        for client in self._clients.opened.values():
            await client.aclose()


def _package(client: Any, settings: TransportSettings) -> str:
    if client is None:
        return settings.library or usual_library()
    if (found := library_of(client)) is None or found[0] not in ("httpx", "httpx2"):
        raise TypeError(f"{type(client).__name__} is no client of httpx or httpx2")
    return found[0]


def _options(library: Any, settings: TransportSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    limits = library.Limits(
        max_connections=settings.max_connections,
        max_keepalive_connections=settings.max_idle,
        keepalive_expiry=settings.idle_seconds,
    )
    options = {"limits": limits, "headers": {"user-agent": USER_AGENT}, "http2": settings.http2}
    context = tls_context(settings, environ)
    return options if context is None else {**options, "verify": context}


def _built(library: Any, client: Any, request: HTTPRequest, timeout: Timeout) -> Any:
    limits = library.Timeout(connect=timeout.connect, read=timeout.first, write=timeout.between, pool=timeout.connect)
    return client.build_request(
        request.method, request.url, headers=request.headers, content=request.body, timeout=limits
    )


def _longer(timeout: Timeout) -> float | None:
    """Return the longer of two limits: the library has one for all of a body."""
    waits = (timeout.first, timeout.between)
    return None if None in waits else max(wait for wait in waits if wait is not None)


def _named(library: Any, error: Exception) -> Exception:
    """Turn the library's error into ours; what is not a network error goes through."""
    if isinstance(error, JackfieldError):
        return error
    if isinstance(error, library.ConnectTimeout):
        return errors.late("the connection was not made")
    if isinstance(error, library.PoolTimeout):
        return errors.late("no connection became free")
    if isinstance(error, library.TimeoutException):
        return errors.late("nothing came")
    if isinstance(error, library.DecodingError):
        return errors.undecodable(str(error))
    if isinstance(error, library.InvalidURL | library.UnsupportedProtocol):
        return errors.wrong_url()
    if isinstance(error, library.LocalProtocolError | UnicodeError):
        return errors.illegal_request()
    if isinstance(error, library.ProxyError):
        return errors.failed(f"the proxy refused: {error}")
    if isinstance(error, library.RemoteProtocolError):
        return errors.failed(str(error))
    if isinstance(error, library.TransportError | library.StreamError | OSError):
        return errors.broken(error, str(error) or type(error).__name__)
    return error
