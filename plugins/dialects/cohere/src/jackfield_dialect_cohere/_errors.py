"""Errors, in both directions: `{"id", "message"}`, and the end of a stream that names an error.

Sources: the error classes of cohere 7.3.1 (wheel, errors/), the list at https://docs.cohere.com/reference/errors, and
the recorded refusals.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    AuthenticationError,
    ContentFilterError,
    ContextLengthError,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    Request,
    RequestTimeout,
    ServerError,
    hookimpl,
)
from jackfield.errors import class_for_status, status_of

#: What a status says here beside what it says anywhere: 498 is an invalid token.
_OWN_STATUS: dict[int, type[JackfieldError]] = {424: ServerError, 498: AuthenticationError}
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
    return _OWN_STATUS.get(status) or (class_for_status(status) if status >= 400 else ServerError)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


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
