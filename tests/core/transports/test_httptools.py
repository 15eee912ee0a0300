"""The states of the transport over httptools: what arrives cut anywhere, too much, too little, or when nobody asked."""

from __future__ import annotations

import asyncio
import gzip
import time

import pytest

from jackfield import Timeout
from jackfield.errors import ConfigurationError, ConnectionFailed, RequestTimeout, ResponseFormatError
from jackfield.wire import HTTPRequest
from tests.core.transports.driving import SOON, Driver, post
from tests.core.transports.peers import CLOSE, END, STREAM_HEAD, WATCH, Script, Server, piece, whole

pytestmark = pytest.mark.parametrize(
    "driver",
    ["async-httptools", pytest.param("uvloop-httptools", marks=pytest.mark.needs("module:uvloop"))],
    indirect=True,
)

CODED = gzip.compress(b"data: hello\n\n" * 9, mtime=0)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n"
#: Answers as they are written, and what they say: status, headers that are looked for, body.
ANSWERS: dict[str, tuple[bytes, int, dict[str, str | None], bytes]] = {
    "length": (
        b"HTTP/1.1 201 X\r\nX-Empty:\r\nX-Two: a\r\nx-two: b\r\nX-Odd: \xe9\r\nContent-Length: 5\r\n\r\nabcde",
        201, {"x-empty": "", "x-two": "a, b", "x-odd": "\xe9"}, b"abcde",
    ),
    "chunked": (
        STREAM_HEAD + piece(b"abc") + b"2;ext=1\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, {"x-trailer": None}, b"abcde",
    ),
    "interim": (INTERIM + b"HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\na", 200, {"x-hint": None}, b"a"),
    "coded": (
        b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(CODED), CODED),
        200, {}, b"data: hello\n\n" * 9,
    ),
    "no content": (b"HTTP/1.1 204 X\r\nX-A: 1\r\n\r\n", 204, {"x-a": "1"}, b""),
    "not modified": (b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", 304, {"content-length": "5"}, b""),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_may_be_cut_anywhere(driver: Driver, server: Server, name: str) -> None:
    written, status, headers, body = ANSWERS[name]
    cuts: list[Script] = [[written[:cut], 0.001, written[cut:]] for cut in range(1, len(written))]
    singles: Script = [written[place : place + 1] for place in range(len(written))]
    server.scripts = [*cuts, singles, [written]]
    for _ in range(len(cuts) + 2):
        answer = driver.send(post(server.url))
        assert answer.status == status
        assert {key: answer.headers.get(key) for key in headers} == headers
        assert answer.body() == body
    assert server.opened == 1, "every answer left a connection that could be used again"


@pytest.mark.parametrize(
    "surplus", [b"H", b"HTTP/1.1 200 OK\r\n", b"garbage\r\n\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\n2"]
)
@pytest.mark.parametrize("pause", [0.0, 0.03])
def test_bytes_that_nobody_asked_for_are_no_answer(
    driver: Driver, server: Server, surplus: bytes, pause: float
) -> None:
    written = b"HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\n1"
    server.scripts = [[written, pause, surplus] if pause else [written + surplus], whole(b"3")]
    assert driver.send(post(server.url)).body() == b"1"
    time.sleep(2 * pause)
    assert driver.send(post(server.url)).body() == b"3"
    assert server.opened == 2


def test_surplus_that_comes_while_the_loop_turns_closes_the_connection(driver: Driver, server: Server) -> None:
    server.scripts = [[*whole(b"1"), 0.02, b"HTTP", WATCH]]
    assert driver.send(post(server.url)).body() == b"1"
    for _ in range(200):
        driver.tasks()  # the loop turns
        if server.hung_up:
            return
    pytest.fail("the connection stayed open")


@pytest.mark.parametrize(
    ("written", "body"),
    [
        (b"HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1", b"1"),
        (b"HTTP/1.0 200 X\r\nContent-Length: 1\r\n\r\n1", b"1"),
        (b"HTTP/1.1 200 X\r\n\r\nall until the end", b"all until the end"),
        (b"HTTP/1.1 200 X\r\n\r\n", b""),
    ],
)
def test_connection_is_kept_only_where_the_server_says_so(
    driver: Driver, server: Server, written: bytes, body: bytes
) -> None:
    server.scripts = [[written, 0.05, CLOSE], whole(b"2")]
    assert driver.send(post(server.url)).body() == body
    assert driver.send(post(server.url)).body() == b"2"
    assert server.opened == 2


def test_answer_to_head_has_no_body(driver: Driver, server: Server) -> None:
    server.scripts = [[b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n"], whole(b"2")]
    answer = driver.send(HTTPRequest("HEAD", server.url, {}, None))
    assert (answer.headers["content-length"], answer.body()) == ("5", b"")
    assert "content-length" not in server.heads[0].lower()
    assert driver.send(post(server.url)).body() == b"2"


@pytest.mark.parametrize(
    "script",
    [
        [b"HTTP/1.1 200 X\r\nX-Long: " + b"x" * 70_000 + b"\r\nContent-Length: 1\r\n\r\n1"],
        [b"HTTP/1.1 200 X\r\n" + b"".join(b"X-%d: 12345678901234567890\r\n" % number for number in range(3000)), WATCH],
        [b"HTTP/1.1 100 X\r\n\r\n" * 4000, WATCH],
        [b"HTTP/1.1 200 X\r\n", *[0.005, b"X-Long: " + b"x" * 6000 + b"\r\n"] * 12, WATCH],
        [STREAM_HEAD + piece(b"1"), 0.05, b"0\r\nX-Long: " + b"x" * 70_000, WATCH],
        [b"HTTP/1.1 200 X\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + piece(b"1") + END],
        [STREAM_HEAD + b"no number\r\n1\r\n", WATCH],
        [b"HTTP/1.1 200 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12", WATCH],
    ],
    ids=[
        "long line",
        "many lines",
        "endless interim",
        "slow lines",
        "trailers",
        "two lengths",
        "no chunk",
        "lengths that differ",
    ],
)
def test_what_is_no_http_or_has_no_bound_is_refused(driver: Driver, server: Server, script: Script) -> None:
    server.scripts = [script, whole(b"2")]
    with pytest.raises(ConnectionFailed, match="the answer is no HTTP"):
        driver.send(post(server.url)).body()
    assert driver.send(post(server.url)).body() == b"2"


def test_protocol_that_nobody_asked_to_change_ends_the_connection(driver: Driver, server: Server) -> None:
    head = b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: another\r\n\r\n"
    for rest in (b"", b"something else"):
        server.scripts = [[head + rest], whole(b"2")]
        answer = driver.send(post(server.url))
        assert (answer.status, answer.body()) == (101, b"")
        assert driver.send(post(server.url)).body() == b"2"
    assert server.opened == 3


def test_head_of_many_bytes_is_taken(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b"1" * 200_000, 200, "X-Long: " + "x" * 60_000)]
    answer = driver.send(post(server.url))
    assert len(answer.headers["x-long"]) == 60_000
    assert answer.body() == b"1" * 200_000


@pytest.mark.parametrize(
    ("written", "match"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 2", "ended before its end"),
        (INTERIM, "ended before its end"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nabc", "ended before its end"),
        (STREAM_HEAD + piece(b"1"), "ended before its end"),
    ],
)
def test_answer_that_breaks_off_is_told(driver: Driver, server: Server, written: bytes, match: str) -> None:
    server.scripts = [whole(b"1"), [written, CLOSE]]
    assert driver.send(post(server.url)).body() == b"1"
    with pytest.raises(ConnectionFailed, match=match):
        driver.send(post(server.url)).body()
    assert len(server.heads) == 2, "nothing is sent again"


def test_reader_that_is_slow_holds_no_more_than_its_share(driver: Driver, server: Server) -> None:
    size, times = 65_536, 128
    blocks = [bytes([number]) * size for number in range(times)]
    server.scripts = [[STREAM_HEAD, *map(piece, blocks), END], whole(b"2")]
    answer = driver.send(post(server.url))
    found = []
    while (chunk := answer.read()) is not None:
        found.append(chunk)
        driver.tasks()  # the loop turns, and reads on as far as it may
    assert max(map(len, found)) <= 2 * 262_144, "what was held, and one more read"
    assert max(map(len, found)) > 65_536, "but some is read ahead"
    assert b"".join(found) == b"".join(blocks)
    assert driver.send(post(server.url)).body() == b"2"
    assert server.opened == 1, "and the connection is used again"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-a": "1\rx"}, {"x-a": "1\nx"}, {"x-a": "1\r\n\r\n"}, {"x-a": "\0"}, {"x-a": "\u20ac"}, {"x a": "1"},
        {"x:": "1"}, {"": "1"}, {"x\r\na": "1"}, {"transfer-encoding": "chunked"},
        {"Content-Length": "1"},
    ],
)  # fmt: skip
def test_illegal_header_is_refused(driver: Driver, server: Server, headers: dict[str, str]) -> None:
    server.scripts = [whole()]
    for given in (headers, {"host": "another.invalid", **headers}):
        with pytest.raises(ConfigurationError, match="no legal HTTP"):
            driver.send(HTTPRequest("POST", server.url, given, b"{}"))
    with pytest.raises(ConfigurationError, match="no legal HTTP"):
        driver.send(HTTPRequest("POST /", server.url, {}, b"{}"))
    assert not server.opened


@pytest.mark.parametrize("tail", ["/a b", "/\r\nx: 1", "/\x7f", "/\u20ac"])
def test_illegal_path_is_refused(driver: Driver, server: Server, tail: str) -> None:
    for url in (server.url + tail, "http://a..b/", "http://host:port/"):
        with pytest.raises(ConfigurationError, match="the base URL is wrong"):
            driver.send(post(url))
    assert not server.opened


def test_headers_that_are_given_go_before_the_usual_ones(driver: Driver, server: Server) -> None:
    server.scripts = [whole()]
    given = {"host": "another.invalid", "user-agent": "mine", "content-length": "9"}
    driver.send(HTTPRequest("POST", f"{server.url}?x=1#part", given, b"{}")).body()
    lines = server.heads[0].lower().split("\r\n")
    assert lines[0] == "post /?x=1 http/1.1"
    assert sorted(lines[1:]) == [
        "accept-encoding: gzip", "content-length: 2", "host: another.invalid", "user-agent: mine",
    ]  # fmt: skip
    driver.send(HTTPRequest("POST", server.url.replace("://", "://me:p%40ss@"), {}, None)).body()
    assert {"content-length: 0", "authorization: basic bwu6cebzcw=="} <= set(server.heads[1].lower().split("\r\n"))


def test_large_body_is_sent_whole(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b"2")]
    for size in (65_536, 65_537, 9_000_000):
        body = bytes(range(256)) * (size // 256 + 1)
        assert driver.send(post(server.url, body[:size])).body() == b"2"
        assert server.bodies[-1] == body[:size]
    assert server.opened == 1


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_undecodable_body_closes_the_connection(driver: Driver, server: Server, coding: str) -> None:
    head = STREAM_HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: %s\r\n\r\n" % coding.encode())
    server.scripts = [[head, piece(b"no such coding"), WATCH]]
    answer = driver.send(post(server.url))
    with pytest.raises(ResponseFormatError, match="content coding is broken"):
        answer.read()
    driver.tasks()
    server.wait_for(lambda: bool(server.hung_up), 1.0)


def test_body_that_is_coded_ends_where_its_coding_does(driver: Driver, server: Server) -> None:
    for body, coding in ((CODED[:-9], "gzip"), (CODED + CODED[:5], "x-gzip")):
        server.scripts = [whole(body, 200, f"Content-Encoding: {coding}")]
        with pytest.raises(ResponseFormatError, match="it ends before its end"):
            driver.send(post(server.url)).body()
    server.scripts = [whole(CODED + CODED, 200, "Content-Encoding: GZIP")]
    assert driver.send(post(server.url)).body() == b"data: hello\n\n" * 18
    server.scripts = [whole(b"", 200, "Content-Encoding: gzip")]
    assert driver.send(post(server.url)).body() == b""


def test_signs_of_life_that_say_nothing_do_not_move_the_limit(driver: Driver, server: Server) -> None:
    drops: Script = [step for byte in b"HTTP/1.1 200 OK\r\nX-Slow: 1" for step in (bytes([byte]), 0.1)]
    server.scripts = [drops]
    with pytest.raises(RequestTimeout, match="nothing came"):
        driver.send(post(server.url), Timeout(connect=5.0, first=0.3, between=5.0))
    assert len(server.heads) == 1


def test_reader_may_take_its_time(driver: Driver, server: Server) -> None:
    server.scripts = [[STREAM_HEAD, 0.05, piece(b"1"), 0.05, piece(b"2"), 0.6, piece(b"3"), END]]
    answer = driver.send(post(server.url), Timeout(5.0, 0.3, 0.3))
    assert answer.read() == b"1"
    driver.run(asyncio.sleep(0.5))  # it waits for nothing: no limit holds
    assert answer.body() == b"23"


def test_limits_of_one_request_are_not_those_of_the_next(driver: Driver, server: Server) -> None:
    server.scripts = [whole(b"1"), [0.5, *whole(b"2")], [0.5, *whole(b"3")], [WATCH]]
    assert driver.send(post(server.url), Timeout(5.0, 0.3, 0.3)).body() == b"1"
    assert driver.send(post(server.url), SOON).body() == b"2", "the timer of the first rings, and moves on"
    assert driver.send(post(server.url), Timeout(None, None, None)).body() == b"3", "or is stopped"
    with pytest.raises(RequestTimeout):
        driver.send(post(server.url), Timeout(5.0, 0.3, 0.3))
    assert server.opened == 1
