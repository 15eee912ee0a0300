"""Parse the tools of a body, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import HostedTool, InvalidInput, NativeTool, Tool, ToolChoice
from jackfield.messages import ToolKind
from jackfield.reading import listed
from jackfield_dialect_openai.chat._checks import made

from ._calls import NAME

#: Hosted tools, by the type that they have here; dated types begin with one of these.
_KINDS: tuple[tuple[str, ToolKind], ...] = (
    ("web_search", "web_search"), ("code_interpreter", "code"), ("file_search", "file_search"), ("mcp", "mcp"),
    ("computer", "computer"), ("image_generation", "native"),
)  # fmt: skip
_FUNCTION = frozenset({"type", "name", "description", "parameters", "strict"})
_CUSTOM = frozenset({"type", "name", "description", "format"})


def tool_of(tool: Any, where: str) -> Tool | HostedTool | NativeTool:
    """Parse a tool: one of the caller's, one that the provider runs, or one that only this format knows.

    Raises:
        InvalidInput: it is wrong; the message names its place.
    """
    kind = tool.get("type") if isinstance(tool, Mapping) else None
    if not isinstance(kind, str):
        raise InvalidInput(f"{where}: a tool with a type is needed", param=where)
    if kind in ("function", "custom"):
        known = _FUNCTION if kind == "function" else _CUSTOM
        given = {name: value for name, value in tool.items() if name in known and name != "type" and value is not None}
        if more := {name: value for name, value in tool.items() if name not in known}:
            given |= {"options": more, "dialect": NAME}
        return made(Tool, {"kind": kind, **given}, where)
    for prefix, ours in _KINDS:
        if kind == prefix or kind.startswith(f"{prefix}_preview") or kind.startswith(f"{prefix}_2"):
            name = tool.get("server_label") if kind == "mcp" else kind if ours == "native" else None
            return made(HostedTool, {"kind": ours, "name": name, "options": dict(tool), "dialect": NAME}, where)
    return NativeTool(dialect=NAME, body=dict(tool))


def choice_of(choice: Any) -> Any:
    """Read a choice; None for one that only this format knows, which travels as it came."""
    if isinstance(choice, str) and choice in ("auto", "none", "required"):
        return choice
    kind = choice.get("type") if isinstance(choice, Mapping) else None
    if kind in ("function", "custom"):
        name = choice.get("name")
        if not isinstance(name, str):
            raise InvalidInput("tool_choice.name: a string is needed", param="tool_choice.name")
        return ToolChoice(mode="required", name=name)
    if kind == "allowed_tools":
        rows = listed(choice.get("tools"), "tool_choice.tools")
        if all(isinstance(row, Mapping) and row.get("type") in ("function", "custom") for row in rows):
            names = tuple(row.get("name") for row in rows)
            if not all(isinstance(name, str) for name in names):
                raise InvalidInput("tool_choice.tools: names are needed", param="tool_choice.tools")
            return made(ToolChoice, {"mode": choice.get("mode", "auto"), "allowed": names}, "tool_choice")
    if isinstance(kind, str):
        return None
    raise InvalidInput(
        "tool_choice: auto, none, required, a function's name or allowed_tools is needed", param="tool_choice"
    )
