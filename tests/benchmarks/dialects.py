"""CPU per call and per delta of every dialect, and per event of streams through the gateway, in memory."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import jackfield
from jackfield_gateway import GatewayApp
from tests.benchmarks import payloads
from tests.benchmarks.formats import ASKED, FORMATS
from tests.benchmarks.library import JSON_HEADERS, SAMPLING, SSE_HEADERS, Case, measure

RATES = {"rates": {"input": "1.25", "input.cache_read": "0.125", "output": "10"}}


def boards() -> jackfield.Boards:
    """Return one provider for each dialect, with a model that has a price."""
    providers = {
        name: {
            "provider": {"name": name, "dialect": name, "base_url": "https://any.invalid/v1"},
            "models": [{"id": "m", "prices": [RATES]}],
        }
        for name in FORMATS
    }
    return jackfield.Boards({"providers": providers}, environ={})


def case(dialect: str) -> Case:
    """Return what is measured of a dialect: a call with a tool and a cost, and a stream."""
    answers = [FORMATS[dialect].answer(number) for number in range(500)]
    events = FORMATS[dialect].events

    class Memory:
        streams = False
        number = 0

        def send(self, request: Any, timeout: Any) -> jackfield.Reply:
            if self.streams:
                return jackfield.Reply(200, SSE_HEADERS, iter(events), _nothing)
            self.number += 1
            return jackfield.Reply(200, JSON_HEADERS, iter((answers[self.number % 500],)), _nothing)

        def close(self) -> None: ...

    memory = Memory()
    client = jackfield.Client(boards=boards(), transport=memory, environ={})
    model = f"{dialect}/m"
    sampling = {"temperature": 0.2} if dialect == "anthropic-messages" else SAMPLING

    def call(number: int) -> object:
        memory.streams = False
        found = client.chat(model, payloads.messages(number), tools=[payloads.TOOL], **sampling)
        assert found.cost is not None
        assert found.cost.total is not None
        return found.text, found.tool_calls, found.finish_reason, found.usage, found.cost.total, found.adjustments

    def stream() -> int:
        memory.streams = True
        count = 0
        with client.stream(model, payloads.messages(), **sampling) as deltas:
            for delta in deltas:
                if type(delta) is jackfield.TextDelta:
                    _ = delta.choice, delta.part, delta.text
                count += 1
            assert deltas.response.text
        return count

    return call, stream


def through_the_gateway(asked: str, answered: str) -> float:
    """Return microseconds of CPU per event of the provider's stream: asked in one dialect, answered in another."""
    events = FORMATS[answered].events

    class Memory:
        async def send(self, request: Any, timeout: Any) -> jackfield.AsyncReply:
            return jackfield.AsyncReply(200, SSE_HEADERS, _pieces(events), _later)

        async def close(self) -> None: ...

    app = GatewayApp(boards=boards(), transport=Memory(), key="k")
    path, body = ASKED[asked]
    path, _, query = path.replace("{model}", f"{answered}/m").partition("?")
    sent = body if "{model}" in ASKED[asked][0] else {**body, "model": f"{answered}/m"}
    headers = {"authorization": "Bearer k", "x-api-key": "k", "x-goog-api-key": "k", "content-type": "application/json"}
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": query.encode(), "server": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip

    async def once() -> int:
        given = iter([{"type": "http.request", "body": json.dumps(sent).encode()}])
        size = 0

        async def receive() -> Any:
            if (message := next(given, None)) is not None:
                return message
            return await asyncio.Event().wait()

        async def send(message: Any) -> None:
            nonlocal size
            size += len(message.get("body", b""))

        await app(dict(scope), receive, send)
        return size

    async def run() -> float:
        assert await once() > 10_000
        least = float("inf")
        for _ in range(7):
            began = time.process_time()
            for _ in range(4):
                await once()
            least = min(least, (time.process_time() - began) / 4 / len(events))
        return least * 1e6

    return asyncio.run(run())


async def _pieces(events: list[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


async def _later() -> None: ...


def _nothing() -> None: ...


def main() -> int:
    """Print the tables."""
    print(f"\n{'dialect':22}{'call us':>10}{'delta us':>10}")
    for name in FORMATS:
        found = measure(case(name))
        print(f"{name:22}{found['call']:10.1f}{found['delta']:10.2f}")
    print("\nthrough the gateway, us per event: asked in the row's dialect, answered in the column's; then the ratio")
    print(f"to the mean of both dialects with themselves\n{'':22}" + "".join(f"{name:>26}" for name in FORMATS))
    cost = {(one, other): through_the_gateway(one, other) for one in FORMATS for other in FORMATS}
    for one in FORMATS:
        cells = (
            f"{cost[one, other]:18.2f} {cost[one, other] * 2 / (cost[one, one] + cost[other, other]):5.2f}x"
            for other in FORMATS
        )
        print(f"{one:22}" + "".join(f"{cell:>26}" for cell in cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
