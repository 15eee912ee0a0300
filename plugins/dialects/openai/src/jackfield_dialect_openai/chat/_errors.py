"""Errors, in both directions: the envelope `{"error": {message, type, param, code}}` and what hosts made of it.

Sources: the error tables of openai 3.51.0 (wheel) and the recorded refusals of the hosts that speak this format.
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

_BY_CODE: dict[str, type[JackfieldError]] = {
    "insufficient_quota": BillingError,
    "credit_balance_exhausted": BillingError,
    "organization_spend_limit_exceeded": BillingError,
    "project_spend_limit_exceeded": BillingError,
    "organization_usage_limit_exceeded": BillingError,
    "billing_hard_limit_reached": BillingError,
    "model_not_found": ModelNotFoundError,
    "model_not_available": ModelNotFoundError,
    "invalid_model": ModelNotFoundError,
    "model_not_supported": ModelNotFoundError,
    "model_no_support_for_function": ModelNotFoundError,
    "DeploymentNotFound": ModelNotFoundError,
    "context_length_exceeded": ContextLengthError,
    "content_filter": ContentFilterError,
    "content_policy_violation": ContentFilterError,
    "moderation_blocked": ContentFilterError,
    "ResponsibleAIPolicyViolation": ContentFilterError,
    "unsupported_parameter": UnsupportedParameterError,
    "unsupported_value": UnsupportedParameterError,
    "unknown_parameter": UnsupportedParameterError,
    "invalid_api_key": AuthenticationError,
    "rate_limit_exceeded": RateLimitError,
    "server_is_overloaded": OverloadedError,
    "model_not_ready": NotReadyError,
    "request_too_large": RequestTooLargeError,
    "server_error": ServerError,
}
#: Where neither a code nor a status says it, as for an error in a stream, the type does.
_BY_TYPE: dict[str, type[JackfieldError]] = {
    "authentication_error": AuthenticationError,
    "permission_error": PermissionDenied,
    "rate_limit_error": RateLimitError,
    "timeout_error": RequestTimeout,
    "invalid_request_error": InvalidRequestError,
}
_BY_STATUS: dict[int, type[JackfieldError]] = {
    401: AuthenticationError, 402: BillingError, 403: PermissionDenied, 404: ModelNotFoundError, 408: RequestTimeout,
    413: RequestTooLargeError, 424: ServerError, 429: RateLimitError, 498: RateLimitError, 503: OverloadedError,
    504: RequestTimeout, 529: OverloadedError,
}  # fmt: skip
#: Hosts that have no field for a prompt that is too long say one of these (deepseek, openrouter, ollama; recorded).
_TOO_LONG = ("context length", "context window", "prompt is too long", "prompt too long", "maximum number of tokens")


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read the error envelope, or one of the shapes that hosts made of it."""
    try:
        document = from_json(response.body)
    except ValueError:
        return None
    return error_of(document, response.status)


def error_of(document: Any, status: int) -> JackfieldError | None:
    """Read the error that a JSON document holds; None where it holds none. A good status says nothing of it."""
    found = fields(document)
    if found is None:
        return None
    if status < 400:
        status = _status_in(found)
    message = found["message"] or "the provider gave no reason"
    inner = found.get("innererror")
    marks = [found["code"], found["type"], _text(inner.get("code")) if isinstance(inner, dict) else None]
    error = _class(status, marks, message, found)(message, code=found["code"], param=found["param"])
    if isinstance(document, dict) and isinstance(document.get("request_id"), str):
        error.request_id = document["request_id"]
    return error


def _class(status: int, marks: list[Any], message: str, found: dict[str, Any]) -> type[JackfieldError]:
    if status >= 500:
        if status == 503 and ("unavailable_error" in marks or "estimated_time" in found):
            return NotReadyError
        return _BY_STATUS.get(status, ServerError)
    by_code = next((_BY_CODE[mark] for mark in marks if mark in _BY_CODE), None)
    if by_code is not None and (by_code is not UnsupportedParameterError or status in (0, 400, 422)):
        return by_code
    if status in (0, 400, 413, 422) and any(words in message.lower() for words in _TOO_LONG):
        return ContextLengthError
    if not status:
        return next((_BY_TYPE[mark] for mark in marks if mark in _BY_TYPE), ServerError)
    return _BY_STATUS.get(status, InvalidRequestError)


def _status_in(found: dict[str, Any]) -> int:
    """Return the status that an error in a good answer names, 0 where it names none."""
    for name in ("status", "status_code", "code"):
        value = found.get(name)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    return 0


def fields(document: Any) -> dict[str, Any] | None:
    """Return message, code, type, param and the rest of an error object; None where there is no error."""
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if not error and isinstance(rows := document.get("errors"), list) and rows and isinstance(rows[0], dict):
        error = rows[0]  # a list of them (Cloudflare's, recorded; IBM's)
    found: dict[str, Any]
    if isinstance(error, dict) and error:
        found = error
    elif isinstance(error, str) and error:
        found = {**document, "message": error}
    elif "choices" in document:
        return None
    elif isinstance(document.get("message"), str):
        found = document
    elif detail := document.get("detail"):
        found = {"message": _detail(detail)}
    else:
        return None
    code = found.get("code")
    return {
        **found,
        "message": _text(found.get("message")),
        "code": None if code in (None, "") else str(code),
        "type": _text(found.get("type")),
        "param": _text(found.get("param")),
    }


def _detail(detail: Any) -> str | None:
    if isinstance(detail, list):
        rows = [row.get("msg") if isinstance(row, dict) else row for row in detail]
        return "; ".join(str(row) for row in rows)
    return _text(detail.get("message") if isinstance(detail, dict) else detail)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


#: The words of the envelope: status, type and code of every class that a caller may meet.
_RENDERED: tuple[tuple[type[JackfieldError], int, str, str | None], ...] = (
    (AuthenticationError, 401, "authentication_error", "invalid_api_key"),
    (MissingCredential, 401, "authentication_error", "missing_credential"),
    (PermissionDenied, 403, "permission_error", None),
    (BillingError, 429, "insufficient_quota", "insufficient_quota"),
    (RateLimitError, 429, "rate_limit_error", "rate_limit_exceeded"),
    (OverloadedError, 503, "server_error", "server_is_overloaded"),
    (NotReadyError, 503, "server_error", "model_not_ready"),
    (ModelNotFoundError, 404, "invalid_request_error", "model_not_found"),
    (UnknownProvider, 404, "invalid_request_error", "model_not_found"),
    (ContextLengthError, 400, "invalid_request_error", "context_length_exceeded"),
    (RequestTooLargeError, 413, "invalid_request_error", "request_too_large"),
    (ContentFilterError, 400, "invalid_request_error", "content_filter"),
    (UnsupportedParameterError, 400, "invalid_request_error", "unsupported_parameter"),
    (InvalidRequestError, 400, "invalid_request_error", None),
    (InvalidInput, 400, "invalid_request_error", None),
    (RequestTimeout, 504, "timeout_error", None),
    (ConnectionFailed, 502, "api_connection_error", None),
    (ServerError, 500, "server_error", None),
)


def envelope(error: JackfieldError) -> tuple[int, dict[str, Any]]:
    """Return the status and the body that say an error in this format."""
    status, kind, code = 500, "server_error", None
    for cls, *row in _RENDERED:
        if isinstance(error, cls):
            status, kind, code = row  # type: ignore[assignment]
            break
    body = {"message": str(error.message), "type": kind, "param": error.param, "code": error.code or code}
    return status, {"error": body}


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
        headers["x-request-id"] = error.request_id
    return HTTPResponse(status, headers, to_json(body))
