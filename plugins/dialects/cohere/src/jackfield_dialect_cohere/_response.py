"""Normalize: whole answers, embeddings and lists of models."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jackfield import (
    ChatRequest,
    ChatResponse,
    Choice,
    EmbeddingRequest,
    EmbeddingResponse,
    FinishReason,
    HTTPResponse,
    ListedModel,
    Message,
    ModelsRequest,
    ModelsResponse,
    Part,
    Request,
    RerankRequest,
    RerankResponse,
    Response,
    ResponseFormatError,
    TokenCountRequest,
    TokenCountResponse,
    ToolCall,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed, read_json, word

from ._blocks import said
from ._errors import normalize_error

#: ERROR_TOXIC is in no list of the SDK's, but adapters of the field have met it.
FINISH: Mapping[str, FinishReason] = {
    "COMPLETE": "stop", "STOP_SEQUENCE": "stop_sequence", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter", "ERROR": "error", "TIMEOUT": "error",
}  # fmt: skip


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, or to any other question that the format has."""
    body = read_json(response)
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    if isinstance(body.get("message"), str) and (error := normalize_error(request, response)) is not None:
        raise error
    try:
        if isinstance(request, ChatRequest):
            return _chat(body)
        if isinstance(request, EmbeddingRequest):
            return _embeddings(request, body)
        if isinstance(request, RerankRequest):
            meta = usage_object(body.get("meta"))
            return RerankResponse(
                id=word(body, "id"), results=request.ranked(body["results"]), raw=body, raw_usage=meta or None
            )
        if isinstance(request, TokenCountRequest):
            return TokenCountResponse(input_tokens=len(body["tokens"]), raw=body)
        if isinstance(request, ModelsRequest):
            return _models(body)
    except MALFORMED as error:
        raise malformed("the answer", error) from error
    return None


def _chat(body: dict[str, Any]) -> ChatResponse:
    message = body.get("message")
    if not isinstance(message, dict):
        raise ResponseFormatError("the answer has no message; this is no answer of version 2")
    parts = tuple(said(message))
    raw = word(body, "finish_reason")
    rows = [row for entry in body.get("logprobs") or () for row in logprob_rows(entry)]
    choice = Choice(
        message=Message(role="assistant", parts=parts),
        finish_reason=finish_reason(raw, parts),
        raw_finish_reason=raw,
        logprobs={"content": rows} if rows else None,
    )
    return ChatResponse(id=word(body, "id"), choices=(choice,), raw=body, raw_usage=usage_object(body.get("usage")))


def usage_object(value: Any) -> dict[str, Any] | None:
    """Return a usage object as it came; an empty one says nothing.

    Raises:
        TypeError: it is none.
    """
    if value is not None and not isinstance(value, dict):
        raise TypeError(f"usage is a JSON {type(value).__name__}, not an object")
    return value or None


def finish_reason(raw: str | None, parts: Iterable[Part]) -> FinishReason:
    """Return our word for a finish reason, given what the message holds."""
    reason = FINISH.get(raw or "", "unknown")
    if reason in ("stop", "unknown") and any(type(part) is ToolCall for part in parts):
        return "tool_calls"
    return reason


def logprob_rows(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Read the log probabilities of a piece of text: a row for each token, the first of which has the text."""
    text, ids = word(entry, "text") or "", entry.get("token_ids") or ()
    for number, logprob in enumerate(entry.get("logprobs") or ()):
        row: dict[str, Any] = {"token": "" if number else text, "logprob": logprob}
        if number < len(ids):
            row["token_id"] = ids[number]
        yield row


def _models(body: dict[str, Any]) -> ModelsResponse:
    rows = tuple(
        ListedModel(id=row["name"], owner="cohere")
        for row in body.get("models") or ()
        if isinstance(row, dict) and isinstance(row.get("name"), str)
    )
    return ModelsResponse(models=rows, raw=body)


def _embeddings(request: EmbeddingRequest, body: dict[str, Any]) -> EmbeddingResponse:
    rows = body["embeddings"]["float"]
    if len(rows) != len(request.inputs):
        raise ResponseFormatError(f"the answer has {len(rows)} embeddings of {len(request.inputs)} texts")
    meta = body.get("meta") or {}
    vectors: tuple[Any, ...] = tuple(tuple(array("d", row)) for row in rows)
    return EmbeddingResponse(id=word(body, "id"), vectors=vectors, raw=body, raw_usage=usage_object(meta) or None)
