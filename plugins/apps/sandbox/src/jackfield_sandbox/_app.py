"""The sandbox as an ASGI application; a cut is raised out of the application, on which servers drop the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from jackfield import Boards, HTTPRequest, RequestTooLargeError

from ._delivery import Answer, Cut, Wait
from ._engine import Sandbox

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ConnectionCut(Exception):
    """Raised through the server so that it drops the connection; nothing is wrong."""


class SandboxApp:
    """Serves every installed dialect over ASGI. A body of more than `most_bytes` is refused."""

    def __init__(self, boards: Boards | None = None, *, most_bytes: int = 32 * 1024 * 1024) -> None:
        self.sandbox = Sandbox(boards)
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
        await _give(answer, receive, send)


async def _give(answer: Answer, receive: Receive, send: Send) -> None:
    """Send an answer, the head with the first bytes; stop where the client goes away during a wait."""
    is_started = False

    async def start() -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})

    for step in answer.body:
        if isinstance(step, Wait):
            if await _is_gone(receive, step.seconds):
                return
            continue
        if not is_started:
            is_started = True
            await start()
        if isinstance(step, Cut):
            raise ConnectionCut
        await send({"type": "http.response.body", "body": step, "more_body": True})
        await asyncio.sleep(0)
    if not is_started:
        await start()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _is_gone(receive: Receive, seconds: float) -> bool:
    """Wait; tell whether the client went away meanwhile. Its body has been read, so nothing else can come."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


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
