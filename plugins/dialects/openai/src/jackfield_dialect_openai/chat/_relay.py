"""Relay: chats of plain text between a caller and a host that both speak the format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_json

from jackfield import ChatRequest, ChatResponse, HTTPRequest, HTTPResponse, Relay, Request, Response, hookimpl
from jackfield.reading import MALFORMED, word

from ._response import read_body

_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})
#: Members of a message, and ends of one, as the format has them (openai 3.51.0, types/chat/chat_completion_message.py).
_MEMBERS: Final = frozenset({"role", "content", "refusal", "annotations", "audio", "function_call", "tool_calls"})
_REASONS: Final = frozenset({"stop", "length", "tool_calls", "content_filter"})
_LOGPROBS: Final = frozenset({"content", "refusal"})
_USAGE: Final = frozenset(
    {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"}
)
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
    """Read model, tier and usage of a chat's answer that is of the format in every part that we know."""
    if not isinstance(request, ChatRequest):
        return None
    body = read_body(request, response)
    try:
        if not _is_usual(body):
            return None
        return ChatResponse(
            id=word(body, "id"),
            model=word(body, "model"),
            created=body["created"],
            service_tier=word(body, "service_tier"),
            raw_usage=body["usage"],
        )
    except MALFORMED:  # it is told when the answer is normalized
        return None


def _is_usual(body: Mapping[str, Any]) -> bool:
    """Whether an answer would be rendered as it is, but for members that we do not know."""
    usage, choices = body.get("usage"), body.get("choices")
    if type(usage) is not dict or not usage or not usage.keys() <= _USAGE:
        return False
    if not body.get("id") or body.get("object") != "chat.completion" or type(body.get("created")) is not int:
        return False
    return type(choices) is list and bool(choices) and all([_is_choice(choice) for choice in choices])


def _is_choice(choice: Mapping[str, Any]) -> bool:
    message, logprobs, reason = choice["message"], choice.get("logprobs"), choice["finish_reason"]
    if not message.keys() <= _MEMBERS or message["role"] != "assistant" or type(choice["index"]) is not int:
        return False
    if (type(text := message.get("content")) is not str and text is not None) or reason not in _REASONS:
        return False
    if logprobs is not None and not logprobs.keys() <= _LOGPROBS:
        return False
    calls = message.get("tool_calls")
    if not calls:
        return bool(reason != "tool_calls") and message.get("function_call") is None
    return bool(reason == "tool_calls") and all([_is_call(call) for call in calls])


def _is_call(call: Mapping[str, Any]) -> bool:
    if call["type"] != "function" or type(call["id"]) is not str or not call["id"]:
        return False
    return type(call["function"]["name"]) is str and type(call["function"]["arguments"]) is str
