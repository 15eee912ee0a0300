"""Requests that go out together at the end of the event loop's turn: each gets its own answer, or an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from jackfield import HTTPRequest, TransportSettings
from jackfield.errors import ConnectionFailed
from jackfield.late_writes import late_writes
from jackfield.transport import AsyncTransport, open_async_transport
from tests.core.transports.driving import SOON, new_loop

#: More than are sent at once.
MANY = 24


@dataclass
class Echo:
    """A server that answers with the body that it was sent, and keeps what came in which piece."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            self.bodies.append(body)
            await asyncio.sleep(0)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[Echo, AsyncTransport]]:
    echo = Echo()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await echo.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    echo.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    transport = open_async_transport(TransportSettings(library="httptools"), {})
    try:
        yield echo, transport
    finally:
        await transport.aclose()
        server.close()


async def asked(transport: AsyncTransport, url: str, body: bytes) -> bytes:
    reply = await transport.send(HTTPRequest("POST", url, {}, body), SOON)
    return b"".join([chunk async for chunk in reply.chunks])


async def all_asked(transport: AsyncTransport, url: str, bodies: list[bytes]) -> list[bytes | BaseException]:
    """Ask all at once; return what became of each."""
    return await asyncio.gather(*[asked(transport, url, body) for body in bodies], return_exceptions=True)


@asynccontextmanager
async def idling() -> AsyncIterator[tuple[Echo, AsyncTransport, list[bytes]]]:
    """Give a server, and a client that has asked it for many bodies and keeps as many connections."""
    async with echoing() as (echo, transport):
        bodies = [b"%d" % number for number in range(MANY)]
        assert await all_asked(transport, echo.url, bodies) == bodies
        yield echo, transport, bodies


def run(work: Callable[[], Any], kind: str) -> None:
    loop = new_loop(kind)
    try:
        loop.run_until_complete(asyncio.wait_for(work(), 30))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


kinds = pytest.mark.parametrize("kind", ["async", pytest.param("uvloop", marks=pytest.mark.needs("module:uvloop"))])


@kinds
def test_a_writer_that_fails_keeps_no_other_from_writing(kind: str) -> None:
    written: list[int] = []
    told: list[Any] = []

    class Writer:
        def __init__(self, number: int) -> None:
            self.number = number

        def flush(self) -> None:
            if self.number == 1:
                raise RuntimeError("no")
            written.append(self.number)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        for number in range(4):
            late_writes(loop).enter(Writer(number))
        assert not written
        await asyncio.sleep(0.01)

    run(work, kind)
    assert written == [0, 2, 3]
    assert [str(error) for error in told] == ["no"]


@kinds
def test_each_of_many_gets_the_answer_to_its_own_request(kind: str) -> None:
    async def work() -> None:
        async with echoing() as (echo, transport):
            for turn in range(10):
                bodies = [b"%d/%d" % (turn, number) * (number + 1) for number in range(MANY)]
                assert await all_asked(transport, echo.url, bodies) == bodies
            assert len(echo.lines) == MANY

    run(work, kind)


@kinds
def test_a_connection_that_ends_before_the_request_goes_out_is_told_and_not_used_again(kind: str) -> None:
    async def work() -> None:
        async with idling() as (echo, transport, bodies):
            for line in echo.lines:  # in the turn in which the next requests are asked for
                line.close()
            found = await all_asked(transport, echo.url, bodies)
            assert all(isinstance(one, ConnectionFailed) for one in found)
            assert await all_asked(transport, echo.url, bodies) == bodies

    run(work, kind)


@kinds
def test_what_a_server_says_before_it_was_asked_is_nobodys_answer(kind: str) -> None:
    async def work() -> None:
        async with idling() as (echo, transport, bodies):
            for line in echo.lines:  # in the turn in which the next requests are asked for
                line.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong")
            found = await all_asked(transport, echo.url, bodies)
            # the first three went out at once: what is in their sockets was nobody's to see in this turn
            for one, body in list(zip(found, bodies, strict=True))[3:]:
                assert one == body or isinstance(one, ConnectionFailed)

    run(work, kind)
