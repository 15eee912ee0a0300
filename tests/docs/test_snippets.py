"""Every block of code in the documentation runs, against the sandbox; one that does not says why."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jackfield import Boards
from tests.docs import running
from tests.docs.snippets import Block, blocks, pages, readmes
from tests.workspace.tree import ROOT

LANGUAGES = {"python", "sh", "toml", "text", "json"}
BLOCKS = [block for page in pages() for block in blocks(page)]
COMMANDS = [block for block in BLOCKS if block.runs and block.language == "sh"]
DATA = [block for block in BLOCKS if block.language == "toml"]


def _pages(language: str) -> list[Path]:
    return [page for page in pages() if any(block.runs and block.language == language for block in blocks(page))]


def _of(page: Path, language: str) -> list[Block]:
    return [block for block in blocks(page) if block.runs and block.language == language]


def _where(block: Block) -> str:
    return block.where


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", _pages("python"), ids=_name)
def test_the_python_of_a_page_runs(page: Path, reader: dict[str, str], tmp_path: Path) -> None:
    _run([page], reader, tmp_path)


def test_the_python_of_every_readme_runs(reader: dict[str, str], tmp_path: Path) -> None:
    assert len(readmes()) > 40
    _run(readmes(), reader, tmp_path)


def _run(some: list[Path], reader: dict[str, str], folder: Path) -> None:
    file = folder / "blocks.json"
    found = [[(block.where, block.code) for block in _of(page, "python")] for page in some]
    file.write_text(json.dumps(found), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(Path(running.__file__)), str(file)],
        cwd=folder, env=reader, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", COMMANDS, ids=_where)
def test_the_commands_of_a_block_run(block: Block, reader: dict[str, str], tmp_path: Path) -> None:
    for other in blocks(block.page):
        if other.file is not None:
            (tmp_path / other.file).write_text(other.code, encoding="utf-8")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.code],
        cwd=tmp_path, env=reader, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", DATA, ids=_where)
def test_the_data_of_a_block_is_read(block: Block, tmp_path: Path) -> None:
    table = tomllib.loads(block.code)
    if block.comment == "jackfield.toml":
        file = tmp_path / "jackfield.toml"
        file.write_text(block.code, encoding="utf-8")
        boards = Boards.of(file, {})
        assert [boards.info(name).model_names() for name in table["providers"]]
    elif block.comment.startswith("catalog.toml of "):
        (tmp_path / "catalog.toml").write_text(block.code, encoding="utf-8")
        boards = Boards(environ={})
        name = table["provider"]["name"]
        boards.register("provider", name, None, tmp_path)
        assert [boards.info(name).model(model).id for model in boards.info(name).model_names()]
        boards.open(name)


def test_every_block_says_its_language() -> None:
    said = [(block.where, block.language) for block in BLOCKS if not block.language.startswith("{")]
    strange = [where for where, language in said if language not in LANGUAGES]
    assert strange == []


def test_a_block_that_is_not_run_says_why() -> None:
    every = [*BLOCKS, *(block for page in readmes() for block in blocks(page))]
    silent = [block.where for block in every if block.comment.startswith("no-run") and len(block.comment) < 15]
    assert silent == []
    assert sum(block.runs for block in BLOCKS) > 40


def test_a_block_that_fails_is_named_by_page_and_line(reader: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "blocks.json"
    file.write_text(json.dumps([[("docs/well.md:3", "x = 1")], [("docs/sick.md:7", "y = 2\nassert x")]]))
    command = [sys.executable, str(Path(running.__file__)), str(file)]
    done = subprocess.run(command, env=reader, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert 'File "docs/sick.md", line 8' in done.stderr
    assert "well.md" not in done.stderr
