"""A deviation is named, listed and checked: the way out is no way around."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jackfield_conformance import ProviderConformance, deviates
from tests.apps.conformance import reference

ROOT = Path(__file__).parents[3]
_FILE = """
from jackfield_conformance import deviates
from tests.apps.conformance.broken_providers import SoundProvider, BrokenUsageAddsUp

@deviates("{check}", reason="it was made so", issue="https://acme.example/1")
class TestAcme({base}):
    pass
"""


def run(folder: Path, code: str, *words: str) -> str:
    """Run the kit over a file of code, with more words for pytest; returns what it prints."""
    (folder / "test_acme.py").write_text(code)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "jackfield_conformance", "-p", "no:cacheprovider", "--noconftest",
        "-o", "addopts=", "--rootdir", str(folder), *words, "test_acme.py",
    ]  # fmt: skip
    environ = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests/apps/conformance/packages'}"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=environ
    ).stdout


def deviating(folder: Path, base: str, check: str) -> str:
    """Run one check of a class that deviates from it."""
    return run(folder, _FILE.format(base=base, check=check), "-k", f"TestAcme and {check}")


def test_a_deviation_is_listed_with_reason_and_issue(tmp_path: Path) -> None:
    told = deviating(tmp_path, "BrokenUsageAddsUp", "test_usage_adds_up")
    assert "1 xfailed" in told
    assert "TestAcme.test_usage_adds_up: it was made so (https://acme.example/1)" in told


def test_a_deviation_that_is_none_any_more_fails(tmp_path: Path) -> None:
    told = deviating(tmp_path, "SoundProvider", "test_usage_adds_up")
    assert "1 failed" in told
    assert "XPASS(strict)" in told


def test_a_deviation_needs_a_check_a_reason_and_an_issue() -> None:
    with pytest.raises(TypeError, match="has no check 'test_nothing'"):
        deviates("test_nothing", reason="why", issue="where")(type("TestAcme", (ProviderConformance,), {}))
    with pytest.raises(TypeError, match="needs a reason and an issue"):
        deviates("test_registers", reason="", issue="where")


def test_a_failure_names_hook_scenario_difference_and_page(tmp_path: Path) -> None:
    code = "from tests.apps.conformance.broken_providers import BrokenUsageAddsUp\n"
    told = run(tmp_path, code, "-o", "python_classes=Broken*", "-k", "usage")
    assert "usage_items, text: output.reasoning 1000000 is more than output 34" in told
    assert "see docs/reference/conformance.md, section test_usage_adds_up" in told


def test_every_check_has_its_section() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()
