"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import CacheOptions, ChatRequest, InvalidInput, Message, Reasoning, ResponseFormat, ToolChoice
from jackfield.conversation import EFFORTS
from jackfield.parsing import validated
from jackfield.reading import listed

from ._blocks import NAME
from ._checks import breakpoint_of, made
from ._parameters import DISPLAYS, SAME
from ._parse_messages import parse_messages, parse_system
from ._tools import read_tool

#: Our names of members that the format calls otherwise.
_WIRE_NAMES = (("user", "metadata.user_id"), ("stop", "stop_sequences"))
_CHOICE = frozenset({"type", "name", "disable_parallel_tool_use"})
_MODES = {"auto": "auto", "any": "required", "none": "none"}


def parse_chat(body: Any, headers: Mapping[str, str]) -> ChatRequest:
    """Parse a whole body; the features that a caller's headers ask for go along to an endpoint of the same format.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    rest = {name: value for name, value in body.items() if value is not None}
    for name in ("headers", "query"):
        if name in rest:
            raise InvalidInput(f"{name}: the format has no such member", param=name)
    messages: list[Message] = []
    if "system" in rest:
        messages.append(parse_system(rest.pop("system")))
    messages += parse_messages(listed(rest.pop("messages", None), "messages"))
    values: dict[str, Any] = {"model": rest.pop("model", ""), "messages": tuple(messages)}
    for name in SAME:
        if name in rest:
            values[name] = rest.pop(name)
    options: dict[str, Any] = {}
    if beta := headers.get("anthropic-beta"):
        options["headers"] = {"anthropic-beta": beta}
    _special(rest, values)
    options |= rest
    if options:
        values["provider_options"] = {NAME: options}
    try:
        return validated(ChatRequest, values)
    except InvalidInput as error:
        for ours, theirs in _WIRE_NAMES:
            if (error.param or "").startswith(ours):
                raise InvalidInput(error.message.replace(ours, theirs, 1), param=theirs) from None
        raise


def _special(rest: dict[str, Any], values: dict[str, Any]) -> None:
    """Move the parameters whose form differs from ours out of `rest`; what they hold beyond it stays."""
    if "stop_sequences" in rest:
        values["stop"] = tuple(listed(rest.pop("stop_sequences"), "stop_sequences"))
    if isinstance(metadata := rest.get("metadata"), Mapping) and "user_id" in metadata:
        others = dict(rest.pop("metadata"))
        if (user := others.pop("user_id")) is not None:
            values["user"] = user
        if others:
            rest["metadata"] = others
    if "tools" in rest:
        tools = listed(rest.pop("tools"), "tools")
        values["tools"] = tuple(read_tool(tool, f"tools[{number}]") for number, tool in enumerate(tools))
    if "tool_choice" in rest:
        values["tool_choice"] = _tool_choice(rest.pop("tool_choice"), values)
    if (control := rest.get("cache_control")) is not None and (cache := breakpoint_of(control)) is not None:
        del rest["cache_control"]
        values["cache"] = CacheOptions() if cache.ttl is None else CacheOptions(ttl=cache.ttl)
    config = rest.pop("output_config", None)
    if config is not None and not isinstance(config, Mapping):
        raise InvalidInput("output_config: an object is needed", param="output_config")
    config = {name: value for name, value in (config or {}).items() if value is not None}
    if (form := _format(config.get("format"))) is not None:
        values["response_format"] = form
        del config["format"]
    if (reasoning := _reasoning(rest, config)) is not None:
        values["reasoning"] = reasoning
    if config:
        rest["output_config"] = config


def _tool_choice(choice: Any, values: dict[str, Any]) -> ToolChoice:
    kind = choice.get("type") if isinstance(choice, Mapping) else None
    if not isinstance(kind, str) or not choice.keys() <= _CHOICE or kind not in {*_MODES, "tool"}:
        raise InvalidInput("tool_choice: a type that is one of auto, any, tool, none is needed", param="tool_choice")
    if (disabled := choice.get("disable_parallel_tool_use")) is not None:
        if not isinstance(disabled, bool):
            place = "tool_choice.disable_parallel_tool_use"
            raise InvalidInput(f"{place}: true or false is needed", param=place)
        values["parallel_tool_calls"] = not disabled
    if kind != "tool":
        return made(ToolChoice, {"mode": _MODES[kind]}, "tool_choice")
    if not isinstance(name := choice.get("name"), str):
        raise InvalidInput("tool_choice.name: a string is needed", param="tool_choice.name")
    return ToolChoice(mode="required", name=name)


def _format(form: Any) -> ResponseFormat | None:
    """Read a form of the answer; None where there is none, or one that only this format knows."""
    if not isinstance(form, Mapping) or form.get("type") != "json_schema" or form.keys() != {"type", "schema"}:
        return None
    if not isinstance(form["schema"], Mapping):
        raise InvalidInput("output_config.format.schema: an object is needed", param="output_config.format.schema")
    return made(ResponseFormat, {"type": "schema", "schema": form["schema"]}, "output_config.format")


def _reasoning(rest: dict[str, Any], config: dict[str, Any]) -> Reasoning | None:
    """Read thinking and the effort that goes with it; what we have no word for is left where it is."""
    thinking = rest.get("thinking")
    if not isinstance(thinking, Mapping):
        return None
    given = {name: value for name, value in thinking.items() if value is not None}
    kind, display, values = given.pop("type", None), given.pop("display", None), dict[str, Any]()
    if kind == "disabled" and display is None:
        values["enabled"] = False
    elif kind == "enabled" and type(budget := given.pop("budget_tokens", None)) is int and budget > 0:
        values["budget"] = budget
    elif kind == "adaptive":
        values["enabled"] = True
    else:
        return None
    if given or display not in (None, *DISPLAYS):
        return None
    if display is not None:
        values["summary"] = display
    if (effort := config.get("effort")) in EFFORTS and effort != "none":
        values["effort"] = config.pop("effort")
    del rest["thinking"]
    return made(Reasoning, values, "thinking")
