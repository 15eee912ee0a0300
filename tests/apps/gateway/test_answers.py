"""How answers go out: whole ones in one write, streams with signs of life, and nothing left for the collector."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic_core import to_json

from jackfield import Boards
from jackfield_gateway import GatewayApp
from jackfield_gateway._call import WHOLE
from jackfield_gateway._late import LateTransport
from tests.apps.gateway.conftest import ask, served
from tests.core.conftest import acme
from tests.core.server import DONE, Server, chunk, completion, streamed, whole

BODY: dict[str, Any] = {"model": "acme/large", "messages": [{"role": "user", "content": "Hi"}]}


def request_of(address: str, body: Any, head: str = "") -> bytes:
    data = to_json(body)
    host = urlsplit(address).netloc
    lines = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{head}"
    return f"{lines}content-length: {len(data)}\r\n\r\n".encode() + data


@pytest.fixture
def connection(gateway: str) -> Iterator[socket.socket]:
    place = urlsplit(gateway)
    with socket.create_connection((place.hostname, place.port), timeout=10) as found:
        yield found


def test_a_whole_answer_comes_in_one_piece(upstream: Server, gateway: str, connection: socket.socket) -> None:
    upstream.answer(whole(completion("Hello")))
    for _ in range(30):
        connection.sendall(request_of(gateway, BODY))
        head, blank, body = connection.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
        assert b"connection: close" not in head
        assert f"content-length: {len(body)}".encode() in head
        assert blank
        assert body.endswith(b"}")


def test_answers_of_requests_in_one_piece_come_in_their_order(
    upstream: Server, gateway: str, connection: socket.socket
) -> None:
    upstream.answer(*[whole(completion(text)) for text in ("one", "two", "three")])
    connection.sendall(request_of(gateway, BODY) * 3)
    got = b""
    while got.count(b"HTTP/1.1 200 OK") < 3 or not got.endswith(b"}"):
        got += connection.recv(65536)
    assert got.index(b"one") < got.index(b"two") < got.index(b"three")


def test_a_caller_who_wants_no_more_is_let_go(upstream: Server, gateway: str, connection: socket.socket) -> None:
    upstream.answer(whole(completion("Hello")))
    connection.sendall(request_of(gateway, BODY, head="connection: close\r\n"))
    got = b""
    while piece := connection.recv(65536):
        got += piece
    assert b"\r\nconnection: close\r\n" in got
    assert b"Hello" in got


def test_an_answer_to_head_has_the_head_alone(gateway: str, connection: socket.socket) -> None:
    connection.sendall(f"HEAD /healthz HTTP/1.1\r\nhost: {urlsplit(gateway).netloc}\r\n\r\n".encode())
    got = connection.recv(65536)
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert got.endswith(b"\r\n\r\n")
    assert b"content-length: 15" in got


@pytest.mark.parametrize("size", [70_000, 3_000_000])
def test_a_long_answer_is_whole(upstream: Server, gateway: str, size: int) -> None:
    text = "word " * (size // 5)
    upstream.answer(whole(completion(text)))
    assert ask(gateway, BODY).json()["choices"][0]["message"]["content"] == text


def test_an_id_that_no_header_can_carry_breaks_nothing(upstream: Server, gateway: str) -> None:
    upstream.answer(whole(completion("Hello"), x_request_id="a\x01b"), whole(completion("Hello")))
    assert ask(gateway, BODY).status_code == 200
    assert ask(gateway, BODY).status_code == 200


@pytest.mark.parametrize("streams", [False, True])
def test_nothing_of_a_question_is_left_for_the_collector(upstream: Server, streams: bool) -> None:
    boards = Boards(acme(upstream.url), environ={"JACKFIELD_DISABLE": "otel"})
    parts = streamed(chunk(content="Hello"), chunk(finish="stop"), DONE)
    upstream.answer(parts if streams else whole(completion("Hello")))
    app = GatewayApp({"acme": {"api_key": "sk-upstream"}}, boards=boards)
    with served(app) as address, socket.create_connection((urlsplit(address).hostname, urlsplit(address).port)) as line:
        request = request_of(address, {**BODY, "stream": streams})

        def some(count: int) -> int:
            gc.collect()
            gc.disable()
            try:
                for _ in range(count):
                    line.sendall(request)
                    got = b""
                    while not got.endswith(b"0\r\n\r\n" if streams else b"}"):
                        got += line.recv(65536)
                    assert b"Hello" in got
                time.sleep(0.1)
                return gc.collect()
            finally:
                gc.enable()

        some(10)
        few, many = some(10), some(40)
        assert many - few < 30  # of each of thirty questions not one object


def test_a_stream_that_is_silent_shows_signs_of_life(
    upstream: Server, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jackfield_gateway._call._KEEP_ALIVE", 0.1)
    upstream.answer(streamed(chunk(content="Hel"), 0.7, chunk(content="lo"), chunk(finish="stop"), DONE))
    lines = ask(gateway, {**BODY, "stream": True}).text.split("\n\n")
    signs = [place for place, line in enumerate(lines) if line == ": keep-alive"]
    words = [place for place, line in enumerate(lines) if '"content":"Hel"' in line or '"content":"lo"' in line]
    assert len(signs) >= 3
    assert words[0] < signs[0]
    assert signs[-1] < words[1]


def slow(seconds: float) -> list[bytes | float | None]:
    """Write a whole answer that comes at last after so many seconds."""
    (data,) = whole(completion("Hello"))
    assert isinstance(data, bytes)
    return [data[:-1], seconds, data[-1:]]


class Others:
    """Callers beside the one of a test: enough of them that what is written is written late."""

    def __init__(self, address: str, count: int = 6) -> None:
        place = urlsplit(address)
        self.lines = [socket.create_connection((place.hostname, place.port), timeout=10) for _ in range(count)]
        self.request = request_of(address, BODY)

    def __enter__(self) -> Others:
        return self

    def __exit__(self, *_: object) -> None:
        for line in self.lines:
            line.close()

    def ask(self) -> None:
        for line in self.lines:
            line.sendall(self.request)

    def answers(self) -> list[bytes]:
        found = []
        for line in self.lines:
            got = b""
            while not got.endswith(b"}"):
                got += line.recv(65536)
            found.append(got)
        return found


def test_a_caller_who_breaks_the_rules_keeps_no_other_from_an_answer(upstream: Server, gateway: str) -> None:
    upstream.answer(slow(0.2))
    place = urlsplit(gateway)
    with Others(gateway) as others:
        for _ in range(5):
            with socket.create_connection((place.hostname, place.port), timeout=10) as line:
                # a good request, and behind it a head that is refused while the first is being answered
                line.sendall(request_of(gateway, BODY) + b"POST /v1/models HTTP/1.1\r\nx: " + b"y" * 40_000)
                others.ask()
                got = b""
                while piece := line.recv(65536):
                    got += piece
                assert b"431 Request Header Fields Too Large" in got
            assert all(b"200 OK" in one and b"Hello" in one for one in others.answers())


def test_a_caller_who_says_no_more_gets_the_answer(upstream: Server, gateway: str) -> None:
    upstream.answer(slow(0.05))
    place = urlsplit(gateway)
    with Others(gateway) as others:
        others.ask()
        time.sleep(0.02)
        for _ in range(20):  # whenever its end comes, it has what was written before
            with socket.create_connection((place.hostname, place.port), timeout=10) as line:
                line.sendall(b"GET /healthz HTTP/1.1\r\nhost: %s\r\n\r\n" % place.netloc.encode())
                assert b"200 OK" in line.recv(65536)
                line.shutdown(socket.SHUT_WR)
                assert line.recv(65536) == b""
        assert len(others.answers()) == 6


def test_held_bytes_go_out_before_an_end_and_nothing_behind_it() -> None:
    async def work() -> bytes:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            late = LateTransport(writer.transport, asyncio.get_running_loop(), range(10))  # type: ignore[arg-type]
            late.write(b"one ")
            late.write(b"two ")
            late.write_eof()
            late.write(b"three")
            await asyncio.sleep(0.01)
            late.close()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        got = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        server.close()
        await asyncio.sleep(0.05)
        return got

    assert asyncio.run(work()) == b"one two "


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x", b"a\r\ny: b")],
        [(b"x", b"a\0")],
        [(b"x: y", b"a")],
        [(b"Transfer-Encoding", b"chunked")],
        [(b"transfer-encoding", b"chunked")],
        [(b"content-length", b"5")],
    ],
)
def test_headers_that_are_more_than_headers_are_not_written_as_they_are(headers: list[tuple[bytes, bytes]]) -> None:
    answers: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            sends = scope["extensions"].pop(WHOLE)
            answers.append(sends(200, [*headers, (b"content-length", b"2")], b"{}"))
            answers.append(sends(200, [(b"x-fine", b"a\tb"), (b"content-length", b"2")], b"{}"))

    with served(app) as address, socket.create_connection((urlsplit(address).hostname, urlsplit(address).port)) as line:
        line.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        got = line.recv(65536)
    assert answers == [False, True]
    assert b"x-fine: a\tb\r\n" in got
    assert got.endswith(b"\r\n\r\n{}")
