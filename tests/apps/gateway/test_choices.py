"""The page of choices and the tests that hold them name each other."""

from __future__ import annotations

import re

from tests.workspace.tree import ROOT


def test_every_choice_has_a_test_and_every_test_a_choice() -> None:
    page = (ROOT / "docs" / "reference" / "seed-choices.md").read_text(encoding="utf-8")
    written = re.findall(r"^\| `(\w+)` \| [UI] \|", page, re.MULTILINE)
    tests = [
        name
        for file in sorted((ROOT / "tests" / "apps" / "gateway").rglob("test_*.py"))
        for name in re.findall(r"^def test_choice_(\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert sorted(written) == sorted(tests)
    assert len(written) == len(set(written)) > 30
