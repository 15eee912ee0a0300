"""CPU of a gateway per request and per streamed event, beside what is below it and its peers, over loopback.

`python -m tests.benchmarks.gateway` starts each gateway as a process with one worker, an upstream that writes every
event by itself, and 32 connections (for streams 8) that ask again as soon as they are answered. The gateway has one
processor for itself, upstream and load share another. CPU is that of the gateway's process tree, from the system's
books. LiteLLM is measured where an environment of JACKFIELD_BENCH_PEERS has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
from pydantic_core import to_json

from tests.benchmarks import payloads

CONNECTIONS, STREAMS, SECONDS, ROUNDS = 32, 8, 2.5, 3
_PROCESSORS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
_BARE = """
import aiohttp
session = None
async def app(scope, receive, send):
    global session
    if scope["type"] != "http":
        return
    session = session or aiohttp.ClientSession(auto_decompress=False)
    body = (await receive())["body"]
    async with session.post("{url}/chat/completions", data=body, headers={{"content-type": "application/json"}}) as got:
        kind = got.headers["content-type"].encode()
        await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}})
        async for piece in got.content.iter_any():
            await send({{"type": "http.response.body", "body": piece, "more_body": True}})
    await send({{"type": "http.response.body", "body": b""}})
"""


@dataclass
class Figures:
    """CPU in microseconds, seconds until it was ready, and megabytes after its first answer."""

    request: float
    event: float
    ready: float
    memory: float


class _Upstream(asyncio.Protocol):
    """Answers at once; each event of a stream is a write of its own, as soon as the loop comes round."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""
        body = payloads.answer()
        self._whole = _HEAD % b"application/json" + b"Content-Length: %d\r\n\r\n" % len(body) + body
        self._events = [b"%x\r\n%s\r\n" % (len(event), event) for event in payloads.stream()]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        if blank and len(body) >= int(length.partition(b":")[2]):
            streams = b'"stream":true' in body.replace(b" ", b"")
            self._buffer = b""
            if streams:
                asyncio.get_running_loop().create_task(self._stream())
            else:
                self._transport.write(self._whole)  # type: ignore[attr-defined]

    async def _stream(self) -> None:
        write = self._transport.write  # type: ignore[attr-defined]
        write(_HEAD % b"text/event-stream" + b"Transfer-Encoding: chunked\r\n\r\n")
        for event in self._events:
            write(event)
            await asyncio.sleep(0)
        write(b"0\r\n\r\n")


def _upstream(told: Connection) -> None:
    _keep_to(1)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_Upstream, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())


async def _load(port: int, head: bytes, body: bytes, seconds: float, connections: int = CONNECTIONS) -> int:
    """Ask over and over on every connection; return how many answers came."""
    request = head + b"content-length: %d\r\n\r\n" % len(body) + body
    until, count = time.monotonic() + seconds, 0

    async def one() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        while time.monotonic() < until:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in answer.partition(b"\r\n")[0], answer + await reader.read(500)
            fields = answer.lower()
            if b"content-length:" in fields:
                await reader.readexactly(int(fields.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
            else:
                await reader.readuntil(b"\r\n0\r\n\r\n")
            count += 1
        writer.close()

    await asyncio.gather(*[one() for _ in range(connections)])
    return count


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _tree(int(child)))]


def _cpu(pid: int) -> float:
    """Return the seconds that a process tree has run."""
    ran = 0
    for one in _tree(pid):
        for thread in Path(f"/proc/{one}/task").iterdir():
            with contextlib.suppress(OSError):
                ran += int((thread / "schedstat").read_text().split()[0])
    return ran / 1e9


