"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import (
    CacheOptions,
    ChatRequest,
    HTTPRequest,
    InvalidInput,
    Message,
    ModelsRequest,
    Request,
    ResponseFormat,
    TokenCountRequest,
    hookimpl,
)
from jackfield.conversation import EFFORTS
from jackfield.parsing import validated
from jackfield.reading import listed
from jackfield_dialect_openai.chat._checks import made

from ._calls import NAME, state
from ._parameters import LOGPROBS, SAME
from ._parse_items import parse_items
from ._parse_tools import choice_of, tool_of

_FORMAT = ("name", "description", "schema", "strict")


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat, the question how long one is, or which models there are."""
    operation = route.get("operation")
    if operation == "models":
        return ModelsRequest()
    if operation not in ("chat", "token_count"):
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    chat = parse_chat(body)
    return chat if operation == "chat" else TokenCountRequest.of(chat)


def parse_chat(body: Mapping[str, Any]) -> ChatRequest:
    """Parse a whole body.

    Raises:
        InvalidInput: a member is wrong; the message names it.
    """
    rest = {name: value for name, value in body.items() if value is not None}
    for name in ("headers", "query"):
        if name in rest:
            raise InvalidInput(f"{name}: the format has no such member", param=name)
    values: dict[str, Any] = {"model": rest.pop("model", "")}
    options: dict[str, Any] = {}
    messages: list[Message] = []
    if (instructions := rest.pop("instructions", None)) is not None:
        if not isinstance(instructions, str):
            raise InvalidInput("instructions: a string is needed", param="instructions")
        messages.append(Message(role="system", parts=instructions, provider_state=state({"instructions": True})))
    messages += parse_items(rest.pop("input", []))
    values["messages"] = tuple(messages)
    for ours, theirs in SAME.items():
        if theirs in rest:
            values[ours] = rest.pop(theirs)
    if "user" not in values and isinstance(rest.get("user"), str):
        values["user"] = rest.pop("user")
    _special(rest, values, options)
    options |= rest
    if options:
        values["provider_options"] = {NAME: options}
    try:
        return validated(ChatRequest, values)
    except InvalidInput as error:
        raise _in_wire_words(error) from None


def _in_wire_words(error: InvalidInput) -> InvalidInput:
    """Name the member as the caller wrote it, where the format has another name than ours."""
    for ours, theirs in SAME.items():
        if ours != theirs and (error.param or "").startswith(ours):
            return InvalidInput(error.message.replace(ours, theirs, 1), param=theirs)
    return error


def _special(rest: dict[str, Any], values: dict[str, Any], options: dict[str, Any]) -> None:
    """Move the parameters whose form differs from ours out of `rest`."""
    if "metadata" in rest:
        values["metadata"] = rest.pop("metadata")
    if "tools" in rest:
        rows = listed(rest.pop("tools"), "tools")
        values["tools"] = tuple(tool_of(tool, f"tools[{number}]") for number, tool in enumerate(rows))
    if "tool_choice" in rest and (choice := choice_of(rest["tool_choice"])) is not None:
        values["tool_choice"] = choice
        del rest["tool_choice"]
    for name, read in (("text", _text), ("reasoning", _reasoning)):
        if name in rest:
            if not isinstance(member := rest.pop(name), Mapping):
                raise InvalidInput(f"{name}: an object is needed", param=name)
            read(member, values, options)
    if isinstance(include := rest.get("include"), list) and LOGPROBS in include:
        values["logprobs"] = True
        if len(include) == 1:
            del rest["include"]
    if isinstance(key := rest.get("prompt_cache_key"), str):
        values["cache"] = CacheOptions(key=key)
        del rest["prompt_cache_key"]
    if isinstance(cache := rest.get("prompt_cache_options"), Mapping) and isinstance(cache.get("ttl"), str):
        left = dict(rest.pop("prompt_cache_options"))
        known = values.get("cache") or CacheOptions()
        values["cache"] = known.model_copy(update={"ttl": left.pop("ttl")})
        if left:
            options["prompt_cache_options"] = left


def _text(text: Mapping[str, Any], values: dict[str, Any], options: dict[str, Any]) -> None:
    left = dict(text)
    if isinstance(verbosity := left.get("verbosity"), str):
        values["verbosity"] = verbosity
        del left["verbosity"]
    if (form := left.pop("format", None)) is not None:
        kind = form.get("type") if isinstance(form, Mapping) else None
        if kind == "text":
            values["response_format"] = ResponseFormat(type="text")
        elif kind == "json_object":
            values["response_format"] = ResponseFormat(type="json")
        elif kind == "json_schema" and isinstance(form, Mapping):
            known = {name: value for name in _FORMAT if (value := form.get(name)) is not None}
            values["response_format"] = made(ResponseFormat, {"type": "schema", **known}, "text.format")
            if more := {name: value for name, value in form.items() if name not in (*_FORMAT, "type")}:
                left["format"] = more
        else:
            raise InvalidInput("text.format: text, json_object or json_schema is needed", param="text.format")
    if left := {name: value for name, value in left.items() if value is not None}:
        options["text"] = left


def _reasoning(reasoning: Mapping[str, Any], values: dict[str, Any], options: dict[str, Any]) -> None:
    left = {name: value for name, value in reasoning.items() if value is not None}
    known = {name: left.pop(name) for name in ("effort", "summary") if name in left}
    if known.get("effort", "none") not in EFFORTS:
        raise InvalidInput(
            f"reasoning.effort: {known['effort']!r} is none of {', '.join(EFFORTS)}", param="reasoning.effort"
        )
    if known:
        values["reasoning"] = known
    if left:
        options["reasoning"] = left
