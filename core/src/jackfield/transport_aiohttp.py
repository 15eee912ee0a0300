"""Over a session of aiohttp, which is made with the first request and belongs to the event loop that it is made in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from . import transport_errors as errors
from .errors import JackfieldError
from .proxies import Proxies
from .transport import USER_AGENT, AsyncReply, join_headers
from .transport_settings import TransportSettings, tls_context
from .wire import HTTPRequest

if TYPE_CHECKING:
    from .flows import Timeout


class AsyncAiohttpTransport:
    """Over a session of aiohttp; makes one where none is given, and closes only that."""

    def __init__(
        self,
        session: aiohttp.ClientSession | None = None,
        *,
        settings: TransportSettings | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = (settings or TransportSettings()).without_http2("aiohttp")
        self._given = self._session = session
        self._context = tls_context(self._settings, environ or {})
        self._proxies = Proxies(self._settings.proxy, self._settings.no_proxy, environ or {})
        self._timeout: Timeout | None = None  # the last one, which mostly is the next one too
        self._limits = aiohttp.ClientTimeout()

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Send a request and return its answer as soon as the head is there."""
        proxy = self._proxies.route(request.url) if self._given is None else None
        options: Any = {} if proxy is None else {"proxy": proxy}
        if self._given is not None:  # ours leaves it out by itself
            options["skip_auto_headers"] = ("content-type",)
        if timeout is not self._timeout:
            self._timeout, self._limits = timeout, _limits(timeout)
        try:
            response = await self._opened().request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
                timeout=self._limits,
                **options,
            )
        except Exception as error:
            raise _named(error) from error
        return AsyncReply(
            response.status,
            join_headers(response.headers.items()),
            _chunks(response, timeout.between),
            _closer(response),
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._settings.max_connections,
                keepalive_timeout=self._settings.idle_seconds,
                ssl=self._context if self._context is not None else True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": USER_AGENT},
                skip_auto_headers=("content-type",),
            )
        return self._session

    async def aclose(self) -> None:
        """Close the session, if it is our own."""
        if self._given is None and self._session is not None:
            session, self._session = self._session, None
            await session.close()
            await asyncio.sleep(0)  # sockets are closed by the loop's next turn


def _limits(timeout: Timeout) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=None, connect=timeout.connect, sock_connect=timeout.connect, sock_read=timeout.first
    )


async def _chunks(response: aiohttp.ClientResponse, between: float | None) -> AsyncIterator[bytes]:
    content = response.content
    try:
        if chunk := await content.readany():
            yield chunk
        connection = response.connection  # None where the whole body has come
        if connection is not None and connection.protocol is not None:
            connection.protocol.read_timeout = between
            connection.protocol.start_timeout()
        while not content.at_eof():
            if chunk := await content.readany():
                yield chunk
    except RuntimeError as error:
        raise errors.failed("the client was closed") from error
    except Exception as error:
        raise _named(error) from error
    finally:
        _close(response)


def _closer(response: aiohttp.ClientResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        _close(response)

    return close


def _close(response: aiohttp.ClientResponse) -> None:
    """Close an answer; one that was read to its end has given its connection back."""
    if response.connection is not None:
        response.close()


def _named(error: Exception) -> Exception:
    """Turn the library's error into ours; what is not a network error goes through."""
    if isinstance(error, JackfieldError):
        return error
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return errors.late("the connection was not made, or none became free")
    if isinstance(error, TimeoutError):
        return errors.late("nothing came")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return errors.wrong_url()
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return errors.failed(f"the proxy refused: status {error.status}")
    if isinstance(error, aiohttp.ClientPayloadError):
        if isinstance(error.__cause__, aiohttp.http_exceptions.ContentEncodingError):
            return errors.undecodable(error.__cause__.message)
        return errors.broken(error, "the body ended before its end")
    if isinstance(error, aiohttp.http_exceptions.ContentEncodingError):
        return errors.undecodable(error.message)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return errors.failed("the server closed the connection without an answer")
    if isinstance(error, aiohttp.ClientResponseError):
        return errors.failed("the answer is no HTTP")
    if isinstance(error, aiohttp.ClientError | OSError):
        return errors.broken(error, "the connection is closed")
    if isinstance(error, ValueError):
        return errors.illegal_request()  # a line break in a header
    return error
