"""A gateway on a real socket, in a thread, over the sandbox or over a server that a test scripts."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings
from jackfield_gateway._protocol import bounded
from jackfield_sandbox import AsyncSandboxTransport
from tests.core.conftest import acme
from tests.core.server import Server, running

Start = Callable[..., str]


@contextlib.contextmanager
def served(app: Any, **options: Any) -> Iterator[str]:
    """Serve an application on a free port, as `jackfield serve` does; give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    options.setdefault("http", bounded(32 * 1024))
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """A gateway in which the sandbox answers for every provider."""
    transport = AsyncSandboxTransport()
    sandbox = {"api_key": "sandbox", "transport": transport, "base_url": "http://sandbox.invalid/v1"}
    with served(GatewayApp({"openai": sandbox, "openai-compatible": sandbox})) as address:
        yield address


@pytest.fixture
def upstream() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def gateway(upstream: Server) -> Iterator[str]:
    """A gateway over the provider acme, which a test scripts."""
    boards = Boards(acme(upstream.url), environ={})
    with served(
        GatewayApp({"acme": {"api_key": "sk-upstream"}}, boards=boards, settings=Settings(max_body=100_000))
    ) as address:
        yield address


def ask(address: str, body: Any, path: str = "/v1/chat/completions", **headers: str) -> httpx.Response:
    """Post a JSON body."""
    return httpx.post(address + path, json=body, headers=headers, timeout=10)
