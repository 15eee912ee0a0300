"""What the kit adds to pytest: the option `--live`, and the deviations in the summary."""

from __future__ import annotations

import pytest

from ._deviations import DEVIATIONS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the kit."""
    group = parser.getgroup("jackfield", "conformance kit of Jackfield")
    group.addoption("--live", action="store_true", default=False, help="ask the providers themselves, with your keys")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List every deviation of the classes that were collected."""
    if not DEVIATIONS:
        return
    terminalreporter.section("deviations from the conformance kit")
    for cls, test, reason, issue in sorted(set(DEVIATIONS)):
        terminalreporter.line(f"{cls}.{test}: {reason} ({issue})")
