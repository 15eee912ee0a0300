"""What it costs to know what is installed: discovery, and the list of providers of the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["MOST_MS", "MOST_SECONDS", "fill", "show"]

#: What the figures may be: CPU time of discovery with 300 distributions, wall time of the list of 100 providers.
MOST_MS = 15.0
MOST_SECONDS = 0.35

_CATALOG = """[provider]
name = "{0}"
title = "{0}"
dialect = "openai-chat"
base_url = "https://{0}.invalid/v1"

[[auth]]
kind = "bearer"
values = {{ token = ["BENCH_API_KEY"] }}
"""
_MODEL = """
[[models]]
id = "{0}-{1}"
context = 128000
max_output = 8192
prices = [{{ rates = {{ input = "1.5", output = "6" }} }}]
"""
_DISCOVERY = """
import sys, time
{imports}
sys.path[:] = [sys.argv[1]]
started = time.process_time()
{work}
print(time.process_time() - started)
"""
_OURS = _DISCOVERY.format(imports="import jackfield.discovery", work="jackfield.discovery.installed()")
_NAIVE = _DISCOVERY.format(
    imports="import email.parser, importlib_metadata",
    work="for kind in ('dialects', 'providers', 'extensions', 'commands'):\n"
    "    [entry.dist.version for entry in importlib_metadata.entry_points(group='jackfield.' + kind)]",
)


def fill(folder: Path, providers: int, others: int) -> None:
    """Write distributions as an installer leaves them: some bring a provider, whose code must never run."""
    for number in range(providers + others):
        package = f"bench_{number}"
        info = folder / f"{package}-1.2.3.dist-info"
        info.mkdir(parents=True)
        header = f"Metadata-Version: 2.1\nName: bench-{number}\nVersion: 1.2.3\n"
        (info / "METADATA").write_text(header + "Classifier: Any\n" * 20 + "\n" + "What it is.\n" * 200)
        (info / "RECORD").write_text("")
        if number >= providers:
            if number % 4 == 0:
                (info / "entry_points.txt").write_text(f"[console_scripts]\n{package} = {package}:main\n")
            continue
        name = f"bench{number}"
        (info / "entry_points.txt").write_text(f"[jackfield.providers]\n{name} = {package}\n")
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text("raise SystemExit('imported')\n")
        (folder / package / "catalog.toml").write_text(_CATALOG.format(name))
        (folder / package / "models.toml").write_text("".join(_MODEL.format(name, model) for model in range(10)))


def show() -> None:
    """Print the figures beside what they may be, and beside the plain way."""
    folder = Path(tempfile.mkdtemp())
    try:
        fill(folder / "installed", 100, 200)
        ours, naive = (_cpu(code, folder / "installed") for code in (_OURS, _NAIVE))
        print("\ndiscovery, 300 distributions of which 100 are providers, cold, CPU, least of 5")
        print(f"{'jackfield':24}{ours:10.1f} ms, at most {MOST_MS:.0f}")
        print(f"{'importlib_metadata':24}{naive:10.1f} ms, {naive / ours:.1f} times as much")
        fill(folder / "listed", 100, 0)
        listing = _wall(["-m", "jackfield_cli", "providers"], folder / "listed")
        bare = _wall(["-c", "pass"], folder / "listed")
        print("jackfield providers, 100 more providers than are installed here, wall, best of 5")
        print(f"{'jackfield providers':24}{listing:10.2f} s, at most {MOST_SECONDS}")
        print(f"{'python -c pass':24}{bare:10.2f} s")
    finally:
        shutil.rmtree(folder)


def _cpu(code: str, folder: Path) -> float:
    """Return the least of five processes, in milliseconds."""
    runs = [subprocess.check_output([sys.executable, "-c", code, str(folder)], text=True) for _ in range(5)]
    return min(map(float, runs)) * 1000


def _wall(words: list[str], folder: Path) -> float:
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    least = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, *words], env=environ, check=True, stdout=subprocess.DEVNULL)
        least = min(least, time.perf_counter() - started)
    return least
