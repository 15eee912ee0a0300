"""Voyage AI: its catalog, and the members that it calls otherwise than other hosts of the format.

Sources: recordings; docs.voyageai.com/reference/embeddings-api and /reranker-api, read 2026-11-30.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from jackfield import EmbeddingRequest, Endpoint, HTTPRequest, Request, RerankRequest, hookimpl


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[None, HTTPRequest | None, HTTPRequest | None]:
    """Write embeddings and rerankings in Voyage's words."""
    found = yield
    if found is not None and isinstance(request, EmbeddingRequest):
        found.body = _embedding(request, found.body)
    elif found is not None and isinstance(request, RerankRequest) and "top_n" in found.body:
        found.body["top_k"] = found.body.pop("top_n")
    return found


def _embedding(request: EmbeddingRequest, body: dict[str, Any]) -> dict[str, Any]:
    written = {name: value for name, value in body.items() if name not in ("dimensions", "encoding_format")}
    # numbers unless asked for otherwise: "float" is no word of its own
    if request.dimensions is not None:
        written["output_dimension"] = request.dimensions
    if request.input_type is not None:
        written["input_type"] = request.input_type
    if request.truncate is not None:
        written["truncation"] = request.truncate == "end"
    return written