def _memory(pid: int) -> float:
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in _tree(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _keep_to(processor: int) -> None:
    """Run on one of two processors, where there are as many and the system can be told so."""
    if len(_PROCESSORS) > 1:
        os.sched_setaffinity(0, {_PROCESSORS[processor]})


def measure(command: list[str], environ: dict[str, str], key: str, model: str) -> Figures:
    """Start a gateway, load it, and end it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    began = time.monotonic()
    process = subprocess.Popen(
        [word.replace("PORT", str(port)) for word in command], env={**os.environ, **environ},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=partial(_keep_to, 0),
    )  # fmt: skip
    body = {"model": model, "messages": payloads.messages()}
    whole, streamed = to_json(body), to_json({**body, "stream": True})
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer %s\r\n" % (port, key.encode())
    )
    try:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
                url = f"http://127.0.0.1:{port}/v1/chat/completions"
                if httpx.post(url, content=whole, headers=headers, timeout=20).status_code == 200:
                    break
            if time.monotonic() - began > 90 or process.poll() is not None:
                raise RuntimeError(f"{command[0]} does not answer")
            time.sleep(0.02)
        ready, memory = time.monotonic() - began, _memory(process.pid)
        asyncio.run(_load(port, head, whole, 1.0))
        asyncio.run(_load(port, head, streamed, 1.0, STREAMS))
        requests, events = [], []
        for _ in range(ROUNDS):
            before = _cpu(process.pid)
            count = asyncio.run(_load(port, head, whole, SECONDS))
            requests.append((_cpu(process.pid) - before) / count * 1e6)
            before = _cpu(process.pid)
            count = asyncio.run(_load(port, head, streamed, SECONDS, STREAMS))
            events.append((_cpu(process.pid) - before) / count / len(payloads.stream()) * 1e6)
        return Figures(min(requests), min(events), ready, memory)
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def ours(folder: Path, url: str, budgets: bool, team: bool) -> Iterator[tuple[list[str], dict[str, str], str]]:
    """Prepare a gateway of ours: with keys, limits, pricing and history, and with budgets or without."""
    from jackfield_gateway.state import Budgets, Keys, nanos, open_store, read_secret

    config = folder / "jackfield.toml"
    config.write_text(
        f'[providers.openai.settings]\nbase_url = {{ default = "{url}" }}\n[gateway]\n'
        + (
            '[[gateway.limits]]\nscope = "key"\nrequests = 100000000\ntokens = 10000000000\nparallel = 1000\n'
            if team
            else ""
        )
    )
    environ = {
        "JACKFIELD_CONFIG": str(config),
        "OPENAI_API_KEY": "sk-bench",
        "JACKFIELD_GATEWAY_KEY": "bench",
        "JACKFIELD_DISABLE": "otel",
    }
    key = "bench"
    if team:
        store_url = f"sqlite:///{folder / 'gateway.db'}"
        environ["JACKFIELD_GATEWAY_STORE"] = store_url

        async def prepare() -> str:
            store = await open_store(store_url)
            issued = await Keys(store, read_secret(folder / "gateway.secret")).first()
            assert issued is not None
            if budgets:
                await Budgets(store).set("key", issued.key.id, "month", nanos(100_000))
                await Budgets(store).set("project", issued.key.project_id, "total", nanos(100_000))
            await store.close()
            return issued.text

        key = asyncio.run(prepare())
    code = "import sys; from jackfield_gateway import command; sys.exit(command(sys.argv[1:]))"
    yield [sys.executable, "-c", code, "--port", "PORT"], environ, key


def _rows(url: str, folder: Path) -> Iterator[tuple[str, Callable[[], Figures]]]:
    def of_ours(name: str, budgets: bool, team: bool) -> Callable[[], Figures]:
        def run() -> Figures:
            (here := folder / name).mkdir()
            with ours(here, url, budgets, team) as (command, environ, key):
                return measure(command, environ, key, "openai/gpt-4o-mini")

        return run

    (folder / "bare.py").write_text(_BARE.format(url=url))
    bare = [
        sys.executable,
        "-m",
        "uvicorn",
        "--app-dir",
        str(folder),
        "bare:app",
        "--port",
        "PORT",
        "--lifespan",
        "off",
    ]
    yield "uvicorn and aiohttp alone", lambda: measure([*bare, "--log-level", "error"], {}, "k", "m")
    yield "jackfield, no team", of_ours("plain", False, False)
    yield "jackfield, without budgets", of_ours("keys", False, True)
    yield "jackfield, everything on", of_ours("all", True, True)
    for environment in filter(None, os.environ.get("JACKFIELD_BENCH_PEERS", "").split(":")):
        if (litellm := Path(environment) / "bin" / "litellm").exists():
            config = folder / "litellm.yaml"
            config.write_text(
                "model_list:\n  - model_name: m\n    litellm_params:\n      model: openai/gpt-4o-mini\n"
                f"      api_base: {url}\n      api_key: k\n"
            )
            silent = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}
            words = [str(litellm), "--config", str(config), "--port", "PORT", "--num_workers", "1"]
            yield "litellm", partial(measure, words, silent, "k", "m")


def show() -> None:
    """Measure, and print the table."""
    here, there = multiprocessing.Pipe()
    upstream = multiprocessing.get_context("spawn").Process(target=_upstream, args=(there,), daemon=True)
    upstream.start()
    url = f"http://127.0.0.1:{here.recv()}/v1"
    _keep_to(1)
    found: dict[str, Figures] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, run in _rows(url, Path(folder)):
                print(f"measuring {name} ...", file=sys.stderr, flush=True)
                found[name] = run()
    finally:
        upstream.terminate()
    first = next(iter(found.values()))
    print(
        f"\n{'gateway, one worker':30}{'request us':>11}{'ratio':>7}{'event us':>10}{'ratio':>7}{'ready s':>9}{'MB':>7}"
    )
    for name, row in found.items():
        print(
            f"{name:30}{row.request:11.0f}{row.request / first.request:7.1f}{row.event:10.1f}"
            f"{row.event / first.event:7.1f}{row.ready:9.2f}{row.memory:7.0f}"
        )


if __name__ == "__main__":
    show()
