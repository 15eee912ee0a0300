"""watsonx's own addresses and members around chat completions."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

from jackfield import ChatRequest, Endpoint, HTTPRequest, Request, hookimpl

__all__ = ["translate_request"]


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask `/text/chat` or its twin for streams, for a project or a space; a choice in words has a member of its own."""
    found = yield
    if found is None or not isinstance(request, ChatRequest):
        return found
    settings, body = endpoint.settings, found.body
    path = "chat_stream" if request.stream else "chat"
    query = urlencode({"version": settings.get("version", "")})
    found.url = f"{endpoint.base_url}/text/{path}?{query}"
    body["model_id"] = body.pop("model")
    for name in ("project_id", "space_id"):
        if value := settings.get(name):
            body.setdefault(name, value)
            break
    for name in ("stream", "stream_options"):
        body.pop(name, None)
    if isinstance(body.get("tool_choice"), str):
        body["tool_choice_option"] = body.pop("tool_choice")
    return found
