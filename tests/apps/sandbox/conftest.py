"""The sandbox over a real socket, and in process."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from jackfield import Boards, Client
from jackfield_sandbox import SandboxApp, SandboxTransport, protocol
from jackfield_sandbox._command import is_news


@pytest.fixture(scope="session")
def boards() -> Boards:
    return Boards(environ={})


@pytest.fixture(scope="session")
def address(boards: Boards) -> Iterator[tuple[str, int]]:
    """Where a server of the sandbox listens."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = SandboxApp(boards, most_bytes=1_000_000)
    config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", http=protocol())
    logging.getLogger("uvicorn.error").addFilter(is_news)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive(), "the server has ended"
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
    yield listener.getsockname()
    server.should_exit = True
    thread.join(10)
    listener.close()
    assert not thread.is_alive(), "the server does not end"


@pytest.fixture(scope="session")
def url(address: tuple[str, int]) -> str:
    return f"http://{address[0]}:{address[1]}"


@pytest.fixture
def make_client(boards: Boards) -> Iterator[Callable[..., Client]]:
    """Make clients of the in-process sandbox, or of the one at a base URL."""
    made: list[Client] = []

    def make(base_url: str | None = None, headers: dict[str, str] | None = None, **options: Any) -> Client:
        how = {"base_url": base_url} if base_url else {"transport": SandboxTransport(boards)}
        provider = {"api_key": "any", "headers": headers or {}, **how}
        client = Client(providers={"openai": provider}, boards=boards, environ={}, **{"retries": 0, **options})
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()
