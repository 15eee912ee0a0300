"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import ChatRequest, InvalidInput, NativeTool, Reasoning, ResponseFormat, Tool, reading
from jackfield.parsing import validated
from jackfield.reading import listed

from ._parse_messages import parse_messages
from ._words import EFFORTS, NAME, OPTIONS

_FUNCTION = frozenset({"name", "description", "parameters"})


def parse_chat(body: Mapping[str, Any]) -> ChatRequest:
    """Parse a whole body.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    rest = {name: value for name, value in body.items() if value is not None}
    for name in ("headers", "query"):
        if name in rest:
            raise InvalidInput(f"{name}: the format has no such member", param=name)
    values: dict[str, Any] = {"model": rest.pop("model", ""), "stream": rest.pop("stream", True)}
    values["messages"] = tuple(parse_messages(listed(rest.pop("messages", None), "messages")))
    for name in ("logprobs", "top_logprobs"):
        if name in rest:
            values[name] = rest.pop(name)
    _options(rest, values)
    if "tools" in rest:
        tools = listed(rest.pop("tools"), "tools")
        values["tools"] = tuple(_tool(tool, f"tools[{number}]") for number, tool in enumerate(tools))
    if form := rest.pop("format", None):
        values["response_format"] = _format(form)
    if "think" in rest and (reasoning := _think(rest["think"])) is not None:
        values["reasoning"] = reasoning
        del rest["think"]
    if rest:
        values["provider_options"] = {NAME: rest}
    try:
        return validated(ChatRequest, values)
    except InvalidInput as error:
        for ours, theirs in (*OPTIONS, ("stop", "stop")):
            if (error.param or "").startswith(ours):
                place = f"options.{theirs}"
                raise InvalidInput(error.message.replace(ours, place, 1), param=place) from None
        raise


def _options(rest: dict[str, Any], values: dict[str, Any]) -> None:
    """Move sampling out of the options; what we have no word for stays there."""
    if (options := rest.pop("options", None)) is None:
        return
    if not isinstance(options, Mapping):
        raise InvalidInput("options: an object is needed", param="options")
    others = {name: value for name, value in options.items() if value is not None}
    for ours, theirs in OPTIONS:
        # fewer than one token means as many as there are, which is what is asked for without a limit
        if theirs in others and not (ours == "max_tokens" and type(others[theirs]) is int and others[theirs] < 1):
            values[ours] = others.pop(theirs)
    if "stop" in others:
        stop = others.pop("stop")
        values["stop"] = (stop,) if isinstance(stop, str) else tuple(listed(stop, "options.stop"))
    if others:
        rest["options"] = others


def _tool(tool: Any, where: str) -> Tool | NativeTool:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise InvalidInput(
            f"{where}.function.name: a function with a name is needed, such as "
            "{'type': 'function', 'function': {'name': ...}}",
            param=f"{where}.function.name",
        )
    given = {name: value for name, value in function.items() if value is not None}
    if not given.keys() <= _FUNCTION or tool.get("type", "function") != "function":
        return NativeTool(dialect=NAME, body=dict(tool))
    if options := {name: value for name, value in tool.items() if name not in ("type", "function")}:
        given |= {"options": options, "dialect": NAME}
    return reading.made(Tool, given, f"{where}.function", {})


def _format(form: Any) -> ResponseFormat:
    if form == "json":
        return ResponseFormat(type="json")
    if isinstance(form, Mapping):
        return reading.made(ResponseFormat, {"type": "schema", "schema": form}, "format", {})
    raise InvalidInput("format: json or a JSON schema is needed", param="format")


def _think(think: Any) -> Reasoning | None:
    """Read how much is to be thought; None for an effort that we have no word for."""
    if isinstance(think, bool):
        return Reasoning(enabled=think)
    return Reasoning(effort=think) if think in EFFORTS else None
