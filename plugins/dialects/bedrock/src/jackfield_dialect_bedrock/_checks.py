"""Checks in the words of this format: what a caller wrote wrong, and the breakpoints of its cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from jackfield import Cache, InvalidInput, reading

NAME: Final = "bedrock-converse"
V = TypeVar("V", bound=BaseModel)
_WORDS: Final = {"parameters": "inputSchema", "call_id": "toolUseId", "id": "toolUseId"}


def made(kind: type[V], values: Mapping[str, Any], where: str) -> V:
    """Make a value of members that a caller wrote at a place."""
    return reading.made(kind, values, where, _WORDS)


def refused(error: ValidationError, where: str) -> InvalidInput:
    """Say in the format's own words what a caller wrote wrong at a place."""
    return reading.refused(error, where, _WORDS)


def breakpoint_of(point: Any) -> Cache | None:
    """Read a `cachePoint` object; None where it says more than a breakpoint of ours can."""
    if not isinstance(point, Mapping) or set(point) - {"type", "ttl"} or point.get("type") != "default":
        return None
    ttl = point.get("ttl")
    return Cache(ttl=ttl) if isinstance(ttl, str | None) else None


def cache_point(cache: Cache) -> dict[str, Any]:
    """Write a breakpoint; it is a block of its own, behind what is kept."""
    return {"cachePoint": {"type": "default"} if cache.ttl is None else {"type": "default", "ttl": cache.ttl}}


def object_of(value: Any, where: str) -> dict[str, Any]:
    """Return an object that a caller wrote, without the members that are null.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: an object is needed", param=where)
    return {name: inner for name, inner in value.items() if inner is not None}
