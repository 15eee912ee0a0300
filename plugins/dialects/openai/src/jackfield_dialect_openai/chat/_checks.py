"""Checks: what a caller wrote wrong becomes one line that names the member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jackfield import Cache, InvalidInput

V = TypeVar("V", bound=BaseModel)


def made(kind: type[V], values: Mapping[str, Any], where: str) -> V:
    """Make a value of members that a caller wrote at a place."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise refused(error, where) from None


def refused(error: ValidationError, where: str) -> InvalidInput:
    """Say in the format's own words what a caller wrote wrong at a place."""
    row = error.errors(include_url=False)[0]
    names = [_WIRE.get(step, step) for step in row["loc"] if isinstance(step, str)]
    place = ".".join([where, *names[:1]])
    reason = row["msg"].removeprefix("Value error, ")
    return InvalidInput(f"{place}: {reason[:1].lower()}{reason[1:]}", param=place)


_WIRE = {"context_size": "search_context_size", "source": "url"}


def listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInput(f"{where}: a list is needed", param=where)
    return value


def breakpoint_of(control: Any) -> Cache | None:
    """Read a `cache_control` object; None where it says more than a breakpoint of ours can."""
    if not isinstance(control, Mapping) or set(control) - {"type", "ttl"} or control.get("type") != "ephemeral":
        return None
    ttl = control.get("ttl")
    return Cache(ttl=ttl) if isinstance(ttl, str | None) else None
