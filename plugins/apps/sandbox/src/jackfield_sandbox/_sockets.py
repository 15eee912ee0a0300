"""The connections of a server of uvicorn, by the address of the other end, so that one can be reset."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

_open: dict[tuple[str, int], asyncio.Transport] = {}


def protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's own protocol for HTTP, which remembers its connections; for `uvicorn.Config(http=...)`."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    base: Any = AutoHTTPProtocol

    class Remembering(base):  # type: ignore[misc]
        peer: tuple[str, int] | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            peer = transport.get_extra_info("peername")
            if peer:
                self.peer = (peer[0], peer[1])
                _open[self.peer] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.peer is not None:
                _open.pop(self.peer, None)
            super().connection_lost(exc)

    return Remembering


def reset(peer: tuple[str, int] | None) -> bool:
    """Reset the connection with a peer; False where it is not one of a server that remembers."""
    transport = _open.get((peer[0], peer[1])) if peer else None
    if transport is None:
        return False
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # to linger for no time is to reset: what is not sent is dropped
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    transport.abort()
    return True
