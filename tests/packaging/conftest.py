"""The wheels of every distribution, built once."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.packaging.installing import run
from tests.workspace.tree import ROOT, distributions, tracked


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build every distribution from a copy of the tracked files."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for found in distributions():
        for path in tracked():
            if path.is_relative_to(found.folder):
                target = copy / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        run(
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "--directory",
            str(out),
            cwd=copy / found.folder.relative_to(ROOT),
        )
    return out
