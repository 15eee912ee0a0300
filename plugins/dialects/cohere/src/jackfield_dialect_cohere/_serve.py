"""Serve: parse what callers send, render answers in the same format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
    Response,
    derive_id,
    hookimpl,
)
from jackfield.parsing import validated

from ._parse import parse_chat
from ._response import FINISH
from ._said import Said
from ._usage import usage_body

_WORDS: Mapping[FinishReason, str] = {
    "stop": "COMPLETE", "stop_sequence": "STOP_SEQUENCE", "length": "MAX_TOKENS", "context": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL", "content_filter": "ERROR_TOXIC", "error": "ERROR",
}  # fmt: skip


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat or an embedding."""
    operation = route.get("operation")
    if operation not in ("chat", "embedding"):
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    return parse_chat(body) if operation == "chat" else _parse_embedding(body)


def _parse_embedding(body: Mapping[str, Any]) -> EmbeddingRequest:
    values = {"model": body.get("model", ""), "inputs": body.get("texts"), "dimensions": body.get("output_dimension")}
    try:
        return validated(EmbeddingRequest, values)
    except InvalidInput as error:
        names = {"inputs": "texts", "dimensions": "output_dimension"}
        ours = (error.param or "").partition("[")[0]
        theirs = names.get(ours, ours)
        param = (error.param or "").replace(ours, theirs, 1)
        raise InvalidInput(error.message.replace(ours, theirs, 1), param=param) from None


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
            "meta": {"api_version": {"version": "2"}, **usage_body(response.usage)},
        }
    else:
        return None
    return HTTPResponse(200, {"content-type": "application/json"}, to_json(body))


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
