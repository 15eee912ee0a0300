"""Prints the fault matrix with measured times, beside what an independent bench found of the peers: `make faults`.

`make faults ARGS="--transport fast"` does it over another transport, by its name.
"""

from __future__ import annotations

import argparse
import sys

from tests.faults.running import run, servers
from tests.faults.scenarios import SCENARIOS

_HEAD = ("", "scenario", "Client", "AsyncClient", "litellm", "portkey", "bifrost", "openai")


def main() -> int:
    """Run and print; returns 1 if anything fails."""
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--transport", help="fast, or a library's name; the usual one where none is given")
    transport = parser.parse_args().transport
    passed = 0
    print(f"{_HEAD[0]:4}{_HEAD[1]:30}" + "".join(f"{name:>13}" for name in _HEAD[2:]))
    with servers() as found:
        for scenario in SCENARIOS:
            cells = []
            for colour in ("sync", "async"):
                outcome = run(scenario, colour, found, transport)
                good = scenario.check(outcome)
                passed += good
                cells.append(f"{'pass' if good else 'FAIL'} {outcome.seconds:.2f} s")
            print(
                f"{scenario.name:4}{scenario.title:30}" + "".join(f"{cell:>13}" for cell in (*cells, *scenario.peers))
            )
    print(f"{passed} of {2 * len(SCENARIOS)}; the peers: an independent fault bench of gateways, its own time limits")
    return 0 if passed == 2 * len(SCENARIOS) else 1


if __name__ == "__main__":
    sys.exit(main())
