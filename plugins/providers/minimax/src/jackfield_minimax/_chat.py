"""MiniMax's own members of chat completions: the trace apart from the answer, and errors that have a good status.

Sources, read 2026-11-30: platform.minimax.io/docs/api-reference/text-chat-openai (`reasoning_split`, `base_resp`) and
.../errorcode. The pieces of a streamed trace are what is new in each, whatever the example in the documentation says:
https://github.com/MiniMax-AI/MiniMax-M2/issues/95 (2026-03-25).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from pydantic_core import from_json

from jackfield import (
    AuthenticationError,
    BillingError,
    ChatRequest,
    ContentFilterError,
    ContextLengthError,
    Endpoint,
    HTTPRequest,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    RateLimitError,
    Request,
    RequestTimeout,
    ServerError,
    hookimpl,
)
from jackfield_dialect_openai.chat import variant

__all__ = ["normalize_error", "normalize_response", "stream_decoder", "translate_request"]

_CODES: Mapping[int, type[JackfieldError]] = {
    1000: ServerError, 1001: RequestTimeout, 1002: RateLimitError, 1004: AuthenticationError, 1008: BillingError,
    1024: ServerError, 1026: ContentFilterError, 1027: ContentFilterError, 1033: ServerError,
    1039: ContextLengthError, 1041: RateLimitError, 2013: InvalidRequestError, 2045: RateLimitError,
    2049: AuthenticationError, 2056: RateLimitError,
}  # fmt: skip


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask for the trace in a member of its own; left out it stands in the text, between tags."""
    found = yield
    if found is not None and isinstance(request, ChatRequest):
        found.body.setdefault("reasoning_split", True)
    return found


def _refuse(body: dict[str, Any]) -> None:
    """Look at a whole answer.

    Raises:
        JackfieldError: it is an error, of the class that its number says.
    """
    if (failed := _failed(body)) is not None:
        raise failed


def _amend(chunk: dict[str, Any]) -> None:
    """Bring an error to where the format has it: what came before it ends, and `normalize_error` reads it then."""
    if (failed := _failed(chunk)) is not None:
        chunk["error"] = {"message": failed.message, "code": failed.code}


normalize_response = variant(_refuse)[0]
stream_decoder = variant(_amend)[1]


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read the number of an error; None leaves it to the format, whose envelope MiniMax has too."""
    try:
        return _failed(from_json(response.body))
    except ValueError:
        return None


def _failed(body: Any) -> JackfieldError | None:
    told = body.get("base_resp") if isinstance(body, dict) else None
    code = told.get("status_code") if isinstance(told, dict) else None
    if type(code) is not int or not code or told is None:
        return None
    message = str(told.get("status_msg") or "MiniMax gave no reason")
    return _CODES.get(code, InvalidRequestError)(message, code=str(code))
