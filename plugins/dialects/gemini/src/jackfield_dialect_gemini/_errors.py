"""Errors, in both directions: `{"error": {code, message, status, details}}`, sometimes in a list of one.

Sources: google.rpc.Status and its details (googleapis), the recorded refusals.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    ContentFilterError,
    ContextLengthError,
    HTTPResponse,
    InvalidInput,
    InvalidRequestError,
    JackfieldError,
    MissingCredential,
    ModelNotFoundError,
    NotReadyError,
    OverloadedError,
    PermissionDenied,
    RateLimitError,
    Request,
    RequestTimeout,
    RequestTooLargeError,
    ServerError,
    UnknownProvider,
    UnsupportedParameterError,
    hookimpl,
)

_BY_STATUS: dict[int, type[JackfieldError]] = {
    401: AuthenticationError, 402: BillingError, 403: PermissionDenied, 404: ModelNotFoundError, 408: RequestTimeout,
    413: RequestTooLargeError, 429: RateLimitError, 503: OverloadedError, 504: RequestTimeout, 529: OverloadedError,
}  # fmt: skip
#: google.rpc.Code: the status that each word stands for.
_STATUS = {
    "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400, "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403, "NOT_FOUND": 404, "ABORTED": 409, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499, "INTERNAL": 500, "UNKNOWN": 500, "DATA_LOSS": 500, "UNIMPLEMENTED": 501, "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}  # fmt: skip
#: No field says these three (recorded).
_TOO_LONG = "exceeds the maximum number of tokens"
_UNKNOWN_FIELD = "Cannot find field"
_NO_QUOTA = re.compile(r"limit: 0\b")
_SECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)s")
_TYPES = "type.googleapis.com/google.rpc."


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read the error object and its details."""
    try:
        document = from_json(response.body)
    except ValueError:
        return None
    found = error_object(document)
    if found is None:
        return None
    word = _text(found.get("status"))
    code = found.get("code")
    status = response.status
    if status < 400:
        status = code if type(code) is int and 400 <= code <= 599 else _STATUS.get(word or "", 500)
    details = [row for row in _rows(found, "details") if isinstance(row, dict)]
    fields = [row for detail in details for row in _rows(detail, "fieldViolations") if isinstance(row, dict)]
    message = _text(found.get("message"))
    error = _class(status, message or "", details, fields)(
        message or "the provider gave no reason",
        code=word or (None if code is None else str(code)),
        param=next((name for row in fields if (name := _text(row.get("field")))), None),
    )
    if response.headers.keys().isdisjoint(("retry-after", "retry-after-ms")):
        delays = (_delay(row.get("retryDelay")) for row in details)
        error.retry_after = next((delay for delay in delays if delay is not None), None)
    return error


def error_object(document: Any) -> dict[str, Any] | None:
    """Return the error in a document, None where there is none."""
    if isinstance(document, list) and document:
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) and error else None


def _class(
    status: int, message: str, details: list[dict[str, Any]], fields: list[dict[str, Any]]
) -> type[JackfieldError]:
    reason = next((word for row in details if (word := _text(row.get("reason")))), "")
    if status in (400, 403) and reason.startswith("API_KEY_"):
        return AuthenticationError
    if status == 429:
        violated = [row for detail in details for row in _rows(detail, "violations") if isinstance(row, dict)]
        if any("PerDay" in str(row.get("quotaId")) for row in violated) or _NO_QUOTA.search(message):
            return BillingError
    if status == 400 and _TOO_LONG in message:
        return ContextLengthError
    if status == 400 and any(_UNKNOWN_FIELD in str(row.get("description")) for row in fields):
        return UnsupportedParameterError
    return _BY_STATUS.get(status, ServerError if status >= 500 else InvalidRequestError)


def _rows(holder: dict[str, Any], name: str) -> list[Any]:
    rows = holder.get(name)
    return rows if isinstance(rows, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _delay(value: Any) -> float | None:
    found = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) if found else None


