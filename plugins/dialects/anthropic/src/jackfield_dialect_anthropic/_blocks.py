"""Content blocks of the assistant: which part each becomes, in requests and answers, whole and streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from jackfield import Citation, Data, Native, Part, ProviderState, Text, Thinking, ToolCall, ToolResult
from jackfield.messages import ToolKind
from jackfield.reading import word

from ._checks import breakpoint_of

NAME = "anthropic-messages"
#: Kinds of the tools that the provider runs, by their names; others are `native` (anthropic 2.11.0, server_tool_use).
_KINDS: Mapping[str, ToolKind] = {
    "web_search": "web_search", "web_fetch": "web_fetch", "code_execution": "code", "bash_code_execution": "code",
    "text_editor_code_execution": "code",
}  # fmt: skip
#: Places of citations (anthropic 2.11.0, types/text_citation.py); `raw` of another shape is never written.
LOCATIONS = frozenset(
    {"char_location", "page_location", "content_block_location", "web_search_result_location", "search_result_location"}
)
_TEXT = frozenset({"type", "text", "citations", "cache_control"})
_CALL = frozenset({"type", "id", "name", "input", "cache_control"})
_RESULT = frozenset({"type", "tool_use_id", "content", "cache_control"})
_THINKING = frozenset({"type", "thinking", "signature"})
_REDACTED = frozenset({"type", "data"})


def assistant_part(block: Mapping[str, Any]) -> Part:
    """Read a whole block.

    Raises:
        TypeError, LookupError, ValueError: it is not of the format.
    """
    kind = block["type"]
    if kind == "text":
        return text_part(block)
    if kind == "thinking":
        state = {name: block[name] for name in ("signature",) if block.get(name) is not None}
        return Thinking(text=word(block, "thinking") or "", provider_state=_state(block, _THINKING, state))
    if kind == "redacted_thinking":
        return Thinking(kind="redacted", provider_state=_state(block, _REDACTED, {"data": block.get("data")}))
    if is_call(kind):
        value = block.get("input")
        return call_part(block, to_json({} if value is None else value).decode())
    if is_result(kind) and "tool_use_id" in block:
        return result_part(block)
    return native_part(block)


def is_call(kind: str) -> bool:
    """Tell whether a block is a call, of the caller's tools or of the provider's."""
    return kind in ("tool_use", "server_tool_use", "mcp_tool_use")


def is_result(kind: str) -> bool:
    """Tell whether a block is what a tool of the provider's returned."""
    return kind.endswith("_tool_result")


def text_part(block: Mapping[str, Any]) -> Text:
    """Read a text."""
    notes = block.get("citations")
    if not notes and len(block) == 2 + ("citations" in block):
        return Text(text=block["text"])
    citations = tuple([citation(note) for note in notes]) if notes else ()
    return Text(text=block["text"], citations=citations, **marks(block, _TEXT))


def call_part(block: Mapping[str, Any], arguments: str = "") -> ToolCall:
    """Read a call, with its arguments as JSON text; without them where they are still to come."""
    kind, name = block["type"], block["name"]
    if kind == "tool_use":
        if len(block) == 4:
            return ToolCall(id=block["id"], name=name, arguments=arguments)
        return ToolCall(id=block["id"], name=name, arguments=arguments, **marks(block, _CALL))
    return ToolCall(
        id=block["id"],
        name=name,
        arguments=arguments,
        kind="mcp" if kind == "mcp_tool_use" else _KINDS.get(name, "native"),
        executed_by="provider",
        cache=breakpoint_of(block.get("cache_control")),
        provider_state=_state(block, _CALL, {"type": kind}),
    )


def result_part(block: Mapping[str, Any]) -> ToolResult:
    """Read what a tool of the provider's returned; its content stays as it came."""
    kind, content = block["type"], block.get("content")
    failed = isinstance(content, dict) and str(content.get("type")).endswith("_error")
    return ToolResult(
        call_id=block["tool_use_id"],
        name=None if kind == "mcp_tool_result" else kind.removesuffix("_tool_result"),
        parts=(Data(value=content),),
        is_error=failed or bool(block.get("is_error")),
        cache=breakpoint_of(block.get("cache_control")),
        provider_state=_state(block, _RESULT, {"type": kind}),
    )


def native_part(block: Mapping[str, Any]) -> Native:
    """Keep a block that only this format knows; another may say a compaction's summary instead."""
    content = block.get("content")
    return Native(dialect=NAME, body=dict(block), text=content if isinstance(content, str) else "")


def citation(note: Any) -> Citation:
    """Read a citation. Its places count in the document that is cited, so they stay in `raw`."""
    if not isinstance(note, dict):
        return Citation(raw=note)
    title = note.get("title") or note.get("document_title")
    words = {"url": note.get("url"), "title": title, "text": note.get("cited_text")}
    return Citation(**{name: value for name, value in words.items() if isinstance(value, str)}, raw=note)


def marks(block: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the breakpoint of a block and, as its state, the members that we have no word for."""
    found: dict[str, Any] = {}
    control = block.get("cache_control")
    if control is not None and (cache := breakpoint_of(control)) is not None:
        found["cache"] = cache
    if members := _members(block, known):
        found["provider_state"] = ProviderState({"members": members}, NAME)
    return found


def _members(block: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    members = {name: value for name, value in block.items() if name not in known and value is not None}
    control = block.get("cache_control")
    if control is not None and "cache_control" in known and breakpoint_of(control) is None:
        members["cache_control"] = control
    return members


def _state(block: Mapping[str, Any], known: frozenset[str], data: dict[str, Any]) -> ProviderState:
    if members := _members(block, known):
        data["members"] = members
    return ProviderState(data, NAME)
