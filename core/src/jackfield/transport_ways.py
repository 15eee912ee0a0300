"""Ways: how the origin of a URL is reached, straight or through a proxy; the same for the transports with own pools."""

from __future__ import annotations

import base64
import select
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from . import transport_errors as errors
from .proxies import Proxies
from .transport_settings import TransportSettings

Idle = TypeVar("Idle")

_PORTS: Final = {"http": 80, "https": 443}
#: Origins whose way is kept; more than any program asks.
_MOST = 1000


@dataclass(slots=True)
class Tunnel:
    """What a proxy is asked to connect to; TLS is spoken within."""

    host: str
    port: int
    headers: dict[str, str] = field(repr=False)  # may hold a password


@dataclass(slots=True, eq=False)
class Way(Generic[Idle]):
    """How an origin is reached, and what is idle there.

    `host` and `port` are those that a socket is connected to, over TLS where that is secure; `authority` is the
    origin's, `prefix` what goes before a path where a proxy is asked for it, `headers` prove who asks.
    """

    is_secure: bool
    host: str
    port: int
    authority: str
    idle: Idle
    tunnel: Tunnel | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)  # may hold a password
    prefix: str = ""
    is_open: bool = True


class Ways(Generic[Idle]):
    """The ways that were asked for. Safe to share between threads.

    `empty` makes the place for what is idle on a way, `drop` closes what is there when the way is forgotten.
    """

    def __init__(
        self,
        settings: TransportSettings,
        environ: Mapping[str, str],
        empty: Callable[[], Idle],
        drop: Callable[[Way[Idle]], None],
    ) -> None:
        self._proxies = Proxies(settings.proxy, settings.no_proxy, environ)
        self._empty, self._drop = empty, drop
        self._known: dict[tuple[str, str | None], Way[Idle]] = {}
        self.lock = threading.Lock()

    def __iter__(self) -> Iterator[Way[Idle]]:
        return iter(self._known.values())

    def find(self, url: str) -> tuple[Way[Idle], str]:
        """Return how the origin of a URL is reached, and what is asked for there.

        Raises:
            ConfigurationError: it is no URL of HTTP.
        """
        scheme, _, rest = url.partition("://")
        end = min([place for mark in "/?#" if (place := rest.find(mark)) >= 0], default=len(rest))
        key = f"{scheme}://{rest[:end]}", self._proxies.route(url)
        if (way := self._known.get(key)) is None:
            way = _found(*key, self._empty())
            with self.lock:
                if len(self._known) >= _MOST:
                    self._clear()
                way = self._known.setdefault(key, way)
        target = rest[end:].partition("#")[0]
        return way, way.prefix + (target if target.startswith("/") else f"/{target}")

    def clear(self) -> None:
        """Forget every way."""
        with self.lock:
            self._clear()

    def _clear(self) -> None:
        for way in self._known.values():
            way.is_open = False  # for connections that are still in use
            self._drop(way)
        self._known.clear()


def has_ended(held: Any) -> bool:
    """Tell whether the other side of an idle socket has hung up, or says what nobody asked for."""
    if hasattr(select, "poll"):
        waiting = select.poll()  # takes sockets beyond the thousandth, which select does not
        waiting.register(held, select.POLLIN)
        return bool(waiting.poll(0))
    return bool(select.select([held], [], [], 0)[0])


def _found(origin: str, proxy: str | None, idle: Idle) -> Way[Idle]:
    """Find the way to an origin."""
    parts, host, port = _split(origin)
    authority = f"[{host}]" if ":" in host else host
    if port != _PORTS[parts.scheme]:
        authority += f":{port}"
    headers = _proof(parts, "authorization")
    if proxy is None:
        return Way(parts.scheme == "https", host, port, authority, idle, headers=headers)
    through, entry, entry_port = _split(proxy)
    passes = _proof(through, "proxy-authorization")
    way = Way(through.scheme == "https", entry, entry_port, authority, idle, headers=headers)
    if parts.scheme == "http":
        way.headers, way.prefix = {**headers, **passes}, f"http://{authority}"
    else:
        way.tunnel = Tunnel(host, port, passes)
    return way


def _split(origin: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(origin)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        raise errors.wrong_url() from None
    if parts.scheme not in _PORTS or not host:
        raise errors.wrong_url()
    return parts, host, port or _PORTS[parts.scheme]


def _proof(parts: SplitResult, header: str) -> dict[str, str]:
    """Write the user and the password of an address as a header."""
    if parts.username is None:
        return {}
    said = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {header: f"Basic {base64.b64encode(said.encode()).decode()}"}
