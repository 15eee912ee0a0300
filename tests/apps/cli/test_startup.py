"""What starts quickly: asking for the version or for help loads nothing that only an answer needs."""

import re
import subprocess
import sys

import pytest

from tests.apps.cli.processes import Command

COUNT = """
import sys
from jackfield_cli import main
try:
    main()
finally:
    sys.stderr.write(" ".join(sorted(sys.modules)))
"""
HEAVY = {"pydantic", "pydantic_core", "pluggy", "httpx", "httpx2", "rich", "ssl", "asyncio", "http.client"}


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_nothing_heavy_is_loaded(jackfield: Command, word: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, word], env=dict(jackfield.environ), capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert loaded & HEAVY == set()
    assert "typer" in loaded
    assert len(loaded) < 260


def test_rich_is_not_loaded_for_a_table_in_a_pipe(jackfield: Command) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, "providers"],
        env=dict(jackfield.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "acme" in done.stdout
    assert {"rich", "httpx", "httpx2"} & set(done.stderr.split()) == set()


def test_the_version_names_core_command_and_python(jackfield: Command) -> None:
    done = jackfield("--version")
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"jackfield \S+ \(jackfield-cli \S+, Python 3\.\d+\.\S+\)\n", done.out)


def test_no_words_show_the_help(jackfield: Command) -> None:
    assert "Usage: jackfield" in "".join(jackfield().out + jackfield().err)
