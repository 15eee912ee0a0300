"""Sixteen scenarios, two clients: thirty-two of thirty-two, and nothing is left of any."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from tests.core.server import Server
from tests.faults.running import descriptors, run, servers
from tests.faults.scenarios import SCENARIOS, Scenario


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Server]]:
    with servers() as opened:
        yield opened


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_a_scenario(found: dict[str, Server], scenario: Scenario, colour: str) -> None:
    check(found, scenario, colour)


@pytest.mark.slow
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_a_scenario_over_the_fast_transports(found: dict[str, Server], scenario: Scenario, colour: str) -> None:
    check(found, scenario, colour, "fast")


def check(found: dict[str, Server], scenario: Scenario, colour: str, transport: str | None = None) -> None:
    """Run a scenario; what must come of it comes, and nothing is left open."""
    before = descriptors()
    outcome = run(scenario, colour, found, transport)
    assert scenario.check(outcome), (scenario.title, outcome)
    assert outcome.seconds < 8
    limit = time.monotonic() + 5
    while descriptors() > before and time.monotonic() < limit:  # the servers close theirs a moment later
        gc.collect()
        time.sleep(0.05)
    assert descriptors() <= before, "a connection was left open"


def test_there_are_sixteen() -> None:
    assert [scenario.name for scenario in SCENARIOS] == [f"S{number:02}" for number in range(1, 17)]
