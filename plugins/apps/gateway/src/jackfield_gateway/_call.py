"""One HTTP request of a caller over ASGI: its parts, its body within bounds, and the answer to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import uuid4

from jackfield import HTTPResponse, InvalidRequestError, RequestTooLargeError

from ._rounds import Rounds, rounds_here

if TYPE_CHECKING:
    from .state import Identity

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]
#: Sends status, headers and body at once; False: it has to be done as ASGI has it.
SendsWhole: TypeAlias = Callable[[int, Sequence[Header], bytes], bool]


@dataclass(slots=True)
class Asker:
    """Who asks, and by which route: what goes into the records of a question. Nobody changes it."""

    route: str
    key: str = ""
    project: str | None = None
    allows_model: Callable[[str], bool] | None = None
    user: str | None = None
    user_agent: str | None = None
    key_name: str | None = None
    organisation: str | None = None
    #: The key that is charged, where it is another one.
    payer: str | None = None
    #: Keys of providers that the caller sent along, by provider.
    own: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Headers that go with the answer.
    heads: list[Header] = field(default_factory=list)

    def tell(self, headers: Mapping[str, str]) -> None:
        """Add headers to the answer, whatever it will be; those that are there already stay."""
        self.add(encoded(headers))

    def add(self, headers: Sequence[Header]) -> None:
        """Add headers as ASGI takes them; see `tell`."""
        self.heads += _others(self.heads, headers)


T = TypeVar("T")
_KEEP_ALIVE = 15.0
#: Seconds until a caller who waits is looked after.
_MOMENT = 0.05
#: Seconds without a piece of the body, after which a caller is given up.
_PATIENCE = 30.0
#: What a server of ours adds to ASGI: to send a whole answer at once, where it can; see `_whole`.
WHOLE = "jackfield.whole"
_ID = re.compile(r"[\x21-\x7e]{1,200}")


class Gone(Exception):
    """The caller has hung up."""


class Call:
    """A caller's request. Header names are in lower case; `query` is the query string as it came."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_body: int, rounds: Rounds | None = None) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        #: Whether an answer has begun, and nothing else can be said any more.
        self.has_begun = False
        #: The name of the key that let it in.
        self.key = ""
        self.key_name: str | None = None
        self.project: str | None = None
        self.organisation: str | None = None
        self.payer: str | None = None
        #: Whose key it is, where there is a team.
        self.identity: Identity | None = None
        #: Headers of the answer, whatever it will be.
        self.heads: list[Header] = []
        #: Keys of providers that the caller sent along, by provider.
        self.own: Mapping[str, str] = {}
        #: Whether it sees what other projects asked and spent.
        self.sees_all = True
        #: Whether the key may ask a model, by its full name; None: any.
        self.allows_model: Callable[[str], bool] | None = None
        self.port: int = (scope.get("server") or ("", 0))[1] or 0
        self.peer: str = (scope.get("client") or ("",))[0] or ""
        self._receive = receive
        self._send = send
        # taken out, for it holds what holds the scope
        self._whole: SendsWhole | None = scope.get("extensions", {}).pop(WHOLE, None)
        self._max_body = max_body
        #: Both belong to the loop that answers; to ask asyncio again each time costs more than all the rest here.
        self.rounds = rounds or rounds_here()
        task = asyncio.current_task(self.rounds.loop)
        assert task is not None
        self._task = task
        self._is_tired = False

    def asker(self, route: str, user: str | None = None) -> Asker:
        """Return who asks by a route, for the records; `user` is whom the caller names, and believed no further."""
        agent = self.headers.get("user-agent")
        return Asker(
            route, self.key, self.project, self.allows_model, user, agent, self.key_name, self.organisation, self.payer,
            self.own, self.heads,
        )  # fmt: skip

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def request_id(self) -> str:
        """The caller's own id of the request, where it sent one that can be sent back; else a new one."""
        given = self.headers.get("x-request-id", "")
        return given if _ID.fullmatch(given) else str(uuid4())

    @property
    def target(self) -> str:
        """Path and query."""
        return self.path + (f"?{self.query}" if self.query else "")

    async def body(self) -> bytes:
        """Read the whole body.

        Raises:
            RequestTooLargeError: it is larger than the gateway takes.
            InvalidRequestError: it does not come.
            Gone: the caller has hung up.
        """
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise Gone
            piece = message.get("body", b"")
            size += len(piece)
            if size > self._max_body:
                raise RequestTooLargeError(f"the body is larger than {self._max_body} bytes", status=413)
            pieces.append(piece)
            if not message.get("more_body"):
                return b"".join(pieces)

    async def _next(self) -> MutableMapping[str, Any]:
        """Wait for the next message, and not for ever."""
        waiting = self.rounds
        waiting.enter(self, _PATIENCE, self._tire)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not self._is_tired:
                raise
            self._task.uncancel()
            what = f"nothing of the body came for {_PATIENCE:g} s"
            raise InvalidRequestError(what, status=408) from None
        finally:
            waiting.leave(self)

    def _tire(self) -> None:
        self._is_tired = True
        self._task.cancel()

    async def reply(self, answer: HTTPResponse, more: Sequence[Header] = ()) -> None:
        """Send a whole answer."""
        self.has_begun = True
        headers = encoded(answer.headers)
        headers += _others(headers, more)
        headers += [*_others(headers, self.heads), (b"content-length", str(len(answer.body)).encode())]
        if self._whole is not None and self._whole(answer.status, headers, answer.body):
            return
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": answer.body})

    async def begin(self, status: int, headers: Sequence[Header]) -> None:
        """Begin an answer in pieces."""
        self.has_begun = True
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [*headers, *_others(headers, self.heads)]}
        )

    async def piece(self, data: bytes) -> None:
        """Send a piece of it."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """End it; where this is left out, the connection is closed and the caller sees that something is missing."""
        await self._send({"type": "http.response.body", "body": b""})

    async def unless_gone(self, work: Awaitable[T]) -> T:
        """Do the work, and leave it as soon as the caller hangs up: the provider's connection is closed at once.

        Raises:
            Gone: the caller has hung up.
        """
        lookout = _Lookout(self._receive, self._task, self.rounds)
        try:
            return await work
        except asyncio.CancelledError:
            if not lookout.has_cancelled:
                raise
            self._task.uncancel()
            raise Gone from None
        finally:
            lookout.close()


class _Lookout:
    """Looks out for the end of a connection, and cancels a task then. It begins a moment later: what is answered by
    then needs none."""

    __slots__ = ("_looking", "_receive", "_rounds", "_task", "has_cancelled")

    def __init__(self, receive: Receive, task: asyncio.Task[Any], rounds: Rounds) -> None:
        self._receive = receive
        self._task = task
        self._looking: asyncio.Task[None] | None = None
        self._rounds = rounds
        rounds.enter(self, _MOMENT, self._begin)
        self.has_cancelled = False

    def close(self) -> None:
        """Look out no more."""
        self._rounds.leave(self)
        if self._looking is not None:
            self._looking.cancel()

    def _begin(self) -> None:
        self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_cancelled = True
        self._task.cancel()


class Pulse:
    """Sends the pieces of a stream, and a sign of life where nothing has been sent for a while."""

    __slots__ = ("_beating", "_call", "_keep_alive", "_last", "_rounds")

    def __init__(self, call: Call, keep_alive: Callable[[], bytes]) -> None:
        self._call = call
        self._keep_alive = keep_alive
        self._rounds = call.rounds
        self._last = self._rounds.loop.time()
        self._beating: asyncio.Task[None] | None = None
        self._rounds.enter(self, _KEEP_ALIVE, self._look)

    async def send(self, data: bytes) -> None:
        """Send a piece."""
        self._last = self._rounds.loop.time()
        await self._call.piece(data)

    def stop(self) -> None:
        """Send no more signs of life."""
        self._rounds.leave(self)
        if self._beating is not None:
            self._beating.cancel()

    def _look(self) -> None:
        left = self._last + _KEEP_ALIVE - self._rounds.loop.time()
        if left > 0:
            self._rounds.enter(self, left, self._look)
        else:
            self._beating = self._rounds.loop.create_task(self._beat())

    async def _beat(self) -> None:
        try:
            if data := self._keep_alive():
                await self.send(data)
        finally:
            self._beating = None
        self._rounds.enter(self, _KEEP_ALIVE, self._look)


def encoded(headers: Mapping[str, str]) -> list[Header]:
    """Return headers as ASGI takes them."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


def _others(headers: Sequence[Header], more: Sequence[Header]) -> list[Header]:
    """Return the headers that an answer has not yet."""
    if not more or not headers:
        return list(more)
    known = {name for name, _ in headers}
    return [header for header in more if header[0] not in known]
