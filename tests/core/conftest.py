"""A provider named acme, in the format of chat completions, behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Boards
from tests.core.colours import COLOURS, Asking
from tests.core.server import Server, running


def acme(url: str, **more: Any) -> dict[str, Any]:
    """Write a configuration with one provider."""
    provider = {
        "provider": {"name": "acme", "dialect": "openai-chat", "base_url": url, "default_model": "large"},
        "auth": [{"kind": "bearer", "values": {"token": ["ACME_API_KEY"]}}],
        "models": [
            {
                "id": "large",
                "aliases": ["large-1"],
                "media": {"image": ["bytes"]},
                "limits": {"seed": False, "temperature": {"range": [0.0, 1.0]}, "stop": {"max_items": 2}},
                "prices": [{"rates": {"input": "1", "output": "2.5"}}],
            }
        ],
        **more,
    }
    return {"providers": {"acme": provider}}


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def boards(server: Server) -> Boards:
    return Boards(acme(server.url), environ={})


@pytest.fixture(params=COLOURS)
def asking(request: pytest.FixtureRequest) -> Asking:
    return COLOURS[request.param]


@pytest.fixture
def options(boards: Boards) -> dict[str, Any]:
    return {"providers": {"acme": {"api_key": "sk-acme-0123456789"}}, "boards": boards, "retries": 0}
