"""A tiny HTTP/1.1 server on a real socket, whose answers a test writes byte by byte."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

#: What a test gives for one request: raw bytes, a pause in seconds, or None for a reset of the connection.
Script = list[bytes | float | None]


@dataclass
class Server:
    """The server's address, what it received, and what it will answer."""

    port: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    closed_early: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, *scripts: Script) -> None:
        """Answer the next requests with these; the last one again and again."""
        self.scripts = list(scripts)


def whole(body: Any, status: int = 200, **headers: str) -> Script:
    """Write a whole answer; a body that is no bytes is JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(data)}"]
    lines += [
        f"{name.replace('_', '-')}: {value}" for name, value in {"content-type": "application/json", **headers}.items()
    ]
    return ["\r\n".join(lines).encode() + b"\r\n\r\n" + data]


def _lines(headers: dict[str, str]) -> list[str]:
    return [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]


def streamed(*pieces: bytes | float | None, finished: bool = True, **headers: str) -> Script:
    """Write a chunked event stream; `finished=False` leaves the end away and closes the connection."""
    lines = ["HTTP/1.1 200 X", "transfer-encoding: chunked"]
    lines += [
        f"{name.replace('_', '-')}: {value}" for name, value in {"content-type": "text/event-stream", **headers}.items()
    ]
    script: Script = ["\r\n".join(lines).encode() + b"\r\n\r\n"]
    for piece in pieces:
        script.append(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if isinstance(piece, bytes) else piece)
    return [*script, b"0\r\n\r\n"] if finished else script


def completion(text: str = "Hello", **members: Any) -> dict[str, Any]:
    """Write a chat completion."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "large-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        **members,
    }


def chunk(**delta: Any) -> bytes:
    """Write one event of a chat stream; `finish` ends the choice."""
    finish = delta.pop("finish", None)
    row = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "large-1", "choices": [row]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


USAGE = b'data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n'
DONE = b"data: [DONE]\n\n"


@contextmanager
def running() -> Iterator[Server]:
    """Run a server on a free port until the test ends."""
    server = Server()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    server.port = listener.getsockname()[1]
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=_serve, args=(server, connection, stop), daemon=True)
            thread.start()
            threads.append(thread)

    main = threading.Thread(target=accept, daemon=True)
    main.start()
    try:
        yield server
    finally:
        stop.set()
        main.join(5)
        listener.close()
        for thread in threads:
            thread.join(5)


def _serve(server: Server, connection: socket.socket, stop: threading.Event) -> None:
    connection.settimeout(0.1)
    with connection:
        buffer = b""
        while not stop.is_set():
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not piece:
                return
            buffer += piece
            while (request := _request(buffer)) is not None:
                found, buffer = request
                server.requests.append(found)
                script = server.scripts.pop(0) if len(server.scripts) > 1 else server.scripts[0]
                if not _play(server, connection, script, stop):
                    return


def _request(buffer: bytes) -> tuple[dict[str, Any], bytes] | None:
    head, blank, rest = buffer.partition(b"\r\n\r\n")
    if not blank:
        return None
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    if len(rest) < length:
        return None
    method, path, _ = first.split(" ")
    return {"method": method, "path": path, "headers": headers, "body": rest[:length]}, rest[length:]


def _play(server: Server, connection: socket.socket, script: Script, stop: threading.Event) -> bool:
    """Send a script; False where the connection is over."""
    send: Callable[[bytes], None] = connection.sendall
    for step in script:
        if isinstance(step, bytes):
            try:
                send(step)
            except OSError:
                server.closed_early.set()
                return False
        elif step is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        else:
            until = time.monotonic() + step
            while time.monotonic() < until and not stop.is_set():
                if _hung_up(connection):
                    server.closed_early.set()
                    return False
                time.sleep(0.01)
    last = script[-1] if script else None
    return isinstance(last, bytes) and (last.endswith(b"0\r\n\r\n") or b"content-length" in script[0])  # type: ignore[operator]


def _hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except (BlockingIOError, TimeoutError):
        return False
    except OSError:
        return True
