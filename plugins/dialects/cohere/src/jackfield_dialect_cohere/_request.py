"""Translate: our requests to the wire."""

from __future__ import annotations

from typing import Any

from jackfield import ChatRequest, EmbeddingRequest, Endpoint, HTTPRequest, ModelsRequest, Request, Text, hookimpl

from ._messages import Written
from ._parameters import write_parameters

_PLAIN_ROLES = frozenset({"system", "user", "assistant"})


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, an embedding, or the question which models there are."""
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/v2/chat", {}, chat_body(request))
    if isinstance(request, EmbeddingRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/v2/embed", {}, _embed_body(request))
    if isinstance(request, ModelsRequest):
        # version 2 has no list of models; a page is at most 1000 (recorded)
        return HTTPRequest("GET", f"{endpoint.base_url}/v1/models?page_size=1000")
    return None


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat."""
    body: dict[str, Any] = {"model": request.model} if request.model else {}
    written = Written()
    for number, message in enumerate(request.messages):
        parts = message.parts
        if len(parts) == 1 and type(part := parts[0]) is Text and message.role in _PLAIN_ROLES and _is_bare(part):
            written.messages.append({"role": message.role, "content": part.text})
        else:
            written.add(message, number)
    body["messages"] = written.messages
    if written.documents:
        body["documents"] = written.documents
    write_parameters(request, body)
    return body


def _is_bare(part: Text) -> bool:
    return not part.citations and part.provider_state is None


def _embed_body(request: EmbeddingRequest) -> dict[str, Any]:
    # models from version 3 on want to know what the texts are for; another use goes through provider_options
    body: dict[str, Any] = {"model": request.model, "texts": list(request.inputs), "input_type": "search_document"}
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    return {**body, "embedding_types": ["float"]}
