"""Errors, in both directions: `{"error": text}`, as a body or as a line of a stream. The status says the class.

Source: the recorded refusals.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    AuthenticationError,
    BillingError,
    ConnectionFailed,
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
    ProviderError,
    RateLimitError,
    Request,
    RequestTimeout,
    RequestTooLargeError,
    ResponseFormatError,
    ServerError,
    UnknownProvider,
    hookimpl,
)

_BY_STATUS: dict[int, type[JackfieldError]] = {
    401: AuthenticationError, 402: BillingError, 403: PermissionDenied, 404: ModelNotFoundError, 408: RequestTimeout,
    413: RequestTooLargeError, 424: ServerError, 429: RateLimitError, 503: OverloadedError, 504: RequestTimeout,
    529: OverloadedError,
}  # fmt: skip


#: The cloud says so; servers of one's own cut such a prompt (recorded, ollama/chat-completions).
_TOO_LONG = "prompt too long; exceeded max context length"


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read a refusal, or a line of a stream that began well: then the server failed."""
    try:
        document = from_json(response.body)
    except ValueError:
        return None
    message = _text(document.get("error")) if isinstance(document, dict) else None
    if message is None:
        return None
    if response.status == 400 and message.startswith(_TOO_LONG):
        return ContextLengthError(message)
    fallback = InvalidRequestError if 400 <= response.status < 500 else ServerError
    return _BY_STATUS.get(response.status, fallback)(message)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


#: The status of every class that a caller may meet; any other that a provider or a check gives is a wrong request.
_RENDERED: tuple[tuple[type[JackfieldError], int], ...] = (
    (AuthenticationError, 401),
    (MissingCredential, 401),
    (PermissionDenied, 403),
    (BillingError, 402),
    (RateLimitError, 429),
    (OverloadedError, 503),
    (NotReadyError, 503),
    (ModelNotFoundError, 404),
    (UnknownProvider, 404),
    (RequestTooLargeError, 413),
    (RequestTimeout, 504),
    (ConnectionFailed, 502),
    (ServerError, 500),
    (ResponseFormatError, 502),
    (ProviderError, 400),
    (InvalidInput, 400),
)


def error_body(error: JackfieldError) -> dict[str, Any]:
    """Return what says an error in this format."""
    return {"error": str(error.message)}


@hookimpl
def render_error(error: JackfieldError) -> HTTPResponse:
    """Write a refusal; the wait that a provider asked for goes along."""
    status = next((status for cls, status in _RENDERED if isinstance(error, cls)), 500)
    if error.status is not None and 400 <= error.status <= 599:
        status = error.status
    headers = {"content-type": "application/json; charset=utf-8"}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(0, round(error.retry_after + 0.499)))
    if error.request_id:
        headers["x-request-id"] = error.request_id
    return HTTPResponse(status, headers, to_json(error_body(error)))
