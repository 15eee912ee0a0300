"""Write parts as content blocks: those of requests, and those that answers have as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    Data,
    Media,
    Native,
    Part,
    ProviderState,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
)

from ._blocks import is_own
from ._checks import NAME, cache_point
from ._media import write_media


def state_of(part: Part) -> dict[str, Any]:
    """Return the state of a part, where it is of this format's shape."""
    state: ProviderState | None = part.provider_state
    return state.data if state is not None and isinstance(state.data, dict) else {}


def blocks_of(part: Part, where: str, *, said: bool) -> Iterator[dict[str, Any]]:
    """Write a part, and the breakpoint of the cache behind it. `said`: it is the assistant's.

    Raises:
        UnsupportedFeature: the format has no block for it.
    """
    yield _assistant_block(part, where) if said else content_block(part, where)
    cache = part.cache
    if cache is None and type(part) is ToolResult:
        # a result holds no breakpoints; one inside it goes behind it
        cache = next((inner.cache for inner in part.parts if inner.cache is not None), None)
    if cache is not None:
        yield cache_point(cache)


def content_block(part: Part, where: str) -> dict[str, Any]:
    """Write a part that any message may hold.

    Raises:
        UnsupportedFeature: the format has no block for it.
    """
    match part:
        case Text():
            return text_block(part)
        case Media():
            return write_media(part, where)
        case Data(value=value):
            return {"text": to_json(value).decode()}
        case Refusal(text=text):
            return {"text": text}
        case ToolResult():
            return tool_result(part, where)
        case Native(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            raise UnsupportedFeature(f"{where}: a {part.type} cannot stand in this role; take it out", param="messages")


def text_block(part: Text) -> dict[str, Any]:
    """Write a text; with the citations that are of this format, where it has some."""
    state = state_of(part)
    notes = [note.raw for note in part.citations if is_own(note)] if part.citations else []
    if not notes and "content" not in state:
        return {"text": part.text}
    content = state.get("content", [{"text": part.text}] if part.text else None)
    if content is not None and "".join([row["text"] for row in content]) != part.text:
        content = [{"text": part.text}]
    cited = {} if content is None else {"content": content}
    return {"citationsContent": {**cited, "citations": notes} if notes else cited}


def tool_result(result: ToolResult, where: str) -> dict[str, Any]:
    """Write what a tool of the caller's returned.

    Raises:
        UnsupportedFeature: it names no call, or holds what the format has no block for.
    """
    if result.call_id is None:
        raise UnsupportedFeature(f"{where}: the format needs the id of the call; set call_id", param="messages")
    content = [_result_block(part, f"{where}.parts[{number}]") for number, part in enumerate(result.parts)]
    wire: dict[str, Any] = {"toolUseId": result.call_id, "content": content}
    if result.is_error:  # the other word, success, is what no word means, and not every model takes either
        wire["status"] = "error"
    return {"toolResult": {**wire, **state_of(result).get("members", {})}}


def _result_block(part: Part, where: str) -> dict[str, Any]:
    match part:
        case Data(value=value) if isinstance(value, dict):
            return {"json": value}
        case Text(text=text):
            return {"text": text}
        case _:
            return content_block(part, where)


def _assistant_block(part: Part, where: str) -> dict[str, Any]:
    match part:
        case Thinking():
            return thinking_block(part)
        case ToolCall():
            if part.id is None:
                raise UnsupportedFeature(f"{where}: the format needs an id for a call; set id", param="messages")
            return call_block(part, _input(part, where))
        case ToolResult():
            return run_result_block(part)
        case _:
            return content_block(part, where)


def thinking_block(part: Thinking) -> dict[str, Any]:
    """Write thinking with its signature, or what of it is not readable."""
    state = state_of(part)
    if part.kind == "redacted":
        return {"reasoningContent": {"redactedContent": state.get("data") or ""}}
    told = {"text": part.text}
    if "signature" in state:
        told["signature"] = state["signature"]
    return {"reasoningContent": {"reasoningText": told}}


def call_block(call: ToolCall, value: Any) -> dict[str, Any]:
    """Write a call with this input: the caller's, or one that Amazon ran."""
    state = state_of(call)
    wire = {"toolUseId": call.id, "name": call.name, "input": value}
    if call.executed_by == "provider" and "type" in state:
        wire["type"] = state["type"]
    return {"toolUse": {**wire, **state.get("members", {})}}


def _input(call: ToolCall, where: str) -> Any:
    text = call.arguments
    try:
        value = from_json(text) if text.strip() else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnsupportedFeature(
            f"{where}: the arguments of {call.name} are no JSON object, which the format needs; write them as one",
            param="messages",
        )
    return value


def run_result_block(result: ToolResult) -> dict[str, Any]:
    """Write what a tool that Amazon ran returned."""
    state, parts = state_of(result), result.parts
    content = parts[0].value if len(parts) == 1 and isinstance(parts[0], Data) else []
    told = {name: state[name] for name in ("status", "type") if name in state}
    return {"toolResult": {"toolUseId": result.call_id, "content": content, **told, **state.get("members", {})}}
