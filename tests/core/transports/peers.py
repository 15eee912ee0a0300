"""The other ends: a server that plays scripts byte by byte, also over TLS, and a proxy; no code of ours is in them."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

#: What a server does for one request: send bytes, pause for seconds, reset, close, or wait until the client hangs up.
RESET: Final = "reset"
CLOSE: Final = "close"
WATCH: Final = "watch"
Script = list[bytes | float | str]

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def piece(data: bytes) -> bytes:
    """Write one HTTP chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(body: bytes = b"{}", status: int = 200, *headers: str) -> Script:
    """Write a whole answer."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return ["\r\n".join(lines).encode() + b"\r\n\r\n" + body]


@dataclass
class Server:
    """Where a server listens, what it has seen, and what it will answer; the last script again and again."""

    port: int
    scheme: str = "http"
    scripts: list[Script] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    shown: list[object] = field(default_factory=list)
    opened: int = 0
    busy: int = 0
    most_busy: int = 0
    hung_up: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def wait_for(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait until something has been seen here."""
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "the server never saw it"
            time.sleep(0.002)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server on a free port."""
    with _listening(lambda connection, stop: _serve(server, connection, context, stop)) as port:
        server = Server(port, "http" if context is None else "https")
        yield server


@dataclass
class Proxy:
    """Where a proxy listens, and the heads of what went through it; `upstream` is the only port that it connects to."""

    port: int
    upstream: int = 0
    heads: list[str] = field(default_factory=list)
    refuses: bool = False


@contextmanager
def proxying(context: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """Run a proxy on a free port; names that it is asked for are never looked up."""
    with _listening(lambda connection, stop: _proxy(proxy, connection, context, stop)) as port:
        proxy = Proxy(port)
        yield proxy


@contextmanager
def _listening(handle: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not stop.is_set():
            if not select.select([listener], [], [], 0.05)[0]:
                continue
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=handle, args=(connection, stop))
            thread.start()
            threads.append(thread)

    main = threading.Thread(target=accept)
    main.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        main.join(5)
        listener.close()
        for thread in threads:
            thread.join(5)


def _serve(server: Server, raw: socket.socket, context: ssl.SSLContext | None, stop: threading.Event) -> None:
    connection = raw
    with server.lock:
        server.opened += 1
    try:
        raw.settimeout(5)
        if context is not None:
            connection = context.wrap_socket(raw, server_side=True)
            server.shown.append(connection.getpeercert())
        buffer = b""
        while (found := _request(connection, buffer, stop)) is not None:
            head, body, buffer = found
            server.heads.append(head)
            server.bodies.append(body)
            with server.lock:
                script = server.scripts.pop(0) if len(server.scripts) > 1 else server.scripts[0]
            if not _play(server, connection, script, stop):
                return
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError):
            connection.close()


def _request(connection: socket.socket, buffer: bytes, stop: threading.Event) -> tuple[str, bytes, bytes] | None:
    while True:
        head, blank, rest = buffer.partition(b"\r\n\r\n")
        if blank:
            lengths = [line for line in head.decode().lower().split("\r\n") if line.startswith("content-length:")]
            length = int(lengths[0].partition(":")[2]) if lengths else 0
            if len(rest) >= length:
                return head.decode(), rest[:length], rest[length:]
        if not (data := _receive(connection, stop)):
            return None
        buffer += data


def _receive(connection: socket.socket, stop: threading.Event) -> bytes:
    pending = getattr(connection, "pending", lambda: 0)
    while not pending() and not select.select([connection], [], [], 0.05)[0]:
        if stop.is_set():
            return b""
    try:
        return connection.recv(65536)
    except ssl.SSLWantReadError:
        return _receive(connection, stop)


def _play(server: Server, connection: socket.socket, script: Script, stop: threading.Event) -> bool:
    """Play a script; False where the connection is over. A server is busy until it does the last step."""
    with server.lock:
        server.busy += 1
        server.most_busy = max(server.most_busy, server.busy)
    for number, step in enumerate(script, 1):
        if number == len(script):
            with server.lock:
                server.busy -= 1
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, float):
            stop.wait(step)
        elif step == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        elif step == CLOSE:
            return False
        else:
            with contextlib.suppress(OSError):
                while _receive(connection, stop):
                    pass
            if not stop.is_set():
                server.hung_up.append(time.monotonic())
            return False
    return True


def _proxy(proxy: Proxy, raw: socket.socket, context: ssl.SSLContext | None, stop: threading.Event) -> None:
    raw.settimeout(5)
    with raw, contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) if context else raw as client:
        found = _request(client, b"", stop)
        if found is None:
            return
        head, body, _ = found
        proxy.heads.append(head)
        if proxy.refuses:
            client.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", proxy.upstream), timeout=5) as server:
            if head.startswith("CONNECT "):
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                server.sendall(head.encode() + b"\r\n\r\n" + body)
            pairs = {client: server, server: client}
            while not stop.is_set():
                for ready in select.select(list(pairs), [], [], 0.05)[0]:
                    if not (data := ready.recv(65536)):
                        return
                    pairs[ready].sendall(data)
