"""Runs a scenario by one of the clients, and looks at what is left of it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from jackfield import AsyncClient, Boards, ChatResponse, Client, JackfieldError
from tests.core.server import Server, running
from tests.faults.scenarios import Outcome, Scenario, prepare

NAMES = ("acme", "beta", "gamma")


@contextmanager
def servers() -> Iterator[dict[str, Server]]:
    """Open three servers."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(running()) for name in NAMES}


def boards(found: dict[str, Server]) -> Boards:
    """Configure three providers; gamma's model is larger, and its catalog says that it takes a beginning."""
    rows = {
        name: {
            "provider": {"name": name, "dialect": "openai-chat", "base_url": server.url},
            "auth": [{"kind": "none"}],
            "models": [
                {
                    "id": "large",
                    "context": 8000 if name == "gamma" else 4000,
                    "capabilities": ["streaming", *(["prefill"] if name == "gamma" else [])],
                    "prices": [{"rates": {"input": "1", "output": "2"}}],
                }
            ],
        }
        for name, server in found.items()
    }
    return Boards({"providers": rows}, environ={})


def run(scenario: Scenario, colour: str, found: dict[str, Server], transport: str | None = None) -> Outcome:
    """Run a scenario in one colour, over the usual transport or one that is named."""
    prepare(scenario, found)
    known = boards(found)
    retries = 0 if scenario.calls > 1 else 1
    began = time.monotonic()
    answer: ChatResponse | None = None
    error: BaseException | None = None
    try:
        answer = (_sync if colour == "sync" else _async)(scenario, known, retries, transport)
    except JackfieldError as caught:
        error = caught
    seconds = time.monotonic() - began
    asked = {name: len(server.requests) for name, server in found.items()}
    last = next((found[name] for name in reversed(NAMES) if found[name].requests), found["acme"])
    turns = [turn["role"] for turn in json.loads(last.requests[-1]["body"])["messages"]] if last.requests else []
    return Outcome(answer, error, seconds, asked, turns)


def _sync(scenario: Scenario, known: Boards, retries: int, transport: str | None) -> ChatResponse:
    with Client(boards=known, retries=retries, timeout=scenario.timeout, transport=transport) as client:
        for _ in range(scenario.calls):
            with client.stream("acme/large", "Count", fallbacks=scenario.fallbacks) as deltas:
                for _ in deltas:
                    pass
                answer = deltas.response
        return answer


def _async(scenario: Scenario, known: Boards, retries: int, transport: str | None) -> ChatResponse:
    async def ask() -> ChatResponse:
        opened = AsyncClient(boards=known, retries=retries, timeout=scenario.timeout, transport=transport)
        async with opened as client:
            for _ in range(scenario.calls):
                async with client.stream("acme/large", "Count", fallbacks=scenario.fallbacks) as deltas:
                    async for _ in deltas:
                        pass
                    answer = deltas.response
        await asyncio.sleep(0.02)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"
        return answer

    return asyncio.run(ask())


def descriptors() -> int:
    """Count the descriptors that are open."""
    return len(os.listdir("/proc/self/fd"))
