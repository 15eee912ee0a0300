"""Relay: chats of plain text between a caller and a host that both speak the format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_json

from jackfield import ChatRequest, ChatResponse, HTTPRequest, HTTPResponse, Relay, Request, Response, hookimpl
from jackfield.reading import word

from ._response import created, read_body

_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})
#: Members of a message, and ends of one, as the format has them (openai 3.51.0, types/chat/chat_completion_message.py).
_MEMBERS: Final = frozenset({"role", "content", "refusal", "annotations", "audio", "function_call", "tool_calls"})
_REASONS: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_APART: Final = frozenset({"model", "messages"})


@hookimpl
def relay_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Relay | None:
    """Split a chat whose turns are a role and a text each, which is not streamed."""
    if route.get("operation") != "chat":
        return None
    try:
        body = http_request.json()
    except ValueError:
        return None
    if type(body) is not dict or body.get("stream"):
        return None
    model, rows = body.get("model"), body.get("messages")
    if type(model) is not str or type(rows) is not list:
        return None
    shape: list[Any] = [{name: value for name, value in body.items() if name not in _APART}]
    size = 0
    for row in rows:
        if type(row) is not dict or len(row) != 2:
            return None
        role, text = row.get("role"), row.get("content")
        if type(text) is not str or type(role) is not str or role not in _ROLES or not text or text.isspace():
            return None
        shape.append(role)
        size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return Relay(model, to_json(shape, inf_nan_mode="constants"), {"messages": rows}, size, len(rows))


@hookimpl
def relay_response(request: Request, response: HTTPResponse) -> Response | None:
    """Read model, tier and usage of a chat's answer whose messages have no members of a host's own."""
    body = read_body(request, response)
    usage = body.get("usage")
    if not isinstance(request, ChatRequest) or not usage or type(usage) is not dict or not _is_usual(body):
        return None
    return ChatResponse(
        id=word(body, "id"),
        model=word(body, "model"),
        created=created(body),
        service_tier=word(body, "service_tier"),
        raw_usage=usage,
    )


def _is_usual(body: Mapping[str, Any]) -> bool:
    choices = body.get("choices")
    if type(choices) is not list or not choices:
        return False
    for choice in choices:
        message = choice.get("message") if type(choice) is dict else None
        if type(message) is not dict or not message.keys() <= _MEMBERS:
            return False
        if type(reason := choice.get("finish_reason")) is not str or reason not in _REASONS:
            return False
    return True
