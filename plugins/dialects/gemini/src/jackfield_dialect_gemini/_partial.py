"""Decode: calls whose arguments come in pieces, which Vertex sends where it was asked to stream them.

Source: google-genai 3.4.0, types.FunctionCall and types.PartialArg. There is no recording of it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]")
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


class PartialCall:
    """A call that is being put together. It is given whole: a piece names a place in the arguments, not their text."""

    __slots__ = ("_args", "_members", "_signature")

    def __init__(self) -> None:
        self._members: dict[str, Any] = {}
        self._args: dict[str, Any] = {}
        self._signature: str | None = None

    def add(self, wire: dict[str, Any]) -> bool:
        """Add a part; return whether it was the last.

        Raises:
            LookupError, TypeError: a piece names a place that cannot be.
        """
        call = wire["functionCall"]
        self._signature = wire.get("thoughtSignature") or self._signature
        self._members |= {name: call[name] for name in ("name", "id") if call.get(name)}
        self._args |= call.get("args") or {}
        for piece in call.get("partialArgs") or ():
            found = next((name for name in _VALUES if name in piece), "nullValue")
            self._set(piece["jsonPath"], None if found == "nullValue" else piece[found])
        return not call.get("willContinue")

    def whole(self) -> dict[str, Any]:
        """Return the part as it would have come whole."""
        signed = {"thoughtSignature": self._signature} if self._signature is not None else {}
        return {"functionCall": {**self._members, "args": self._args}, **signed}

    def _set(self, path: str, value: Any) -> None:
        """Put a value at a place such as `$.rooms[0].name`; text that goes on is added to what is there."""
        steps: list[Any] = [int(number) if number else name or quoted for name, number, quoted in _STEP.findall(path)]
        if not steps:
            raise LookupError(f"no argument stands at {path}")
        held: Any = self._args
        for step, after in pairwise(steps):
            held = _at(held, step, [] if isinstance(after, int) else {})
        before = _at(held, steps[-1], None)
        held[steps[-1]] = before + value if isinstance(before, str) and isinstance(value, str) else value


def _at(held: Any, step: Any, empty: Any) -> Any:
    """Return what stands at a step, made where nothing does."""
    if isinstance(step, int):
        if step > len(held):
            raise LookupError(f"item {step} comes before those in front of it")
        if step == len(held):
            held.append(empty)
        return held[step]
    return held.setdefault(step, empty)
