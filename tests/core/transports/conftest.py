"""A driver of every kind of transport, and the check that it leaves no socket and no task."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.transports.driving import KINDS, Driver, new_loop, wait_until_gone
from tests.core.transports.driving import sockets as open_sockets
from tests.core.transports.peers import Server, serving


@pytest.fixture(params=KINDS)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    kind: str = request.param
    loop = new_loop(kind)
    before = open_sockets()
    found = Driver(kind, loop)
    try:
        yield found
    finally:
        found.close()
        tasks = found.tasks()
        loop.run_until_complete(loop.shutdown_asyncgens())
        left = wait_until_gone(before)
        loop.close()
    assert not tasks, f"tasks are left: {tasks}"
    assert not left, f"sockets are left: {left}"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found
