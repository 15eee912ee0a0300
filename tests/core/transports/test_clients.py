"""What `Client(transport=...)` takes: names, settings, clients of libraries, transports; and what it imports for it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import pyreqwest.client
import pytest

from jackfield import AsyncClient, Boards, Client, ConfigurationError, Timeout, TransportSettings
from jackfield.transport import open_transport
from tests.core.conftest import acme
from tests.core.server import Server as Answering
from tests.core.server import completion, running
from tests.core.server import whole as answer_with
from tests.core.transports.driving import SOON, post
from tests.core.transports.peers import END, STREAM_HEAD, Server, piece, whole

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


@pytest.mark.parametrize("name", ["httpx", "httpx2", "pyreqwest"])
def test_name_and_settings(answering: Answering, name: str) -> None:
    boards = Boards(acme(answering.url), environ={})
    assert ask(boards, name) == "Hi"
    assert ask(boards, TransportSettings(library=name)) == "Hi"
    assert asyncio.run(ask_async(boards, name)) == "Hi"


def test_default_and_aiohttp(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    assert ask(boards, None) == "Hi"
    assert asyncio.run(ask_async(boards, None)) == "Hi"
    assert asyncio.run(ask_async(boards, "aiohttp")) == "Hi"
    assert asyncio.run(ask_async(boards, "fast")) == ask(boards, "fast") == "Hi"


def test_client_that_is_given_is_used_and_stays_open(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    for library in (httpx, httpx2):
        with library.Client() as given:
            assert ask(boards, given) == "Hi"
            assert not given.is_closed
    with pyreqwest.client.SyncClientBuilder().build() as fast:
        assert ask(boards, fast) == ask(boards, fast) == "Hi"

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            assert await ask_async(boards, session) == "Hi"
            assert not session.closed
        async with pyreqwest.client.ClientBuilder().build() as fast:
            assert await ask_async(boards, fast) == await ask_async(boards, fast) == "Hi"

    asyncio.run(run())


def test_client_of_the_other_colour_is_refused(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    for given in (httpx.AsyncClient(), httpx2.AsyncClient(), pyreqwest.client.ClientBuilder().build()):
        with pytest.raises(ConfigurationError, match="which is for AsyncClient"):
            ask(boards, given)
    for other in (httpx.Client(), httpx2.Client(), pyreqwest.client.SyncClientBuilder().build()):
        with pytest.raises(ConfigurationError, match="which is for Client"):
            asyncio.run(ask_async(boards, other))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("aiohttp", "no client that waits"),
        ("requests", "it may be fast, httpx2, httpx, aiohttp, pyreqwest"),
        (TransportSettings(library="nobody"), "it may be"),
    ],
)
def test_wrong_library_is_told(given: Any, match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        open_transport(given, {})


def test_aiohttp_has_no_http2(answering: Answering) -> None:
    boards = Boards(acme(answering.url), environ={})
    with pytest.raises(ConfigurationError, match="no HTTP/2"):
        asyncio.run(ask_async(boards, TransportSettings(library="aiohttp", http2=True)))


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


def test_many_time_limits_leave_an_open_stream_alone(server: Server) -> None:
    """A client whose library knows limits only by client keeps some of them; the rest goes when it is done."""
    transport = open_transport("pyreqwest", {})
    server.scripts = [[STREAM_HEAD, piece(b"1"), 2.0, piece(b"2"), END], whole(b"{}")]
    first = transport.send(post(server.url), SOON)
    assert next(first.chunks) == b"1"
    for number in range(80):
        reply = transport.send(post(server.url), Timeout(5.0, 1.0 + number / 10, 5.0 + number / 10))
        assert b"".join(reply.chunks) == b"{}"
    assert b"".join(first.chunks) == b"2"
    transport.close()


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("import jackfield", []),
        ("import jackfield; jackfield.Client; jackfield.AsyncClient; jackfield.TransportSettings", []),
        ("import jackfield; jackfield.Client(environ={})", []),
        ("from jackfield.transport import open_transport as o; o('httpx', {})", ["httpx"]),
        ("from jackfield.transport import open_transport as o; o('httpx2', {})", ["httpx2"]),
        ("from jackfield.transport import open_transport as o; o('pyreqwest', {})", ["pyreqwest"]),
        ("from jackfield.transport import open_async_transport as o; o('fast', {})", ["aiohttp"]),
        ("from jackfield.transport import open_transport as o; o('fast', {})", ["pyreqwest"]),
        ("import jackfield; jackfield.Client(transport=Mine(), environ={})", []),
    ],
)
def test_only_what_is_used_is_imported(work: str, expected: list[str]) -> None:
    code = (
        "import sys\nclass Mine:\n    pass\n" + work + "\nknown = 'aiohttp', 'httpx', 'httpx2', 'pyreqwest'\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & set(known)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected
