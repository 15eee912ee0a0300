"""Serve: parse what callers send, render answers in the same format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    ChatResponse,
    EmbeddingRequest,
    EmbeddingResponse,
    FinishReason,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    Request,
    RerankRequest,
    RerankResponse,
    RerankResult,
    Response,
    derive_id,
    hookimpl,
)
from jackfield.parsing import validated

from ._parse import parse_chat
from ._request import INPUT_TYPES
from ._response import FINISH
from ._said import Said
from ._usage import usage_body

_R = TypeVar("_R", bound=Request)
_WORDS: Mapping[FinishReason, str] = {
    "stop": "COMPLETE", "stop_sequence": "STOP_SEQUENCE", "length": "MAX_TOKENS", "context": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL", "content_filter": "ERROR_TOXIC", "error": "ERROR",
}  # fmt: skip


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat, an embedding or a reranking."""
    operation = route.get("operation")
    if operation not in ("chat", "embedding", "rerank"):
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    if operation == "chat":
        return parse_chat(body)
    return _parse_embedding(body) if operation == "embedding" else parse_rerank(body)


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer."""
    if isinstance(response, ChatResponse) and isinstance(request, ChatRequest):
        body = _chat(request, response)
    elif isinstance(response, EmbeddingResponse) and isinstance(request, EmbeddingRequest):
        body = {
            "id": response.id or derive_id("", [request.model, request.inputs], 0),
            "embeddings": {"float": response.vectors},
            "texts": request.inputs,
            "meta": _meta(response),
        }
    elif isinstance(response, RerankResponse) and isinstance(request, RerankRequest):
        body = {
            "id": response.id or derive_id("", [request.model, request.query, request.documents], 0),
            "results": [rerank_row(result) for result in response.results],
            "meta": _meta(response),
        }
    else:
        return None
    return HTTPResponse(200, {"content-type": "application/json"}, to_json(body))


def _parse_embedding(body: Mapping[str, Any]) -> EmbeddingRequest:
    words = {value: name for name, value in INPUT_TYPES.items()}
    cut = body.get("truncate")
    values = {
        "model": body.get("model", ""),
        "inputs": body.get("texts"),
        "dimensions": body.get("output_dimension"),
        "input_type": words.get(kind, kind) if (kind := body.get("input_type")) is not None else None,
        "truncate": cut.lower() if isinstance(cut, str) else cut,
    }
    return _read(EmbeddingRequest, values, {"inputs": "texts", "dimensions": "output_dimension"})


def parse_rerank(body: Mapping[str, Any]) -> RerankRequest:
    """Parse a reranking. Version 1 and the hosts that write like it take documents as objects with a text, too.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    documents = body.get("documents")
    if isinstance(documents, list):
        documents = [row.get("text") if isinstance(row, Mapping) else row for row in documents]
    names = ("model", "query", "top_n", "return_documents")
    values = {name: body[name] for name in names if body.get(name) is not None}
    return _read(RerankRequest, {**values, "documents": documents}, {})


def _read(kind: type[_R], values: Mapping[str, Any], names: Mapping[str, str]) -> _R:
    """Validate, and speak of what is wrong in the format's words."""
    try:
        return validated(kind, {name: value for name, value in values.items() if value is not None})
    except InvalidInput as error:
        ours = (error.param or "").partition("[")[0]
        theirs = names.get(ours, ours)
        param = (error.param or "").replace(ours, theirs, 1)
        raise InvalidInput(error.message.replace(ours, theirs, 1), param=param) from None


def rerank_row(result: RerankResult) -> dict[str, Any]:
    """Write a result; the document goes with it where it was asked for."""
    row: dict[str, Any] = {"index": result.index, "relevance_score": result.relevance_score}
    return row if result.document is None else {**row, "document": {"text": result.document}}


def _meta(response: Response) -> dict[str, Any]:
    return {"api_version": {"version": "2"}, **usage_body(response.usage)}


def _chat(request: ChatRequest, response: ChatResponse) -> dict[str, Any]:
    told, choice = Said(), response.choices[0] if response.choices else None
    for part in response.message.parts:
        told.add(part, foreign=True)
    body: dict[str, Any] = {
        "id": response.id or derive_id("", [request.model, response.text], 0),
        "finish_reason": finish_word(response.finish_reason, choice.raw_finish_reason if choice else None),
        "message": {"role": "assistant", **told.members()},
        "usage": usage_body(response.usage),
    }
    if choice is not None and (rows := (choice.logprobs or {}).get("content")):
        body["logprobs"] = [*logprob_entries(rows)]
    return body


def finish_word(reason: FinishReason, raw: str | None) -> str:
    """Return the format's word for a finish reason of ours: the very word, where it came in this format."""
    return raw if raw is not None and raw in FINISH else _WORDS.get(reason, "COMPLETE")


def logprob_entries(rows: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Write log probabilities: an entry for each token."""
    for row in rows:
        ids = [row["token_id"]] if "token_id" in row else []
        yield {"text": row.get("token") or "", "token_ids": ids, "logprobs": [row.get("logprob")]}
