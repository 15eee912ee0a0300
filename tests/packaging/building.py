"""Builds distributions from a copy of the tracked files, so that nothing else can get into them."""

import shutil
import sys
from pathlib import Path

from tests.packaging.installing import run
from tests.workspace.tree import ROOT, distributions, tracked

__all__ = ["build"]


def build(copy: Path, out: Path, *targets: str) -> None:
    """Copy every distribution into one folder, and build it into another: all targets, unless some are named."""
    words = [word for target in targets for word in ("--target", target)]
    for found in distributions():
        for path in tracked():
            if path.is_relative_to(found.folder):
                place = copy / path.relative_to(ROOT)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
        # what is published brings its license, which stands once in the tree
        shutil.copyfile(ROOT / "LICENSE", copy / found.folder.relative_to(ROOT) / "LICENSE")
        command = [sys.executable, "-m", "hatchling", "build", "--directory", str(out), *words]
        run(*command, cwd=copy / found.folder.relative_to(ROOT))
