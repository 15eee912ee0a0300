"""Normalize: whole answers, embeddings and lists of models."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

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
    ProviderState,
    Request,
    Response,
    ResponseFormatError,
    Text,
    Thinking,
    ToolCall,
    derive_id,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed, read_json, word

from ._errors import normalize_error
from ._usage import durations, usage_object
from ._words import FINISH, THOUGHT


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, an embedding or the question which models there are."""
    body = read_json(response)
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    if body.get("error") and (error := normalize_error(request, response)) is not None:
        raise error
    try:
        if isinstance(request, ChatRequest):
            return _chat(request, body)
        if isinstance(request, EmbeddingRequest):
            return _embeddings(request, body)
        if isinstance(request, ModelsRequest):
            return _models(body)
    except MALFORMED as error:
        raise malformed("the answer", error) from error
    return None


def _chat(request: ChatRequest, body: dict[str, Any]) -> ChatResponse:
    message = body.get("message")
    if not isinstance(message, dict):
        raise ResponseFormatError("the answer has no message; this is no answer of a chat")
    parts: list[Part] = []
    if thinking := word(message, "thinking"):
        parts.append(Thinking(text=thinking, provider_state=ProviderState(THOUGHT)))
    if text := word(message, "content"):
        parts.append(Text(text=text))
    for number, call in enumerate(message.get("tool_calls") or ()):
        made, arguments, state = read_call(request, call, number)
        state_of = ProviderState(state) if state is not None else None
        parts.append(made.model_copy(update={"arguments": arguments, "provider_state": state_of}))
    raw, kept = word(body, "done_reason"), durations(body)
    rows = body.get("logprobs")
    choice = Choice(
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=finish_reason(raw, parts),
        raw_finish_reason=raw,
        logprobs={"content": [*rows]} if rows else None,
        provider_state=ProviderState(kept) if kept else None,
    )
    return ChatResponse(
        model=word(body, "model"), created=created(body), choices=(choice,), raw=body, raw_usage=usage_object(body)
    )


def created(body: Mapping[str, Any]) -> int | None:
    """Read when an answer was made."""
    told = word(body, "created_at")
    return None if told is None else int(datetime.fromisoformat(told).timestamp())


def read_call(request: ChatRequest, call: dict[str, Any], number: int) -> tuple[ToolCall, str, dict[str, Any] | None]:
    """Read a call: empty, then its arguments, then its state, which says where its id is one that we made."""
    function = call["function"]
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else to_json({} if arguments is None else arguments).decode()
    if (call_id := word(call, "id")) is not None:
        return ToolCall(id=call_id, name=function["name"]), text, None
    seed = [(message.role, message.text) for message in request.messages]
    return ToolCall(id=derive_id("call_", seed, number), name=function["name"]), text, {"minted": True}


def finish_reason(raw: str | None, parts: Iterable[Part]) -> FinishReason:
    """Return our word for a finish reason, given what the message holds."""
    reason = FINISH.get(raw or "", "unknown")
    if reason in ("stop", "unknown") and any(type(part) is ToolCall for part in parts):
        return "tool_calls"
    return reason


def _models(body: dict[str, Any]) -> ModelsResponse:
    rows = tuple(
        ListedModel(id=row["name"], created=_changed(row.get("modified_at")), owner="library")
        for row in body.get("models") or ()
        if isinstance(row, dict) and isinstance(row.get("name"), str)
    )
    return ModelsResponse(models=rows, raw=body)


def _changed(value: Any) -> int | None:
    return int(datetime.fromisoformat(value).timestamp()) if isinstance(value, str) and value else None


def _embeddings(request: EmbeddingRequest, body: dict[str, Any]) -> EmbeddingResponse:
    rows = body["embeddings"]
    if len(rows) != len(request.inputs):
        raise ResponseFormatError(f"the answer has {len(rows)} embeddings of {len(request.inputs)} texts")
    vectors: tuple[Any, ...] = tuple(tuple(array("d", row)) for row in rows)
    return EmbeddingResponse(model=word(body, "model"), vectors=vectors, raw=body, raw_usage=usage_object(body))
