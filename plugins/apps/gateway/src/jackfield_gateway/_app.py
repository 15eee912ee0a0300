"""The ASGI application: reads a request, asks a provider, answers in the caller's dialect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic_core import to_json

from jackfield import (
    Adjustment,
    AsyncClient,
    AsyncStream,
    Board,
    Boards,
    ChatRequest,
    Delta,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    JackfieldError,
    ListedModel,
    ModelsRequest,
    ModelsResponse,
    Request,
    RequestTooLargeError,
)

from ._door import Door
from ._routes import Match, Routes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

T = TypeVar("T")

SANDBOX = (b"x-jackfield-sandbox", b"1")
_KEEP_ALIVE = 15.0
_NOTHING: list[Delta] = []


class _Gone(Exception):
    """The caller has hung up."""


class GatewayApp:
    """Serves every installed dialect over the providers of a client.

    `providers` are the client's overrides, `key` what callers have to send (None: programs on this machine only, see
    `Door`), `max_body` the largest request in bytes.
    """

    def __init__(
        self,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        key: str | None = None,
        boards: Boards | None = None,
        max_body: int = 64 * 1024 * 1024,
        transport: Any = None,
    ) -> None:
        self.client = AsyncClient(providers=providers, boards=boards, transport=transport)
        self.boards = self.client.boards
        self.routes = Routes(self.boards)
        self._key = key
        self._max_body = max_body
        self._doors: dict[int, Door] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            with contextlib.suppress(_Gone):
                await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.client.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method, path = scope["method"], scope["path"]
        match = self.routes.find(method, path, headers)
        board = self.boards.dialect(match.dialect) if match else None
        port = (scope.get("server") or ("", 0))[1] or 0
        if (door := self._doors.get(port)) is None:
            door = self._doors[port] = Door(self._key, port)
        key_header = board.dialect.key_header if board else "authorization"
        if (refusal := door.refusal(method, headers, key_header)) is not None:
            await _whole(send, _rendered(board, refusal))
        elif match is None or board is None:
            await _whole(send, self._nowhere(method, path))
        else:
            try:
                body = await self._body(receive)
                query = scope.get("query_string", b"").decode("latin-1")
                asked = HTTPRequest(method, f"{path}?{query}" if query else path, headers, body)
                request = board.parse_request(asked, match.described())
                await self._answer(match, board, request, receive, send)
            except JackfieldError as error:
                await _whole(send, _rendered(board, error))

    async def _body(self, receive: Receive) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            piece = message.get("body", b"")
            size += len(piece)
            if size > self._max_body:
                raise RequestTooLargeError(f"the body is larger than {self._max_body} bytes", status=413)
            pieces.append(piece)
            if not message.get("more_body"):
                return b"".join(pieces)

    async def _answer(self, match: Match, board: Board, request: Request, receive: Receive, send: Send) -> None:
        if isinstance(request, ModelsRequest):
            await _whole(send, board.render_response(request, self._models()))
            return
        if not request.model:
            raise InvalidInput("model: a name is needed, such as provider/model", param="model")
        if isinstance(request, ChatRequest) and request.stream:
            await _unless_gone(self._stream(board, request, send), receive)
            return
        response = await _unless_gone(self.client.send(request), receive)
        rendered = board.render_response(request, response)
        marks = _marks(response.sandboxed, response.adjustments)
        if response.request_id:
            marks.append((b"x-request-id", response.request_id.encode("latin-1", "replace")))
        await _whole(send, rendered, marks)

    async def _stream(self, board: Board, request: ChatRequest, send: Send) -> None:
        """Stream an answer; an error before the first delta is an answer of its own, one after it ends the stream."""
        encoder = board.stream_encoder(request, datetime.now(UTC))
        stream = self.client.stream(request)
        batches = stream.batches()
        try:
            first = await anext(batches, _NOTHING)
            headers = [(name.encode(), value.encode()) for name, value in encoder.headers.items()]
            headers += _marks(stream.sandboxed, stream.adjustments)
            await send({"type": "http.response.start", "status": encoder.status, "headers": headers})
            pulse = _Pulse(send, encoder.keep_alive)
            try:
                async for deltas in _chained(first, batches):
                    if data := b"".join([encoder.encode(delta) for delta in deltas]):
                        await pulse.send(data)
                await pulse.send(encoder.close())
            except JackfieldError as error:
                await pulse.send(encoder.fail(error))
            finally:
                pulse.stop()
            await send({"type": "http.response.body", "body": b""})
        finally:
            await _closed(stream, batches)

    def _models(self) -> ModelsResponse:
        """Return what the catalogs of the installed providers hold."""
        models = []
        for provider in self.boards.providers():
            with contextlib.suppress(JackfieldError):
                names = self.boards.info(provider).model_names()
                models += [ListedModel(id=f"{provider}/{name}", owner=provider) for name in names]
        return ModelsResponse(models=tuple(models))

    def _nowhere(self, method: str, path: str) -> HTTPResponse:
        if method in ("GET", "HEAD") and path == "/":
            lines = [
                "Jackfield gateway",
                "",
                *self.routes.addresses,
                "",
                f"providers: {', '.join(self.boards.providers())}",
            ]
            return HTTPResponse(200, {"content-type": "text/plain; charset=utf-8"}, "\n".join([*lines, ""]).encode())
        if path == "/healthz":
            return HTTPResponse(200, {"content-type": "application/json"}, b'{"status":"ok"}')
        if methods := self.routes.methods(path):
            status, what = 405, f"{path} takes {' and '.join(methods)}, not {method}"
        else:
            status, what = (
                404,
                f"nothing is at {path[:200]}; there is {', '.join(self.routes.addresses) or 'no dialect'}",
            )
        error = {"message": what, "type": "invalid_request_error", "param": None, "code": None}
        return HTTPResponse(status, {"content-type": "application/json"}, to_json({"error": error}))


class _Pulse:
    """Sends the pieces of a stream, and a sign of life where nothing has been sent for a while."""

    def __init__(self, send: Send, keep_alive: Callable[[], bytes]) -> None:
        self._send = send
        self._keep_alive = keep_alive
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._task = self._loop.create_task(self._beat())

    async def send(self, data: bytes) -> None:
        self._last = self._loop.time()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def stop(self) -> None:
        self._task.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_ALIVE - (self._loop.time() - self._last))
            if self._loop.time() - self._last >= _KEEP_ALIVE and (data := self._keep_alive()):
                await self.send(data)


async def _chained(first: list[Delta], rest: AsyncIterator[list[Delta]]) -> AsyncIterator[list[Delta]]:
    yield first
    async for deltas in rest:
        yield deltas


async def _closed(stream: AsyncStream, batches: AsyncIterator[list[Delta]]) -> None:
    await batches.aclose()  # type: ignore[attr-defined]
    await stream.close()


async def _unless_gone(work: Awaitable[T], receive: Receive) -> T:
    """Do the work, and leave it as soon as the caller hangs up: the provider's connection is closed at once."""
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_hung_up(receive))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise _Gone
    finally:
        watch.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, JackfieldError):
                await task


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _rendered(board: Board | None, error: JackfieldError) -> HTTPResponse:
    """Render an error in the dialect; without one, in the plain envelope that most clients read."""
    if board is not None:
        return board.render_error(error)
    body = {"error": {"message": error.message, "type": type(error).__name__, "param": error.param, "code": error.code}}
    return HTTPResponse(error.status or 500, {"content-type": "application/json"}, to_json(body))


def _marks(sandboxed: bool, adjustments: Sequence[Adjustment]) -> list[tuple[bytes, bytes]]:
    """Return the headers that say who answered, and what the model could not take."""
    names = ", ".join(dict.fromkeys(adjustment.parameter for adjustment in adjustments))
    told = [(b"x-jackfield-adjusted", names.encode("latin-1", "replace"))] if names else []
    return [SANDBOX, *told] if sandboxed else told


async def _whole(send: Send, answer: HTTPResponse, more: list[tuple[bytes, bytes]] | None = None) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers.items()]
    headers += [*(more or ()), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
