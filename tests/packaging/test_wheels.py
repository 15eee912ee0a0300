"""What is built is what is in the tree, and installs without the tree, offline, on every Python that is here."""

import sys
import tarfile
import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.packaging.installing import install, run
from tests.packaging.wheelhouse import FLOOR, PINNED, pythons
from tests.workspace.tree import Distribution, distributions, tracked

pytestmark = pytest.mark.slow

# The core's dependencies and theirs; what a Python of this age needs besides is in the second set.
CORE = {"annotated-types", "anyio", "certifi", "h11", "httpcore", "httpx", "idna", "importlib-metadata"}
CORE |= {"lazy-importer", "pluggy", "pydantic", "pydantic-core", "typing-extensions", "typing-inspection", "zipp"}
OF_SOME_PYTHONS = {"sniffio"}

each_distribution = pytest.mark.parametrize("distribution", distributions(), ids=lambda found: found.name)
each_python = pytest.mark.parametrize("python", pythons().values(), ids=pythons())


@each_distribution
def test_a_wheel_holds_the_package_and_nothing_else(built: Path, distribution: Distribution) -> None:
    with zipfile.ZipFile(_one(built, distribution, "-*-py3-none-any.whl")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == _package_files(distribution)


@each_distribution
def test_a_source_archive_builds_the_same_wheel(built: Path, distribution: Distribution, tmp_path: Path) -> None:
    with tarfile.open(_one(built, distribution, "-*.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path), cwd=source)
    again, first = (_one(folder, distribution, "-*-py3-none-any.whl") for folder in (tmp_path, built))
    with zipfile.ZipFile(again) as one, zipfile.ZipFile(first) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


@each_distribution
def test_a_wheel_says_what_it_is(built: Path, distribution: Distribution) -> None:
    with zipfile.ZipFile(_one(built, distribution, "-*-py3-none-any.whl")) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(wheel.read(name).decode())
    assert metadata["Name"] == distribution.name
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_payload()


@each_python
def test_the_core_installs_with_its_dependencies_alone(built: Path, python: str, tmp_path: Path) -> None:
    installed = install(python, tmp_path, [PINNED, built], ["jackfield"])
    assert CORE <= installed - {"jackfield"} <= CORE | OF_SOME_PYTHONS
    _imports(tmp_path, distributions()[:1])


@each_python
def test_the_core_works_with_the_lowest_versions_it_allows(built: Path, python: str, tmp_path: Path) -> None:
    install(python, tmp_path, [FLOOR, built], ["jackfield"])
    _imports(tmp_path, distributions()[:1])


@each_python
def test_everything_installs_together(built: Path, python: str, tmp_path: Path) -> None:
    names = [found.name for found in distributions()]
    assert set(names) <= install(python, tmp_path, [PINNED, built], names)
    _imports(tmp_path, distributions())
    if "jackfield-cli" in names:
        version = next(str(found.project["version"]) for found in distributions() if found.name == "jackfield-cli")
        assert version in run(str(tmp_path / "venv/bin/jackfield"), "--version", cwd=tmp_path)


def _imports(folder: Path, wanted: Iterable[Distribution]) -> None:
    """Import each package, and every public name of it, which may be lazy."""
    loop = "for name in getattr(package, '__all__', ()): getattr(package, name)"
    for found in wanted:
        code = f"import {found.package.name} as package\n{loop}"
        run(str(folder / "venv/bin/python"), "-W", "error", "-c", code, cwd=folder)


def _package_files(distribution: Distribution) -> set[str]:
    held = (path for path in tracked() if path.is_relative_to(distribution.package))
    return {path.relative_to(distribution.folder / "src").as_posix() for path in held}


def _one(folder: Path, distribution: Distribution, pattern: str) -> Path:
    (found,) = folder.glob(distribution.name.replace("-", "_") + pattern)
    return found
