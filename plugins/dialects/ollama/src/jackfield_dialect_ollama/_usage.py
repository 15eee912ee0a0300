"""Usage, in both directions: two counts, which stand among the members of the answer; durations go along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Facts, Request, Usage, hookimpl

from ._words import COUNTS, DURATIONS

_NAMES = ("input", "output")


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read the counts; a prompt that was in the cache as a whole states none."""
    counts = {
        name: value
        for name, key in zip(_NAMES, COUNTS, strict=True)
        if type(value := raw.get(key)) is int and value >= 0
    }
    return Usage(counts)


def usage_object(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the counts and durations of an answer; None where it counts nothing."""
    if not any(name in body for name in COUNTS):
        return None
    return {name: body[name] for name in (*COUNTS, *DURATIONS) if name in body}


def durations(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the durations, which are state of the answer: it is served with them again."""
    return {name: body[name] for name in DURATIONS if name in body}


def usage_members(usage: Usage | None) -> dict[str, Any]:
    """Write the counts that are known."""
    counts = usage.counts if usage is not None else {}
    return {key: counts[name] for name, key in zip(_NAMES, COUNTS, strict=True) if name in counts}
