"""Normalize: whole answers and lists of models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from jackfield import (
    ChatRequest,
    ChatResponse,
    Choice,
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
    TokenCountRequest,
    TokenCountResponse,
    ToolCall,
    hookimpl,
)
from jackfield.reading import MALFORMED, counted, malformed, read_json, word

from ._blocks import assistant_part
from ._errors import normalize_error

FINISH: Mapping[str, FinishReason] = {
    "end_turn": "stop", "stop_sequence": "stop_sequence", "max_tokens": "length", "tool_use": "tool_calls",
    "model_context_window_exceeded": "context", "refusal": "refusal", "pause_turn": "pause", "compaction": "pause",
}  # fmt: skip
#: Members of an answer that have a word of ours; all others are kept as they came.
_KNOWN = frozenset({"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details", "usage"})


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, or to the question how long one is, or which models there are."""
    body = _read_body(request, response)
    try:
        if isinstance(request, ChatRequest):
            return _message(body)
        if isinstance(request, TokenCountRequest):
            return TokenCountResponse(input_tokens=counted(body, "input_tokens"), raw=body)
        if isinstance(request, ModelsRequest):
            return _models(body)
    except MALFORMED as error:
        raise malformed("the answer", error) from error
    return None


def _read_body(request: Request, response: HTTPResponse) -> dict[str, Any]:
    """Read a JSON body of a good status.

    Raises:
        ProviderError: it is an error in spite of its status, or no JSON object.
    """
    body = read_json(response)
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    if body.get("error") and (error := normalize_error(request, response)) is not None:
        raise error
    return body


def _message(body: dict[str, Any]) -> ChatResponse:
    content = body.get("content")
    if not isinstance(content, list):
        raise ResponseFormatError("the answer has no content; this is no message")
    parts = tuple([assistant_part(block) for block in content])
    usage = usage_object(body.get("usage"))
    raw = word(body, "stop_reason")
    choice = Choice(
        message=Message(role="assistant", parts=parts),
        finish_reason=finish_reason(raw, parts),
        raw_finish_reason=raw,
        finish_detail=finish_detail(body),
        provider_state=ProviderState(data=data) if (data := kept(body)) else None,
    )
    return ChatResponse(
        id=word(body, "id"),
        model=word(body, "model"),
        choices=(choice,),
        service_tier=word(usage, "service_tier") if usage else None,
        raw=body,
        raw_usage=usage or None,
    )


def kept(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an answer that we have no word for: its container, the edits of its context."""
    if message.keys() <= _KNOWN:
        return {}
    return {name: value for name, value in message.items() if name not in _KNOWN and value is not None}


def usage_object(value: Any) -> dict[str, Any]:
    """Return a usage object as it came.

    Raises:
        TypeError: it is none.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"usage is a JSON {type(value).__name__}, not an object")
    return value


def finish_reason(raw: str | None, parts: Iterable[Part]) -> FinishReason:
    """Return our word for a reason to stop, given what the message holds."""
    reason = FINISH.get(raw or "", "unknown")
    if reason in ("stop", "unknown") and any(type(part) is ToolCall and part.executed_by == "caller" for part in parts):
        return "tool_calls"
    return reason


def finish_detail(holder: Mapping[str, Any]) -> Any:
    """Return what explains the reason: the sequence that matched, or why the model refused."""
    return holder.get("stop_sequence") or holder.get("stop_details")


def _models(body: dict[str, Any]) -> ModelsResponse:
    models = tuple(
        ListedModel(id=row["id"], created=_created(row.get("created_at")), owner="anthropic")
        for row in body.get("data") or ()
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    )
    return ModelsResponse(models=models, raw=body)


def _created(value: Any) -> int | None:
    return int(datetime.fromisoformat(value).timestamp()) if isinstance(value, str) and value else None
