"""What a fan-out of ten costs beside ten calls: CPU time, in memory, the least of several repeats."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from jackfield import AsyncClient, AsyncReply, Boards, HTTPRequest, Timeout

LEGS, ROUNDS, REPEATS = 10, 50, 8
_BODY = json.dumps(
    {
        "id": "1",
        "model": "large",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
    }
).encode()


class Memory:
    """Answers at once."""

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Give the one answer."""

        async def chunks() -> AsyncIterator[bytes]:
            yield _BODY

        async def close() -> None:
            return None

        return AsyncReply(200, {"content-type": "application/json"}, chunks(), close)

    async def aclose(self) -> None:
        """Hold nothing."""


def show() -> None:
    """Measure and print."""
    one, ten = asyncio.run(_measured())
    print(f"\na call of the async client {one:.1f} us, a fan-out of {LEGS} {ten:.1f} us: {ten / one:.1f} times a call")


async def _measured() -> tuple[float, float]:
    provider = {"provider": {"name": "acme", "dialect": "openai-chat", "base_url": "https://acme.example/v1"}}
    boards = Boards({"providers": {"acme": {**provider, "auth": [{"kind": "none"}]}}}, environ={})
    models = [f"acme/model-{number}" for number in range(LEGS)]
    async with AsyncClient(boards=boards, transport=Memory(), environ={}) as client:
        calls, fans = [], []
        for _ in range(REPEATS):
            began = time.process_time()
            for number in range(ROUNDS * LEGS):
                await client.chat(models[number % LEGS], "Hi")
            calls.append((time.process_time() - began) / (ROUNDS * LEGS) * 1e6)
            began = time.process_time()
            for _ in range(ROUNDS):
                async with client.fan_out(models, "Hi") as legs:
                    assert len([leg async for leg in legs]) == LEGS
            fans.append((time.process_time() - began) / ROUNDS * 1e6)
    return min(calls), min(fans)


if __name__ == "__main__":
    show()
