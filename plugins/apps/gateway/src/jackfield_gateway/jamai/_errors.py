"""Errors in the envelope of the API: a short word, a message, the request's id and its headers without their secrets.

Source: the public server of the API (its handlers of exceptions), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json, to_jsonable_python

from jackfield import HTTPResponse, errors
from jackfield.errors import status_of
from jackfield_gateway._call import Call

#: Our class, the API's word, and the status that goes with it.
_WORDS: Mapping[type[errors.JackfieldError], tuple[str, int]] = {
    errors.AuthenticationError: ("external_authentication_failed", 401),
    errors.MissingCredential: ("external_authentication_failed", 401),
    errors.PermissionDenied: ("forbidden", 403),
    errors.BillingError: ("insufficient_credits", 403),
    errors.RateLimitError: ("rate_limit_exceeded", 429),
    errors.OverloadedError: ("busy", 503),
    errors.NotReadyError: ("busy", 503),
    errors.ModelNotFoundError: ("resource_not_found", 404),
    errors.UnknownProvider: ("resource_not_found", 404),
    errors.ContextLengthError: ("context_overflow", 422),
    errors.ContentFilterError: ("bad_input", 422),
    errors.RequestTooLargeError: ("bad_input", 422),
    errors.UnsupportedParameterError: ("bad_input", 422),
    errors.InvalidRequestError: ("bad_input", 422),
    errors.InvalidInput: ("bad_input", 422),
    errors.RequestTimeout: ("busy", 503),
    errors.TransportError: ("busy", 503),
    errors.JackfieldError: ("unexpected_error", 500),
}
#: So many mistakes are told.
_MOST = 50
_WAIT = "30"  # what the API says where the provider says nothing
_SHOWN = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent", "x-project-id",
     "x-request-id", "x-user-id"}
)  # fmt: skip


def rendered(
    call: Call,
    error: str,
    message: str,
    status: int,
    exception: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> HTTPResponse:
    """Write the envelope. Headers whose meaning is not known are masked: any of them may be a secret."""
    body = {
        "object": "error",
        "error": error,
        "message": message,
        "detail": f"{message}\nException:{exception}",
        "request_id": call.request_id,
        "exception": exception,
        "request_headers": {name: value if name in _SHOWN else "***" for name, value in call.headers.items()},
        **more,
    }
    found = {"content-type": "application/json", "x-request-id": call.request_id, **(headers or {})}
    return HTTPResponse(status, found, to_json(body))


def of_error(call: Call, error: errors.JackfieldError) -> HTTPResponse:
    """Write an error of ours."""
    word, status = next(_WORDS[base] for base in type(error).__mro__ if base in _WORDS)
    headers = {}
    if status in (429, 503):
        headers["retry-after"] = _WAIT if error.retry_after is None else f"{error.retry_after:.0f}"
    return rendered(call, word, error.message, status, type(error).__name__, headers)


def at_the_door(call: Call, error: errors.JackfieldError) -> HTTPResponse:
    """Write why a caller may not come in."""
    if isinstance(error, errors.AuthenticationError):
        return rendered(call, "unauthorized", error.message, 401, "AuthorizationError")
    word = {403: "forbidden", 413: "bad_input", 415: "unsupported_media_type", 503: "busy"}.get(
        status := status_of(error), "http_error"
    )
    return rendered(call, word, error.message, status, type(error).__name__)


def of_validation(call: Call, error: ValidationError, body: Any) -> HTTPResponse:
    """Write what is wrong with a body, each mistake on a line."""
    rows = error.errors(include_url=False)[:_MOST]
    lines = [
        f"{number}. {'.'.join(('body', *map(str, row['loc'])))} : {row['msg']}" for number, row in enumerate(rows, 1)
    ]
    detail = [
        {"type": row["type"], "loc": ["body", *row["loc"]], "msg": row["msg"], "input": repr(row["input"])[:200]}
        for row in rows
    ]
    message = "\n".join(["Your request contains errors:", *lines])
    shown = to_jsonable_python(body, fallback=repr)
    return rendered(call, "validation_error", message, 422, "RequestValidationError", detail=detail, body=shown)
