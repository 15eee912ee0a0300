"""Translate: our requests to the wire."""

from __future__ import annotations

from typing import Any

from jackfield import ChatRequest, EmbeddingRequest, Endpoint, HTTPRequest, ModelsRequest, Request, hookimpl

from ._messages import Written
from ._parameters import write_parameters


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, an embedding, or the question which models there are."""
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/api/chat", {}, chat_body(request))
    if isinstance(request, EmbeddingRequest):
        body: dict[str, Any] = {"model": request.model, "input": list(request.inputs)}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        return HTTPRequest("POST", f"{endpoint.base_url}/api/embed", {}, body)
    if isinstance(request, ModelsRequest):
        return HTTPRequest("GET", f"{endpoint.base_url}/api/tags")
    return None


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat; the format streams unless it is told not to."""
    written = Written()
    for number, message in enumerate(request.messages):
        written.add(message, number)
    body: dict[str, Any] = {"model": request.model} if request.model else {}
    body |= {"messages": written.messages, "stream": bool(request.stream)}
    write_parameters(request, body)
    return body
