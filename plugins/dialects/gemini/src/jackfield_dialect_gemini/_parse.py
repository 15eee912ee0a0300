"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from jackfield import (
    AudioOutput,
    ChatRequest,
    EmbeddingRequest,
    HTTPRequest,
    InvalidInput,
    ModelsRequest,
    Request,
    TokenCountRequest,
    ToolChoice,
    hookimpl,
)
from jackfield.parsing import validated
from jackfield.reading import listed

from ._checks import members, worded
from ._parameters import SAME
from ._parse_contents import parse_contents, parse_system
from ._parse_tools import parse_tools
from ._request import TASKS
from ._words import NAME

_PATH = re.compile(r"/(?:models/)?(?P<model>(?:tunedModels/)?[^/]+):(?P<verb>\w+)$")
_OURS = {wire: name for name, wire in SAME.items()}
_PURPOSES = {task: purpose for purpose, task in TASKS.items()}
_LEVELS = frozenset({"minimal", "low", "medium", "high", "xhigh", "max"})
_SCHEMAS = ("responseSchema", "responseJsonSchema", "_responseJsonSchema")


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat, an embedding or the question which models there are."""
    operation = route.get("operation")
    if operation == "models":
        return ModelsRequest()
    if operation not in ("chat", "embedding", "token_count"):
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    path, _, query = http_request.url.partition("?")
    found = _PATH.search(path)
    model = route.get("model") or (unquote(found["model"]) if found else "")
    if operation == "embedding":
        return _embedding(body, model)
    if operation == "token_count":
        whole = members(body, "the body")
        return TokenCountRequest.of(parse_chat(whole.get("generateContentRequest", whole), model, None))
    stream = route.get("stream") == "true" or (found is not None and found["verb"] == "streamGenerateContent")
    framing = "sse" if "sse" in parse_qs(query).get("alt", ()) else "json"
    return parse_chat(body, model, framing if stream else None)


def parse_chat(body: Any, model: str, framing: str | None) -> ChatRequest:
    """Parse a whole body; `framing` is the form in which a stream is to be answered, None where none is asked for.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    rest = members(body, "the body")
    for name in ("headers", "query"):
        if name in rest:
            raise InvalidInput(f"{name}: the format has no such member", param=name)
    # one SDK repeats in the body what the address says
    named = rest.pop("model", "")
    values: dict[str, Any] = {"model": model or worded(named, "model").removeprefix("models/")}
    options: dict[str, Any] = {}
    serving: dict[str, Any] = {}
    contents = listed(rest.pop("contents", None), "contents")
    system = () if (given := rest.pop("systemInstruction", None)) is None else parse_system(given)
    values["messages"] = (*system, *parse_contents(contents))
    if (config := rest.pop("generationConfig", None)) is not None:
        _config(members(config, "generationConfig"), values, options, serving)
    if "tools" in rest:
        values["tools"] = parse_tools(listed(rest.pop("tools"), "tools"), serving)
    if "toolConfig" in rest:
        _tool_config(members(rest.pop("toolConfig"), "toolConfig"), values, options)
    for ours, theirs in (("service_tier", "serviceTier"), ("metadata", "labels")):
        if theirs in rest:
            values[ours] = rest.pop(theirs)
    if framing is not None:
        values["stream"], serving["framing"] = True, framing
    options |= rest
    if options:
        values["provider_options"] = {NAME: options}
    if serving:
        values["serving"] = serving
    try:
        return validated(ChatRequest, values)
    except InvalidInput as error:
        raise _in_wire_words(error) from None


def _in_wire_words(error: InvalidInput) -> InvalidInput:
    """Name the member as the caller wrote it."""
    place = error.param or ""
    ours = place.partition("[")[0].partition(".")[0]
    if (theirs := SAME.get(ours)) is None:
        return error
    theirs = f"generationConfig.{theirs}"
    return InvalidInput(error.message.replace(ours, theirs, 1), param=place.replace(ours, theirs, 1))


def _config(config: dict[str, Any], values: dict[str, Any], options: dict[str, Any], serving: dict[str, Any]) -> None:
    patch: dict[str, Any] = {}
    for theirs, ours in _OURS.items():
        if theirs in config:
            value = config.pop(theirs)
            # a number that clients send as 40.0
            values[ours] = int(value) if ours == "top_k" and isinstance(value, float) and value.is_integer() else value
    if "responseModalities" in config:
        words = listed(config.pop("responseModalities"), "generationConfig.responseModalities")
        values["modalities"] = tuple(worded(word, "generationConfig.responseModalities").lower() for word in words)
    if isinstance(speech := config.get("speechConfig"), Mapping):
        values["audio_out"] = AudioOutput(voice=_voice(config.pop("speechConfig")) or dict(speech))
    if "thinkingConfig" in config:
        thinking = members(config.pop("thinkingConfig"), "generationConfig.thinkingConfig")
        if rest := _thinking(thinking, values):
            patch["thinkingConfig"] = rest
    _format(config, values, patch, serving)
    patch |= config
    if patch:
        options["generationConfig"] = patch


