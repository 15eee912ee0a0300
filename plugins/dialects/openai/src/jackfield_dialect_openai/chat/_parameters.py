"""The parameters of a chat on the wire: those that are the same there, and those whose form differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jackfield import Cache, ChatRequest, HostedTool, NativeTool, ResponseFormat, Tool, ToolChoice, UnsupportedFeature

NAME = "openai-chat"
#: Parameters that have the same name and the same form on the wire.
SAME = frozenset(
    {
        "temperature", "top_p", "top_k", "max_tokens", "seed", "n", "frequency_penalty", "presence_penalty",
        "repetition_penalty", "logprobs", "top_logprobs", "parallel_tool_calls", "verbosity", "service_tier", "store",
        "user", "stream",
    }
)  # fmt: skip


def write_parameters(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write every parameter that is set; usage is asked of every stream."""
    for name in sorted(request.model_fields_set & _WRITTEN):
        if (value := getattr(request, name)) is None:
            continue
        if name in SAME:
            body[name] = value
        else:
            body |= _WRITERS[name](request)
    if request.stream:
        body["stream_options"] = {"include_usage": True}


def present(**values: Any) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def cache_control(cache: Cache) -> dict[str, Any]:
    """Write a breakpoint, as hosts of models that have them take it (openrouter, vercel-gateway; recorded)."""
    return {"type": "ephemeral", **present(ttl=cache.ttl)}


def _logit_bias(request: ChatRequest) -> dict[str, Any]:
    # the format has whole numbers here (openai 3.51.0, completion_create_params), and hosts hold to it
    rows = (request.logit_bias or {}).items()
    return {"logit_bias": {token: int(bias) if bias == int(bias) else bias for token, bias in rows}}


def _reasoning(request: ChatRequest) -> dict[str, Any]:
    reasoning = request.reasoning
    assert reasoning is not None
    if reasoning.effort is not None:
        return {"reasoning_effort": reasoning.effort}
    return {"reasoning_effort": "none"} if reasoning.enabled is False or reasoning.budget == 0 else {}


def _audio_out(request: ChatRequest) -> dict[str, Any]:
    audio = request.audio_out
    assert audio is not None
    return {"audio": present(voice=audio.voice, format=audio.format)}


def _web_search(request: ChatRequest) -> dict[str, Any]:
    search = request.web_search
    assert search is not None
    known = present(search_context_size=search.context_size, user_location=search.user_location)
    return {"web_search_options": {**known, **search.options}}


def _cache(request: ChatRequest) -> dict[str, Any]:
    return present(prompt_cache_key=request.cache.key if request.cache else None)


def _tool(tool: Tool | HostedTool | NativeTool) -> dict[str, Any]:
    match tool:
        case Tool(kind="custom"):
            return {
                "type": "custom",
                "custom": present(name=tool.name, description=tool.description, format=tool.format),
                **tool.options,
            }
        case Tool():
            return _function(tool)
        case NativeTool(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            name = tool.kind if isinstance(tool, HostedTool) else tool.dialect
            raise UnsupportedFeature(f"tools: the format has no form for a {name} tool; take it out", param="tools")


def _function(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    wire = {"type": "function", "function": function}
    if tool.cache is not None:
        wire["cache_control"] = cache_control(tool.cache)
    return {**wire, **tool.options} if tool.options else wire


def _tool_choice(request: ChatRequest) -> Any:
    choice = request.tool_choice or ToolChoice()
    custom = {tool.name for tool in request.tools or () if isinstance(tool, Tool) and tool.kind == "custom"}

    def named(name: str) -> dict[str, Any]:
        kind = "custom" if name in custom else "function"
        return {"type": kind, kind: {"name": name}}

    if choice.name is not None:
        return named(choice.name)
    if choice.allowed is not None:
        mode = "required" if choice.mode == "required" else "auto"
        return {
            "type": "allowed_tools",
            "allowed_tools": {"mode": mode, "tools": [named(name) for name in choice.allowed]},
        }
    return choice.mode


def _response_format(form: ResponseFormat | None) -> dict[str, Any]:
    if form is None or form.type == "text":
        return {"type": "text"}
    if form.type == "json":
        return {"type": "json_object"}
    schema = {"name": form.name if form.name is not None else "response"}
    schema |= present(description=form.description, schema=form.schema_, strict=form.strict)
    return {"type": "json_schema", "json_schema": schema}


#: What is written for each parameter whose form differs.
_WRITERS: Mapping[str, Callable[[ChatRequest], dict[str, Any]]] = {
    "stop": lambda request: {"stop": list(request.stop or ())},
    "logit_bias": _logit_bias,
    "metadata": lambda request: {"metadata": dict(request.metadata or {})},
    "modalities": lambda request: {"modalities": list(request.modalities or ())},
    "tools": lambda request: {"tools": [_tool(tool) for tool in request.tools or ()]},
    "tool_choice": lambda request: {"tool_choice": _tool_choice(request)},
    "response_format": lambda request: {"response_format": _response_format(request.response_format)},
    "reasoning": _reasoning,
    "audio_out": _audio_out,
    "prediction": lambda request: {"prediction": {"type": "content", "content": request.prediction}},
    "web_search": _web_search,
    "cache": _cache,
}
_WRITTEN = SAME | _WRITERS.keys()
