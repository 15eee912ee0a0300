"""What dialects share when they read JSON of others: a wrong member becomes one line that names it, on either side.

An answer that is not of its format is a `ResponseFormatError`; a body that a caller wrote wrong is an `InvalidInput`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from .errors import InvalidInput, ResponseFormatError
from .wire import HTTPResponse

V = TypeVar("V", bound=BaseModel)
#: What comes of members that have another type than the format gives them; looked for once, around a whole reading.
MALFORMED: Final = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError, struct.error, InvalidInput)


def read_json(response: HTTPResponse) -> Any:
    """Read an answer's body as JSON.

    Raises:
        ResponseFormatError: it is none; the message says what it is.
    """
    try:
        return from_json(response.body)
    except ValueError:
        kind = response.headers.get("content-type", "no content type")
        start = response.body[:120].decode("utf-8", "replace").strip()
        what = f"{kind}: {start}" if start else "an empty body"
        raise ResponseFormatError(f"the answer is not JSON but {what}") from None


def malformed(what: str, error: Exception, body: bytes | None = None) -> ResponseFormatError:
    """Make the error for JSON that is not of the format, in one line."""
    if isinstance(error, ValidationError):
        row = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, row['loc']))} of a {error.title}: {row['msg'][:1].lower()}{row['msg'][1:]}"
    else:
        reason = str(error)
    return ResponseFormatError(f"{what} is not of the format: {reason}", body=body)


def word(body: Mapping[str, Any], name: str) -> str | None:
    """Read a string of an answer; what is absent or empty is None.

    Raises:
        TypeError: it is something else.
    """
    value = body.get(name)
    if type(value) is not str and value is not None:
        raise TypeError(f"{name} is a JSON {type(value).__name__}, not a string")
    return value or None


def counted(body: Mapping[str, Any], name: str) -> int:
    """Read a count of an answer, which has to be there.

    Raises:
        TypeError, ValueError: it is no whole number, or negative.
    """
    value = body.get(name)
    if type(value) is not int:
        raise TypeError(f"{name} is a JSON {type(value).__name__}, not a whole number")
    if value < 0:
        raise ValueError(f"{name} is negative")
    return value


def made(kind: type[V], values: Mapping[str, Any], where: str, words: Mapping[str, str]) -> V:
    """Make a value of members that a caller wrote at a place; `words` are the format's names of our members.

    Raises:
        InvalidInput: a member is wrong.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise refused(error, where, words) from None


def refused(error: ValidationError, where: str, words: Mapping[str, str]) -> InvalidInput:
    """Say in the format's own words what a caller wrote wrong at a place."""
    row = error.errors(include_url=False)[0]
    names = [words.get(step, step) for step in row["loc"] if isinstance(step, str)]
    place = ".".join([where, *names[:1]])
    reason = row["msg"].removeprefix("Value error, ")
    return InvalidInput(f"{place}: {reason[:1].lower()}{reason[1:]}", param=place)


def listed(value: Any, where: str) -> list[Any]:
    """Return a list that a caller wrote.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, list):
        raise InvalidInput(f"{where}: a list is needed", param=where)
    return value
