"""How the transport over httptools reaches a server through a proxy that only passes on what it is given."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Any

from . import transport_errors as errors
from .transport_ways import Tunnel, Way

#: Bytes that the head of a proxy's answer may have.
_MOST = 65536
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")


async def through(
    way: Way[Any], loop: asyncio.AbstractEventLoop, context: ssl.SSLContext, protocol: asyncio.Protocol
) -> None:
    """Connect to the proxy, have it connect to the origin, and speak TLS with that, for a protocol.

    Raises:
        ConnectionFailed: the proxy refused.
        OSError: there is no connection, or TLS failed.
    """
    assert way.tunnel is not None
    transport, asked = await loop.create_connection(
        lambda: _Asked(loop), way.host, way.port, ssl=context if way.is_secure else None
    )
    try:
        transport.write(_question(way.tunnel))
        await asked.answered
        secure = await loop.start_tls(transport, protocol, context, server_hostname=way.tunnel.host)
    except BaseException:
        transport.abort()
        raise
    if secure is None:
        raise errors.failed("the connection is closed")
    protocol.connection_made(secure)


def _question(tunnel: Tunnel) -> bytes:
    host = f"[{tunnel.host}]" if ":" in tunnel.host else tunnel.host
    lines = [f"CONNECT {host}:{tunnel.port} HTTP/1.1", f"host: {host}:{tunnel.port}"]
    lines += [f"{name}: {value}" for name, value in tunnel.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class _Asked(asyncio.Protocol):
    """Waits until a proxy has answered; its answer has no body."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._head = b""
        self.answered = loop.create_future()

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self.answered.done():
            return
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end and len(head) <= _MOST:
            return
        status = _STATUS.match(head)
        if status is None or not end or (rest and status[1].startswith(b"2")):
            self.answered.set_exception(errors.failed("the proxy's answer is no HTTP"))
        elif status[1].startswith(b"2"):
            self.answered.set_result(None)
        else:
            self.answered.set_exception(errors.failed(f"the proxy refused: status {status[1].decode()}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(exc or errors.failed("the proxy closed the connection without an answer"))
