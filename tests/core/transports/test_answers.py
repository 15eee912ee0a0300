"""What every transport does with answers: whole, streamed, slow, coded, redirecting, at once, and left alone."""

from __future__ import annotations

import asyncio
import gzip
import time

import pytest

from jackfield import Timeout
from jackfield.errors import ConnectionFailed, JackfieldError, RequestTimeout, ResponseFormatError
from jackfield.transport import open_transport
from tests.core.transports.driving import SOON, Driver, post
from tests.core.transports.peers import CLOSE, END, RESET, STREAM_HEAD, WATCH, Script, Server, piece, whole

PARTIAL = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n" + b"x" * 50


def test_whole_answer_and_what_was_sent(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b'{"b":2}', 201, "X-Two: a", "X-Two: b", "X-Request-Id: r1")]
    answer = driver.send(post(f"{server.url}/v1/chat%2Fx?key=k%20k", x_mark="m"))
    assert answer.status == 201
    assert answer.headers["x-request-id"] == "r1"
    assert answer.headers["x-two"] == "a, b"
    assert all(name == name.lower() for name in answer.headers)
    assert answer.body() == b'{"b":2}'
    head = server.heads[0].split("\r\n")
    assert head[0] == "POST /v1/chat%2Fx?key=k%20k HTTP/1.1"
    names = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:]}
    assert names["authorization"] == "Bearer sk-secret-1"
    assert names["content-type"] == "application/json"
    assert names["user-agent"].startswith("jackfield/")
    assert not {"cookie", "referer"} & names.keys()
    assert server.bodies == [b'{"a":1}']


def test_connection_is_used_again(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b"{}")]
    for _ in range(3):
        assert driver.send(post(server.url)).body() == b"{}"
    assert server.opened == 1


def test_connection_that_was_left_or_has_ended_is_not_used_again(driver: Driver, server: Server) -> None:
    server.scripts = [[*whole(b"{}"), CLOSE], [STREAM_HEAD, piece(b"1"), WATCH], whole(b"{}")]
    assert driver.send(post(server.url)).body() == b"{}"
    time.sleep(0.05)  # until the news of its end is here
    if driver.library == "aiohttp":
        driver.run(asyncio.sleep(0.05))  # it does not look at a socket, and hears of an end when its loop comes round
    answer = driver.send(post(server.url))
    assert answer.read() == b"1"
    answer.close()
    assert driver.send(post(server.url)).body() == b"{}"
    assert server.opened == 3


def test_idle_connection_is_kept_for_a_while(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b"{}")]
    driver.open(idle_seconds=0.1)
    for _ in range(2):
        assert driver.send(post(server.url)).body() == b"{}"
        time.sleep(0.3)
    assert server.opened == 2


@pytest.mark.alone
def test_chunks_come_as_they_are_sent(driver: Driver, server: Server) -> None:
    pieces: list[bytes | float | str] = [piece(b"data: 1\n\n"), 0.15, piece(b"data: 2\n\n"), 0.15, piece(b"3")]
    server.scripts = [whole(b"{}"), [STREAM_HEAD, *pieces, END]]
    driver.send(post(server.url)).body()  # the first in a process imports the library
    began = time.monotonic()
    answer = driver.send(post(server.url))
    assert answer.read() == b"data: 1\n\n"
    assert time.monotonic() - began < 0.14, "the first bytes waited for later ones"
    assert answer.read() == b"data: 2\n\n"
    assert answer.body() == b"3"


def test_slow_head_and_slow_body(driver: Driver, server: Server) -> None:
    slow: list[bytes | float | str] = [0.2, STREAM_HEAD]
    for number in range(5):
        slow += [piece(b"%d" % number), 0.1]
    server.scripts = [[*slow, END]]
    answer = driver.send(post(server.url), Timeout(connect=1.0, first=0.5, between=0.5))
    assert answer.body() == b"01234"


@pytest.mark.parametrize("streamed", [False, True])
def test_coded_body_is_decoded(driver: Driver, server: Server, streamed: bool) -> None:
    text = b"data: hello\n\n" * 500
    coded = gzip.compress(text, mtime=0)
    if streamed:
        head = STREAM_HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
        server.scripts = [[head, piece(coded[:20]), 0.02, piece(coded[20:]), END]]
    else:
        server.scripts = [whole(coded, 200, "Content-Encoding: gzip")]
    assert driver.send(post(server.url)).body() == text


