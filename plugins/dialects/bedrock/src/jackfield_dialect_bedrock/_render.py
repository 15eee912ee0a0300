"""Render: parts of an answer as blocks, whatever provider gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    Bytes,
    Citation,
    Data,
    FinishReason,
    Media,
    Native,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    Url,
)

from ._blocks import SERVER_CALL, is_own
from ._checks import NAME
from ._media import write_media
from ._response import BESIDE, FINISH
from ._write_blocks import call_block, run_result_block, state_of, text_block, thinking_block

_WORDS: Mapping[FinishReason, str] = {
    "stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "context":
    "model_context_window_exceeded", "tool_calls": "tool_use", "refusal": "content_filtered", "content_filter":
    "content_filtered", "pause": "end_turn", "cancelled": "end_turn", "error": "malformed_model_output",
    "unknown": "end_turn",
}  # fmt: skip


def rendered_block(part: Part) -> dict[str, Any] | None:
    """Write a whole part; None for what another provider ran itself, which means nothing to a caller."""
    match part:
        case Text():
            if not part.citations:
                return text_block(part)
            notes = tuple(Citation(raw=rendered_citation(note)) for note in part.citations)
            return text_block(part.model_copy(update={"citations": notes}))
        case Thinking(kind="redacted"):
            return thinking_block(part) if "data" in state_of(part) else None
        case Thinking():
            return thinking_block(part)
        case ToolCall() if not is_foreign(part):
            return call_block(part, _input(part.arguments))
        case ToolResult() if not is_foreign(part):
            return run_result_block(part)
        case ToolCall() | ToolResult():
            return None
        case Native(dialect=dialect, body=body) if dialect == NAME and isinstance(body, dict):
            return body
        case _:
            if (media := rendered_media(part)) is not None:
                return media
            text = said(part)
            return {"text": text} if text else None


def is_foreign(part: Part) -> bool:
    """Tell whether a call or a result was run by a provider of another format."""
    if isinstance(part, ToolCall):
        return part.executed_by == "provider" and state_of(part).get("type") != SERVER_CALL
    return isinstance(part, ToolResult) and not part.provider_state


def rendered_media(part: Part) -> dict[str, Any] | None:
    """Write what the format can hold in an answer; None for all else."""
    if not isinstance(part, Media) or part.kind == "audio":
        return None
    if not isinstance(part.source, Bytes) and not (isinstance(part.source, Url) and part.source.url.startswith("s3:")):
        return None
    try:
        return write_media(part, "the answer")
    except UnsupportedFeature:
        return None


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


def rendered_citation(note: Citation) -> dict[str, Any]:
    """Write a citation; that of another format by what it says of title, text and address."""
    if is_own(note):
        raw: dict[str, Any] = note.raw
        return raw
    found: dict[str, Any] = {"location": {"web": {"url": note.url}}} if note.url else {}
    if note.title:
        found["title"] = note.title
    return {**found, "sourceContent": [{"text": note.text or ""}]} if note.text or not found else found


def _input(arguments: str) -> Any:
    """Return arguments as an object; what the model wrote wrong goes under a name that no schema has."""
    try:
        value = from_json(arguments) if arguments.strip() else {}
    except ValueError:
        value = arguments
    return value if isinstance(value, dict) else {"INVALID_JSON": arguments}


def stop_reason(reason: FinishReason, raw: str | None) -> str:
    """Return the format's word for a finish reason of ours: the very word, where it came in this format."""
    return raw if raw is not None and FINISH.get(raw) == reason else _WORDS[reason]


def beside(data: Any, reason: FinishReason, detail: Any) -> dict[str, Any]:
    """Return the members of an answer that came in this format, and the sequence that ended it."""
    found = {}
    if isinstance(data, dict):
        found = {name: data[name] for name in BESIDE if isinstance(data.get(name), dict)}
    if reason == "stop_sequence" and isinstance(detail, str):
        found.setdefault("additionalModelResponseFields", {"stop_sequence": detail})
    found.setdefault("metrics", {"latencyMs": 0})
    return found