def _voice(speech: Mapping[str, Any]) -> str | None:
    """Return the name of a voice where the configuration says nothing else."""
    found: Any = speech
    for name in ("voiceConfig", "prebuiltVoiceConfig", "voiceName"):
        if not isinstance(found, Mapping) or found.keys() != {name}:
            return None
        found = found[name]
    return found if isinstance(found, str) else None


def _thinking(thinking: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Read how much is to be thought; return what has no word."""
    found: dict[str, Any] = {}
    budget, level = thinking.get("thinkingBudget"), thinking.get("thinkingLevel")
    if type(budget) is int and budget >= -1:
        del thinking["thinkingBudget"]
        found |= {"enabled": budget != 0} if budget < 1 else {"budget": budget}
    if isinstance(level, str) and level.lower() in _LEVELS and found.get("enabled") is not False:
        del thinking["thinkingLevel"]
        found["effort"] = level.lower()
    if thinking.get("includeThoughts") is True:
        del thinking["includeThoughts"]
        found["summary"] = "auto"
    if found:
        values["reasoning"] = found
    return thinking


def _format(config: dict[str, Any], values: dict[str, Any], patch: dict[str, Any], serving: dict[str, Any]) -> None:
    mime = config.get("responseMimeType")
    name = next((name for name in _SCHEMAS if isinstance(config.get(name), Mapping)), None)
    if name is not None and mime in (None, "application/json"):
        values["response_format"] = {"type": "schema", "schema": config.pop(name)}
        if name != "responseJsonSchema":
            serving["schema_member"] = name
        if mime is None:
            patch["responseMimeType"] = None
        config.pop("responseMimeType", None)
    elif name is None and mime in ("application/json", "text/plain"):
        values["response_format"] = {"type": "json" if mime == "application/json" else "text"}
        del config["responseMimeType"]


def _tool_config(config: dict[str, Any], values: dict[str, Any], options: dict[str, Any]) -> None:
    where = "toolConfig.functionCallingConfig"
    patch = {name: value for name, value in config.items() if name != "functionCallingConfig"}
    if "functionCallingConfig" in config:
        calling = members(config["functionCallingConfig"], where)
        mode = worded(calling.get("mode", "AUTO"), f"{where}.mode").upper()
        if mode != "MODE_UNSPECIFIED":
            values["tool_choice"] = _choice(mode, calling)
        if calling:
            patch["functionCallingConfig"] = calling
    if patch:
        options["toolConfig"] = patch


def _choice(mode: str, calling: dict[str, Any]) -> ToolChoice:
    """Read a choice of tools, and leave in `calling` what has no word."""
    where = "toolConfig.functionCallingConfig"
    calling.pop("mode", None)
    names = calling.pop("allowedFunctionNames", None)
    if names is not None:
        names = tuple(worded(name, f"{where}.allowedFunctionNames") for name in listed(names, where))
    ours = {"AUTO": "auto", "VALIDATED": "auto", "ANY": "required", "NONE": "none"}.get(mode)
    if ours is None:
        raise InvalidInput(f"{where}.mode: {mode!r} is none of AUTO, ANY, NONE, VALIDATED", param=f"{where}.mode")
    if mode == "VALIDATED" and not names:
        calling["mode"] = mode
    if mode == "ANY" and names is not None and len(names) == 1:
        return ToolChoice(mode="required", name=names[0])
    return ToolChoice.model_validate({"mode": ours, "allowed": names or None})


def _embedding(body: Any, model: str) -> EmbeddingRequest:
    rest = members(body, "the body")
    rows = listed(rest["requests"], "requests") if "requests" in rest else [rest]
    texts: list[str] = []
    values: dict[str, Any] = {"model": model, "serving": {"single": "requests" not in rest}}
    for number, row in enumerate(rows):
        where = f"requests[{number}]"
        found = members(row, where)
        parts = listed(members(found.get("content"), f"{where}.content").get("parts"), f"{where}.content.parts")
        texts.append("".join(worded(members(part, where).get("text"), f"{where}.content.parts") for part in parts))
        if (size := found.get("outputDimensionality")) is not None:
            values["dimensions"] = size
        if (task := found.get("taskType")) is not None:
            values["input_type"] = _PURPOSES.get(task, task)
    return validated(EmbeddingRequest, {**values, "inputs": texts})