def test_broken_coding_is_an_answer_that_cannot_be_read(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b"this is no gzip at all", 200, "Content-Encoding: gzip")]
    with pytest.raises(ResponseFormatError, match="content coding is broken"):
        driver.send(post(server.url)).body()


@pytest.mark.parametrize(
    ("body", "coding", "match"),
    [
        (gzip.compress(b"{}" * 99, mtime=0)[:-9], "gzip", "it ends before its end"),
        (b"{}", "zstd", "zstd was not asked for"),
    ],
)
def test_coding_that_is_cut_or_unknown_is_told(server: Server, body: bytes, coding: str, match: str) -> None:
    transport = open_transport("http.client", {})
    server.scripts = [whole(body, 200, f"Content-Encoding: {coding}")]
    reply = transport.send(post(server.url), SOON)
    with pytest.raises(ResponseFormatError, match=match):
        b"".join(reply.chunks)
    reply.close()
    server.scripts = [whole(gzip.compress(b"{", mtime=0) + gzip.compress(b"}", mtime=0), 200, "Content-Encoding: gzip")]
    assert b"".join(transport.send(post(server.url), SOON).chunks) == b"{}", "members follow each other"
    transport.close()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed(driver: Driver, server: Server, status: int) -> None:
    server.scripts = [whole(b"", status, f"Location: {server.url}/elsewhere")]
    answer = driver.send(post(server.url))
    assert answer.status == status
    answer.body()
    assert len(server.heads) == 1


def test_cookie_is_not_kept(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b"{}", 200, "Set-Cookie: session=1; Path=/")]
    for _ in range(2):
        driver.send(post(server.url)).body()
    if driver.library not in ("httpx", "httpx2"):  # these keep cookies: of a host for itself
        assert "cookie:" not in server.heads[1].lower()


@pytest.mark.parametrize("when", ["before", "middle of the head", "middle of the body", "end left out"])
@pytest.mark.parametrize("how", [RESET, CLOSE])
def test_broken_connection_is_told(driver: Driver, server: Server, when: str, how: str) -> None:
    scripts: dict[str, Script] = {
        "before": [],
        "middle of the head": [STREAM_HEAD[:30], 0.05],
        "middle of the body": [PARTIAL, 0.05],
        "end left out": [STREAM_HEAD, piece(b"data: 1\n\n"), 0.05],
    }
    server.scripts = [[*scripts[when], how]]
    with pytest.raises(ConnectionFailed, match="no connection: ") as caught:
        driver.send(post(f"{server.url}/v1?key=sk-query")).body()
    assert caught.value.retryable
    assert_tells_no_secret(caught.value)


def test_what_arrived_before_the_break_is_given(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"data: 1\n\n"), 0.1, RESET]]
    answer = driver.send(post(server.url))
    assert answer.read() == b"data: 1\n\n"
    with pytest.raises(ConnectionFailed):
        answer.read()
    answer.close()


def test_nobody_listens(driver: Driver, server: Server) -> None:
    with pytest.raises(ConnectionFailed, match="refused") as caught:
        driver.send(post("http://127.0.0.1:1/v1?key=sk-query"))
    assert_tells_no_secret(caught.value)


def test_what_is_no_http_is_told(driver: Driver, server: Server) -> None:
    server.scripts = [[b"SSH-2.0-OpenSSH\r\n\r\n", CLOSE]]
    with pytest.raises(ConnectionFailed) as caught:
        driver.send(post(f"{server.url}/v1?key=sk-query"))
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("url", ["nonsense/v1?key=sk-query", "ftp://127.0.0.1/?key=sk-query", "http://?key=sk-query"])
def test_wrong_url_is_told(driver: Driver, url: str) -> None:
    with pytest.raises(JackfieldError, match="the base URL is wrong") as caught:
        driver.send(post(url))
    assert not caught.value.retryable
    assert_tells_no_secret(caught.value)


def test_line_break_in_a_header_is_refused_unshown(driver: Driver, server: Server) -> None:
    server.scripts = [whole()]
    with pytest.raises(JackfieldError, match="no legal HTTP") as caught:
        driver.send(post(server.url, x_key="sk-header\r\nx-injected: 1"))
    assert_tells_no_secret(caught.value)
    assert not server.heads


