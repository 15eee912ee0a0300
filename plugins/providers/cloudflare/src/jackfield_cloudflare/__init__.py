"""Cloudflare Workers AI: its catalog, and its own `run` beside the compatible address, whose answers are wrapped.

Recorded: cloudflare/run and cloudflare/chat-completions.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote

from pydantic_core import from_json, to_json

from jackfield import (
    AuthenticationError,
    ChatRequest,
    Endpoint,
    HTTPRequest,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    ModelNotFoundError,
    Request,
    hookimpl,
)
from jackfield.errors import class_for_status
from jackfield_dialect_openai.chat import variant

__all__ = ["normalize_error", "normalize_response", "stream_decoder", "translate_request"]


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask `run` for a model under the model's own address."""
    found = yield
    if found is not None and isinstance(request, ChatRequest) and endpoint.base_url.endswith("/run"):
        found.url = f"{endpoint.base_url}/{quote(found.body.pop('model'), safe='@/')}"
        found.body.pop("stream_options", None)
    return found


def _amend(body: dict[str, Any]) -> None:
    """Bring an answer of `run`, or a piece of one, to the form of chat completions."""
    result = body.get("result", body)
    if "choices" in body or not isinstance(result, dict) or result.keys().isdisjoint(("response", "tool_calls")):
        return
    said = result.get("response")
    content = said if said is None or isinstance(said, str) else to_json(said).decode()
    calls = [call if "function" in call else {"function": call} for call in result.get("tool_calls") or ()]
    body["choices"] = [{"index": 0, "message": {"content": content, "tool_calls": calls}}]
    body.setdefault("usage", result.get("usage"))


normalize_response, stream_decoder = variant(_amend)


#: Cloudflare's own numbers: of a token, of a route (the model stands in it), of what a model cannot do.
_CODES: Mapping[int, type[JackfieldError]] = {
    10000: AuthenticationError, 7000: ModelNotFoundError, 7003: ModelNotFoundError, 5007: ModelNotFoundError,
    5023: InvalidRequestError,
}  # fmt: skip


@hookimpl
def normalize_error(response: HTTPResponse) -> JackfieldError | None:
    """Read Cloudflare's own list of errors."""
    try:
        errors = from_json(response.body)["errors"]
        first = errors[0]
        message, code = str(first["message"]), first["code"]
    except (ValueError, LookupError, TypeError):
        return None
    kind = _CODES.get(code) or class_for_status(response.status)
    return kind(message, code=str(code))
