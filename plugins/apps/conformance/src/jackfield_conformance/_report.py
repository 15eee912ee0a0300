"""What a failed check says: the hook, the scenario, the difference, and the page that explains it."""

from __future__ import annotations

from typing import Any

import pytest

PAGE = "docs/reference/conformance.md"
#: Differences that are shown of one check; the rest is counted.
_SHOWN = 12
_LONG = 400


class Findings:
    """Collects what is wrong, so that one run shows all of it; `check()` fails the test if anything is."""

    def __init__(self, test: str) -> None:
        self._test = test
        self._rows: list[str] = []

    def add(self, hook: str, scenario: str, difference: str) -> None:
        """Write down a difference."""
        self._rows.append(f"  {hook}, {scenario}: {difference}")

    def unless(self, holds: object, hook: str, scenario: str, difference: str) -> None:
        """Write down a difference where something does not hold."""
        if not holds:
            self.add(hook, scenario, difference)

    def check(self) -> None:
        """Fail the test where something is wrong."""
        if not self._rows:
            return
        rows, more = self._rows[:_SHOWN], len(self._rows) - _SHOWN
        if more > 0:
            rows = [*rows, f"  and {more} more"]
        pytest.fail("\n".join([f"{self._test} found:", *rows, f"see {PAGE}, section {self._test}"]), pytrace=False)


def shown(value: Any) -> str:
    """Write a value so that it fits into a line."""
    text = repr(value)
    return text if len(text) <= _LONG else f"{text[: _LONG // 2]} ... {text[-_LONG // 2 :]}"


def unlike(found: Any, wanted: Any, where: str = "") -> list[str]:
    """Name the places where two values of JSON's kinds differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [*dict.fromkeys([*wanted, *found])]
        return [row for key in keys for row in unlike(found.get(key), wanted.get(key), f"{where}.{key}".lstrip("."))]
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple) and len(found) == len(wanted):
        pairs = enumerate(zip(found, wanted, strict=True))
        return [row for number, (one, other) in pairs for row in unlike(one, other, f"{where}[{number}]")]
    return [] if found == wanted else [f"{where or 'the value'} is {shown(found)}, not {shown(wanted)}"]
