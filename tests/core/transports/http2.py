"""A small server that speaks HTTP/2 over TLS, and nothing else: what it answers is chosen by the path."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import trustme

from tests.core.server import DONE, USAGE, chunk, completion

EVENTS = [chunk(content="Hel"), chunk(content="lo"), chunk(finish="stop"), USAGE, DONE]


@dataclass
class Server:
    """Where it listens, how many connections it had, and how many streams were open at a time."""

    port: int = 0
    connections: int = 0
    most: int = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/v1"


class _Connection(threading.Thread):
    def __init__(self, peer: ssl.SSLSocket, server: Server) -> None:
        super().__init__(daemon=True)
        self._peer, self._server = peer, server
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._bodies: dict[int, bytes] = {}
        self._paths: dict[int, str] = {}
        self._lock = threading.Lock()
        self._open: set[int] = set()

    def run(self) -> None:
        self._state.initiate_connection()
        self._flush()
        with contextlib.suppress(OSError, ssl.SSLError, h2.exceptions.ProtocolError):
            while data := self._peer.recv(65536):
                with self._lock:
                    events = self._state.receive_data(data)
                self._flush()
                for event in events:
                    self._take(event)
        self._peer.close()

    def _take(self, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._bodies[event.stream_id] = b""
            self._paths[event.stream_id] = dict(event.headers)[b":path"].decode()
            self._open.add(event.stream_id)
            self._server.most = max(self._server.most, len(self._open))
        elif isinstance(event, h2.events.DataReceived):
            self._bodies[event.stream_id] += event.data
            with self._lock:
                self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self._flush()
        elif isinstance(event, h2.events.StreamEnded):
            threading.Thread(target=self._answer, args=(event.stream_id,), daemon=True).start()

    def _answer(self, stream: int) -> None:
        body = json.loads(self._bodies[stream])
        kind = "text/event-stream" if body.get("stream") else "application/json"
        pieces = EVENTS if body.get("stream") else [json.dumps(completion("Hello")).encode()]
        time.sleep(0.2)  # so that those that were asked at once are open at once
        with contextlib.suppress(Exception):  # the caller has gone
            self._say(lambda: self._state.send_headers(stream, [(":status", "200"), ("content-type", kind)]))
            for number, piece in enumerate(pieces):
                if body.get("user") == "reset" and number == 1:
                    self._say(lambda: self._state.reset_stream(stream))
                    return
                if body.get("user") == "slow":
                    time.sleep(0.3)
                self._say(lambda piece=piece: self._state.send_data(stream, piece))
            self._say(lambda: self._state.end_stream(stream))
        self._open.discard(stream)

    def _say(self, what: Any) -> None:
        with self._lock:
            what()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            if data := self._state.data_to_send():
                self._peer.sendall(data)


@contextlib.contextmanager
def serving(authority: trustme.CA) -> Iterator[Server]:
    """Run the server on a free port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    server = Server()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    with contextlib.suppress(OSError, ssl.SSLError):
                        secure = context.wrap_socket(peer, server_side=True)
                        server.connections += 1
                        _Connection(secure, server).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
