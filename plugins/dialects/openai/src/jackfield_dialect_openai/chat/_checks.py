"""Checks in the words of these formats: what a caller wrote wrong, and the breakpoints of its cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from jackfield import Cache, InvalidInput, reading

V = TypeVar("V", bound=BaseModel)
_WORDS: Final = {"context_size": "search_context_size", "source": "url"}


def made(kind: type[V], values: Mapping[str, Any], where: str) -> V:
    """Make a value of members that a caller wrote at a place."""
    return reading.made(kind, values, where, _WORDS)


def refused(error: ValidationError, where: str) -> InvalidInput:
    """Say in the format's own words what a caller wrote wrong at a place."""
    return reading.refused(error, where, _WORDS)


def breakpoint_of(control: Any) -> Cache | None:
    """Read a `cache_control` object; None where it says more than a breakpoint of ours can."""
    if not isinstance(control, Mapping) or set(control) - {"type", "ttl"} or control.get("type") != "ephemeral":
        return None
    ttl = control.get("ttl")
    return Cache(ttl=ttl) if isinstance(ttl, str | None) else None
