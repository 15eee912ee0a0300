"""Normalize: whole answers from the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jackfield import (
    ChatRequest,
    ChatResponse,
    Choice,
    FinishReason,
    HTTPResponse,
    Message,
    ModelsRequest,
    Part,
    ProviderError,
    Refusal,
    Request,
    Response,
    ResponseFormatError,
    TokenCountRequest,
    TokenCountResponse,
    ToolCall,
    hookimpl,
)
from jackfield.reading import MALFORMED, counted, malformed, read_json, word
from jackfield_dialect_openai.chat._response import created, models

from ._errors import failure
from ._items import item_parts
from ._usage import usage_object

#: Statuses, and why an answer is not complete; a host writes `complete` (recorded, openai-compatible servers).
_FINISH: Mapping[str, FinishReason] = {
    "completed": "stop", "complete": "stop", "cancelled": "cancelled", "failed": "error",
    "max_output_tokens": "length", "content_filter": "content_filter",
}  # fmt: skip


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, or to the question which models there are."""
    body = read_json(response)
    if (error := failure(body, response.status)) is not None:
        raise error
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    try:
        if isinstance(request, ChatRequest):
            return chat_response(body)
        if isinstance(request, TokenCountRequest):
            return TokenCountResponse(input_tokens=counted(body, "input_tokens"), raw=body)
        if isinstance(request, ModelsRequest):
            return models(body)
    except MALFORMED as wrong:
        raise malformed("the answer", wrong) from wrong
    return None


def chat_response(body: dict[str, Any]) -> ChatResponse:
    """Normalize a `response` object."""
    if body.get("object") != "response" and "output" not in body:
        raise ResponseFormatError("the answer has no output; this is no response object")
    if body.get("status") == "failed":
        raise ProviderError("the provider says that the answer failed, and not why")
    parts: list[Part] = []
    rows: list[Any] = []
    for index, item in enumerate(body.get("output") or ()):
        parts += item_parts(item, index)
        rows += logprobs(item)
    reason, raw = finish(body, parts)
    choice = Choice(
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=reason,
        raw_finish_reason=raw,
        logprobs={"content": rows} if rows else None,
    )
    return ChatResponse(
        id=word(body, "id"),
        model=word(body, "model"),
        created=created({"created": body.get("created_at")}),
        choices=(choice,),
        service_tier=word(body, "service_tier"),
        raw=body,
        raw_usage=usage_object(body),
    )


def logprobs(item: Mapping[str, Any]) -> list[Any]:
    """Return the log probabilities that stand in the texts of an item."""
    if item.get("type") != "message" or isinstance(item.get("content"), str):
        return []
    found: list[Any] = []
    for piece in item.get("content") or ():
        if rows := piece.get("logprobs"):
            found += rows
    return found


def finish(body: Mapping[str, Any], parts: Iterable[Part]) -> tuple[FinishReason, str | None]:
    """Return why an answer ended, in our words and in the provider's."""
    status = word(body, "status")
    details = body.get("incomplete_details")
    why = word(details, "reason") if details else None
    raw = why or status
    reason = _FINISH.get(why or "", "unknown") if status == "incomplete" else _FINISH.get(status or "", "unknown")
    if reason == "stop" or reason == "unknown":
        for part in parts:
            kind = type(part)
            if kind is ToolCall and part.executed_by == "caller":  # type: ignore[union-attr]
                return "tool_calls", raw
            if kind is Refusal and reason == "stop":
                reason = "refusal"
    return reason, raw
