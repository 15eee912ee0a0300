"""`jackfield new-provider` writes packages whose tests pass at once, and fail when a hook writes another field."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.workspace.tree import ROOT

KINDS = ["data", "override", "dialect"]
NAME, MODULE = "my-host", "jackfield_my_host"
#: One field name of each kind that goes over the wire, where it stands, and another in its place.
CHANGED = {
    "data": ("catalog.toml", "max_new_tokens", "max_tokens_new"),
    "override": ("__init__.py", "end_user", "final_user"),
    "dialect": ("talk.py", '"turns"', '"moves"'),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "jackfield_cli", "new-provider", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path, kind: str) -> Path:
    """Render a package."""
    done = asked(NAME, "--kind", kind, "--into", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"wrote {tmp_path}/jackfield-{NAME}" in done.stdout
    return tmp_path / f"jackfield-{NAME}"


def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of a package that is on the path, with the metadata that an installer would write."""
    source = folder / "src"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    metadata = source / f"{MODULE}-{project['version']}.dist-info"
    metadata.mkdir(exist_ok=True)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (metadata / "METADATA").write_text(head)
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups))
    environ = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False, env=environ)


@each_kind
def test_its_tests_pass_at_once(folder: Path, kind: str) -> None:
    done = ran(folder)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@each_kind
def test_its_tests_fail_when_a_field_is_called_otherwise(folder: Path, kind: str) -> None:
    file, name, other = CHANGED[kind]
    path = folder / "src" / MODULE / file
    text = path.read_text()
    assert name in text
    path.write_text(text.replace(name, other))
    done = ran(folder)
    assert done.returncode == 1, done.stdout


@each_kind
def test_nothing_of_the_template_is_left(folder: Path, kind: str) -> None:
    for path in folder.rglob("*"):
        assert "acme" not in path.relative_to(folder).as_posix().lower()
        if path.is_file():
            assert "acme" not in path.read_text("utf-8").lower(), path


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for name in ("My-Host", "9lives", "a--b", "a_b", "../x", ""):
        done = asked(name, "--into", str(tmp_path))
        assert done.returncode == 2
        assert "is no name" in done.stderr
    assert asked(NAME, "--into", str(tmp_path)).returncode == 0
    again = asked(NAME, "--into", str(tmp_path))
    assert again.returncode == 2
    assert "is there already" in again.stderr
    (tmp_path / "file").write_text("")
    assert "cannot be written" in asked("other", "--into", str(tmp_path / "file")).stderr


def test_the_example_is_at_most_sixty_lines_of_code() -> None:
    code = (ROOT / "docs/examples/jackfield-acme/src/jackfield_acme/talk.py").read_text()
    assert len([line for line in code.splitlines() if line.strip()]) <= 60
    formatted = subprocess.run(
        ["ruff", "format", "--line-length", "120", "-"], input=code, capture_output=True, text=True, check=True
    )
    assert formatted.stdout == code
