"""Render: parts of an answer as blocks, whatever provider gave them."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import Citation, Data, FinishReason, Media, Native, Part, Refusal, Text, Thinking, ToolCall, ToolResult

from ._blocks import NAME, is_result
from ._response import FINISH
from ._write_blocks import call_block, is_own, result_block, state_of, thinking_block

_WORDS: dict[FinishReason, str] = {
    "stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "context":
    "model_context_window_exceeded", "tool_calls": "tool_use", "refusal": "refusal", "content_filter": "refusal",
    "pause": "pause_turn", "cancelled": "end_turn", "error": "end_turn", "unknown": "end_turn",
}  # fmt: skip


def rendered_block(part: Part) -> dict[str, Any] | None:
    """Write a whole part; None for what another provider ran itself, which means nothing to a caller."""
    state = state_of(part)
    members: dict[str, Any] = state.get("members", {})
    match part:
        case Thinking(kind="redacted"):
            return thinking_block(part) if "data" in state else None
        case Thinking():
            return {"type": "thinking", "thinking": part.text, "signature": state.get("signature") or "", **members}
        case ToolCall() if not is_foreign(part):
            return call_block(part, _input(part.arguments)) | members
        case ToolResult() if not is_foreign(part):
            return result_block(part) | members
        case ToolCall() | ToolResult():
            return None
        case Native(dialect=dialect, body=body) if dialect == NAME and isinstance(body, dict):
            return body
        case Text():
            wire: dict[str, Any] = {"type": "text", "text": part.text, **members}
            if part.citations:
                wire["citations"] = [rendered_citation(note) for note in part.citations]
            return wire
        case _:
            text = said(part)
            return {"type": "text", "text": text} if text else None


def is_foreign(part: Part) -> bool:
    """Tell whether a call or a result was run by a provider of another format."""
    kind = str(state_of(part).get("type"))
    if isinstance(part, ToolCall):
        return part.executed_by == "provider" and kind not in ("server_tool_use", "mcp_tool_use")
    return isinstance(part, ToolResult) and not is_result(kind)


def said(part: Part) -> str:
    """Return the text that stands for a part that the format has no block for in an answer."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return text
        case Data(value=value):
            return to_json(value).decode()
        case Native(text=text):
            return text or ""
        case Media(transcript=transcript, kind=kind):
            return transcript or f"({kind} that this format cannot hold)"
        case _:
            return ""


def rendered_citation(note: Citation) -> Any:
    """Write a citation; that of another format as a result of a search, which SDKs know how to show."""
    if is_own(note):
        return note.raw
    words = {"url": note.url or "", "title": note.title or "", "cited_text": note.text or ""}
    return {"type": "web_search_result_location", "encrypted_index": "", **words}


def _input(arguments: str) -> Any:
    """Return arguments as an object; what the model wrote wrong goes under the name that Anthropic's guide uses."""
    try:
        value = from_json(arguments) if arguments.strip() else {}
    except ValueError:
        value = arguments
    return value if isinstance(value, dict) else {"INVALID_JSON": arguments}


def stop_reason(reason: FinishReason, raw: str | None) -> str:
    """Return the format's word for a finish reason of ours: the very word, where it came in this format."""
    return raw if raw is not None and FINISH.get(raw) == reason else _WORDS[reason]


def endings(reason: FinishReason, raw: str | None, detail: Any) -> dict[str, Any]:
    """Write why an answer ended."""
    word = stop_reason(reason, raw)
    found: dict[str, Any] = {"stop_reason": word, "stop_sequence": None}
    if word == "stop_sequence" and isinstance(detail, str):
        found["stop_sequence"] = detail
    elif isinstance(detail, dict) and detail.get("type") == word:
        found["stop_details"] = detail
    return found
