"""Checks: what a caller wrote wrong becomes one line that names the member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import InvalidInput

from ._words import camel


def refused(error: ValidationError, where: str) -> InvalidInput:
    """Say what a caller wrote wrong at a place: our members have no name here."""
    row = error.errors(include_url=False)[0]
    reason = row["msg"].removeprefix("Value error, ")
    return InvalidInput(f"{where}: {reason[:1].lower()}{reason[1:]}", param=where)


def members(value: Any, where: str) -> dict[str, Any]:
    """Return an object's members in camel case, without those that are null."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: an object is needed", param=where)
    return {name: inner for name, inner in camel(value).items() if inner is not None}


def worded(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{where}: a string is needed", param=where)
    return value
