"""CPU per call and per delta over loopback, of every transport, beside the bare HTTP library in the same run.

The server is another process, so that its time is not counted. `python -m tests.benchmarks.sockets` prints the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import httpx2
from pydantic_core import from_json, to_json

from jackfield import AsyncClient, Client, HTTPRequest, Timeout
from jackfield.framing import open_framing
from jackfield.transport import open_async_transport
from tests.benchmarks import payloads

LIBRARIES = ("httpx", "httpx2", "aiohttp", "pyreqwest")
CALLS, ROUNDS, REPEATS, LEGS = 200, 4, 5, 10
_BODY: dict[str, Any] = {"model": "m", "messages": payloads.messages()}
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"


class _Answering(asyncio.Protocol):
    """Answers a whole request: with one body, or with a stream whose events come in pieces of 16 kB."""

    def __init__(self) -> None:
        body = payloads.answer()
        self._whole = _HEAD % b"application/json" + b"Content-Length: %d\r\n\r\n" % len(body) + body
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in payloads.stream())
        self._stream = _HEAD % b"text/event-stream" + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the body is there; both libraries write it behind the head."""
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        if blank and len(body) >= int(length.partition(b":")[2]):
            streams = b'"stream":true' in body.replace(b" ", b"")
            self._buffer = b""
            self._transport.write(self._stream if streams else self._whole)  # type: ignore[attr-defined]


def _serve(ready: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


def show() -> None:
    """Measure and print."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{here.recv()}/v1"
    try:
        raw, raw_delta = asyncio.run(_raw(url))
        print("\nover loopback, CPU, least of several")
        print(f"{'':32}{'call us':>10}{'ratio':>8}{'delta us':>10}{'ratio':>8}")
        _row("raw httpx2, async", raw, raw_delta, raw, raw_delta)
        for library in LIBRARIES:
            _row(f"its async transport, {library}", *asyncio.run(_alone(url, library)), raw, raw_delta)
            _row(f"AsyncClient, {library}", *asyncio.run(_async(url, library)), raw, raw_delta)
            if library != "aiohttp":
                _row(f"Client, {library}", *_sync(url, library), raw, raw_delta)
        alone, together = asyncio.run(_fan_out(url))
        print(f"a fan-out of {LEGS}, fast: {together:.0f} us, {together / alone:.1f} times a call of {alone:.0f} us")
    finally:
        process.terminate()
        process.join()


def _row(name: str, call: float, delta: float, raw: float, raw_delta: float) -> None:
    print(f"{name:32}{call:10.1f}{call / raw:8.2f}{delta:10.2f}{delta / raw_delta:8.2f}")


async def _raw(url: str) -> tuple[float, float]:
    """Post bytes, read the JSON; stream, cut into lines, read the JSON of each."""
    from pydantic_core import from_json, to_json

    bodies = [to_json({"model": "m", "messages": payloads.messages(), "stream": streams}) for streams in (False, True)]
    headers = {"content-type": "application/json", "authorization": "Bearer k"}
    async with httpx2.AsyncClient(trust_env=False) as client:

        async def call() -> None:
            from_json((await client.post(f"{url}/chat/completions", content=bodies[0], headers=headers)).content)

        async def stream() -> int:
            count = 0
            async with client.stream("POST", f"{url}/chat/completions", content=bodies[1], headers=headers) as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("data: {"):
                        from_json(line[6:])
                        count += 1
            return count

        return await _measured(call, stream)


async def _alone(url: str, library: str) -> tuple[float, float]:
    """The same work as the bare library's, over the seam."""
    transport = open_async_transport(library, {})
    events = open_framing("sse", None)
    headers = {"content-type": "application/json", "authorization": "Bearer k"}
    requests = [
        HTTPRequest("POST", f"{url}/chat/completions", headers, to_json({**_BODY, "stream": streams}))
        for streams in (False, True)
    ]

    async def call() -> None:
        reply = await transport.send(requests[0], Timeout())
        from_json(b"".join([chunk async for chunk in reply.chunks]))

    async def stream() -> int:
        count = 0
        reply = await transport.send(requests[1], Timeout())
        async for chunk in reply.chunks:
            for event in events.feed(chunk):
                if event.data.startswith(b"{"):
                    from_json(event.data)
                    count += 1
        return count

    try:
        return await _measured(call, stream)
    finally:
        await transport.aclose()


async def _async(url: str, library: str) -> tuple[float, float]:
    async with AsyncClient(_providers(url), transport=library, environ={}) as client:

        async def call() -> None:
            await client.chat("openai/gpt-4o-mini", payloads.messages())

        async def stream() -> int:
            async with client.stream("openai/gpt-4o-mini", payloads.messages()) as deltas:
                return sum([1 async for _ in deltas])

        return await _measured(call, stream)


def _sync(url: str, library: str) -> tuple[float, float]:
    with Client(_providers(url), transport=library, environ={}) as client:

        async def call() -> None:
            client.chat("openai/gpt-4o-mini", payloads.messages())

        async def stream() -> int:
            with client.stream("openai/gpt-4o-mini", payloads.messages()) as deltas:
                return sum(1 for _ in deltas)

        return asyncio.run(_measured(call, stream))


async def _fan_out(url: str) -> tuple[float, float]:
    """Return microseconds of a call and of a fan-out over the fast transport, measured in turns, the least of each."""
    models = ["openai/gpt-4o-mini"] * LEGS
    async with AsyncClient(_providers(url), transport="fast", environ={}) as client:

        async def call() -> None:
            await client.chat(models[0], payloads.messages())

        async def fan_out() -> None:
            legs = [leg async for leg in client.fan_out(models, payloads.messages())]
            assert [leg.outcome for leg in legs] == ["ok"] * LEGS

        alone = together = float("inf")
        for _ in range(4 * REPEATS):
            alone = min(alone, await _each(call, CALLS // 2))
            together = min(together, await _each(fan_out, CALLS // LEGS))
        return alone, together


async def _each(work: Callable[[], Awaitable[None]], times: int) -> float:
    """Return microseconds of CPU of one piece of work."""
    began = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - began) / times * 1e6


def _providers(url: str) -> dict[str, Any]:
    return {"openai": {"api_key": "k", "base_url": url}}


async def _measured(call: Callable[[], Awaitable[None]], stream: Callable[[], Awaitable[int]]) -> tuple[float, float]:
    """Return microseconds of CPU of this process, all threads, for a call and for a delta."""
    for _ in range(20):
        await call()
    await stream()
    calls = deltas = float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(CALLS):
            await call()
        calls = min(calls, (time.process_time() - began) / CALLS)
        began = time.process_time()
        count = 0
        for _ in range(ROUNDS):
            count += await stream()
        deltas = min(deltas, (time.process_time() - began) / count)
    return calls * 1e6, deltas * 1e6


if __name__ == "__main__":
    show()
