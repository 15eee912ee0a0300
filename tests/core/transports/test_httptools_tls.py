"""What a server does under TLS that the transport over httptools must not be led astray by."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from jackfield import ConnectionFailed, Timeout, TransportSettings
from jackfield.transport import AsyncTransport, open_async_transport
from tests.core.transports.driving import SOON, post


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # the server's Finished is the last word of the handshake there
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def opened(authority: trustme.CA, folder: Path, **settings: object) -> AsyncTransport:
    authority.cert_pem.write_to_path(folder / "authority.pem")
    given = TransportSettings(library="httptools", ca_bundle=folder / "authority.pem", **settings)  # type: ignore[arg-type]
    return open_async_transport(given, {})


@contextlib.contextmanager
def talking(context: ssl.SSLContext, is_tunnel: bool) -> Iterator[int]:
    """Listen; send an answer in one piece with the end of the handshake, before anybody has asked anything."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ssl.SSLError):
            if is_tunnel:
                while b"\r\n\r\n" not in connection.recv(4096):
                    pass
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
            layer = context.wrap_bio(come, go, server_side=True)
            while True:
                try:
                    layer.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    connection.sendall(go.read())
                    come.write(connection.recv(65536))
            layer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            connection.sendall(go.read())
            while connection.recv(4096):
                pass

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


@pytest.mark.parametrize("is_tunnel", [False, True])
def test_an_answer_that_comes_with_the_handshake_takes_no_place(
    authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path, is_tunnel: bool
) -> None:
    async def main(port: int) -> None:
        proxy = f"http://127.0.0.1:{port}" if is_tunnel else ""
        transport = opened(authority, tmp_path, proxy=proxy, max_connections=2)
        for _ in range(6):
            with pytest.raises(ConnectionFailed, match="the server closed the connection without an answer"):
                await transport.send(post(f"https://127.0.0.1:{port}"), SOON)
        await transport.aclose()

    with talking(context, is_tunnel) as port:
        asyncio.run(main(port))


@pytest.mark.parametrize("status", [413, 500])
def test_who_refuses_a_body_without_reading_it_is_not_asked_again(
    authority: trustme.CA, context: ssl.SSLContext, tmp_path: Path, status: int
) -> None:
    """What is left of the body would stand before the next request, some of it below TLS, where nobody sees it."""

    async def main() -> None:
        connections = 0
        over = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nno" % status)
            await over.wait()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        transport = opened(authority, tmp_path, proxy="")
        for body in (b"x" * 20_000_000, b"{}"):
            reply = await transport.send(post(url, body), Timeout(5.0, 5.0, 5.0))
            assert reply.status == status
            assert b"".join([chunk async for chunk in reply.chunks]) == b"no"
        assert connections == 2
        over.set()
        await transport.aclose()
        server.close()

    asyncio.run(main())
