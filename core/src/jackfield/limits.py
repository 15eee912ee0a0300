"""Limit: what a model takes of one unified parameter, as the catalogs say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limit:
    """`taken=False`: not at all. `reasoning`: only at that effort. The rest bounds the value.

    `efforts`, `default`, `off` and `budget` belong to the parameter `reasoning`: which efforts the model knows (none:
    it takes only a budget), which it uses unasked, whether thinking can be switched off, whether it takes a budget in
    tokens; `range` bounds that budget, and `below` names the parameter that must be greater. `fallback` belongs to
    `max_tokens`, where the format cannot do without it: it is sent where nothing is set and the catalog knows no
    `max_output`. `pattern` and `length` belong to `call_id`.
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
    below: str | None = None
    fallback: int | None = None
    pattern: str | None = None
    length: tuple[int, int] | None = None


_NOT_TAKEN = Limit(taken=False)
_TAKEN = Limit()
_MEMBERS = frozenset(
    {
        "range",
        "max_items",
        "allowed",
        "when",
        "efforts",
        "default",
        "off",
        "budget",
        "below",
        "fallback",
        "pattern",
        "length",
    }
)


def merge_limits(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge `[limits]` tables, the dialect's first. What the format has no word for is given back by `true` alone."""
    never = {name for name, limit in tables[0].items() if limit is False} if tables else set()
    merged: dict[str, Any] = {}
    for table in tables:
        never -= {name for name, limit in table.items() if limit is True}
        merged |= {name: limit for name, limit in table.items() if limit is False or name not in never}
    return merged


def read_limits(table: Mapping[str, Any]) -> tuple[dict[str, Limit], dict[str, tuple[str, ...]]]:
    """Read a `[limits]` table: limits by parameter, and the members that are not taken by their owner.

    The second come from dotted names such as `"media.detail" = false`.

    Raises:
        ValueError: a limit has an unknown member.
    """
    limits: dict[str, Limit] = {}
    untaken: dict[str, tuple[str, ...]] = {}
    for name, value in table.items():
        owner, dot, member = name.partition(".")
        if not dot:
            limits[name] = _read(name, value)
        elif type(value) is not bool:
            raise ValueError(f"the limit of {name} is true or false, not {value!r}")
        elif not value:
            untaken[owner] = (*untaken.get(owner, ()), member)
    return limits, untaken


def _read(name: str, value: Any) -> Limit:
    if isinstance(value, bool):
        return _TAKEN if value else _NOT_TAKEN
    if unknown := set(value) - _MEMBERS:
        raise ValueError(f"the limit of {name} has no member {sorted(unknown)[0]!r}")
    return Limit(
        range=_pair(value.get("range")),
        max_items=value.get("max_items"),
        allowed=_tuple(value.get("allowed")),
        reasoning=value.get("when", {}).get("reasoning"),
        efforts=_tuple(value.get("efforts")),
        default=value.get("default"),
        off=bool(value.get("off", True)),
        budget=bool(value.get("budget", True)),
        below=value.get("below"),
        fallback=value.get("fallback"),
        pattern=value.get("pattern"),
        length=_pair(value.get("length")),
    )


def _pair(value: Any) -> tuple[Any, Any] | None:
    return None if value is None else (value[0], value[1])


def _tuple(value: Any) -> tuple[Any, ...] | None:
    return None if value is None else tuple(value)
