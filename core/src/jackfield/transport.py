"""The narrow seam to the network: an HTTP request goes in, status, headers and chunks come out.

The only module that knows an HTTP library. httpx2 is preferred where it is installed; clients of both libraries are
accepted, and anything else that has the methods of `Transport` or `AsyncTransport`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from .errors import ConfigurationError, ConnectionFailed, JackfieldError, RequestTimeout, ResponseFormatError
from .wire import HTTPRequest

if TYPE_CHECKING:
    from .flows import Timeout

USER_AGENT = "jackfield/0.1.0"


@dataclass(slots=True)
class Reply:
    """An answer that is being read. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    close: Callable[[], None]


@dataclass(slots=True)
class AsyncReply:
    """An answer that is being read, in the async colour."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    aclose: Callable[[], Awaitable[None]]


class Transport(Protocol):
    """Sends requests. Raises `ConnectionFailed` and `RequestTimeout`, from `send` and while chunks are read."""

    def send(self, request: HTTPRequest, timeout: Timeout) -> Reply:
        """Send a request and return its answer as soon as the head is there."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class AsyncTransport(Protocol):
    """Sends requests, in the async colour."""

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Send a request and return its answer as soon as the head is there."""
        ...

    async def aclose(self) -> None:
        """Give back what is held."""
        ...


class HTTPXTransport:
    """Over a client of httpx or httpx2; makes one where none is given, and closes only that."""

    def __init__(self, client: Any = None) -> None:
        self._own = client is None
        self._library = _preferred() if client is None else _library_of(client)
        self._client = client if client is not None else self._library.Client(**_options(self._library))

    def send(self, request: HTTPRequest, timeout: Timeout) -> Reply:
        """Send a request and return its answer as soon as the head is there."""
        built = _built(self._library, self._client, request, timeout)
        try:
            response = self._client.send(built, stream=True, follow_redirects=False)
        except Exception as error:
            raise _translated(self._library, error) from error
        return Reply(response.status_code, dict(response.headers), self._chunks(response), response.close)

    def _chunks(self, response: Any) -> Iterator[bytes]:
        try:
            yield from response.iter_bytes()
        except Exception as error:
            raise _translated(self._library, error) from error
        finally:
            response.close()

    def close(self) -> None:
        """Close the client, if it is our own."""
        if self._own:
            self._client.close()


class AsyncHTTPXTransport:
    """Over an async client of httpx or httpx2; makes one where none is given, and closes only that."""

    def __init__(self, client: Any = None) -> None:
        self._own = client is None
        self._library = _preferred() if client is None else _library_of(client)
        self._client = client if client is not None else self._library.AsyncClient(**_options(self._library))

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Send a request and return its answer as soon as the head is there."""
        built = _built(self._library, self._client, request, timeout)
        try:
            response = await self._client.send(built, stream=True, follow_redirects=False)
        except Exception as error:
            raise _translated(self._library, error) from error
        return AsyncReply(response.status_code, dict(response.headers), self._chunks(response), response.aclose)

    async def _chunks(self, response: Any) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.aiter_bytes():
                yield chunk
        except Exception as error:
            raise _translated(self._library, error) from error
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close the client, if it is our own."""
        if self._own:
            await self._client.aclose()


def open_transport(given: Any) -> Transport:
    """Make a transport of what a user gave: None, a client of httpx or httpx2, or a transport."""
    if given is None or _is_client(given, "Client"):
        return HTTPXTransport(given)
    return given  # type: ignore[no-any-return]


def open_async_transport(given: Any) -> AsyncTransport:
    """Make an async transport of what a user gave."""
    if given is None or _is_client(given, "AsyncClient"):
        return AsyncHTTPXTransport(given)
    return given  # type: ignore[no-any-return]


def _is_client(given: Any, name: str) -> bool:
    return any(
        base.__name__ == name and base.__module__.partition(".")[0] in ("httpx", "httpx2")
        for base in type(given).__mro__
    )


def _preferred() -> ModuleType:
    import importlib

    return importlib.import_module("httpx2" if find_spec("httpx2") is not None else "httpx")


def _library_of(client: Any) -> ModuleType:
    import importlib

    for base in type(client).__mro__:
        if (package := base.__module__.partition(".")[0]) in ("httpx", "httpx2"):
            return importlib.import_module(package)
    raise TypeError(f"{type(client).__name__} is no client of httpx or httpx2")


def _options(library: ModuleType) -> dict[str, Any]:
    limits = library.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=60.0)
    return {"limits": limits, "headers": {"user-agent": USER_AGENT}}


def _built(library: ModuleType, client: Any, request: HTTPRequest, timeout: Timeout) -> Any:
    """Build the library's request, without letting a broken URL out as the library's error."""
    try:
        return client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.body,
            timeout=_timeout(library, timeout),
        )
    except Exception as error:
        raise _translated(library, error) from error


_TIMEOUTS: dict[tuple[str, Timeout], Any] = {}


def _timeout(library: ModuleType, timeout: Timeout) -> Any:
    """Return the library's timeout. Its one read limit has to cover the first byte as well as those between."""
    key = (library.__name__, timeout)
    if (found := _TIMEOUTS.get(key)) is None:
        waits = (timeout.first, timeout.between)
        read = None if None in waits else max(wait for wait in waits if wait is not None)
        found = library.Timeout(connect=timeout.connect, read=read, write=timeout.between, pool=timeout.connect)
        if len(_TIMEOUTS) < 64:
            _TIMEOUTS[key] = found
    return found


def _translated(library: ModuleType, error: Exception) -> Exception:
    """Turn the library's error into ours; what is not a network error goes through."""
    if isinstance(error, JackfieldError):
        return error
    reason = str(error) or type(error).__name__
    if isinstance(error, library.TimeoutException):
        return RequestTimeout(f"no answer in time: {reason}")
    if isinstance(error, library.DecodingError):
        return ResponseFormatError(f"the body's content coding is broken: {reason}")
    if isinstance(error, library.InvalidURL | library.UnsupportedProtocol):
        return ConfigurationError(f"the base URL is wrong: {reason}")
    if isinstance(error, library.LocalProtocolError | UnicodeError):
        # the library's own words would show the header
        return ConfigurationError("the request is no legal HTTP; look at the headers that a plugin gave it")
    if isinstance(error, library.TransportError | OSError):
        return ConnectionFailed(f"no connection: {reason}")
    return error
