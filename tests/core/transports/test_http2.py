"""HTTP/2 over httpx and httpx2: off unless it is asked for, one connection for all that is asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from jackfield import AsyncClient, AsyncStream, Boards, Client, JackfieldError, TransportSettings
from tests.core.conftest import acme
from tests.core.transports.http2 import Server, serving

KEYS = {"acme": {"api_key": "sk-acme"}}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Server]:
    with serving(authority) as found:
        yield found


@pytest.fixture(params=["httpx", "httpx2"])
def options(request: pytest.FixtureRequest, server: Server, authority: trustme.CA, tmp_path: Path) -> dict[str, Any]:
    """What makes a client that trusts the server, and speaks HTTP/2."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    transport = TransportSettings(library=request.param, http2=True, ca_bundle=str(tmp_path / "ca.pem"))
    boards = Boards(acme(server.url), environ={})
    return {"providers": KEYS, "boards": boards, "transport": transport, "environ": {}, "retries": 0}


def test_an_answer_and_a_stream_come_over_one_connection(options: dict[str, Any], server: Server) -> None:
    with Client(**options) as client:
        assert client.chat("acme/large", "Hi").text == "Hello"
        with client.stream("acme/large", "Hi") as stream:
            assert len([delta for delta in stream if type(delta).__name__ == "TextDelta"]) == 2
        assert stream.response.text == "Hello"
        assert stream.response.usage is not None
    assert server.connections == 1


def test_ten_at_once_share_a_connection(options: dict[str, Any], server: Server) -> None:
    async def ask() -> list[str]:
        async with AsyncClient(**options) as client:
            await client.chat("acme/large", "Hi")
            answers = await asyncio.gather(*[client.chat("acme/large", "Hi") for _ in range(10)])
            return [answer.text for answer in answers]

    assert asyncio.run(ask()) == ["Hello"] * 10
    assert server.connections == 1
    assert server.most >= 5


def test_a_stream_that_is_reset_is_told_and_harms_no_other(options: dict[str, Any], server: Server) -> None:
    async def ask() -> None:
        async with AsyncClient(**options) as client:
            await client.chat("acme/large", "Hi")
            other = asyncio.ensure_future(client.chat("acme/large", "Hi"))
            with pytest.raises(JackfieldError) as caught:
                await _read(client.stream("acme/large", "Hi", user="reset"))
            assert caught.value.provider == "acme"
            assert (await other).text == "Hello"

    asyncio.run(ask())
    assert server.connections == 1


def test_a_stream_that_is_left_harms_no_other(options: dict[str, Any], server: Server) -> None:
    """httpcore 1.0.9 does not reset it, so the provider writes on; the documentation says so."""

    async def ask() -> None:
        async with AsyncClient(**options) as client:
            async with client.stream("acme/large", "Hi", user="slow") as stream:
                async for _ in stream:
                    break
            assert (await client.chat("acme/large", "Hi")).text == "Hello"

    asyncio.run(ask())
    assert server.connections == 1


def test_it_is_off_unless_it_is_asked_for(server: Server, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    settings = TransportSettings(library="httpx2", ca_bundle=str(tmp_path / "ca.pem"))
    boards = Boards(acme(server.url), environ={})
    client = Client(KEYS, boards=boards, transport=settings, environ={}, retries=0)
    with client, pytest.raises(JackfieldError):
        client.chat("acme/large", "Hi")  # who speaks HTTP/1.1 is no caller of that server


async def _read(stream: AsyncStream) -> None:
    async with stream:
        async for _ in stream:
            pass
