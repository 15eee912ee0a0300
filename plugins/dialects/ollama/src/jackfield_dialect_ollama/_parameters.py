"""The parameters of a chat on the wire: sampling in `options`, the others beside it."""

from __future__ import annotations

from typing import Any

from jackfield import ChatRequest, HostedTool, NativeTool, Reasoning, ResponseFormat, Tool, UnsupportedFeature

from ._words import EFFORTS, NAME, OPTIONS


def write_parameters(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write every parameter that is set."""
    is_set = request.model_fields_set
    options = {
        theirs: value for ours, theirs in OPTIONS if ours in is_set and (value := getattr(request, ours)) is not None
    }
    if request.stop is not None:
        options["stop"] = list(request.stop)
    if options:
        body["options"] = options
    for name in ("logprobs", "top_logprobs"):
        if name in is_set and (value := getattr(request, name)) is not None:
            body[name] = value
    if (tools := _tools(request)) is not None:
        body["tools"] = tools
    if request.response_format is not None and (form := _format(request.response_format)) is not None:
        body["format"] = form
    if request.reasoning is not None and (think := _think(request.reasoning)) is not None:
        body["think"] = think


def _tools(request: ChatRequest) -> list[dict[str, Any]] | None:
    """Write the tools; the format has no choice among them, so those that may not be called are left out."""
    tools, choice = request.tools, request.tool_choice
    if choice is not None:
        if choice.name is not None or choice.mode == "required":
            raise UnsupportedFeature(
                "tool_choice: the format cannot force a call; leave it out, or ask for the call in the prompt",
                param="tool_choice",
            )
        if choice.mode == "none":
            return None
        if choice.allowed is not None:
            tools = tuple(tool for tool in tools or () if getattr(tool, "name", None) in choice.allowed)
    return None if tools is None else [_tool(tool) for tool in tools]


def _tool(tool: Tool | HostedTool | NativeTool) -> dict[str, Any]:
    match tool:
        case Tool(kind="function"):
            function: dict[str, Any] = {"name": tool.name}
            if tool.description is not None:
                function["description"] = tool.description
            if tool.parameters is not None:
                function["parameters"] = tool.parameters
            return {"type": "function", "function": function, **tool.options}
        case NativeTool(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            kind = tool.dialect if isinstance(tool, NativeTool) else tool.kind
            raise UnsupportedFeature(f"tools: the format has no form for a {kind} tool; take it out", param="tools")


def _format(form: ResponseFormat) -> Any:
    if form.type == "text":
        return None
    return "json" if form.schema_ is None else form.schema_


def _think(reasoning: Reasoning) -> bool | str | None:
    effort = reasoning.effort
    if reasoning.enabled is False or effort == "none" or reasoning.budget == 0:
        return False
    if effort is not None:
        return effort if effort in EFFORTS else True
    return True if reasoning.enabled or reasoning.budget else None
