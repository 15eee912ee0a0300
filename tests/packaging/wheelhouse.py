"""The third-party wheels that ``make`` keeps for these tests, and the Pythons that they serve."""

import json
import sys

from tests.workspace.tree import ROOT

__all__ = ["FLOOR", "PINNED", "pythons"]

_HOUSE = ROOT / ".venv" / "wheelhouse"
PINNED = _HOUSE / "pinned"
FLOOR = _HOUSE / "floor"


def pythons() -> dict[str, str]:
    """Return the Pythons to install on by their versions; only the running one where the wheelhouse is not filled."""
    try:
        held = json.loads((_HOUSE / "interpreters.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    return dict(held["pythons"])
