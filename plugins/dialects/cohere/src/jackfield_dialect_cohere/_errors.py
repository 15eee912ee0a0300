"""Errors, in both directions: `{"id", "message"}`, and the end of a stream that names an error.

Sources: the error classes of cohere 7.3.1 (wheel, errors/), the list at https://docs.cohere.com/reference/errors, and
the recorded refusals.
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

#: 498 is an invalid token.
_BY_STATUS: dict[int, type[JackfieldError]] = {
    401: AuthenticationError, 402: BillingError, 403: PermissionDenied, 404: ModelNotFoundError, 408: RequestTimeout,
    413: RequestTooLargeError, 424: ServerError, 429: RateLimitError, 498: AuthenticationError, 503: OverloadedError,
    504: RequestTimeout, 529: OverloadedError,
}  # fmt: skip
#: Reasons to end with which a stream says that it failed. What fails as ERROR is refused with 422 where no stream was
#: asked for (recorded, the same request both ways).
_BY_REASON: dict[str, type[JackfieldError]] = {
    "ERROR": InvalidRequestError, "ERROR_TOXIC": ContentFilterError, "TIMEOUT": RequestTimeout,
}  # fmt: skip


#: The format has no field for a prompt that is too long, only these words; asking for too long an answer has the first
#: of them too.
_TOO_LONG, _TOO_LONG_AN_ANSWER = "too many tokens: ", "too many tokens: max tokens"


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read a refusal, or the last event of a stream that failed."""
    try:
        document = from_json(response.body)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    delta = document.get("delta")
    if response.status < 400 and isinstance(delta, dict):
        message, cls = _text(delta.get("error")), _BY_REASON.get(str(delta.get("finish_reason")), ServerError)
        return cls(message or "the provider gave no reason", code=_text(delta.get("error_type")))
    said = _text(document.get("message")) or "the provider gave no reason"
    error = _class(response.status, said)(said)
    error.request_id = _text(document.get("id"))
    return error


def _class(status: int, said: str) -> type[JackfieldError]:
    if status == 400 and said.startswith(_TOO_LONG) and not said.startswith(_TOO_LONG_AN_ANSWER):
        return ContextLengthError
    return _BY_STATUS.get(status, InvalidRequestError if 400 <= status < 500 else ServerError)


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


def status_of(error: JackfieldError) -> int:
    """Return the status that says an error."""
    if error.status is not None and 400 <= error.status <= 599:
        return error.status
    return next((status for cls, status in _RENDERED if isinstance(error, cls)), 500)


@hookimpl
def render_error(error: JackfieldError) -> HTTPResponse:
    """Write a refusal; the wait that a provider asked for goes along."""
    headers = {"content-type": "application/json"}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(0, round(error.retry_after + 0.499)))
    body = {"message": str(error.message)}
    if error.request_id:
        body["id"] = error.request_id
    return HTTPResponse(status_of(error), headers, to_json(body))
