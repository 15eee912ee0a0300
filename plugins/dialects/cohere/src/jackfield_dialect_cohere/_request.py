"""Translate: our requests to the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import (
    ChatRequest,
    EmbeddingRequest,
    Endpoint,
    HTTPRequest,
    ModelsRequest,
    Request,
    RerankRequest,
    Text,
    TokenCountRequest,
    UnsupportedFeature,
    hookimpl,
)

from ._messages import Written
from ._parameters import write_parameters

#: What texts are for, in the format's words (cohere 7.3.1, types/embed_input_type.py); it has none for similarity.
INPUT_TYPES: Mapping[str, str] = {
    "query": "search_query", "document": "search_document", "classification": "classification",
    "clustering": "clustering",
}  # fmt: skip
_PLAIN_ROLES = frozenset({"system", "user", "assistant"})


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, an embedding, a reranking, the question how long a text is, or which models there are."""
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/v2/chat", {}, chat_body(request))
    if isinstance(request, EmbeddingRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/v2/embed", {}, _embed_body(request))
    if isinstance(request, RerankRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/v2/rerank", {}, rerank_body(request))
    if isinstance(request, TokenCountRequest):
        body = {"model": request.model, "text": _only_text(request.chat)}
        return HTTPRequest("POST", f"{endpoint.base_url}/v1/tokenize", {}, body)
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
    # models from version 3 on want to know what the texts are for
    kind = INPUT_TYPES[request.input_type or "document"]
    body: dict[str, Any] = {"model": request.model, "texts": list(request.inputs), "input_type": kind}
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    if request.truncate is not None:
        body["truncate"] = request.truncate.upper()
    return {**body, "embedding_types": ["float"]}


def rerank_body(request: RerankRequest) -> dict[str, Any]:
    """Return the wire body of a reranking; version 2 sends no documents back."""
    body = {"model": request.model, "query": request.query, "documents": list(request.documents)}
    return body if request.top_n is None else {**body, "top_n": request.top_n}


def _only_text(chat: ChatRequest) -> str:
    """Return the text of a conversation that is a text and nothing more: `tokenize` knows no turns and no tools."""
    parts = chat.messages[0].parts if len(chat.messages) == 1 else ()
    if chat.tools or len(parts) != 1 or type(part := parts[0]) is not Text:
        raise UnsupportedFeature(
            "messages: the tokens of one text alone are counted here, without turns and tools; give a single string",
            param="messages",
        )
    return part.text
