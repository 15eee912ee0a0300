"""Fetching over real sockets: bounds of size and time, redirects, packed bodies, and the address that was judged."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from typing import Any

import pytest
import trustme

from jackfield import ConnectionFailed, InvalidInput, RequestTimeout
from jackfield.fetching import FetchLimits, fetch, fetch_async, kind_of
from tests.core.server import Server, whole

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
LIMITS = FetchLimits(size=1000, seconds=1.0, allowed=LOOPBACK)


def literally(host: str, port: int, **_: Any) -> list[Any]:
    """Resolve addresses to themselves, as a resolver does, without asking one."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]


def test_what_stands_there_comes_with_its_type(server: Server) -> None:
    server.answer([b"HTTP/1.1 200 OK\r\ncontent-type: image/png; charset=binary\r\ncontent-length: 4\r\n\r\n\x89PNG"])
    found = fetch(f"{server.url}/a.png?b=c", LIMITS)
    assert (found.data, found.mime) == (b"\x89PNG", "image/png")
    sent = server.requests[0]
    assert sent["path"] == "/v1/a.png?b=c"
    assert sent["headers"]["host"] == f"127.0.0.1:{server.port}"
    assert asyncio.run(fetch_async(f"{server.url}/a.png", LIMITS)).data == b"\x89PNG"


def test_by_default_nothing_of_this_machine_is_reached(server: Server) -> None:
    for url in (server.url, f"http://localhost:{server.port}/"):
        with pytest.raises(InvalidInput, match="no public address"):
            fetch(url)
    assert not server.requests


def test_a_name_is_asked_at_the_address_that_was_judged(server: Server) -> None:
    """The second answer of a name that changes (rebinding) is never used."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers.pop(0)]

    server.answer(whole(b"x"))
    found = fetch(f"http://pictures.example:{server.port}/a", LIMITS, resolve)
    assert found.data == b"x"
    assert server.requests[0]["headers"]["host"] == f"pictures.example:{server.port}"
    assert len(answers) == 1


def test_each_redirect_is_judged_anew(server: Server) -> None:
    server.answer(whole(b"", 302, location="/next"), whole(b"there"))
    assert fetch(server.url, LIMITS).data == b"there"
    for where in ("http://169.254.169.254/latest/meta-data", "http://[::1]/", "file:///etc/passwd", "http://10.0.0.1/"):
        server.answer(whole(b"", 307, location=where))
        with pytest.raises(InvalidInput, match=r"no public address|no URL"):
            fetch(server.url, LIMITS, literally)


def test_letters_beyond_ascii_are_written_as_such(server: Server) -> None:
    server.answer(whole(b"x"))
    fetch(f"{server.url}/caf\u00e9.png?a=\u00fc%20b", LIMITS)
    assert server.requests[0]["path"] == "/v1/caf%C3%A9.png?a=%C3%BC%20b"
    server.answer(whole(b"", 302, location="http://["))
    with pytest.raises(InvalidInput):
        fetch(server.url, LIMITS)


def test_addresses_that_do_not_answer_share_the_time(server: Server) -> None:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{last}", port)) for last in range(1, 6)]

    server.answer([b"HTTP/1.1 ", 10.0])
    began = time.monotonic()
    with pytest.raises(RequestTimeout):
        fetch(f"http://slow.example:{server.port}/", LIMITS, resolve)
    assert time.monotonic() - began < 2


def test_a_circle_of_redirects_ends(server: Server) -> None:
    server.answer(whole(b"", 302, location="/again"))
    with pytest.raises(InvalidInput, match="more than 3 times"):
        fetch(server.url, LIMITS)
    assert len(server.requests) == 4


@pytest.mark.parametrize("size", [1001, 5_000_000])
def test_too_much_is_refused(server: Server, size: int) -> None:
    server.answer(whole(b"x" * size))
    with pytest.raises(InvalidInput, match="larger than 1000 bytes"):
        fetch(server.url, LIMITS)
    server.answer([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n", 5.0])
    with pytest.raises(InvalidInput, match="larger than 1000 bytes"):
        fetch(server.url, LIMITS)


def test_what_comes_packed_is_refused(server: Server) -> None:
    server.answer(whole(b"\x1f\x8b", content_encoding="gzip"))
    with pytest.raises(InvalidInput, match="packed"):
        fetch(server.url, LIMITS)
    assert server.requests[0]["headers"]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "script",
    [
        [b"HTTP/1.1 ", 10.0],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", 10.0],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", *[item for _ in range(30) for item in (b"x", 0.2)]],
        [b"HTTP/1.1 200 OK\r\n", *[item for _ in range(30) for item in (b"x-a: b\r\n", 0.2)]],
    ],
)
def test_who_takes_too_long_is_left(server: Server, script: list[Any]) -> None:
    server.answer(script)
    began = time.monotonic()
    with pytest.raises(RequestTimeout, match="longer than 1 s"):
        fetch(server.url, LIMITS)
    assert time.monotonic() - began < 2


def test_errors_are_told(server: Server) -> None:
    server.answer(whole(b"", 404))
    with pytest.raises(InvalidInput, match="answers 404"):
        fetch(server.url, LIMITS)
    server.answer([b"no http at all\r\n\r\n"])
    with pytest.raises(ConnectionFailed):
        fetch(server.url, LIMITS)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="cannot be reached"):
        fetch(f"http://127.0.0.1:{port}/", LIMITS)


def test_the_certificate_is_that_of_the_name(tmp_path: Any) -> None:
    import threading

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pictures.example").configure_cert(context)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    limits = FetchLimits(seconds=2.0, allowed=LOOPBACK, context=ours)

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(65536)
                        secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
                except (ssl.SSLError, OSError):
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        assert fetch(f"https://pictures.example:{port}/", limits, resolve).data == b"hi"
        with pytest.raises(ConnectionFailed):
            fetch(f"https://others.example:{port}/", limits, resolve)
        thread.join(5)


@pytest.mark.parametrize(
    ("mime", "kind"),
    [("image/png", "image"), ("audio/mp3", "audio"), ("video/mp4", "video"), ("application/pdf", "document")],
)
def test_a_media_type_is_of_a_kind(mime: str, kind: str) -> None:
    assert kind_of(mime) == kind
