"""Declarations of tools, in both directions: the caller's own, and those that the provider runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import HostedTool, InvalidInput, NativeTool, Tool, UnsupportedFeature, WebSearch
from jackfield.messages import ToolKind

from ._blocks import NAME
from ._checks import breakpoint_of, made
from ._write_blocks import cache_control

_TOOL = frozenset({"name", "description", "input_schema", "strict", "cache_control"})
#: Hosted tools by how their types begin (anthropic 2.11.0, types/tool_union_param.py).
_HOSTED: Mapping[str, ToolKind] = {
    "web_search_": "web_search", "web_fetch_": "web_fetch", "code_execution_": "code", "computer_": "computer",
    "mcp_toolset": "mcp",
}  # fmt: skip
#: What is declared for a kind whose options nobody gave: the oldest version that every model with the tool takes.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "web_search": {"type": "web_search_20250305", "name": "web_search"},
    "web_fetch": {"type": "web_fetch_20250910", "name": "web_fetch"},
    "code": {"type": "code_execution_20250825", "name": "code_execution"},
}


def write_tool(tool: Tool | HostedTool | NativeTool) -> dict[str, Any]:
    """Write a declaration.

    Raises:
        UnsupportedFeature: the format has no form for it.
    """
    match tool:
        case Tool(kind="function"):
            wire: dict[str, Any] = {"name": tool.name}
            if tool.description is not None:
                wire["description"] = tool.description
            wire["input_schema"] = (
                {"type": "object", "properties": {}} if tool.parameters is None else dict(tool.parameters)
            )
            if tool.strict is not None:
                wire["strict"] = tool.strict
            if tool.cache is not None:
                wire["cache_control"] = cache_control(tool.cache)
            return {**wire, **tool.options}
        case Tool():
            raise UnsupportedFeature(
                f"tools: {tool.name} takes free text, which the format has no form for; give it a schema",
                param="tools",
            )
        case HostedTool(options=options) if options:
            return {**_DEFAULTS.get(tool.kind, {}), **options}
        case HostedTool(kind=kind) if kind in _DEFAULTS:
            return dict(_DEFAULTS[kind])
        case HostedTool(kind=kind):
            raise UnsupportedFeature(
                f"tools: the format has no {kind} tool that needs no options; give them or take it out", param="tools"
            )
        case NativeTool(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            raise UnsupportedFeature(
                f"tools: the format has no form for a tool of {tool.dialect}; take it out", param="tools"
            )


def web_search_tool(search: WebSearch) -> dict[str, Any]:
    """Write the request for a search as the hosted tool that it is here."""
    wire = dict(_DEFAULTS["web_search"])
    if (place := search.user_location) is not None:
        # openai-chat holds the place in a member of its own
        inner = place.get("approximate")
        wire["user_location"] = {"type": "approximate", **(inner if isinstance(inner, Mapping) else place)}
    return {**wire, **search.options}


def read_tool(tool: Any, where: str) -> Tool | HostedTool | NativeTool:
    """Read a declaration.

    Raises:
        InvalidInput: it is none; the message names the place.
    """
    if not isinstance(tool, Mapping):
        raise InvalidInput(f"{where}: a tool with a name and an input_schema is needed", param=where)
    kind = tool.get("type")
    if kind in (None, "custom"):
        return _read_own(tool, where)
    if not isinstance(kind, str):
        raise InvalidInput(f"{where}.type: a string is needed", param=f"{where}.type")
    for start, hosted in _HOSTED.items():
        if kind.startswith(start):
            name = tool.get("name")
            values = {"kind": hosted, "name": name, "options": dict(tool), "dialect": NAME}
            return made(HostedTool, values, where)
    return NativeTool(dialect=NAME, body=dict(tool))


def _read_own(tool: Mapping[str, Any], where: str) -> Tool | NativeTool:
    control = tool.get("cache_control")
    cache = breakpoint_of(control) if control is not None else None
    given = {name: value for name, value in tool.items() if value is not None}
    if not isinstance(given.get("name"), str):
        raise InvalidInput(f"{where}.name: a string is needed", param=f"{where}.name")
    if (control is None) is not (cache is None) or "input_schema" not in given:
        return NativeTool(dialect=NAME, body=dict(tool))
    values = {"parameters": given["input_schema"], "cache": cache}
    values |= {name: given[name] for name in ("name", "description", "strict") if name in given}
    if more := {name: value for name, value in given.items() if name not in _TOOL}:
        values |= {"options": more, "dialect": NAME}
    return made(Tool, values, where)
