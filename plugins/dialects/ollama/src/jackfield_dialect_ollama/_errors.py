"""Errors, in both directions: `{"error": text}`, as a body or as a line of a stream. The status says the class.

Source: the recorded refusals.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    ContextLengthError,
    HTTPResponse,
    JackfieldError,
    Request,
    ServerError,
    hookimpl,
)
from jackfield.errors import class_for_status, status_of

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
    is_servers = response.status < 400 or response.status == 424
    return (ServerError if is_servers else class_for_status(response.status))(message)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def error_body(error: JackfieldError) -> dict[str, Any]:
    """Return what says an error in this format."""
    return {"error": str(error.message)}


@hookimpl
def render_error(error: JackfieldError) -> HTTPResponse:
    """Write a refusal; the wait that a provider asked for goes along."""
    headers = {"content-type": "application/json; charset=utf-8"}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(0, round(error.retry_after + 0.499)))
    if error.request_id:
        headers["x-request-id"] = error.request_id
    return HTTPResponse(status_of(error), headers, to_json(error_body(error)))
