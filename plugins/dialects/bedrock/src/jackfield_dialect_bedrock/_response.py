"""Normalize: whole answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from jackfield import (
    ChatRequest,
    ChatResponse,
    Choice,
    FinishReason,
    HTTPResponse,
    Message,
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

FINISH: Final[Mapping[str, FinishReason]] = {
    "end_turn": "stop", "stop_sequence": "stop_sequence", "max_tokens": "length", "tool_use": "tool_calls",
    "model_context_window_exceeded": "context", "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter", "malformed_model_output": "error", "malformed_tool_use": "error",
}  # fmt: skip
#: Members of an answer that we have no word for (botocore 1.44.5, ConverseResponse): they are the choice's state.
BESIDE: Final = ("trace", "additionalModelResponseFields", "performanceConfig", "metrics")


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, or to the question how long one is."""
    if not isinstance(request, ChatRequest | TokenCountRequest):
        return None
    body = read_json(response)
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    try:
        if isinstance(request, TokenCountRequest):
            return TokenCountResponse(input_tokens=counted(body, "inputTokens"), raw=body)
        return _answer(body)
    except MALFORMED as error:
        raise malformed("the answer", error) from error


def _answer(body: dict[str, Any]) -> ChatResponse:
    output = body.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        raise ResponseFormatError("the answer has no content; this is no message")
    parts = tuple([assistant_part(block) for block in content])
    raw = word(body, "stopReason")
    reason = finish_reason(raw, parts)
    choice = Choice(
        message=Message(role="assistant", parts=parts),
        finish_reason=reason,
        raw_finish_reason=raw,
        finish_detail=finish_detail(reason, body),
        provider_state=ProviderState(data=data) if (data := kept(body)) else None,
    )
    usage = body.get("usage")
    if usage is not None and not isinstance(usage, dict):
        raise TypeError(f"usage is a JSON {type(usage).__name__}, not an object")
    return ChatResponse(
        choices=(choice,),
        service_tier=service_tier(body),
        raw=body,
        raw_usage=usage or None,
    )


def kept(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an answer that we have no word for: what guardrails found, how long it took."""
    return {name: body[name] for name in BESIDE if body.get(name) is not None}


def finish_reason(raw: str | None, parts: Iterable[Part]) -> FinishReason:
    """Return our word for a reason to stop, given what the message holds."""
    reason = FINISH.get(raw or "", "unknown")
    if reason in ("stop", "unknown") and any(type(part) is ToolCall and part.executed_by == "caller" for part in parts):
        return "tool_calls"
    return reason


def finish_detail(reason: FinishReason, body: Mapping[str, Any]) -> Any:
    """Return what explains the reason: what a guardrail found, or the sequence, where the request asked for it."""
    if reason == "content_filter":
        return (body.get("trace") or {}).get("guardrail")
    more = body.get("additionalModelResponseFields")
    return more.get("stop_sequence") if reason == "stop_sequence" and isinstance(more, dict) else None


def service_tier(body: Mapping[str, Any]) -> str | None:
    """Return the tier that served the answer."""
    tier = body.get("serviceTier")
    return word(tier, "type") if tier else None
