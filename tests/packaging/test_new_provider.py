"""A package that `jackfield new-provider` writes is built, installed where nothing else is, and tested by its kit."""

import sys
from pathlib import Path

import pytest

from tests.packaging.installing import install, run
from tests.packaging.wheelhouse import PINNED

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["data", "override", "dialect"])
def test_a_new_package_passes_the_kit_in_an_environment_of_its_own(built: Path, kind: str, tmp_path: Path) -> None:
    run(sys.executable, "-m", "jackfield_cli", "new-provider", "my-host", "--kind", kind, cwd=tmp_path)
    folder, out, place = tmp_path / "jackfield-my-host", tmp_path / "wheels", tmp_path / "place"
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out), cwd=folder)
    place.mkdir()
    names = install(
        sys.executable, place, [PINNED, built, out], ["jackfield-my-host", "jackfield-conformance", "httpx"]
    )
    assert {"jackfield-my-host", "jackfield-conformance"} <= names
    said = run(str(place / "venv/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert " passed" in said
    assert " failed" not in said
