"""The parameters of a chat on the wire: those that are the same there, and those whose form differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jackfield import ChatRequest, HostedTool, NativeTool, Tool, UnsupportedFeature

from ._blocks import NAME

#: Parameters whose form is the same on the wire: our name and theirs.
SAME = (
    ("temperature", "temperature"), ("top_p", "p"), ("top_k", "k"), ("max_tokens", "max_tokens"), ("seed", "seed"),
    ("frequency_penalty", "frequency_penalty"), ("presence_penalty", "presence_penalty"), ("logprobs", "logprobs"),
    ("stream", "stream"),
)  # fmt: skip


def write_parameters(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write every parameter that is set."""
    is_set = request.model_fields_set
    for ours, theirs in SAME:
        if ours in is_set and (value := getattr(request, ours)) is not None:
            body[theirs] = value
    for name, write in _WRITERS.items():
        if name in is_set and getattr(request, name) is not None:
            write(request, body)


def _stop(request: ChatRequest, body: dict[str, Any]) -> None:
    body["stop_sequences"] = list(request.stop or ())


def _tools(request: ChatRequest, body: dict[str, Any]) -> None:
    tools, choice = request.tools or (), request.tool_choice
    if choice is not None and (choice.name is not None or choice.allowed is not None):
        # the format cannot name tools in its choice: those that may not be called are left out of this request
        allowed = (choice.name,) if choice.name is not None else choice.allowed or ()
        tools = tuple(tool for tool in tools if getattr(tool, "name", None) in allowed)
        if not tools:
            raise UnsupportedFeature(f"tool_choice: no tool is named {' or '.join(allowed)}", param="tool_choice")
    body["tools"] = [_tool(tool) for tool in tools]
    strict = {tool.strict for tool in tools if isinstance(tool, Tool)} - {None}
    if len(strict) > 1 or (True in strict and any(getattr(tool, "strict", None) is None for tool in tools)):
        raise UnsupportedFeature(
            "tools: the format is strict with all tools or with none; set strict alike for all", param="tools"
        )
    if strict:
        body["strict_tools"] = strict.pop()


def _tool(tool: Tool | HostedTool | NativeTool) -> dict[str, Any]:
    match tool:
        case Tool(kind="function"):
            function: dict[str, Any] = {"name": tool.name}
            if tool.description is not None:
                function["description"] = tool.description
            # the format cannot leave out the schema (cohere 7.3.1, types/tool_v2function.py)
            function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
            return {"type": "function", "function": function, **tool.options}
        case NativeTool(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            kind = tool.dialect if isinstance(tool, NativeTool) else tool.kind
            raise UnsupportedFeature(f"tools: the format has no form for a {kind} tool; take it out", param="tools")


def _tool_choice(request: ChatRequest, body: dict[str, Any]) -> None:
    choice = request.tool_choice
    assert choice is not None
    if choice.name is not None or choice.mode == "required":
        body["tool_choice"] = "REQUIRED"
    elif choice.mode == "none":
        body["tool_choice"] = "NONE"


def _response_format(request: ChatRequest, body: dict[str, Any]) -> None:
    form = request.response_format
    assert form is not None
    if form.type == "text":
        body["response_format"] = {"type": "text"}
        return
    body["response_format"] = {"type": "json_object"}
    if form.schema_ is not None:
        body["response_format"]["json_schema"] = form.schema_


def _reasoning(request: ChatRequest, body: dict[str, Any]) -> None:
    reasoning = request.reasoning
    assert reasoning is not None
    if reasoning.enabled is False or reasoning.effort == "none" or reasoning.budget == 0:
        body["thinking"] = {"type": "disabled"}
    elif reasoning.budget is not None:
        body["thinking"] = {"type": "enabled", "token_budget": reasoning.budget}
    elif reasoning.enabled or reasoning.effort is not None:
        body["thinking"] = {"type": "enabled"}


#: What is written for each parameter whose form differs.
_WRITERS: Mapping[str, Callable[[ChatRequest, dict[str, Any]], None]] = {
    "stop": _stop,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
    "reasoning": _reasoning,
}
