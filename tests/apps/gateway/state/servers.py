"""PostgreSQL and Redis for the tests: as users of their own, on free ports, in temporary folders, ended by pid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import redis

from tests.require import program, require

__all__ = ["postgresql", "redis_server"]

_SECONDS = 60.0


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Run PostgreSQL; give the URL of the server, without a database. It never waits for a disk."""
    require("program:initdb")
    with _folder("postgres") as (folder, identity):
        data = folder / "data"
        _run([_found("initdb"), "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"], identity)
        port = _free_port()
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F", "-c", "max_connections=60"]
        command = [_found("postgres"), "-D", str(data), *options]
        with _started(command, identity, folder, signal.SIGINT, lambda: asyncio.run(_answers(port))):
            yield f"postgresql://tester@127.0.0.1:{port}"


@contextlib.contextmanager
def redis_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run Redis without a disk; give its URL and its process."""
    require("program:redis-server")
    with _folder("redis") as (folder, identity):
        port = _free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]

        def answers() -> None:
            with redis.Redis(port=port, socket_timeout=1) as client:
                client.ping()

        with _started([_found("redis-server"), *options], identity, folder, signal.SIGTERM, answers) as process:
            yield f"redis://127.0.0.1:{port}", process


@contextlib.contextmanager
def _folder(user: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """Make a folder for a server, and say as whom it is started: its own user where we are root, else ourselves."""
    folder = Path(tempfile.mkdtemp(prefix=f"jackfield-{user}-"))
    identity = {}
    if os.geteuid() == 0:
        shutil.chown(folder, user)
        identity = {"user": user, "group": user}
    try:
        yield folder, identity
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _started(
    command: list[str], identity: dict[str, str], folder: Path, stop: signal.Signals, answers: Callable[[], None]
) -> Iterator[subprocess.Popen[bytes]]:
    if (setpriv := program("setpriv")) is not None:  # a run of the tests that is killed ends nothing by itself
        command = [setpriv, "--pdeathsig", "KILL", *command]
    options: dict[str, Any] = {**identity, "cwd": folder, "env": _environment()}
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, stdout=log, stderr=log, **options) as process:
        try:
            until = time.monotonic() + _SECONDS
            while True:
                try:
                    answers()
                    break
                except (OSError, asyncpg.PostgresError, redis.RedisError) as error:
                    if process.poll() is not None or time.monotonic() > until:
                        log.seek(0)
                        what = log.read().decode(errors="replace")
                        raise RuntimeError(f"{command[0]} did not start: {what}") from error
                    time.sleep(0.05)
            yield process
        finally:
            process.send_signal(signal.SIGCONT)  # a test may have left it stopped
            process.send_signal(stop)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _run(command: list[str], identity: dict[str, str]) -> None:
    options: dict[str, Any] = {**identity, "cwd": "/", "env": _environment()}
    done = subprocess.run(command, capture_output=True, timeout=_SECONDS, **options)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")


async def _answers(port: int) -> None:
    connection = await asyncpg.connect(host="127.0.0.1", port=port, user="tester", database="postgres", timeout=5)
    await connection.close()


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def _found(name: str) -> str:
    found = program(name)
    assert found is not None
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
