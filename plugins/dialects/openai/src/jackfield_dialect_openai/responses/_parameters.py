"""The parameters of a chat on the wire: those that are the same there, and those whose form differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jackfield import ChatRequest, HostedTool, NativeTool, ResponseFormat, Tool, ToolChoice, UnsupportedFeature
from jackfield_dialect_openai.chat._parameters import present

from ._calls import NAME

#: Parameters that differ in name at most: ours, theirs.
SAME: Mapping[str, str] = {
    "temperature": "temperature", "top_p": "top_p", "max_tokens": "max_output_tokens", "top_logprobs": "top_logprobs",
    "parallel_tool_calls": "parallel_tool_calls", "service_tier": "service_tier", "store": "store",
    "user": "safety_identifier", "previous": "previous_response_id", "stream": "stream",
}  # fmt: skip
LOGPROBS = "message.output_text.logprobs"
#: What each kind of hosted tool is where nobody says more; the others need options.
_HOSTED: Mapping[str, dict[str, Any]] = {
    "web_search": {"type": "web_search"},
    "code": {"type": "code_interpreter", "container": {"type": "auto"}},
    "computer": {"type": "computer"},
}


def write_parameters(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write every parameter that is set."""
    for name in sorted(request.model_fields_set & _WRITTEN):
        if (value := getattr(request, name)) is None:
            continue
        if name in SAME:
            body[SAME[name]] = value
        else:
            for key, wire in _WRITERS[name](request).items():
                body[key] = {**body[key], **wire} if key == "text" and key in body else wire
    if request.web_search is not None:
        tools, search = body.setdefault("tools", []), _web_search(request)
        for number, tool in enumerate(tools):
            if tool["type"].startswith("web_search"):
                tools[number] = {**search, **tool}
                break
        else:
            tools.append(search)


def _logprobs(request: ChatRequest) -> dict[str, Any]:
    return {"include": [LOGPROBS]} if request.logprobs else {}


def _reasoning(request: ChatRequest) -> dict[str, Any]:
    reasoning = request.reasoning
    assert reasoning is not None
    effort = reasoning.effort
    if effort is None and (reasoning.enabled is False or reasoning.budget == 0):
        effort = "none"
    wire = present(effort=effort, summary=reasoning.summary)
    return {"reasoning": wire} if wire else {}


def _cache(request: ChatRequest) -> dict[str, Any]:
    cache = request.cache
    assert cache is not None
    options = {"prompt_cache_options": {"ttl": cache.ttl}} if cache.ttl is not None else {}
    return {**present(prompt_cache_key=cache.key), **options}


def _web_search(request: ChatRequest) -> dict[str, Any]:
    search = request.web_search
    assert search is not None
    place = search.user_location
    if place is not None and isinstance(inner := place.get("approximate"), Mapping):
        place = {"type": "approximate", **inner}
    return {"type": "web_search", **present(search_context_size=search.context_size, user_location=place)}


def _tool(tool: Tool | HostedTool | NativeTool) -> dict[str, Any]:
    match tool:
        case Tool(kind="custom"):
            known = present(name=tool.name, description=tool.description, format=tool.format)
            return {"type": "custom", **known, **tool.options}
        case Tool():
            # the format wants the schema to be there, though it may be null (openai 3.51.0, function_tool_param.py)
            wire = {"type": "function", "name": tool.name, "parameters": tool.parameters}
            return {**wire, **present(description=tool.description, strict=tool.strict), **tool.options}
        case HostedTool(kind=kind, options=options):
            if "type" in options or kind in _HOSTED:
                return {**({} if "type" in options else _HOSTED[kind]), **options}
            raise UnsupportedFeature(
                f"tools: a {kind} tool needs options of this format, such as its type; give them or take it out",
                param="tools",
            )
        case NativeTool(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            raise UnsupportedFeature(
                f"tools: the format has no form for a tool of {tool.dialect}; take it out", param="tools"
            )


def _tool_choice(request: ChatRequest) -> Any:
    choice = request.tool_choice or ToolChoice()

    def named(name: str) -> dict[str, Any]:
        for tool in request.tools or ():
            if isinstance(tool, Tool) and tool.name == name and tool.kind == "custom":
                return {"type": "custom", "name": name}
            if isinstance(tool, HostedTool) and name in (tool.name, tool.kind):
                wire = _tool(tool)
                return {"type": wire["type"], **present(server_label=wire.get("server_label"))}
        return {"type": "function", "name": name}

    if choice.name is not None:
        return named(choice.name)
    if choice.allowed is not None:
        mode = "required" if choice.mode == "required" else "auto"
        return {"type": "allowed_tools", "mode": mode, "tools": [named(name) for name in choice.allowed]}
    return choice.mode


def _format(request: ChatRequest) -> dict[str, Any]:
    form = request.response_format or ResponseFormat()
    if form.type == "schema":
        name = form.name or "response"  # the format needs one
        known = present(schema=form.schema_, description=form.description, strict=form.strict)
        return {"text": {"format": {"type": "json_schema", "name": name, **known}}}
    return {"text": {"format": {"type": "json_object" if form.type == "json" else "text"}}}


_WRITERS: Mapping[str, Callable[[ChatRequest], dict[str, Any]]] = {
    "logprobs": _logprobs,
    "reasoning": _reasoning,
    "cache": _cache,
    "tools": lambda request: {"tools": [_tool(tool) for tool in request.tools or ()]},
    "tool_choice": lambda request: {"tool_choice": _tool_choice(request)},
    "response_format": _format,
    "verbosity": lambda request: {"text": {"verbosity": request.verbosity}},
    "metadata": lambda request: {"metadata": dict(request.metadata or {})},
}
_WRITTEN = SAME.keys() | _WRITERS.keys()
