"""The parameters of a chat on the wire: those that are the same there, and those whose form differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic_core import to_json

from jackfield import ChatRequest, UnsupportedFeature

from ._tools import system_tool, write_tools

#: Parameters of `inferenceConfig`, by our names.
INFERENCE: Final[Mapping[str, str]] = {
    "max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP", "stop": "stopSequences",
}  # fmt: skip
#: Our words for a summary of thinking that Claude has as `display`; other words ask for one.
DISPLAYS: Final = frozenset({"summarized", "omitted"})


def write_parameters(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write every parameter that is set."""
    is_set = request.model_fields_set
    config: dict[str, Any] = {}
    for name, word in INFERENCE.items():
        if name in is_set and (value := getattr(request, name)) not in (None, ()):
            config[word] = list(value) if name == "stop" else value
    if config:
        body["inferenceConfig"] = config
    for name, write in _WRITERS.items():
        if name in is_set and getattr(request, name) is not None:
            write(request, body)


def _modalities(request: ChatRequest, body: dict[str, Any]) -> None:
    if others := [name for name in request.modalities or () if name != "text"]:
        raise UnsupportedFeature(f"modalities: the format answers in text, not in {others[0]}", param="modalities")


def _tools(request: ChatRequest, body: dict[str, Any]) -> None:
    tools, choice = request.tools or (), request.tool_choice
    if choice is not None and choice.allowed is not None:
        # the format has no list of what is allowed; tools that are not are left out of this request
        tools = tuple(tool for tool in tools if getattr(tool, "name", None) in choice.allowed)
    if wires := list(write_tools(tools)):
        body["toolConfig"] = {"tools": wires}


def _web_search(request: ChatRequest, body: dict[str, Any]) -> None:
    options = request.web_search.options if request.web_search else {}
    wire = system_tool("web_search", options)
    tools = body.setdefault("toolConfig", {}).setdefault("tools", [])
    if not any(tool.get("systemTool", {}).get("name") == wire["systemTool"].get("name") for tool in tools):
        tools.append(wire)


def _tool_choice(request: ChatRequest, body: dict[str, Any]) -> None:
    choice, config = request.tool_choice, body.get("toolConfig")
    if choice is None or config is None:
        return
    if choice.name is not None:
        config["toolChoice"] = {"tool": {"name": choice.name}}
    elif choice.mode != "none":
        config["toolChoice"] = {"any" if choice.mode == "required" else "auto": {}}
    elif _has_tool_blocks(body):
        raise UnsupportedFeature(
            "tool_choice: the format cannot forbid calls in a conversation that has some; leave it out",
            param="tool_choice",
        )
    else:
        del body["toolConfig"]


def _has_tool_blocks(body: Mapping[str, Any]) -> bool:
    """Tell whether a conversation holds calls or results, which the API takes only with declarations of tools."""
    return any({"toolUse", "toolResult"} & block.keys() for turn in body["messages"] for block in turn["content"])


def _response_format(request: ChatRequest, body: dict[str, Any]) -> None:
    form = request.response_format
    if form is None or form.type == "text":
        return
    if form.schema_ is None:
        raise UnsupportedFeature(
            "response_format: the format has no JSON without a schema; give a schema", param="response_format"
        )
    schema = {"schema": to_json(dict(form.schema_)).decode()}
    schema |= {name: value for name in ("name", "description") if (value := getattr(form, name)) is not None}
    text = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    body.setdefault("outputConfig", {})["textFormat"] = text


def _reasoning(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write thinking: an effort in the format's own word, all else in that of Claude, which has none of the format's.

    A provider's hook rewrites both for models of others.
    """
    reasoning = request.reasoning
    assert reasoning is not None
    effort, budget, summary = reasoning.effort, reasoning.budget, reasoning.summary
    if effort is not None and effort != "none":
        body.setdefault("outputConfig", {})["effort"] = effort
    if reasoning.enabled is False or effort == "none" or budget == 0:
        thinking: dict[str, Any] = {"type": "disabled"}
    elif budget is not None:
        thinking = {"type": "enabled", "budget_tokens": budget}
    elif reasoning.enabled or summary is not None:
        thinking = {"type": "adaptive"}
    else:
        return
    if summary is not None and thinking["type"] != "disabled":
        thinking["display"] = summary if summary in DISPLAYS else "summarized"
    body.setdefault("additionalModelRequestFields", {})["thinking"] = thinking


def _top_k(request: ChatRequest, body: dict[str, Any]) -> None:
    body.setdefault("additionalModelRequestFields", {})["top_k"] = request.top_k


def _service_tier(request: ChatRequest, body: dict[str, Any]) -> None:
    body["serviceTier"] = {"type": request.service_tier}


def _metadata(request: ChatRequest, body: dict[str, Any]) -> None:
    body["requestMetadata"] = dict(request.metadata or {})


#: What is written for each parameter whose form differs; tools come before what speaks of them.
_WRITERS: Mapping[str, Callable[[ChatRequest, dict[str, Any]], None]] = {
    "modalities": _modalities,
    "tools": _tools,
    "web_search": _web_search,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
    "reasoning": _reasoning,
    "top_k": _top_k,
    "service_tier": _service_tier,
    "metadata": _metadata,
}
