"""Cloudflare Workers AI: its catalog, its errors; what it writes so of chat completions stands in `_chat.py`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import from_json

from jackfield import (
    AuthenticationError,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    ModelNotFoundError,
    hookimpl,
)
from jackfield.errors import class_for_status

__all__ = ["normalize_error"]

#: Cloudflare's own numbers: of a token, of a route (the model stands in it), of what a model cannot do.
_CODES: Mapping[int, type[JackfieldError]] = {
    10000: AuthenticationError, 7000: ModelNotFoundError, 7003: ModelNotFoundError, 5007: ModelNotFoundError,
    5023: InvalidRequestError,
}  # fmt: skip


@hookimpl
def normalize_error(response: HTTPResponse) -> JackfieldError | None:
    """Read Cloudflare's own list of errors."""
    try:
        errors = from_json(response.body)["errors"]
        first = errors[0]
        message, code = str(first["message"]), int(first["code"])
    except (ValueError, LookupError, TypeError):
        return None
    kind = _CODES.get(code) or class_for_status(response.status)
    return kind(message, code=str(code))
