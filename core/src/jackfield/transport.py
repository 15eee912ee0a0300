"""The narrow seam to the network: an HTTP request goes in, status, headers and chunks come out.

No HTTP library is known here. Each that is supported has a module beside this one, `transport_NAME`, which is imported
when it is first used; whatever has the methods of `Transport` or `AsyncTransport` is a transport too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, cast

from .errors import ConfigurationError
from .wire import HTTPRequest

if TYPE_CHECKING:
    from .flows import Timeout
    from .transport_settings import TransportSettings

#: Who asks, in every request that says nothing else.
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


@dataclass(frozen=True, slots=True)
class _Library:
    """Where a library's clients are told by, and what makes a transport of one, for each colour."""

    module: str
    extra: str | None
    client: str | None
    async_client: str | None
    transport: str | None
    async_transport: str | None


_HTTPX = ("Client", "AsyncClient", "HTTPXTransport", "AsyncHTTPXTransport")
_LIBRARIES: Mapping[str, _Library] = {
    "httpx2": _Library("transport_httpx", "httpx2", *_HTTPX),
    "httpx": _Library("transport_httpx", None, *_HTTPX),
    "httptools": _Library("transport_httptools", "httptools", None, None, None, "AsyncHttptoolsTransport"),
    "http.client": _Library("transport_http_client", None, None, None, "HTTPClientTransport", None),
    "aiohttp": _Library("transport_aiohttp", "aiohttp", None, "ClientSession", None, "AsyncAiohttpTransport"),
}


def open_transport(given: Any, environ: Mapping[str, str]) -> Transport:
    """Make a transport of what a user gave: None, a library's name or client, settings, or a transport.

    `environ` is where proxies are looked for, unless a client or a transport is given.

    Raises:
        ConfigurationError: the library is not installed, or has no client that waits, or the settings are wrong.
    """
    return cast(Transport, _open(given, environ, is_async=False))


def open_async_transport(given: Any, environ: Mapping[str, str]) -> AsyncTransport:
    """Make an async transport of what a user gave; as `open_transport`."""
    return cast(AsyncTransport, _open(given, environ, is_async=True))


def is_described(given: Any) -> bool:
    """Tell whether a user only said which transport to make: by a library's name, or by settings."""
    return isinstance(given, str) or type(given).__module__ == f"{__package__}.transport_settings"


def has_async(given: Any) -> bool:
    """Tell whether what a user only described can be had for `AsyncClient` too."""
    library = _LIBRARIES.get(_settings(given).library or usual_library())
    return library is None or library.async_transport is not None


def _open(given: Any, environ: Mapping[str, str], is_async: bool) -> Any:
    if given is None or is_described(given):
        settings = _settings(given)
        name = settings.library or usual_library()
        if name == "fast":
            name = "httptools" if is_async else "http.client"
        return _maker(name, is_async)(settings=settings, environ=environ)
    found = library_of(given)
    if found is None:
        return given
    name, kind = found
    library = _LIBRARIES[name]
    if kind not in (library.client, library.async_client):
        return given
    if kind != (library.async_client if is_async else library.client):
        other = "Client" if is_async else "AsyncClient"
        raise ConfigurationError(f"transport is a {kind} of {name}, which is for {other}")
    return _maker(name, is_async)(given)


def usual_library() -> str:
    """Name the library that is used where none is named."""
    return "httpx2" if find_spec("httpx2") is not None else "httpx"


def join_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name, in lower case; what comes several times is joined."""
    found: dict[str, str] = {}
    for given, value in pairs:
        name = given.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _maker(name: str, is_async: bool) -> Callable[..., Any]:
    """Return what makes a transport over a library."""
    if (library := _LIBRARIES.get(name)) is None:
        raise ConfigurationError(f"transport is {name!r}; it may be fast, {', '.join(_LIBRARIES)}")
    maker = library.async_transport if is_async else library.transport
    if maker is None and is_async:
        raise ConfigurationError(f"{name} waits; use Client, or another library for AsyncClient")
    if maker is None:
        raise ConfigurationError(f"{name} has no client that waits; use AsyncClient, or another library for Client")
    if find_spec(name) is None:
        raise ConfigurationError(f"{name} is not installed; pip install jackfield[{library.extra or name}]")
    return cast(Callable[..., Any], getattr(import_module(f".{library.module}", __package__), maker))


def _settings(given: Any) -> TransportSettings:
    from .transport_settings import TransportSettings

    return given if isinstance(given, TransportSettings) else TransportSettings(library=given)


def library_of(given: Any) -> tuple[str, str] | None:
    """Name the library that an object's class comes from, and the class, without importing any."""
    for base in type(given).__mro__:
        if (package := base.__module__.partition(".")[0]) in _LIBRARIES:
            name: str = base.__name__
            library = _LIBRARIES[package]
            if name in (library.client, library.async_client):
                return package, name
    return None
