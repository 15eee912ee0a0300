"""CPU per call and per delta over loopback, of every transport, beside the bare HTTP library in the same run.

The server is another process, so that its time is not counted. `python -m tests.benchmarks.sockets` prints the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import multiprocessing
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from multiprocessing.connection import Connection
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic_core import from_json, to_json

from jackfield import AsyncClient, Client, HTTPRequest, Timeout
from jackfield.framing import open_framing
from jackfield.transport import open_async_transport
from tests.benchmarks import payloads

CALLS, REPEATS, LEGS = 40, 25, 10
#: What is measured: its name, one call, and one stream, which returns how many deltas it had.
Pair = tuple[str, Callable[[], Awaitable[None]], Callable[[], Awaitable[int]]]
Subject = Callable[[str], contextlib.AbstractAsyncContextManager[Pair]]
_BODIES = [to_json({"model": "m", "messages": payloads.messages(), "stream": streams}) for streams in (False, True)]
_HEADERS = {"content-type": "application/json", "authorization": "Bearer k"}
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
        found = asyncio.run(_in_turns(url, [raw, raw_sync, *_OURS]))
        print("\nover loopback, CPU: the least of several, and the median ratio to raw httpx2 beside it")
        print(f"{'':32}{'call us':>10}{'ratio':>8}{'delta us':>10}{'ratio':>8}")
        for name, (call, to_call, delta, to_delta) in found.items():
            print(f"{name:32}{call:10.1f}{to_call:8.2f}{delta:10.2f}{to_delta:8.2f}")
        alone, together = asyncio.run(_fan_out(url))
        print(f"a fan-out of {LEGS}, fast: {together:.0f} us, {together / alone:.1f} times a call of {alone:.0f} us")
    finally:
        process.terminate()
        process.join()


async def _in_turns(url: str, subjects: list[Subject]) -> dict[str, tuple[float, ...]]:
    """Return microseconds of CPU of this process, all threads, for a call and for a delta of each subject.

    The least of each, and what it is to that of the first: the median of what the two were beside each other, for a
    load that comes and goes meets both. Each is measured for a moment, then the next, and again.
    """
    async with contextlib.AsyncExitStack() as stack:
        works = {}
        for subject in subjects:
            name, call, stream = await stack.enter_async_context(subject(url))
            works[name] = call, stream
            await _each(call, 20)
            await stream()
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        for _ in range(REPEATS):
            for name, (call, stream) in works.items():
                await _each(call, CALLS // 8)  # the work before was another's: this brings the caches back
                calls = await _each(call, CALLS)
                began, count = time.process_time(), await stream()
                rows[name].append((calls, (time.process_time() - began) / count * 1e6))
    first = next(iter(rows.values()))
    found = {}
    for name, row in rows.items():
        columns = list(zip(*row, strict=True)), list(zip(*first, strict=True))
        found[name] = tuple(
            figure
            for ours, theirs in zip(*columns, strict=True)
            for figure in (min(ours), median(our / their for our, their in zip(ours, theirs, strict=True)))
        )
    return found


@contextlib.asynccontextmanager
async def raw(url: str) -> AsyncIterator[Pair]:
    """Bare httpx2: post bytes, read the JSON; stream, cut into lines, read the JSON of each."""
    async with httpx2.AsyncClient(trust_env=False) as client:

        async def call() -> None:
            from_json((await client.post(f"{url}/chat/completions", content=_BODIES[0], headers=_HEADERS)).content)

        async def stream() -> int:
            count = 0
            sent = client.stream("POST", f"{url}/chat/completions", content=_BODIES[1], headers=_HEADERS)
            async with sent as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("data: {"):
                        from_json(line[6:])
                        count += 1
            return count

        yield "raw httpx2, async", call, stream


@contextlib.asynccontextmanager
async def raw_sync(url: str) -> AsyncIterator[Pair]:
    """Bare http.client, which waits: the same work; a piece that it gives may end in the middle of an event."""
    events = open_framing("sse", None)
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port)) as connection:

        def post(body: bytes) -> http.client.HTTPResponse:
            connection.request("POST", f"{parts.path}/chat/completions", body, _HEADERS)
            return connection.getresponse()

        async def call() -> None:
            from_json(post(_BODIES[0]).read())

        async def stream() -> int:
            count = 0
            answer = post(_BODIES[1])
            while chunk := answer.read1(65536):
                for event in events.feed(chunk):
                    if event.data.startswith(b"{"):
                        from_json(event.data)
                        count += 1
            return count

        yield "raw http.client, sync", call, stream


def alone(library: str) -> Subject:
    """Make a subject of an async transport, without its client: the same work as the bare library's, over the seam."""

    @contextlib.asynccontextmanager
    async def subject(url: str) -> AsyncIterator[Pair]:
        transport = open_async_transport(library, {})
        events = open_framing("sse", None)
        requests = [HTTPRequest("POST", f"{url}/chat/completions", _HEADERS, body) for body in _BODIES]

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
            yield f"its async transport, {library}", call, stream
        finally:
            await transport.aclose()

    return subject


def asynchronous(library: str) -> Subject:
    """Make a subject of `AsyncClient` over a library."""

    @contextlib.asynccontextmanager
    async def subject(url: str) -> AsyncIterator[Pair]:
        async with AsyncClient(_providers(url), transport=library, environ={}) as client:

            async def call() -> None:
                await client.chat("openai/gpt-4o-mini", payloads.messages())

            async def stream() -> int:
                async with client.stream("openai/gpt-4o-mini", payloads.messages()) as deltas:
                    return sum([1 async for _ in deltas])

            yield f"AsyncClient, {library}", call, stream

    return subject


def waiting(library: str) -> Subject:
    """Make a subject of `Client` over a library."""

    @contextlib.asynccontextmanager
    async def subject(url: str) -> AsyncIterator[Pair]:
        with Client(_providers(url), transport=library, environ={}) as client:

            async def call() -> None:
                client.chat("openai/gpt-4o-mini", payloads.messages())

            async def stream() -> int:
                with client.stream("openai/gpt-4o-mini", payloads.messages()) as deltas:
                    return sum(1 for _ in deltas)

            yield f"Client, {library}", call, stream

    return subject


_OURS = [
    subject(library)
    for library in ("httpx", "httpx2", "aiohttp", "httptools", "http.client")
    for subject in (alone, asynchronous, waiting)
    if (library in ("aiohttp", "httptools")) <= (subject is not waiting)  # these have no client that waits
    if (library == "http.client") <= (subject is waiting)  # and this has no other
]


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
        for _ in range(REPEATS):
            alone = min(alone, await _each(call, CALLS))
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


if __name__ == "__main__":
    show()
