"""Reranking, in both directions. OpenAI has none; many hosts of its format have it at `/rerank`, in one form.

Sources: api.jina.ai/openapi.json, docs.together.ai/reference/rerank, docs.vllm.ai (its server for pooling models),
openrouter.ai/docs/api/api-reference/rerank, read 2026-11-30. Voyage's own words are in its package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import InvalidInput, RerankRequest, RerankResponse, ResponseFormatError, Usage, derive_id
from jackfield.parsing import validated
from jackfield.reading import word

#: What some hosts count and charge: a query with up to so many documents.
SEARCH_UNITS = frozenset({"search_unit"})
_MEMBERS = ("model", "query", "top_n", "return_documents")


def rerank_body(request: RerankRequest) -> dict[str, Any]:
    """Return the wire body. Documents need not come back: the caller has them."""
    body = {"model": request.model, "query": request.query, "documents": list(request.documents)}
    return {**body, **({} if request.top_n is None else {"top_n": request.top_n}), "return_documents": False}


def rerank_response(request: RerankRequest, body: dict[str, Any]) -> RerankResponse:
    """Normalize results; one host calls them data (recorded, voyage)."""
    rows = body.get("results", body.get("data"))
    if not isinstance(rows, list):
        raise ResponseFormatError("the answer has no results; this is no reranking")
    meta = body.get("meta")
    usage = body.get("usage") or (meta.get("tokens") or meta.get("billed_units") if isinstance(meta, dict) else None)
    return RerankResponse(
        id=word(body, "id"),
        model=word(body, "model"),
        results=request.ranked(rows),
        raw=body,
        raw_usage=usage if isinstance(usage, dict) else None,
    )


def parse_rerank(body: Mapping[str, Any]) -> RerankRequest:
    """Parse what a caller sends; a document may be a text, or an object that has one.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    documents = body.get("documents")
    if not isinstance(documents, list):
        raise InvalidInput("documents: a list of texts is needed", param="documents")
    texts = [row.get("text") if isinstance(row, Mapping) else row for row in documents]
    values = {name: body[name] for name in _MEMBERS if body.get(name) is not None}
    return validated(RerankRequest, {**values, "documents": texts})


def rerank_answer(request: RerankRequest, response: RerankResponse) -> dict[str, Any]:
    """Write results."""
    rows: list[dict[str, Any]] = []
    for result in response.results:
        row: dict[str, Any] = {"index": result.index, "relevance_score": result.relevance_score}
        rows.append(row if result.document is None else {**row, "document": {"text": result.document}})
    return {
        "id": response.id or derive_id("rerank-", [request.model, request.query, request.documents], 0),
        "object": "rerank",
        "model": response.model or request.model,
        "results": rows,
        "usage": _usage_body(response.usage),
    }


def _usage_body(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    body: dict[str, Any] = {}
    if usage.input_tokens is not None:
        body = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens + (usage.output_tokens or 0)}
    units = sum(item.count for item in usage.others if item.tags == SEARCH_UNITS)
    return {**body, "search_units": units} if units else body
