"""Errors, in both directions: the envelope that chat has, in answers that failed, and in events of a stream."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from jackfield import HTTPResponse, JackfieldError, Request, hookimpl
from jackfield_dialect_openai.chat._errors import envelope, error_of, render_error

__all__ = ["envelope", "failure", "normalize_error", "render_error"]


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read an error: a refusal, an `error` event, or an answer that failed, alone or in its event."""
    try:
        document = from_json(response.body)
    except ValueError:
        return None
    return failure(document, response.status)


def failure(document: Any, status: int) -> JackfieldError | None:
    """Read the error that a document holds; None where it holds none."""
    if isinstance(document, dict) and isinstance(inner := document.get("response"), dict):
        document = inner
    if isinstance(document, dict) and document.get("object") == "response" and not document.get("error"):
        return None
    return error_of(document, status)
