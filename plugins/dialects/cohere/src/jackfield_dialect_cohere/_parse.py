"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import ChatRequest, InvalidInput, NativeTool, Reasoning, ResponseFormat, Tool, reading
from jackfield.parsing import validated
from jackfield.reading import listed

from ._blocks import NAME
from ._parameters import SAME
from ._parse_messages import parse_messages, place_documents

#: Our names of members that the format calls otherwise.
_WIRE_NAMES = (
    ("top_p", "p"),
    ("top_k", "k"),
    ("stop", "stop_sequences"),
    ("reasoning.budget", "thinking.token_budget"),
)
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
    messages = [*parse_messages(listed(rest.pop("messages", None), "messages"))]
    if "documents" in rest and place_documents(listed(rest["documents"], "documents"), messages):
        del rest["documents"]
    values: dict[str, Any] = {"model": rest.pop("model", ""), "messages": tuple(messages)}
    for ours, theirs in SAME:
        if theirs in rest:
            values[ours] = rest.pop(theirs)
    _special(rest, values)
    if rest:
        values["provider_options"] = {NAME: rest}
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
    if "tools" in rest:
        strict = rest.get("strict_tools")
        tools = [
            _tool(tool, f"tools[{number}]", strict) for number, tool in enumerate(listed(rest.pop("tools"), "tools"))
        ]
        values["tools"] = tuple(tools)
        if tools and all(isinstance(tool, Tool) for tool in tools):
            rest.pop("strict_tools", None)
    if (choice := rest.pop("tool_choice", None)) is not None:
        mode = choice.lower() if isinstance(choice, str) else None
        if mode not in ("required", "none"):
            raise InvalidInput("tool_choice: REQUIRED or NONE is needed", param="tool_choice")
        values["tool_choice"] = mode
    if (form := rest.pop("response_format", None)) is not None:
        values["response_format"] = _response_format(form)
    if (thinking := rest.get("thinking")) is not None and (reasoning := _reasoning(thinking)) is not None:
        values["reasoning"] = reasoning
        del rest["thinking"]


def _tool(tool: Any, where: str, strict: Any) -> Tool | NativeTool:
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
    if isinstance(strict, bool):
        given["strict"] = strict
    return reading.made(Tool, given, f"{where}.function", {})


def _response_format(form: Any) -> ResponseFormat:
    kind = form.get("type") if isinstance(form, Mapping) else None
    if kind == "text":
        return ResponseFormat()
    if kind in ("json_object", "json_schema"):
        # the schema has two names, and two types go with it (recorded)
        schema = next((form[name] for name in ("json_schema", "schema") if form.get(name) is not None), None)
        if schema is None:
            return ResponseFormat(type="json")
        return reading.made(ResponseFormat, {"type": "schema", "schema": schema}, "response_format", {})
    raise InvalidInput("response_format: a type that is text or json_object is needed", param="response_format")


def _reasoning(thinking: Any) -> Reasoning | None:
    """Read how much is to be thought; None for what we have no word for."""
    if not isinstance(thinking, Mapping):
        return None
    given = {name: value for name, value in thinking.items() if value is not None}
    match given:
        case {"type": "disabled"} if len(given) == 1:
            return Reasoning(enabled=False)
        case {"type": "enabled"} if len(given) == 1:
            return Reasoning(enabled=True)
        case {"type": "enabled", "token_budget": int(budget)} if len(given) == 2 and budget > 0:
            return Reasoning(budget=budget)
    return None
