"""Serve: parse what callers send, render answers in the same format."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    ChatResponse,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    Request,
    Response,
    hookimpl,
)

from ._parse import parse_chat
from ._render import beside, rendered_block, stop_reason
from ._usage import usage_body


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat; the address holds the model, with its colons and slashes encoded, and asks for a stream or not."""
    if route.get("operation") != "chat":
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    return parse_chat(body, unquote(route.get("model", "")), stream=route.get("stream") == "true")


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer; the format has one choice, and names neither it nor the model."""
    if not isinstance(response, ChatResponse) or not isinstance(request, ChatRequest):
        return None
    blocks = [block for part in response.message.parts if (block := rendered_block(part)) is not None]
    choice = response.choices[0] if response.choices else None
    raw, detail = (choice.raw_finish_reason, choice.finish_detail) if choice else (None, None)
    state = choice.provider_state if choice else None
    reason = response.finish_reason
    body = {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": stop_reason(reason, raw),
        "usage": usage_body(response.usage),
        **beside(state.data if state is not None else None, reason, detail),
    }
    if response.service_tier is not None:
        body["serviceTier"] = {"type": response.service_tier}
    return HTTPResponse(200, {"content-type": "application/json"}, to_json(body))
