"""What may be written where: escape codes and live views on a terminal only, and none that a model made up."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person reads along, on something that knows escape codes."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def dimmed(text: str) -> str:
    """Make a text for standard error step back, where that can be shown."""
    plain = not is_terminal(sys.stderr) or "NO_COLOR" in os.environ
    return text if plain else f"\x1b[2m{text}\x1b[0m"


def harmless(text: str, stream: TextIO) -> str:
    """Take control characters out of what a model wrote, where a terminal would obey them."""
    return _CONTROL.sub("", text) if stream.isatty() else text
