"""What is installed is known without importing it and without reading more than that: work is counted, not timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks.installing import fill

#: Counts the files that are opened in a folder, by their names, and says what of it was imported.
COUNTED = """
import collections, json, os, sys
opened = collections.Counter()
def hook(event, values):
    if event == "open" and isinstance(values[0], str) and values[0].startswith({folder!r}):
        opened[os.path.basename(values[0])] += 1
sys.addaudithook(hook)
try:
    {work}
finally:
    imported = [name for name in sys.modules if name.startswith("bench_")]
    sys.stderr.write(json.dumps([opened, imported]))
"""
LIST = "import jackfield_cli; jackfield_cli.main()"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    fill(tmp_path, providers=100, others=200)
    return tmp_path


def _counted(site: Path, work: str, *words: str) -> tuple[str, Counter[str], list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", COUNTED.format(folder=str(site), work=work), *words],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    opened, imported = json.loads(done.stderr)
    return done.stdout, Counter(opened), imported


def test_every_kind_is_discovered_by_reading_the_entry_points_once(site: Path) -> None:
    work = "from jackfield import Boards; b = Boards(); print(len(b.providers()), b.dialects(), b.found('command', ''))"
    said, opened, imported = _counted(site, work)
    assert int(said.split()[0]) >= 100
    # the opening counts where there is no such file too
    assert opened == {"entry_points.txt": 300}
    assert imported == []


def test_a_list_of_names_reads_no_metadata(site: Path) -> None:
    work = "from jackfield import Boards; print(*Boards(environ={'JACKFIELD_DISABLE': 'bench-7'}).providers())"
    said, opened, _ = _counted(site, work)
    assert "bench8" in said.split()
    assert "bench7" not in said.split()
    assert opened == {"entry_points.txt": 300}


def test_the_list_of_providers_reads_their_data_once_and_runs_no_code(site: Path) -> None:
    said, opened, imported = _counted(site, LIST, "providers", "--json")
    rows = [row for row in json.loads(said) if row["name"].startswith("bench")]
    assert len(rows) == 100
    assert all(row["models"] == 10 for row in rows)
    assert imported == []
    assert opened == {"entry_points.txt": 300, "METADATA": 100, "catalog.toml": 100, "models.toml": 100}


def test_the_list_of_providers_loads_nothing_that_only_a_board_needs(site: Path) -> None:
    work = "from jackfield import Boards; [b.info(n) for b in [Boards()] for n in b.providers()]"
    loaded = "; print(*[n for n in sys.modules if n in ('pydantic', 'pluggy', 'httpx', 'jackfield.board')])"
    assert _counted(site, work + loaded)[0].strip() == ""
