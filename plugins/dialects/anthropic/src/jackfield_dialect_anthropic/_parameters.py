"""The parameters of a chat on the wire: those that are the same there, and those whose form differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jackfield import ChatRequest, ToolChoice, UnsupportedFeature, WebSearch

from ._tools import web_search_tool, write_tool
from ._write_blocks import cache_control

#: Parameters that have the same name and the same form on the wire.
SAME = ("max_tokens", "temperature", "top_p", "top_k", "service_tier", "stream")
#: Our words for a summary of thinking that the format has as `display`; other words ask for one.
DISPLAYS = frozenset({"summarized", "omitted"})


def write_parameters(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write every parameter that is set."""
    for name in sorted(request.model_fields_set & _PLACES.keys(), key=_PLACES.__getitem__):
        if (value := getattr(request, name)) is None:
            continue
        if (write := _WRITERS.get(name)) is None:
            body[name] = value
        else:
            write(request, body)


def _stop(request: ChatRequest, body: dict[str, Any]) -> None:
    body["stop_sequences"] = list(request.stop or ())


def _user(request: ChatRequest, body: dict[str, Any]) -> None:
    body["metadata"] = {"user_id": request.user}


def _modalities(request: ChatRequest, body: dict[str, Any]) -> None:
    if others := [name for name in request.modalities or () if name != "text"]:
        raise UnsupportedFeature(f"modalities: the format answers in text, not in {others[0]}", param="modalities")


def _tools(request: ChatRequest, body: dict[str, Any]) -> None:
    wires = [write_tool(tool) for tool in request.tools or ()]
    choice = request.tool_choice
    if choice is not None and choice.allowed is not None:
        # the format has no list of what is allowed; tools that are not are left out of this request
        wires = [wire for wire in wires if wire.get("name") in choice.allowed]
    body["tools"] = wires


def _web_search(request: ChatRequest, body: dict[str, Any]) -> None:
    search = request.web_search or WebSearch()
    wire, tools = web_search_tool(search), body.setdefault("tools", [])
    for number, tool in enumerate(tools):
        if tool.get("name") == wire["name"]:
            tools[number] = {**wire, **tool}
            return
    tools.append(wire)


def _tool_choice(request: ChatRequest, body: dict[str, Any]) -> None:
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice is None and (parallel is None or not body.get("tools")):
        return
    wire = _choice(choice or ToolChoice())
    if parallel is not None and wire["type"] != "none":
        wire["disable_parallel_tool_use"] = not parallel
    body["tool_choice"] = wire


def _choice(choice: ToolChoice) -> dict[str, Any]:
    if choice.name is not None:
        return {"type": "tool", "name": choice.name}
    return {"type": "any" if choice.mode == "required" else choice.mode}


def _response_format(request: ChatRequest, body: dict[str, Any]) -> None:
    form = request.response_format
    if form is None or form.type == "text":
        return
    if form.schema_ is None:
        raise UnsupportedFeature(
            "response_format: the format has no JSON without a schema; give a schema", param="response_format"
        )
    body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": dict(form.schema_)}


def _reasoning(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write thinking: a budget in the older form, an effort in the newer one, which goes with adaptive thinking."""
    reasoning = request.reasoning
    assert reasoning is not None
    effort, budget, summary = reasoning.effort, reasoning.budget, reasoning.summary
    if effort is not None and effort != "none":
        body.setdefault("output_config", {})["effort"] = effort
    if reasoning.enabled is False or effort == "none" or budget == 0:
        body["thinking"] = {"type": "disabled"}
        return
    if budget is not None:
        thinking: dict[str, Any] = {"type": "enabled", "budget_tokens": budget}
    elif reasoning.enabled or effort is not None or summary is not None:
        thinking = {"type": "adaptive"}
    else:
        return
    if summary is not None:
        thinking["display"] = summary if summary in DISPLAYS else "summarized"
    body["thinking"] = thinking


def _cache(request: ChatRequest, body: dict[str, Any]) -> None:
    cache = request.cache
    # who set a routing key alone, which the format has not, did not ask for a breakpoint
    if cache is not None and (cache.ttl is not None or "key" not in cache.model_fields_set):
        body["cache_control"] = cache_control(cache)


#: What is written for each parameter whose form differs; tools come before what speaks of them.
_WRITERS: Mapping[str, Callable[[ChatRequest, dict[str, Any]], None]] = {
    "stop": _stop,
    "user": _user,
    "modalities": _modalities,
    "tools": _tools,
    "web_search": _web_search,
    "parallel_tool_calls": _tool_choice,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
    "reasoning": _reasoning,
    "cache": _cache,
}
_PLACES: Mapping[str, int] = {name: place for place, name in enumerate((*SAME, *_WRITERS))}
