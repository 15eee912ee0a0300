"""What `Client(transport=...)` takes: names, settings, clients of libraries, transports; and what it imports for it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest

from jackfield import (
    AsyncClient,
    Boards,
    Client,
    ConfigurationError,
    ConnectionFailed,
    RequestTimeout,
    Timeout,
    TransportSettings,
)
from jackfield.transport import open_transport
from tests.core.conftest import acme
from tests.core.server import Server as Answering
from tests.core.server import completion, running
from tests.core.server import whole as answer_with
from tests.core.transports.driving import SOON, post
from tests.core.transports.peers import END, STREAM_HEAD, WATCH, Server, piece

PROVIDERS = {"acme": {"api_key": "sk-acme"}}


@pytest.fixture
def answering() -> Iterator[Answering]:
    with running() as found:
        found.answer(answer_with(completion("Hi")))
        yield found


def ask(boards: Boards, transport: Any) -> str:
    with Client(PROVIDERS, boards=boards, transport=transport, environ={}) as client:
        return client.chat("acme/large", "Hello").text


async def ask_async(boards: Boards, transport: Any) -> str:
    async with AsyncClient(PROVIDERS, boards=boards, transport=transport, environ={}) as client:
        return (await client.chat("acme/large", "Hello")).text


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_name_and_settings(answering: Answering, name: str) -> None:
    boards = Boards(acme(answering.url), environ={})
    assert ask(boards, name) == "Hi"
    assert ask(boards, TransportSettings(library=name)) == "Hi"
    assert asyncio.run(ask_async(boards, name)) == "Hi"


def test_default_and_those_of_the_async_client(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    assert ask(boards, None) == "Hi"
    assert asyncio.run(ask_async(boards, None)) == "Hi"
    assert asyncio.run(ask_async(boards, "aiohttp")) == "Hi"
    assert asyncio.run(ask_async(boards, "httptools")) == "Hi"
    assert asyncio.run(ask_async(boards, "fast")) == ask(boards, "fast") == "Hi"


def test_client_that_is_given_is_used_and_stays_open(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    for library in (httpx, httpx2):
        with library.Client() as given:
            assert ask(boards, given) == "Hi"
            assert not given.is_closed

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            assert await ask_async(boards, session) == "Hi"
            assert not session.closed

    asyncio.run(run())


def test_client_of_the_other_colour_is_refused(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    for given in (httpx.AsyncClient(), httpx2.AsyncClient()):
        with pytest.raises(ConfigurationError, match="which is for AsyncClient"):
            ask(boards, given)
    for other in (httpx.Client(), httpx2.Client()):
        with pytest.raises(ConfigurationError, match="which is for Client"):
            asyncio.run(ask_async(boards, other))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("aiohttp", "no client that waits"),
        ("httptools", "no client that waits"),
        ("requests", "it may be fast, httpx2, httpx, httptools, http.client, aiohttp"),
        (TransportSettings(library="nobody"), "it may be"),
    ],
)
def test_wrong_library_is_told(given: Any, match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        open_transport(given, {})


def test_fast_libraries_have_no_http2(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    for name in ("aiohttp", "httptools"):
        with pytest.raises(ConfigurationError, match=f"{name} has no HTTP/2"):
            asyncio.run(ask_async(boards, TransportSettings(library=name, http2=True)))
    with pytest.raises(ConfigurationError, match=r"http.client has no HTTP/2"):
        ask(boards, TransportSettings(library="http.client", http2=True))


def test_what_waits_is_for_client_alone_but_serves_its_fan_out(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    with pytest.raises(ConfigurationError, match=r"http.client waits; use Client"):
        asyncio.run(ask_async(boards, "http.client"))
    for given in ("http.client", "fast"):
        with Client(PROVIDERS, boards=boards, transport=given, environ={}) as client:
            legs = list(client.fan_out(["acme/large"] * 3, "Hello"))
            assert [leg.response and leg.response.text for leg in legs] == ["Hi"] * 3


def test_tls_within_tls_is_refused_before_anything_is_sent() -> None:
    transport = open_transport("http.client", {"https_proxy": "https://me:secret@proxy.invalid"})
    with pytest.raises(ConfigurationError, match="through an https:// proxy") as caught:
        transport.send(post("https://provider.invalid/"), SOON)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"max_connections": 0}, {"max_idle": -1}, {"idle_seconds": 0.0}, {"certificate_key": "key.pem"},
        {"proxy": "socks5://secret@127.0.0.1:1"}, {"proxy": "http://"}, {"proxy": "http://host:port"},
    ],
)  # fmt: skip
def test_wrong_settings_are_told(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        TransportSettings(**values)
    assert "secret" not in str(caught.value)


def test_wrong_proxy_of_the_environment_names_its_variable() -> None:
    with pytest.raises(ConfigurationError, match="https_proxy is no address of a proxy") as caught:
        open_transport(None, {"https_proxy": "socks5://me:secret@host"})
    assert "secret" not in str(caught.value)


def test_settings_do_not_show_the_password() -> None:
    assert "secret" not in repr(TransportSettings(proxy="http://me:secret@host:1"))


def test_client_reads_its_own_environment(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    environ = {"HTTP_PROXY": "http://127.0.0.1:1"}
    with Client(PROVIDERS, 0, boards=boards, environ=environ) as client, pytest.raises(Exception, match="refused"):
        client.chat("acme/large", "Hello")
    with Client(PROVIDERS, 0, boards=boards, environ={**environ, "NO_PROXY": "*"}) as client:
        assert client.chat("acme/large", "Hello").text == "Hi"


def test_who_waits_for_bytes_is_woken_when_the_client_is_closed(server: Server) -> None:
    transport = open_transport("http.client", {})
    server.scripts = [[STREAM_HEAD, piece(b"1"), WATCH]]
    reply = transport.send(post(server.url), Timeout(None, None, None))
    assert next(reply.chunks) == b"1"
    timer = threading.Timer(0.05, transport.close)
    timer.start()
    with pytest.raises(ConnectionFailed, match="the client was closed"):
        next(reply.chunks)
    timer.join()


def test_limit_that_is_used_up_is_told_as_one(server: Server) -> None:
    transport = open_transport("http.client", {})
    server.scripts = [[WATCH]]
    with pytest.raises(RequestTimeout, match="no answer in time"):
        transport.send(post(server.url), Timeout(5.0, 0.0, 0.0))
    transport.close()


def test_connection_in_use_is_not_kept_by_a_client_that_was_closed(server: Server) -> None:
    transport = open_transport("http.client", {})
    server.scripts = [[0.3, STREAM_HEAD, piece(b"1"), END]]
    found: list[bytes] = []
    asking = threading.Thread(target=lambda: found.extend(transport.send(post(server.url), SOON).chunks))
    asking.start()
    server.wait_for(lambda: bool(server.heads))
    transport.close()
    asking.join()
    assert found == [b"1"], "who waited for a head got it"
    assert b"".join(transport.send(post(server.url), SOON).chunks) == b"1"
    assert server.opened == 2
    transport.close()


def test_connections_are_kept_as_many_and_as_long_as_the_settings_say(server: Server) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), piece(b"2"), END]]
    transport = open_transport(TransportSettings(library="http.client", max_idle=2), {})

    def ask_at_once(times: int) -> None:
        replies = [transport.send(post(server.url), SOON) for _ in range(times)]
        assert [b"".join(reply.chunks) for reply in replies] == [b"12"] * times

    ask_at_once(5)
    ask_at_once(2)
    assert server.opened == 5, "two were kept"
    ask_at_once(3)
    assert server.opened == 6, "and no more than two"
    transport.close()


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("import jackfield", []),
        ("import jackfield; jackfield.Client; jackfield.AsyncClient; jackfield.TransportSettings", []),
        ("import jackfield; jackfield.Client(environ={})", []),
        ("from jackfield.transport import open_transport as o; o('httpx', {})", ["httpx"]),
        ("from jackfield.transport import open_transport as o; o('httpx2', {})", ["httpx2"]),
        ("from jackfield.transport import open_async_transport as o; o('fast', {})", ["httptools"]),
        ("from jackfield.transport import open_async_transport as o; o('aiohttp', {})", ["aiohttp"]),
        ("from jackfield.transport import open_transport as o; o('fast', {})", []),
        ("import jackfield; jackfield.Client(transport=Mine(), environ={})", []),
    ],
)
def test_only_what_is_used_is_imported(work: str, expected: list[str]) -> None:
    code = (
        "import sys\nclass Mine:\n    pass\n" + work + "\nknown = 'aiohttp', 'httptools', 'httpx', 'httpx2'\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & set(known)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected
