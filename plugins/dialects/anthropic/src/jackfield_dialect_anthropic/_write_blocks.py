"""Write parts as content blocks: those of requests, and those that answers have as well."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    Cache,
    CacheOptions,
    Citation,
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

from ._blocks import LOCATIONS, NAME
from ._media import write_media

#: Names of the provider's tools by kind, for a call that does not say which block it was.
_SERVER_RESULTS = {"web_search": "web_search", "web_fetch": "web_fetch", "code": "code_execution"}


def cache_control(cache: Cache | CacheOptions) -> dict[str, Any]:
    """Write a breakpoint."""
    return {"type": "ephemeral"} if cache.ttl is None else {"type": "ephemeral", "ttl": cache.ttl}


def state_of(part: Part) -> dict[str, Any]:
    """Return the state of a part, where it is of this format's shape."""
    state: ProviderState | None = part.provider_state
    return state.data if state is not None and isinstance(state.data, dict) else {}


def citations_of(text: Text) -> list[Any]:
    """Return the citations that are of this format."""
    return [note.raw for note in text.citations if is_own(note)]


def is_own(note: Citation) -> bool:
    """Tell whether a citation came in this format."""
    return isinstance(note.raw, dict) and str(note.raw.get("type")) in LOCATIONS


def content_block(part: Part, where: str) -> dict[str, Any]:
    """Write a part that any message may hold.

    Raises:
        UnsupportedFeature: the format has no block for it.
    """
    match part:
        case Text(text=text):
            wire: dict[str, Any] = {"type": "text", "text": text}
            if part.citations and (notes := citations_of(part)):
                wire["citations"] = notes
        case Media():
            wire = write_media(part, where)
        case Data(value=value):
            wire = {"type": "text", "text": to_json(value).decode()}
        case Refusal(text=text):
            wire = {"type": "text", "text": text}
        case Native(dialect=dialect, body=body) if dialect == NAME:
            return dict(body) if isinstance(body, dict) else body
        case _:
            raise UnsupportedFeature(f"{where}: a {part.type} cannot stand in this role; take it out", param="messages")
    return _marked(wire, part)


def _marked(wire: dict[str, Any], part: Part) -> dict[str, Any]:
    if part.cache is not None:
        wire["cache_control"] = cache_control(part.cache)
    if part.provider_state is not None and (members := state_of(part).get("members")):
        wire |= members
    return wire


def tool_result(result: ToolResult, where: str) -> dict[str, Any]:
    """Write what a tool of the caller's returned.

    Raises:
        UnsupportedFeature: it names no call, or holds what the format has no block for.
    """
    if result.call_id is None:
        raise UnsupportedFeature(f"{where}: the format needs the id of the call; set call_id", param="messages")
    wire: dict[str, Any] = {"type": "tool_result", "tool_use_id": result.call_id}
    if parts := result.parts:
        wire["content"] = plain_content([content_block(part, where) for part in parts])
    if result.is_error:
        wire["is_error"] = True
    return _marked(wire, result)


def plain_content(content: list[Any]) -> Any:
    """Write a content of one plain text as that text."""
    if not content:
        return ""
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def is_bare(text: Text) -> bool:
    """Tell whether a text is nothing but its words."""
    return text.cache is None and not text.citations and text.provider_state is None


def assistant_block(part: Part, where: str) -> dict[str, Any]:
    """Write a part of the assistant's.

    Raises:
        UnsupportedFeature: the format has no block for it.
    """
    match part:
        case Thinking():
            return thinking_block(part)
        case ToolCall():
            if part.id is None:
                raise UnsupportedFeature(f"{where}: the format needs an id for a call; set id", param="messages")
            return _marked(call_block(part, _input(part, where)), part)
        case ToolResult():
            return _marked(result_block(part), part)
        case Media():
            raise UnsupportedFeature(
                f"{where}: an assistant's message takes no {part.kind} here; say it in text", param="messages"
            )
        case _:
            return content_block(part, where)


def thinking_block(part: Thinking) -> dict[str, Any]:
    """Write thinking with its signature, or what of it is not readable."""
    state = state_of(part)
    if part.kind == "redacted":
        wire: dict[str, Any] = {"type": "redacted_thinking", "data": state.get("data") or ""}
    else:
        wire = {"type": "thinking", "thinking": part.text}
        if "signature" in state:
            wire["signature"] = state["signature"]
    return {**wire, **state.get("members", {})}


def call_block(call: ToolCall, value: Any) -> dict[str, Any]:
    """Write a call with this input: the caller's, or one that the provider ran."""
    kind = "tool_use"
    if call.executed_by == "provider":
        kind = state_of(call).get("type") or ("mcp_tool_use" if call.kind == "mcp" else "server_tool_use")
    return {"type": kind, "id": call.id, "name": call.name, "input": value}


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


def result_block(result: ToolResult) -> dict[str, Any]:
    """Write what a tool that the provider ran returned."""
    kind = state_of(result).get("type")
    if kind is None:
        kind = f"{_SERVER_RESULTS.get(result.name or '', result.name or 'web_search')}_tool_result"
    parts = result.parts
    content = parts[0].value if len(parts) == 1 and isinstance(parts[0], Data) else [*map(_plain, parts)]
    return {"type": kind, "tool_use_id": result.call_id, "content": content}


def _plain(part: Part) -> dict[str, Any]:
    return content_block(part, "a result of a tool that the provider ran")
