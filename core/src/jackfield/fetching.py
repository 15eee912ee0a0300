"""Fetching: what stands at an address that somebody else wrote, within bounds, from public hosts only.

It blocks; async callers use `fetch_async`. The connection is made to the address that was judged, not to the name; each
redirect is judged anew. Nothing is unpacked: what comes packed is refused. No proxy is used, as it would resolve anew.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urljoin

from .addresses import Network, Resolve, Vetted, vet
from .errors import ConnectionFailed, InvalidInput, RequestTimeout
from .messages import MediaKind

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PIECE: Final = 65_536
_HEADERS: Final = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "jackfield", "connection": "close"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Bounds: bytes, seconds in all, redirects; `allowed` networks are reached beside public ones.

    `count` is how many addresses are fetched for one request, `total` how many bytes they have together.
    """

    size: int = 20 * 1024 * 1024
    total: int = 50 * 1024 * 1024
    seconds: float = 20.0
    redirects: int = 3
    count: int = 20
    allowed: Sequence[Network] = ()
    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was found: its bytes, and the media type that the host said, without parameters."""

    data: bytes
    mime: str | None
    url: str


def fetch(
    url: str, limits: FetchLimits | None = None, resolve: Resolve = socket.getaddrinfo, room: Room | None = None
) -> Fetched:
    """Get what stands at a URL; `room` bounds it together with others.

    Raises:
        InvalidInput: the address may not be asked, or gives too much, or an error.
        ConnectionFailed: the host cannot be reached.
        RequestTimeout: it takes too long.
    """
    limits = limits or FetchLimits()
    room = room or Room(limits.total)
    deadline = time.monotonic() + limits.seconds
    for _ in range(limits.redirects + 1):
        found = _ask(vet(url, limits.allowed, resolve), limits, deadline, room)
        if isinstance(found, Fetched):
            return found
        try:
            url = urljoin(url, found)
        except ValueError:
            raise InvalidInput("the address leads on to one that is no URL") from None
    raise InvalidInput(f"the address leads on more than {limits.redirects} times; give the one where it ends")


async def fetch_async(
    url: str, limits: FetchLimits | None = None, resolve: Resolve = socket.getaddrinfo, room: Room | None = None
) -> Fetched:
    """Get what stands at a URL, in a thread: see `fetch`."""
    return await asyncio.get_running_loop().run_in_executor(_pool(), fetch, url, limits, resolve, room)


def fetch_all(urls: Sequence[str], limits: FetchLimits | None = None) -> dict[str, Fetched]:
    """Get what stands at several URLs, side by side. See `fetch`.

    Raises:
        InvalidInput: there are more than `limits.count`, they have more than `limits.total`, or one may not be asked.
    """
    limits, room = _begun(urls, limits)
    started = [_pool().submit(fetch, url, limits, room=room) for url in urls]
    return {url: future.result() for url, future in zip(urls, started, strict=True)}


async def fetch_all_async(urls: Sequence[str], limits: FetchLimits | None = None) -> dict[str, Fetched]:
    """Get what stands at several URLs, in threads: see `fetch_all`."""
    limits, room = _begun(urls, limits)
    started = [fetch_async(url, limits, room=room) for url in urls]
    return dict(zip(urls, await asyncio.gather(*started), strict=True))


def _begun(urls: Sequence[str], limits: FetchLimits | None) -> tuple[FetchLimits, Room]:
    """Check how many there are, and make room for them."""
    limits = limits or FetchLimits()
    if len(urls) > limits.count:
        what = f"at most {limits.count} addresses are fetched for one request, not {len(urls)}"
        raise InvalidInput(what, param="messages")
    return limits, Room(limits.total)


class Room:
    """What is left of the bytes that may be fetched for one request, by several threads."""

    def __init__(self, total: int) -> None:
        self._total = self._left = total
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Count bytes that have come.

        Raises:
            InvalidInput: there is no room for them.
        """
        with self._lock:
            self._left -= size
        if self._left < 0:
            what = (
                f"what stands at the addresses has more than {self._total} bytes together; give fewer or smaller ones"
            )
            raise InvalidInput(what, param="messages")


@cache
def _pool() -> ThreadPoolExecutor:
    """Return threads of its own: whoever waits for slow hosts keeps nobody else from resolving a name."""
    return ThreadPoolExecutor(16, "jackfield-fetch")


def kind_of(mime: str) -> MediaKind:
    """Return which kind of media a media type is."""
    match mime.partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"


def _ask(vetted: Vetted, limits: FetchLimits, deadline: float, room: Room) -> Fetched | str:
    """Ask one host; return what it has, or where it sends us."""
    connection = _Pinned(vetted, limits, deadline)
    alarm = threading.Timer(max(0.0, deadline - time.monotonic()), connection.cut)
    alarm.start()
    try:
        connection.request("GET", vetted.target, headers=_HEADERS)
        answer = connection.getresponse()
        if answer.status in _REDIRECTS and (where := answer.getheader("location")):
            return where
        if answer.status != 200:
            raise InvalidInput(f"{vetted.host} answers {answer.status} for the address")
        if (packed := answer.getheader("content-encoding", "identity").lower()) != "identity":
            raise InvalidInput(f"{vetted.host} sends it packed ({packed:.20}), which is not unpacked here")
        data = _read(answer, vetted.host, limits.size, room)
        if connection.is_cut or answer.length:
            raise ConnectionResetError("it broke off")
        if not data:
            raise InvalidInput(f"{vetted.host} has nothing at the address")
        mime = (answer.getheader("content-type") or "").partition(";")[0].strip().lower()
        return Fetched(data, mime or None, vetted.url)
    except (OSError, http.client.HTTPException) as error:
        if time.monotonic() >= deadline:
            raise RequestTimeout(f"{vetted.host} takes longer than {limits.seconds:g} s") from None
        raise ConnectionFailed(f"{vetted.host} cannot be reached: {error}") from None
    finally:
        alarm.cancel()
        connection.close()


def _read(answer: http.client.HTTPResponse, host: str, size: int, room: Room) -> bytes:
    data = bytearray()
    while piece := answer.read(min(_PIECE, size + 1 - len(data))):
        room.take(len(piece))
        data += piece
        if len(data) > size:
            raise InvalidInput(f"what {host} sends is larger than {size} bytes")
    return bytes(data)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name that stands in the URL."""

    def __init__(self, vetted: Vetted, limits: FetchLimits, deadline: float) -> None:
        super().__init__(vetted.host, vetted.port, timeout=max(0.1, deadline - time.monotonic()))
        self._deadline = deadline
        self._vetted = vetted
        self._context = limits.context
        self.is_cut = False
        self.default_port = 443 if vetted.scheme == "https" else 80  # so that the header `host` names no usual port

    def connect(self) -> None:
        failed: OSError | None = None
        for address in self._vetted.addresses:
            if self.is_cut:
                raise TimeoutError("too late")
            left = max(0.1, self._deadline - time.monotonic())
            try:
                self.sock = socket.create_connection((address, self.port), left)
                break
            except OSError as error:
                failed = error
        else:
            raise failed or OSError("no address")
        if self._vetted.scheme == "https":
            context = self._context or ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._vetted.host)
        if self.is_cut:
            raise TimeoutError("too late")

    def cut(self) -> None:
        """End it from another thread: who reads gets an error."""
        self.is_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return
