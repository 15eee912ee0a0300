"""A gateway over three scripted providers, under names that the API knows."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from jackfield import Boards, ChatResponse, InvalidInput, Message
from jackfield.fetching import FetchLimits
from jackfield_gateway import GatewayApp, Passage, RetrievalQuery, Retrieved, Settings
from tests.apps.gateway.conftest import served
from tests.core.server import Server, completion, running, whole

PROVIDERS = ("openai", "mistral", "deepseek", "anthropic")
LOOPBACK = FetchLimits(size=100_000, total=150_000, seconds=2.0, allowed=(ipaddress.ip_network("127.0.0.0/8"),))


class Shelf:
    """A third party's retriever: one shelf of two passages."""

    def __init__(self) -> None:
        self.queries: list[RetrievalQuery] = []
        self.answers: list[tuple[str | None, str]] = []

    async def retrieve(self, query: RetrievalQuery) -> Retrieved:
        self.queries.append(query)
        if query.collection == "broken":
            raise RuntimeError("the shelf fell down")
        if query.collection == "nowhere":
            raise InvalidInput("there is no shelf nowhere")
        passages = [] if query.collection == "empty" else [Passage(text="Blue light scatters.", id="c1", title="Sky")]
        turns = [*query.messages[:-1], Message(role="user", parts=f"Blue light scatters. {query.messages[-1].text}")]
        return Retrieved(messages=tuple(turns), passages=tuple(passages), query="sky")

    async def answered(self, query: RetrievalQuery, response: ChatResponse) -> None:
        self.answers.append((query.conversation, response.text))


class Upstreams(dict[str, Server]):
    """The scripted providers by their names."""

    def body(self, name: str = "openai", index: int = -1) -> Any:
        """Return what a provider was sent."""
        return json.loads(self[name].requests[index]["body"])

    def reset(self) -> None:
        """Let every provider answer the same, and forget what they were sent."""
        for server in self.values():
            server.answer(whole(completion("Hello")))
            server.requests.clear()


@pytest.fixture(scope="module")
def providers() -> Iterator[Upstreams]:
    with ExitStack() as stack:
        yield Upstreams({name: stack.enter_context(running()) for name in PROVIDERS})


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture(scope="module")
def address(providers: Upstreams, shelf: Shelf) -> Iterator[str]:
    overrides = {name: {"api_key": f"sk-{name}", "base_url": server.url} for name, server in providers.items()}
    small = {"id": "large-at-most-1000", "max_output": 1000, "prices": [{"rates": {"input": "2", "output": "6"}}]}
    boards = Boards({"providers": {"mistral": {"models": [small]}}}, environ={})
    with served(
        GatewayApp(overrides, boards=boards, settings=Settings(retries=0), media=LOOPBACK, retriever=shelf)
    ) as found:
        yield found


@pytest.fixture
def upstreams(providers: Upstreams) -> Upstreams:
    providers.reset()
    return providers
