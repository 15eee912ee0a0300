"""Limit: what a model takes of one unified parameter, as the catalogs say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limit:
    """`taken=False`: not at all. `reasoning`: only at that effort. The rest bounds the value.

    `efforts`, `default`, `off` and `budget` belong to the parameter `reasoning`: which efforts the model knows, which
    it uses unasked, whether thinking can be switched off, whether it takes a budget in tokens.
    """

    taken: bool = True
    range: tuple[float, float] | None = None
    max_items: int | None = None
    allowed: tuple[Any, ...] | None = None
    reasoning: str | None = None
    efforts: tuple[str, ...] | None = None
    default: str | None = None
    off: bool = True
    budget: bool = True


_NOT_TAKEN = Limit(taken=False)
_TAKEN = Limit()
_MEMBERS = frozenset({"range", "max_items", "allowed", "when", "efforts", "default", "off", "budget"})


def read_limits(table: Mapping[str, Any]) -> dict[str, Limit]:
    """Read a `[limits]` table.

    Raises:
        ValueError: a limit has an unknown member.
    """
    return {name: _read(name, value) for name, value in table.items()}


def _read(name: str, value: Any) -> Limit:
    if isinstance(value, bool):
        return _TAKEN if value else _NOT_TAKEN
    if unknown := set(value) - _MEMBERS:
        raise ValueError(f"the limit of {name} has no member {sorted(unknown)[0]!r}")
    low_high = value.get("range")
    return Limit(
        range=None if low_high is None else (low_high[0], low_high[1]),
        max_items=value.get("max_items"),
        allowed=_tuple(value.get("allowed")),
        reasoning=value.get("when", {}).get("reasoning"),
        efforts=_tuple(value.get("efforts")),
        default=value.get("default"),
        off=bool(value.get("off", True)),
        budget=bool(value.get("budget", True)),
    )


def _tuple(value: Any) -> tuple[Any, ...] | None:
    return None if value is None else tuple(value)
