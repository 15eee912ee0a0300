"""Numbers of a JSON Schema: between its bounds, open or closed, and multiples of its step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from ._accepts import accepts
from ._flatten import Unsatisfiable

_TRIES = 40
_SPAN = 100


def _bounds(flat: Mapping[str, Any]) -> tuple[float | None, float | None, bool, bool]:
    """Return both bounds, and whether each is itself left out."""
    low, high = flat.get("minimum"), flat.get("maximum")
    above, below = flat.get("exclusiveMinimum"), flat.get("exclusiveMaximum")
    low_open = above is not None and (low is None or above >= low)
    high_open = below is not None and (high is None or below <= high)
    return (above if low_open else low), (below if high_open else high), low_open, high_open


def integer(flat: Mapping[str, Any], rng: Random) -> int:
    """Make an integer of a flat schema.

    Raises:
        Unsatisfiable: none lies between the bounds.
    """
    low, high, low_open, high_open = _bounds(flat)
    given = flat.get("multipleOf") or 1
    step = int(given) if float(given).is_integer() else 1
    least = None if low is None else math.floor(low) + 1 if low_open else math.ceil(low)
    most = None if high is None else math.ceil(high) - 1 if high_open else math.floor(high)
    if least is None:
        least = 0 if most is None or most >= 0 else most - _SPAN * step
    if most is None:
        most = max(least, 0) + _SPAN * step
    first, last = -(-least // step), most // step
    if first > last:
        raise Unsatisfiable(f"no multiple of {step} lies between {least} and {most}")
    return step * rng.randint(first, last)


def number(flat: Mapping[str, Any], rng: Random) -> float:
    """Make a number of a flat schema.

    Raises:
        Unsatisfiable: none was found between the bounds.
    """
    low, high, _, _ = _bounds(flat)
    step = flat.get("multipleOf")
    least = low if low is not None else min(0.0, high - _SPAN) if high is not None else 0.0
    most = high if high is not None else max(0.0, least) + _SPAN
    plain = {key: value for key, value in flat.items() if key in _KEYWORDS}
    for _ in range(_TRIES):
        if step:
            first, last = math.ceil(least / step), math.floor(most / step)
            made: float = step * rng.randint(first, max(first, last))
        else:
            exact = rng.uniform(least, most)
            made = rng.choice((round(exact, 2), exact))
        if accepts(plain, made, plain):
            return made
    raise Unsatisfiable(f"no number between {least} and {most} was found")


_KEYWORDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
