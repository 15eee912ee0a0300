"""Chats, streams and plugins of other spec versions, with the lowest and the newest of what the core allows.

Over httpx alone and over httpx2.
"""

from pathlib import Path

import pytest

from tests.packaging.installing import install, run
from tests.packaging.wheelhouse import FLOOR, PINNED, pythons

pytestmark = pytest.mark.slow

EXERCISE = Path(__file__).parent / "exercise.py"
SPEC_VERSIONS = Path(__file__).parent / "spec_versions.py"
NAMES = ["jackfield", "jackfield-dialect-openai", "jackfield-openai-compatible"]


@pytest.mark.parametrize("python", pythons().values(), ids=pythons())
@pytest.mark.parametrize(
    ("source", "more", "library"),
    [(PINNED, [], "httpx"), (PINNED, ["httpx2"], "httpx2"), (FLOOR, [], "httpx")],
    ids=["httpx", "httpx2", "lowest"],
)
def test_chats_and_streams_work(
    built: Path, python: str, source: Path, more: list[str], library: str, tmp_path: Path
) -> None:
    installed = install(python, tmp_path, [source, built], [*NAMES, *more])
    assert ("httpx2" in installed) is (library == "httpx2")
    said = run(str(tmp_path / "venv/bin/python"), "-W", "error", str(EXERCISE), cwd=tmp_path).split()
    assert said[:3] == ["ok", "over", library]
    assert (said[-1] == "1.5.0") is (source is FLOOR)
    said = run(str(tmp_path / "venv/bin/python"), "-W", "error", str(SPEC_VERSIONS), cwd=tmp_path).split()
    assert said[:2] == ["ok", "pluggy"]