def blocked(feedback: Any) -> ContentFilterError | None:
    """Return the error that an answer without candidates is, where its prompt was blocked."""
    if not isinstance(feedback, dict) or not (reason := feedback.get("blockReason")):
        return None
    message = _text(feedback.get("blockReasonMessage")) or f"the prompt was blocked: {reason}"
    return ContentFilterError(message, code=str(reason))


#: Status and word of every class that a caller may meet.
_RENDERED: tuple[tuple[type[JackfieldError], int, str], ...] = (
    (AuthenticationError, 401, "UNAUTHENTICATED"),
    (MissingCredential, 401, "UNAUTHENTICATED"),
    (PermissionDenied, 403, "PERMISSION_DENIED"),
    (BillingError, 429, "RESOURCE_EXHAUSTED"),
    (RateLimitError, 429, "RESOURCE_EXHAUSTED"),
    (OverloadedError, 503, "UNAVAILABLE"),
    (NotReadyError, 503, "UNAVAILABLE"),
    (ModelNotFoundError, 404, "NOT_FOUND"),
    (UnknownProvider, 404, "NOT_FOUND"),
    (RequestTooLargeError, 413, "INVALID_ARGUMENT"),
    (ContextLengthError, 400, "INVALID_ARGUMENT"),
    (ContentFilterError, 400, "INVALID_ARGUMENT"),
    (UnsupportedParameterError, 400, "INVALID_ARGUMENT"),
    (InvalidRequestError, 400, "INVALID_ARGUMENT"),
    (InvalidInput, 400, "INVALID_ARGUMENT"),
    (RequestTimeout, 504, "DEADLINE_EXCEEDED"),
    (ConnectionFailed, 502, "UNAVAILABLE"),
)


def envelope(error: JackfieldError) -> tuple[int, dict[str, Any]]:
    """Return the status and the body that say an error in this format; what no word says stands in the details."""
    status, word = 500, "INTERNAL"
    for cls, *row in _RENDERED:
        if isinstance(error, cls):
            status, word = row  # type: ignore[assignment]
            break
    if error.status is not None and 400 <= error.status <= 599:
        status = error.status
    message = str(error.message)
    if isinstance(error, ContextLengthError) and _TOO_LONG not in message:
        message = f"{message} (the input {_TOO_LONG} allowed)"
    details: list[dict[str, Any]] = []
    reason = "API_KEY_INVALID" if isinstance(error, AuthenticationError | MissingCredential) else error.code
    if reason and reason != word:
        details.append({"@type": f"{_TYPES}ErrorInfo", "reason": reason, "domain": "googleapis.com"})
    if isinstance(error, BillingError):
        details.append({"@type": f"{_TYPES}QuotaFailure", "violations": [{"quotaId": "PerDay"}]})
    if error.param is not None:
        unknown = f"{_UNKNOWN_FIELD}." if isinstance(error, UnsupportedParameterError) else message
        violation = {"field": error.param, "description": unknown}
        details.append({"@type": f"{_TYPES}BadRequest", "fieldViolations": [violation]})
    if error.retry_after is not None:
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{max(0.0, error.retry_after):g}s"})
    body: dict[str, Any] = {"code": status, "message": message, "status": word}
    return status, {"error": {**body, "details": details} if details else body}


@hookimpl
def render_error(error: JackfieldError) -> HTTPResponse:
    """Write the error object; a prompt that was blocked is, as Google has it, an answer without candidates."""
    headers = {"content-type": "application/json; charset=UTF-8"}
    if error.request_id:
        headers["x-request-id"] = error.request_id
    if isinstance(error, ContentFilterError):
        return HTTPResponse(200, headers, to_json(blocked_answer(error)))
    status, body = envelope(error)
    if error.retry_after is not None:
        headers["retry-after"] = str(max(0, round(error.retry_after + 0.499)))
    return HTTPResponse(status, headers, to_json(body))


def blocked_answer(error: ContentFilterError) -> dict[str, Any]:
    """Write the answer to a prompt that was blocked."""
    reason = error.code if error.code in _BLOCKED else "OTHER"
    return {"promptFeedback": {"blockReason": reason, "blockReasonMessage": str(error.message)}}


#: google-genai 3.4.0, types.BlockedReason
_BLOCKED = frozenset({"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"})