def test_no_head_in_time(driver: Driver, server: Server) -> None:
    server.scripts = [[WATCH]]
    began = time.monotonic()
    with pytest.raises(RequestTimeout, match="no answer in time") as caught:
        driver.send(post(f"{server.url}/v1?key=sk-query"), Timeout(connect=2.0, first=0.3, between=0.3))
    assert 0.25 < time.monotonic() - began < 1.0
    assert_tells_no_secret(caught.value)
    server.wait_for(lambda: bool(server.hung_up), 1.0)


def test_stall_between_chunks(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"data: 1\n\n"), WATCH]]
    answer = driver.send(post(server.url), Timeout(connect=2.0, first=0.3, between=0.3))
    assert answer.read() == b"data: 1\n\n"
    began = time.monotonic()
    with pytest.raises(RequestTimeout, match="no answer in time"):
        answer.read()
    assert 0.2 < time.monotonic() - began < 1.0
    answer.close()
    server.wait_for(lambda: bool(server.hung_up), 1.0)


@pytest.mark.parametrize(
    ("first", "between", "pauses", "is_late"),
    [
        (5.0, 0.3, (0.0, 0.7), True),
        (5.0, 0.3, (0.7, 0.0), False),
        (0.3, 5.0, (0.7, 0.0), True),
        (0.3, 5.0, (0.0, 0.7), False),
    ],
)
def test_first_bytes_and_later_ones_have_limits_of_their_own(
    driver: Driver, server: Server, first: float, between: float, pauses: tuple[float, float], is_late: bool
) -> None:
    """Requests that wait have one limit for a body in httpx: there the longer holds."""
    server.scripts = [[STREAM_HEAD, pauses[0], piece(b"1"), 0.05, pauses[1], piece(b"2"), END]]
    answer = driver.send(post(server.url), Timeout(connect=2.0, first=first, between=between))
    if is_late and (driver.is_async or driver.library == "http.client"):
        with pytest.raises(RequestTimeout, match="no answer in time"):
            answer.body()
    else:
        assert answer.body() == b"12"
    answer.close()


def test_no_limit_at_all(driver: Driver, server: Server) -> None:
    server.scripts = [[0.1, *whole(b"{}")]]
    assert driver.send(post(server.url), Timeout(None, None, None)).body() == b"{}"


@pytest.mark.alone
def test_closing_an_answer_closes_its_socket(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"data: 1\n\n"), WATCH]]
    answer = driver.send(post(server.url))
    assert answer.read() == b"data: 1\n\n"
    began = time.monotonic()
    answer.close()
    server.wait_for(lambda: bool(server.hung_up))
    assert server.hung_up[0] - began < 0.1


@pytest.mark.alone
def test_closing_an_answer_that_was_never_read(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, WATCH]]
    answer = driver.send(post(server.url))
    began = time.monotonic()
    answer.close()
    answer.close()
    server.wait_for(lambda: bool(server.hung_up))
    assert server.hung_up[0] - began < 0.1


def test_closing_with_open_streams_ends_them(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"data: 1\n\n"), WATCH]]
    answers = [driver.send(post(server.url)) for _ in range(3)]
    assert [answer.read() for answer in answers] == [b"data: 1\n\n"] * 3
    driver.close()
    for answer in answers:
        with pytest.raises(JackfieldError):
            answer.read()
        answer.close()
    server.wait_for(lambda: len(server.hung_up) == 3, 1.0)


def test_no_more_connections_than_allowed(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), 0.05, piece(b"2"), END]]
    driver.open(max_connections=3)
    assert driver.send_all([post(server.url) for _ in range(12)]) == [b"12"] * 12
    assert server.most_busy == 3


def test_waiting_for_a_connection_ends_in_time(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), WATCH]]
    driver.open(max_connections=1)
    answer = driver.send(post(server.url))
    assert answer.read() == b"1"
    began = time.monotonic()
    with pytest.raises(RequestTimeout, match="no answer in time"):
        driver.send(post(server.url), Timeout(connect=0.3, first=5.0, between=5.0))
    assert time.monotonic() - began < 2.0
    answer.close()


def test_many_at_once(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), 0.01, piece(b"2"), END]]
    assert driver.send_all([post(server.url) for _ in range(40)], SOON) == [b"12"] * 40


def assert_tells_no_secret(error: BaseException) -> None:
    for secret in ("sk-query", "sk-secret", "sk-header", "key="):
        assert secret not in str(error)
