"""HTTP/1.1 as uvicorn speaks it, with bounds for who sends a head that is too large, or takes too long for it."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ._call import WHOLE
from ._late import LateTransport
from ._rounds import Rounds, rounds_here
from ._whole import Whole

#: Seconds that a head may take, from its first byte (of a new connection: from its beginning).
_PATIENCE = 30.0
#: Seconds for which is read, and thrown away, what one who was refused goes on to send: up to a head's worth.
_LINGER = 1.0
_REFUSAL = (
    "HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {size}\r\n"
    "connection: close\r\n\r\n{what}"
)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `max_header` is the size of a request's line and headers, in bytes."""

    max_header: ClassVar[int] = 32 * 1024
    patience: ClassVar[float] = _PATIENCE
    _in_head = True
    _in_body = False
    _size = 0
    _bodies = 0
    _rounds: Rounds
    _is_refused = False
    _is_answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        late: Any = LateTransport(transport, self.loop, self.tasks)
        self.transport = late
        self._rounds = rounds_here()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Write what is held: behind this the loop closes the connection by itself."""
        late: Any = self.transport
        late.flush()
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Count what comes of a head, and what comes behind it that is no body: sizes of chunks and trailers."""
        if self._is_refused:
            self._size += len(data)
            if self._size > self.max_header:
                self.transport.close()
            return
        bodies = self._bodies
        super().data_received(data)
        if self._is_refused:
            return
        self._size = self._size + len(data) if self._in_head or (self._in_body and bodies == self._bodies) else 0
        if self._size > self.max_header:
            self._refuse(431, "Request Header Fields Too Large", f"a head is larger than {self.max_header} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer, which nothing here reads, is left out."""
        if self._in_head:
            super().on_header(name, value)

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head, self._in_body, self._size = True, False, 0
        if self._is_answered:  # a new connection waits since its beginning
            self._wait()

    def on_headers_complete(self) -> None:
        """Let the application begin, unless the head is too large."""
        self._in_head, self._in_body = False, True
        self._wait_no_more()
        size = len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])
        if size > self.max_header:
            self._refuse(431, "Request Header Fields Too Large", f"the head is larger than {self.max_header} bytes")
            return
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            extensions: dict[str, Any] = {WHOLE: Whole(self.cycle)}
            self.scope["extensions"] = extensions

    def on_body(self, body: bytes) -> None:
        """Pass a piece of the body on."""
        self._bodies += 1
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._in_body = False
        if not self._is_refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        if not self._is_refused:
            super().send_400_response(msg)

    def _wait(self) -> None:
        self._rounds.enter(self, self.patience, self._late)

    def _wait_no_more(self) -> None:
        self._is_answered = True
        self._rounds.leave(self)

    def _late(self) -> None:
        self._refuse(408, "Request Timeout", f"the head did not come within {self.patience:g} s")

    def _refuse(self, status: int, reason: str, what: str) -> None:
        self._is_refused, self._size = True, 0
        self._wait_no_more()
        text = _REFUSAL.format(status=status, reason=reason, size=len(what), what=what)
        transport: Any = self.transport
        if transport.is_closing():
            return
        transport.write(text.encode("ascii"))
        if transport.can_write_eof():
            # To close while somebody writes would take the answer back (RFC 9112, section 9.6): it is read for a while.
            transport.write_eof()
            self._rounds.enter(self, _LINGER, transport.close)
        else:
            transport.close()


def bounded(max_header: int, patience: float = _PATIENCE) -> type[BoundedProtocol]:
    """Return the protocol with these bounds."""
    return type("Bounded", (BoundedProtocol,), {"max_header": max_header, "patience": patience})
