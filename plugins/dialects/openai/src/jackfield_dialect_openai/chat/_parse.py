"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import (
    AudioOutput,
    CacheOptions,
    ChatRequest,
    InvalidInput,
    NativeTool,
    ResponseFormat,
    Tool,
    ToolChoice,
    WebSearch,
)
from jackfield.conversation import EFFORTS
from jackfield.parsing import validated
from jackfield.reading import listed

from ._checks import breakpoint_of, made
from ._parameters import NAME, SAME
from ._parse_messages import parse_messages

#: Our names of members that the format calls otherwise.
_WIRE_NAMES = (
    ("max_tokens", "max_completion_tokens"), ("user", "safety_identifier"), ("reasoning.effort", "reasoning_effort"),
)  # fmt: skip
_FORMAT = frozenset({"name", "description", "schema", "strict"})


def parse_chat(body: Any) -> ChatRequest:
    """Parse a whole body.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    rest = {name: value for name, value in body.items() if value is not None}
    for name in ("headers", "query"):
        if name in rest:
            raise InvalidInput(f"{name}: the format has no such member", param=name)
    messages = rest.pop("messages", None)
    if not isinstance(messages, list):
        raise InvalidInput("messages: a list is needed", param="messages")
    values: dict[str, Any] = {"model": rest.pop("model", "")}
    values["messages"] = tuple(parse_messages(messages))
    for name in SAME:
        if name in rest:
            values[name] = rest.pop(name)
    serving: dict[str, Any] = {}
    options: dict[str, Any] = {}
    _special(rest, values, options, serving)
    options |= rest
    if options:
        values["provider_options"] = {NAME: options}
    if serving:
        values["serving"] = serving
    try:
        return validated(ChatRequest, values)
    except InvalidInput as error:
        raise _in_wire_words(error, body) from None


def _in_wire_words(error: InvalidInput, body: Mapping[str, Any]) -> InvalidInput:
    """Name the member as the caller wrote it, where the format has another name than ours."""
    for ours, theirs in _WIRE_NAMES:
        if theirs in body and (error.param or "").startswith(ours):
            return InvalidInput(error.message.replace(ours, theirs, 1), param=theirs)
    return error


def _special(rest: dict[str, Any], values: dict[str, Any], options: dict[str, Any], serving: dict[str, Any]) -> None:
    """Move the parameters whose form differs from ours out of `rest`."""
    if (limit := rest.pop("max_completion_tokens", None)) is not None:
        values["max_tokens"] = limit
    if (user := rest.pop("safety_identifier", None)) is not None:
        values["user"] = user
    for name in ("stop", "logit_bias", "metadata", "modalities"):
        if name in rest:
            values[name] = rest.pop(name)
    if "tools" in rest:
        values["tools"] = tuple(
            _tool(tool, f"tools[{number}]") for number, tool in enumerate(listed(rest.pop("tools"), "tools"))
        )
    if "tool_choice" in rest:
        values["tool_choice"] = _tool_choice(rest.pop("tool_choice"))
    if "functions" in rest:
        _legacy(rest, values, options, serving)
    if (form := rest.pop("response_format", None)) is not None:
        values["response_format"] = _response_format(form, options)
    if (effort := rest.pop("reasoning_effort", None)) is not None:
        if effort not in EFFORTS:
            raise InvalidInput(
                f"reasoning_effort: {effort!r} is none of {', '.join(EFFORTS)}", param="reasoning_effort"
            )
        values["reasoning"] = {"effort": effort}
    if isinstance(audio := rest.get("audio"), Mapping) and set(audio) <= {"voice", "format"}:
        values["audio_out"] = made(AudioOutput, rest.pop("audio"), "audio")
    prediction = rest.get("prediction")
    if isinstance(prediction, Mapping) and isinstance(prediction.get("content"), str):
        values["prediction"] = rest.pop("prediction")["content"]
    if isinstance(search := rest.get("web_search_options"), Mapping):
        found = dict(search)
        known = {
            "context_size": found.pop("search_context_size", None),
            "user_location": found.pop("user_location", None),
        }
        values["web_search"] = made(WebSearch, {**known, "options": found}, "web_search_options")
        del rest["web_search_options"]
    if isinstance(key := rest.get("prompt_cache_key"), str):
        values["cache"] = CacheOptions(key=key)
        del rest["prompt_cache_key"]
    if isinstance(stream := rest.pop("stream_options", None), Mapping):
        found = dict(stream)
        serving["include_usage"] = bool(found.pop("include_usage", False))
        if found:
            options["stream_options"] = found


def _legacy(rest: dict[str, Any], values: dict[str, Any], options: dict[str, Any], serving: dict[str, Any]) -> None:
    """Read functions as tools; this dialect sends them on as they came, and answers in their form."""
    functions = listed(rest.pop("functions"), "functions")
    choice = rest.pop("function_call", None)
    values.setdefault(
        "tools",
        tuple(
            _tool({"type": "function", "function": row}, f"functions[{number}]") for number, row in enumerate(functions)
        ),
    )
    options |= {"functions": functions, "tools": None}
    if "parallel_tool_calls" not in values:
        values["parallel_tool_calls"] = False  # an answer in the old form holds one call
        options["parallel_tool_calls"] = None
    serving["functions"] = True
    if choice is not None:
        options |= {"function_call": choice, "tool_choice": None}
        if isinstance(choice, Mapping):
            values["tool_choice"] = _named(choice.get("name"), "function_call")
        else:
            values["tool_choice"] = _tool_choice(choice, "function_call")


def _tool(tool: Any, where: str) -> Tool | NativeTool:
    if isinstance(tool, Mapping) and "type" not in tool and "function" in tool:
        tool = {"type": "function", **tool}  # hosts take it so (recorded, mistral)
    if not isinstance(tool, Mapping) or not isinstance(tool.get("type"), str):
        raise InvalidInput(
            f"{where}: a tool with a type is needed, such as {{'type': 'function', 'function': ...}}", param=where
        )
    kind, body = tool["type"], tool.get(tool["type"])
    if kind == "function" or (kind == "custom" and isinstance(body, Mapping)):
        if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
            raise InvalidInput(f"{where}.{kind}.name: a string is needed", param=f"{where}.{kind}.name")
        members = (
            {"name", "description", "parameters", "strict"} if kind == "function" else {"name", "description", "format"}
        )
        extra = {name: value for name, value in tool.items() if name not in ("type", kind, "cache_control")}
        cache = breakpoint_of(control) if (control := tool.get("cache_control")) is not None else None
        if set(body) <= members and (control is None) is (cache is None):
            given = {name: value for name, value in body.items() if value is not None}
            if extra:
                given |= {"options": extra, "dialect": NAME}
            return made(Tool, {"kind": kind, "cache": cache, **given}, f"{where}.{kind}")
    return NativeTool(dialect=NAME, body=dict(tool))


def _tool_choice(choice: Any, where: str = "tool_choice") -> Any:
    if isinstance(choice, str) and choice in ("auto", "none", "required"):
        return choice
    kind = choice.get("type", "function") if isinstance(choice, Mapping) else None
    body = choice.get(kind) if isinstance(kind, str) else None
    if kind in ("function", "custom") and isinstance(body, Mapping):
        return _named(body.get("name"), f"tool_choice.{kind}")
    if kind == "allowed_tools" and isinstance(body, Mapping):
        where += ".allowed_tools"
        rows = listed(body.get("tools"), f"{where}.tools")
        allowed = tuple(_allowed(row, f"{where}.tools[{number}]") for number, row in enumerate(rows))
        return made(ToolChoice, {"mode": body.get("mode", "auto"), "allowed": allowed}, where)
    raise InvalidInput(f"{where}: auto, none, required, a function's name or allowed_tools is needed", param=where)


def _named(name: Any, where: str) -> ToolChoice:
    if not isinstance(name, str):
        raise InvalidInput(f"{where}.name: a string is needed", param=f"{where}.name")
    return ToolChoice(mode="required", name=name)


def _allowed(row: Any, where: str) -> str:
    kind = row.get("type") if isinstance(row, Mapping) else None
    body = row.get(kind) if isinstance(kind, str) else None
    if not isinstance(body, Mapping) or not isinstance(name := body.get("name"), str):
        raise InvalidInput(f"{where}: a tool's type and name are needed", param=where)
    return name


def _beside(form: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"schema": form["schema"]} if isinstance(form.get("schema"), Mapping) else None


def _response_format(form: Any, options: dict[str, Any]) -> ResponseFormat:
    if isinstance(form, Mapping):
        match form.get("type"):
            case "text":
                return ResponseFormat(type="text")
            case "json_object":
                return ResponseFormat(type="json")
            # hosts of open models take the schema beside the type as well (recorded, together)
            case "json_schema" if isinstance(inner := form.get("json_schema") or _beside(form), Mapping):
                given = {key: value for key, value in inner.items() if value is not None}
                if more := {key: given.pop(key) for key in [*given] if key not in _FORMAT}:
                    options["response_format"] = {"json_schema": more}
                return made(ResponseFormat, {"type": "schema", **given}, "response_format.json_schema")
    raise InvalidInput(
        "response_format: text, json_object or json_schema with its json_schema is needed", param="response_format"
    )
