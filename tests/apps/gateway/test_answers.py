"""How answers go out: whole ones in one write, streams with signs of life, and nothing left for the collector."""

from __future__ import annotations

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
