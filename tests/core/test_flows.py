"""Flows wrap flows without plumbing."""

from __future__ import annotations

from typing import Any

import pytest

import jackfield
from jackfield import Boards, Client, RequestTimeout, StreamInterrupted, TextDelta, Timeout, hookimpl
from jackfield.flows import relay
from tests.core.conftest import acme
from tests.core.server import DONE, Server, chunk, streamed, whole


def test_a_relay_changes_what_is_handed_out_and_sees_the_error_that_ends_it(server: Server) -> None:
    seen: list[str] = []

    class Shout:
        @hookimpl
        def wrap_exchange(self) -> Any:
            def louder(deltas: list[Any]) -> list[Any]:
                return [TextDelta(0, 0, row.text.upper()) if isinstance(row, TextDelta) else row for row in deltas]

            return lambda flow: relay(flow, louder, lambda error: seen.append(type(error).__name__))

    boards = Boards(acme(server.url), environ={})
    boards.register("extension", "shout", Shout())
    server.answer(streamed(chunk(content="hello"), chunk(finish="stop"), DONE), whole({"error": "no"}, 403))
    with Client({"acme": {"api_key": "k"}}, boards=boards) as client:
        with client.stream("acme/large", "Hi") as stream:
            assert [delta.text for delta in stream if isinstance(delta, TextDelta)] == ["HELLO"]
        with pytest.raises(jackfield.PermissionDenied):
            client.chat("acme/large", "Hi")
    assert seen == ["PermissionDenied"]


@pytest.mark.parametrize("said", [[], [chunk(content="hello")]], ids=["at first", "in between"])
def test_signs_of_life_are_no_answer(server: Server, said: list[bytes]) -> None:
    pings: list[bytes | float | None] = [piece for _ in range(40) for piece in (b": still here\n\n", 0.05)]
    server.answer(streamed(*said, *pings))
    limits = Timeout(first=0.3, between=0.3)
    with Client({"acme": {"api_key": "k"}}, boards=Boards(acme(server.url)), retries=0, timeout=limits) as client:
        wanted = StreamInterrupted if said else RequestTimeout
        with client.stream("acme/large", "Hi") as stream, pytest.raises(wanted, match="nothing but signs of life"):
            list(stream)
    assert server.closed_early.wait(2)
