"""The kit finds what is broken: every check fails for a plugin that breaks it, and for that plugin no other does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from jackfield_conformance import DialectConformance, ProviderConformance
from tests.apps.conformance import broken_dialects, broken_providers

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
_SUMMARY = """
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        with open({path!r}, "a", encoding="utf-8") as file:
            file.write(f"{{report.outcome}} {{report.nodeid}}\\n")
"""


def checks(kit: type) -> set[str]:
    """Return the names of a kit class's checks; the live one needs a provider."""
    return {name for name in dir(kit) if name.startswith("test_")} - {"test_live"}


@cache
def outcomes(folder: Path) -> Mapping[str, dict[str, set[str]]]:
    """Run the kit over every broken class, and return the names of checks by class and outcome."""
    path = folder / "outcomes"
    (folder / "told.py").write_text(_SUMMARY.format(path=str(path)))
    paths = os.pathsep.join(map(str, (folder, HERE / "packages", ROOT)))
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "told", "-p", "jackfield_conformance", "-p", "no:cacheprovider",
        "--noconftest", "-o", "python_classes=Sound Broken*", "-o", "addopts=",
        str(HERE / "broken_providers.py"), str(HERE / "broken_dialects.py"),
    ]  # fmt: skip
    ran = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={"PYTHONPATH": paths},
    )
    assert path.exists(), ran.stdout + ran.stderr
    found: dict[str, dict[str, set[str]]] = {}
    for line in path.read_text().splitlines():
        outcome, _, node = line.partition(" ")
        _, cls, check = node.split("::")
        found.setdefault(cls, {}).setdefault(outcome, set()).add(check.partition("[")[0])
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, set[str]]]:
    return outcomes(tmp_path_factory.mktemp("kit"))


BROKEN = [(cls, check) for module in (broken_providers, broken_dialects) for cls, check in module.BROKEN.items()]


@pytest.mark.parametrize(("cls", "check"), BROKEN, ids=[cls.__name__ for cls, _ in BROKEN])
def test_a_broken_plugin_fails_its_check_and_no_other(
    found: Mapping[str, dict[str, set[str]]], cls: type, check: str
) -> None:
    assert found[cls.__name__].get("failed") == {check}


@pytest.mark.parametrize(
    ("kit", "name"), [(ProviderConformance, "SoundProvider"), (DialectConformance, "SoundDialect")]
)
def test_a_sound_plugin_passes_every_check(found: Mapping[str, dict[str, set[str]]], kit: type, name: str) -> None:
    assert "failed" not in found[name]
    assert found[name]["passed"] == checks(kit)


@pytest.mark.parametrize(
    ("kit", "module"), [(ProviderConformance, broken_providers), (DialectConformance, broken_dialects)]
)
def test_every_check_has_a_plugin_that_breaks_it(kit: type, module: object) -> None:
    broken = {check for cls, check in BROKEN if issubclass(cls, kit)}
    assert broken == checks(kit)


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 25
