"""`jackfield serve` as a process: it starts, greets, reads its configuration again, and stops on a signal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ASKED = {"messages": [{"role": "user", "content": "Hi"}]}
LISTED = """
[providers.acme.provider]
dialect = "openai-chat"
base_url = "http://127.0.0.1:1/v1"

[[providers.acme.models]]
id = "NAME"
prices = [{ rates = { input = "1" } }]
"""


@contextmanager
def serving(folder: Path, *options: str, **environ: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the gateway on a free port; give its address once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    code = f"import sys; from jackfield_gateway import command; sys.exit(command([*sys.argv[1:], '--port', '{port}']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **environ},
    )
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + 20
        while time.monotonic() < until and process.poll() is None:
            try:
                httpx.get(f"{address}/healthz", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield address, process
    finally:
        process.kill()
        process.wait(5)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def test_serve_starts_greets_and_stops_on_a_signal(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo") as (address, process):
        answer = httpx.post(f"{address}/v1/chat/completions", json={**ASKED, "model": "openai/gpt-4o-mini"}, timeout=10)
        assert answer.headers["x-jackfield-sandbox"] == "1"
        assert answer.json()["system_fingerprint"] == "fp_jackfield_sandbox"
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert f"jackfield gateway on {address}" in out
    assert '"model": "openai/' in out, "what to try is of the provider that most people know"
    assert "openai: the sandbox answers; set OPENAI_API_KEY for the real one" in out
    assert "Traceback" not in err


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no signal of that name")
def test_a_configuration_is_read_again_on_a_signal_unless_it_is_wrong(tmp_path: Path) -> None:
    (path := tmp_path / "jackfield.toml").write_text(LISTED.replace("NAME", "first"))
    with serving(tmp_path, JACKFIELD_CONFIG=str(path)) as (address, process):
        assert listed(address) == {"acme/first"}
        path.write_text(LISTED.replace("NAME", "second"))
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 10
        while listed(address) == {"acme/first"} and time.monotonic() < until:
            time.sleep(0.05)
        assert listed(address) == {"acme/second"}
        path.write_text(LISTED.replace("NAME", "third").replace('"1"', "1"))
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]
        assert listed(address) == {"acme/second"}
        process.terminate()
        assert "Traceback" not in process.communicate(timeout=10)[1]
    assert said[0] == f"jackfield serve: {path} was read again\n"
    assert f"{path}:7: providers.acme.models third.prices: an amount of money is a decimal string" in said[1]
    assert "stays" in said[1]


def listed(address: str) -> set[str]:
    """Return the models of acme that the gateway lists."""
    rows = httpx.get(f"{address}/v1/models", timeout=10).json()["data"]
    return {row["id"] for row in rows if row["id"].startswith("acme/")}
