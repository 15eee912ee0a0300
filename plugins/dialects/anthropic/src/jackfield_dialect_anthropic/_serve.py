"""Serve: parse what callers send, render answers in the same format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    ChatResponse,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    ModelsRequest,
    ModelsResponse,
    ProviderState,
    Request,
    Response,
    TokenCountRequest,
    TokenCountResponse,
    derive_id,
    hookimpl,
)

from ._parse import parse_chat
from ._render import endings, rendered_block
from ._usage import usage_body


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat, the question how long one is, or which models there are."""
    operation = route.get("operation")
    if operation == "models":
        return ModelsRequest()
    if operation not in ("chat", "token_count"):
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if operation == "chat":
        return parse_chat(body, http_request.headers)
    if isinstance(body, Mapping):  # how long an answer may be is not said there, and has to be in a chat
        body = {"max_tokens": 1, **body}
    chat = parse_chat(body, http_request.headers)
    return TokenCountRequest.of(chat.model_copy(update={"max_tokens": None}))


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer."""
    if isinstance(response, ChatResponse) and isinstance(request, ChatRequest):
        body = message(request, response)
    elif isinstance(response, TokenCountResponse):
        body = {"input_tokens": response.input_tokens}
    elif isinstance(response, ModelsResponse):
        rows = [
            {"type": "model", "id": model.id, "display_name": model.id, "created_at": _date(model.created or 0)}
            for model in response.models
        ]
        ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]} if rows else {"first_id": None, "last_id": None}
        body = {"data": rows, "has_more": False, **ends}
    else:
        return None
    return HTTPResponse(200, {"content-type": "application/json"}, to_json(body))


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def message(request: ChatRequest, response: ChatResponse) -> dict[str, Any]:
    """Write a `message` object; the format has one choice."""
    blocks = [block for part in response.message.parts if (block := rendered_block(part)) is not None]
    choice = response.choices[0] if response.choices else None
    return {
        "id": response.id or derive_id("msg_", [request.model, response.text], 0),
        "type": "message",
        "role": "assistant",
        "model": response.model or request.model,
        "content": blocks,
        **endings(
            response.finish_reason,
            choice.raw_finish_reason if choice else None,
            choice.finish_detail if choice else None,
        ),
        "usage": usage_body(response.usage, response.service_tier),
        **beside(choice.provider_state if choice else None),
    }


def beside(state: ProviderState | None) -> dict[str, Any]:
    """Return the members of an answer that came in this format and that we have no word for."""
    data = state.data if state is not None else None
    return {name: data[name] for name in BESIDE if name in data} if isinstance(data, dict) else {}


#: Members beside the known ones (anthropic 2.11.0, types/beta/beta_message.py); nothing else is state of this format.
BESIDE = ("container", "context_management", "diagnostics", "input_transformations")
