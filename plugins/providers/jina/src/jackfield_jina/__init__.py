"""Jina AI: its catalog, and the members that it calls otherwise than other hosts of the format.

Source: api.jina.ai/openapi.json, read 2026-11-30.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from jackfield import EmbeddingRequest, Endpoint, HTTPRequest, Request, hookimpl

#: What texts are for, in Jina's words.
TASKS: Mapping[str, str] = {
    "query": "retrieval.query", "document": "retrieval.passage", "classification": "classification",
    "clustering": "separation", "similarity": "text-matching",
}  # fmt: skip


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[None, HTTPRequest | None, HTTPRequest | None]:
    """Write embeddings in Jina's words."""
    found = yield
    if found is not None and isinstance(request, EmbeddingRequest):
        body = found.body
        body["embedding_type"] = body.pop("encoding_format")
        if request.input_type is not None:
            body["task"] = TASKS[request.input_type]
        if request.truncate is not None:
            body["truncate"] = request.truncate == "end"
    return found
