"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json

from jackfield import ChatRequest, InvalidInput, Message, Reasoning, ResponseFormat, ToolChoice
from jackfield.conversation import EFFORTS
from jackfield.parsing import validated
from jackfield.reading import listed

from ._checks import NAME, made, object_of
from ._parameters import DISPLAYS, INFERENCE
from ._parse_messages import parse_messages, parse_system
from ._tools import read_tools

_EFFORTS: Final = tuple(name for name in EFFORTS if name != "none")
_MODES: Final = {"auto": "auto", "any": "required"}
_THINKING: Final = frozenset({"type", "budget_tokens", "display"})


def parse_chat(body: Any, model: str, *, stream: bool) -> ChatRequest:
    """Parse a whole body; the address named the model, and whether the answer is to be a stream.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    rest = object_of(body, "the body")
    for name in ("headers", "query"):
        if name in rest:
            raise InvalidInput(f"{name}: the format has no such member", param=name)
    messages: list[Message] = []
    if system := listed(rest.pop("system", []), "system"):
        messages.append(parse_system(system))
    messages += parse_messages(listed(rest.pop("messages", None), "messages"))
    values: dict[str, Any] = {"model": model, "messages": tuple(messages)}
    if stream:
        values["stream"] = True
    for name, read in (
        ("inferenceConfig", _inference), ("toolConfig", _tools), ("outputConfig", _output),
        ("additionalModelRequestFields", _additional), ("serviceTier", _tier), ("requestMetadata", _metadata),
    ):  # fmt: skip
        if name in rest and (left := read(object_of(rest.pop(name), name), values)):
            rest[name] = left
    if rest:
        values["provider_options"] = {NAME: rest}
    try:
        return validated(ChatRequest, values)
    except InvalidInput as error:
        for ours, word in INFERENCE.items():
            if (error.param or "").partition("[")[0] == ours:
                place = f"inferenceConfig.{word}"
                raise InvalidInput(error.message.replace(ours, place, 1), param=place) from None
        raise


def _inference(config: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Read what samples the answer; return what of it we have no word for. The same holds for all that follow."""
    for ours, word in INFERENCE.items():
        if word in config:
            value = config.pop(word)
            values[ours] = tuple(listed(value, f"inferenceConfig.{word}")) if ours == "stop" else value
    if values.get("stop") == ():
        del values["stop"]
    return config


def _tools(config: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    if "tools" in config:
        values["tools"] = tuple(read_tools(listed(config.pop("tools"), "toolConfig.tools"), "toolConfig.tools"))
    if "toolChoice" in config:
        choice = object_of(config.pop("toolChoice"), "toolConfig.toolChoice")
        values["tool_choice"] = _tool_choice(choice)
    return config


def _tool_choice(choice: dict[str, Any]) -> ToolChoice:
    where = "toolConfig.toolChoice"
    kind = next(iter(choice), None)
    if len(choice) != 1 or kind not in {*_MODES, "tool"}:
        raise InvalidInput(f"{where}: one of auto, any, tool is needed", param=where)
    if kind in _MODES:
        return made(ToolChoice, {"mode": _MODES[kind]}, where)
    name = object_of(choice["tool"], f"{where}.tool").get("name")
    if not isinstance(name, str):
        raise InvalidInput(f"{where}.tool.name: a string is needed", param=f"{where}.tool.name")
    return ToolChoice(mode="required", name=name)


def _output(config: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    if (form := _format(config.get("textFormat"))) is not None:
        values["response_format"] = form
        del config["textFormat"]
    if (effort := config.get("effort")) in _EFFORTS:
        values["reasoning"] = Reasoning(effort=effort)
        del config["effort"]
    return config


def _format(form: Any) -> ResponseFormat | None:
    """Read a form of the answer; None where there is none, or one that only this format knows."""
    structure = form.get("structure") if isinstance(form, Mapping) and form.get("type") == "json_schema" else None
    told = structure.get("jsonSchema") if isinstance(structure, Mapping) else None
    if not isinstance(told, Mapping) or not told.keys() <= {"schema", "name", "description"}:
        return None
    where = "outputConfig.textFormat.structure.jsonSchema"
    text = told.get("schema")
    try:
        schema = from_json(text) if isinstance(text, str) else None
    except ValueError:
        schema = None
    if not isinstance(schema, dict):
        raise InvalidInput(f"{where}.schema: the JSON text of an object is needed", param=f"{where}.schema")
    names = {name: told[name] for name in ("name", "description") if told.get(name) is not None}
    return made(ResponseFormat, {"type": "schema", "schema": schema, **names}, where)


def _additional(fields: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Read what Claude is told of thinking; all else is a model's own."""
    thinking = fields.get("thinking")
    given = {name: value for name, value in thinking.items() if value is not None} if type(thinking) is dict else {}
    kind, display, budget = given.get("type"), given.get("display"), given.get("budget_tokens")
    words: dict[str, Any]
    if kind == "disabled" and len(given) == 1:
        words = {"enabled": False}
    elif kind == "enabled" and type(budget) is int and budget > 0:
        words = {"budget": budget}
    elif kind == "adaptive" and budget is None:
        words = {"enabled": True}
    else:
        return fields
    if not given.keys() <= _THINKING or display not in (None, *DISPLAYS):
        return fields
    if display is not None:
        words["summary"] = display
    if (known := values.get("reasoning")) is not None:
        words["effort"] = known.effort
    values["reasoning"] = made(Reasoning, words, "additionalModelRequestFields.thinking")
    del fields["thinking"]
    return fields


def _tier(tier: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    if isinstance(tier.get("type"), str):
        values["service_tier"] = tier.pop("type")
    return tier


def _metadata(metadata: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    values["metadata"] = metadata
    return {}
