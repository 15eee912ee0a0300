"""A client on somebody's behalf: keys of its own, the connections of the client that it came from."""

from __future__ import annotations

import asyncio

import pytest

from jackfield import AsyncClient, Boards, Client, MissingCredential, TextDelta
from tests.core.server import USAGE, Server, chunk, completion, streamed, whole

OWN, THEIRS = "sk-own-0123456789", "sk-theirs-0123456789"


def test_a_guest_asks_with_its_own_key_over_the_same_connection(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    with Client({"acme": {"api_key": OWN}}, boards=boards) as client:
        client.chat("acme/large", "Hi")
        with client.on_behalf({"acme": {"api_key": THEIRS}}) as guest:
            guest.chat("acme/large", "Hi")
        client.chat("acme/large", "Hi")  # a guest that was closed has closed nothing of its host
    assert [row["headers"]["authorization"] for row in server.requests] == [
        f"Bearer {key}" for key in (OWN, THEIRS, OWN)
    ]


def test_an_async_guest_asks_with_its_own_key(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))

    async def ask() -> None:
        async with AsyncClient({"acme": {"api_key": OWN}}, boards=boards) as client:
            async with client.on_behalf({"acme": {"api_key": THEIRS}}) as guest:
                await guest.chat("acme/large", "Hi")
            await client.chat("acme/large", "Hi")

    asyncio.run(ask())
    assert [row["headers"]["authorization"] for row in server.requests] == [f"Bearer {key}" for key in (THEIRS, OWN)]


def test_what_a_guest_gives_is_mixed_with_no_credential_of_its_host(server: Server, boards: Boards) -> None:
    with Client({"acme": {"api_key": OWN, "headers": {"x-tenant": "host"}}}, boards=boards) as client:
        with pytest.raises(MissingCredential):
            client.on_behalf({"acme": {}}).chat("acme/large", "Hi")
        server.answer(whole(completion()))
        client.on_behalf({"acme": {"api_key": THEIRS}}).chat("acme/large", "Hi")
    assert "x-tenant" not in server.requests[0]["headers"]


def test_what_has_come_of_a_stream_is_told_before_its_end(server: Server, boards: Boards) -> None:
    server.answer(streamed(chunk(content="Hel"), 0.05, chunk(content="lo"), USAGE, 5.0))
    with Client({"acme": {"api_key": OWN}}, boards=boards) as client, client.stream("acme/large", "Hi") as stream:
        assert stream.partial is None
        for delta in stream:
            if isinstance(delta, TextDelta):
                break
        assert stream.partial is not None
        assert (stream.partial.text, stream.partial.usage) == ("Hel", None)
