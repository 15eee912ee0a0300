"""Checks: what a caller or a provider wrote wrong becomes one line that names the member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jackfield import Cache, InvalidInput, ResponseFormatError

V = TypeVar("V", bound=BaseModel)
#: What comes of members that have another type than the format gives them; looked for once, around the whole reading.
MALFORMED = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError)


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


_WIRE = {"parameters": "input_schema", "call_id": "tool_use_id"}


def listed(value: Any, where: str) -> list[Any]:
    """Return a list that a caller wrote.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, list):
        raise InvalidInput(f"{where}: a list is needed", param=where)
    return value


def breakpoint_of(control: Any) -> Cache | None:
    """Read a `cache_control` object; None where it says more than a breakpoint of ours can."""
    if not isinstance(control, Mapping) or set(control) - {"type", "ttl"} or control.get("type") != "ephemeral":
        return None
    ttl = control.get("ttl")
    return Cache(ttl=ttl) if isinstance(ttl, str | None) else None


def word(body: Mapping[str, Any], name: str) -> str | None:
    """Read a string of an answer; what is absent or empty is None.

    Raises:
        TypeError: it is something else.
    """
    value = body.get(name)
    if type(value) is not str and value is not None:
        raise TypeError(f"{name} is a JSON {type(value).__name__}, not a string")
    return value or None


def malformed(what: str, error: Exception, body: bytes | None = None) -> ResponseFormatError:
    """Make the error for JSON that is not of the format, in one line."""
    if isinstance(error, ValidationError):
        row = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, row['loc']))} of a {error.title}: {row['msg'][:1].lower()}{row['msg'][1:]}"
    else:
        reason = str(error)
    return ResponseFormatError(f"{what} is not of the format: {reason}", body=body)
