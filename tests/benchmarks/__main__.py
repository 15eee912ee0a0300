"""`make bench`: what a call, a delta and an import cost, with peers beside us in the same run.

CPU time of the process, the least of several repeats. Peers are measured where they are installed: in this environment,
or in the environments (folders of virtual environments, separated by colons) that JACKFIELD_BENCH_PEERS names.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import beside, gateway, installing, sockets

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LIBRARIES = ("jackfield", "openai", "anthropic", "litellm")


def main() -> int:
    """Measure everything that is installed and print the tables."""
    pythons = [sys.executable]
    pythons += [
        str(Path(folder) / "bin" / "python")
        for folder in os.environ.get("JACKFIELD_BENCH_PEERS", "").split(":")
        if folder
    ]
    calls: dict[str, dict[str, float]] = {}
    imports: dict[str, float] = {}
    for python in pythons:
        for library in LIBRARIES:
            if library in calls or not _has(python, library):
                continue
            print(f"measuring {library} ...", file=sys.stderr, flush=True)
            calls[library] = _measured(python, library)
            imports[library] = _cpu(python, f"import {library}") - _cpu(python, "pass")
    ours = calls["jackfield"]
    print(f"{'':24}{'call us':>10}{'ratio':>8}{'delta us':>10}{'ratio':>8}{'import ms':>11}{'ratio':>8}")
    for library, found in calls.items():
        call, delta, loaded = found["call"], found["delta"], imports[library]
        print(
            f"{library:24}{call:10.1f}{call / ours['call']:8.1f}{delta:10.2f}{delta / ours['delta']:8.1f}"
            f"{loaded:11.1f}{loaded / imports['jackfield']:8.1f}"
        )
    first = _cpu(sys.executable, _FIRST, str(ROOT)) - _cpu(sys.executable, "pass")
    print(f"\nimport jackfield, Client and first chat, in memory: {first:.0f} ms CPU above bare Python")
    beside.show()
    sockets.show()
    installing.show()
    gateway.show()
    return 0


_FIRST = """
import jackfield
class Memory:
    def send(self, request, timeout):
        choice = b'{"message": {"content": "Hi"}, "finish_reason": "stop"}'
        body = b'{"model": "m", "choices": [' + choice + b'], "usage": {"prompt_tokens": 1}}'
        return jackfield.Reply(200, {"content-type": "application/json"}, iter([body]), lambda: None)
client = jackfield.Client({"openai": {"api_key": "k"}}, transport=Memory())
answer = client.chat("openai/gpt-4o-mini", "Hi")
assert answer.text == "Hi" and answer.cost is not None
"""


def _has(python: str, library: str) -> bool:
    done = subprocess.run(
        [python, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec('{library}') is None)"]
    )
    return done.returncode == 0


def _measured(python: str, library: str) -> dict[str, float]:
    done = subprocess.run(
        [python, "-m", "tests.benchmarks.library", library], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _cpu(python: str, code: str, *path: str) -> float:
    """Return the least CPU time of nine runs, in milliseconds."""
    least = float("inf")
    for _ in range(9):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([python, "-c", code], check=True, cwd=HERE, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return least * 1000


if __name__ == "__main__":
    sys.exit(main())
