"""The sandbox as an ASGI application; a cut is raised out of the application, on which servers drop the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from jackfield import Boards, HTTPRequest, RequestTooLargeError

from ._delivery import Answer, Cut, Wait
from ._engine import Sandbox
from ._sockets import reset

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ConnectionCut(Exception):
    """Raised through the server so that it drops the connection; nothing is wrong."""


class SandboxApp:
    """Serves every installed dialect over ASGI. A body of more than `most_bytes` is refused."""

    def __init__(
        self,
        boards: Boards | None = None,
        *,
        most_bytes: int = 32 * 1024 * 1024,
        scenario: str | Path | None = None,
    ) -> None:
        self.sandbox = Sandbox(boards, scenario)
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request_of(scope)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > self._most_bytes or not message.get("more_body", False):
                break
        if len(body) > self._most_bytes:
            error = RequestTooLargeError(f"the body has more than {self._most_bytes} bytes; send less", status=413)
            answer = self.sandbox.refuse(request, error)
            answer.headers["connection"] = "close"
        else:
            request.body = bytes(body)
            answer = self.sandbox.answer(request)
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await _give(answer, scope, gone, send)
        finally:
            gone.cancel()


async def _gone(receive: Receive) -> None:
    """Wait until the client goes away. Its body has been read, so nothing else can come."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _give(answer: Answer, scope: Scope, gone: asyncio.Future[None], send: Send) -> None:
    """Send an answer, the head with the first bytes; stop where the client goes away."""
    is_started = False

    async def start() -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})

    for step in answer.body:
        if isinstance(step, Wait):
            if step.is_headed and not is_started:
                is_started = True
                await start()
            await asyncio.wait([gone], timeout=step.seconds)
        elif isinstance(step, Cut):
            if step.is_reset and reset(scope.get("client")):
                return
            if not is_started:
                await start()
            raise ConnectionCut
        else:
            if not is_started:
                is_started = True
                await start()
            await send({"type": "http.response.body", "body": step, "more_body": True})
            await asyncio.sleep(0)
        if gone.done():
            return
    if not is_started:
        await start()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _request_of(scope: Scope) -> HTTPRequest:
    path = scope.get("raw_path") or scope["path"].encode()
    url = path.decode("latin-1")
    if query := scope.get("query_string"):
        url += "?" + query.decode("latin-1")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return HTTPRequest(scope["method"], url, headers, b"")


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
