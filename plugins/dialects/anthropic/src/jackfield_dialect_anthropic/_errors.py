"""Errors, in both directions: `{"type": "error", "error": {type, message, details}, "request_id"}`.

Sources: the error types of anthropic 2.11.0 (wheel) and the recorded refusals.
"""

from __future__ import annotations

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

#: Codes in the details outrank the type: what waiting does not cure comes as a 429 as well.
_BY_CODE: dict[str, type[JackfieldError]] = {
    "enforced_spend_limit_reached": BillingError,
    "contract_spend_limit_reached": BillingError,
    "ramp_limit_exceeded": RateLimitError,
}
_BY_TYPE: dict[str, type[JackfieldError]] = {
    "authentication_error": AuthenticationError,
    "billing_error": BillingError,
    "permission_error": PermissionDenied,
    "not_found_error": ModelNotFoundError,
    "request_too_large": RequestTooLargeError,
    "rate_limit_error": RateLimitError,
    "overloaded_error": OverloadedError,
    "timeout_error": RequestTimeout,
    "api_error": ServerError,
}
_BY_STATUS: dict[int, type[JackfieldError]] = {
    401: AuthenticationError, 402: BillingError, 403: PermissionDenied, 404: ModelNotFoundError, 408: RequestTimeout,
    413: RequestTooLargeError, 424: ServerError, 429: RateLimitError, 503: OverloadedError, 504: RequestTimeout,
    529: OverloadedError,
}  # fmt: skip
#: The format has no field for a prompt that is too long, nor for a member that is unknown; only these words say it.
_TOO_LONG = ("prompt is too long", "exceed context limit")
_UNKNOWN_MEMBER = ": Extra inputs are not permitted"


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read the envelope, of a refusal or of an event in a stream that began well."""
    try:
        document = from_json(response.body)
    except ValueError:
        return None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or not error:
        return None
    kind, details = _text(error.get("type")), error.get("details")
    code = _text(details.get("error_code")) if isinstance(details, dict) else None
    message = _text(error.get("message")) or "the provider gave no reason"
    cls, param = _class(response.status, kind, code, message)
    found = cls(message, code=code or kind, param=param)
    found.request_id = _text(document.get("request_id"))
    return found


def _class(status: int, kind: str | None, code: str | None, message: str) -> tuple[type[JackfieldError], str | None]:
    if code in _BY_CODE:
        return _BY_CODE[code], None
    if kind in (None, "invalid_request_error") and status < 500:
        if any(words in message for words in _TOO_LONG):
            return ContextLengthError, None
        if message.endswith(_UNKNOWN_MEMBER):
            return UnsupportedParameterError, message.removesuffix(_UNKNOWN_MEMBER)
        if kind is not None and status < 400:
            return InvalidRequestError, None
    by_status = _BY_STATUS.get(status, InvalidRequestError if 400 <= status < 500 else ServerError)
    return _BY_TYPE.get(kind or "", by_status), None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


#: The words of the envelope: status and type of every class that a caller may meet.
_RENDERED: tuple[tuple[type[JackfieldError], int, str], ...] = (
    (AuthenticationError, 401, "authentication_error"),
    (MissingCredential, 401, "authentication_error"),
    (PermissionDenied, 403, "permission_error"),
    (BillingError, 402, "billing_error"),
    (RateLimitError, 429, "rate_limit_error"),
    (OverloadedError, 529, "overloaded_error"),
    (NotReadyError, 529, "overloaded_error"),
    (ModelNotFoundError, 404, "not_found_error"),
    (UnknownProvider, 404, "not_found_error"),
    (RequestTooLargeError, 413, "request_too_large"),
    (ContextLengthError, 400, "invalid_request_error"),
    (ContentFilterError, 400, "invalid_request_error"),
    (UnsupportedParameterError, 400, "invalid_request_error"),
    (InvalidRequestError, 400, "invalid_request_error"),
    (InvalidInput, 400, "invalid_request_error"),
    (RequestTimeout, 504, "timeout_error"),
    (ConnectionFailed, 502, "api_error"),
    (ServerError, 500, "api_error"),
)


def envelope(error: JackfieldError) -> tuple[int, dict[str, Any]]:
    """Return the status and the body that say an error in this format; a code that is no type goes into details."""
    status, kind = 500, "api_error"
    for cls, code, word in _RENDERED:
        if isinstance(error, cls):
            status, kind = code, word
            break
    inner: dict[str, Any] = {"type": kind, "message": str(error.message)}
    if error.code and error.code not in _BY_TYPE and error.code != "invalid_request_error":
        inner["details"] = {"error_code": error.code}
    body: dict[str, Any] = {"type": "error", "error": inner}
    if error.request_id:
        body["request_id"] = error.request_id
    return status, body


@hookimpl
def render_error(error: JackfieldError) -> HTTPResponse:
    """Write the envelope; the wait that a provider asked for goes along."""
    status, body = envelope(error)
    if error.status is not None and 400 <= error.status <= 599:
        status = error.status
    headers = {"content-type": "application/json"}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(0, round(error.retry_after + 0.499)))
    if error.request_id:
        headers["request-id"] = error.request_id
    return HTTPResponse(status, headers, to_json(body))
