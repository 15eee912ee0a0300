"""Parse: a caller's body as our request. What is not known stays in `provider_options` under the dialect's name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from jackfield import (
    AudioOutput,
    Bytes,
    Cache,
    CacheOptions,
    ChatRequest,
    FileId,
    InvalidInput,
    Media,
    Message,
    Native,
    NativeTool,
    Part,
    ProviderState,
    Refusal,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from jackfield.messages import decode_data_url
from jackfield.parsing import validated

from ._request import NAME, SAME
from ._response import TRACES, arguments, citation

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_FORMAT = frozenset({"name", "description", "schema", "strict"})
_MIMES = {"mp3": "audio/mpeg"}


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
    values["messages"] = tuple(_messages(messages))
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
    return validated(ChatRequest, values)


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
        values["tools"] = tuple(_tool(tool, number) for number, tool in enumerate(_list(rest.pop("tools"), "tools")))
    if "tool_choice" in rest:
        values["tool_choice"] = _tool_choice(rest.pop("tool_choice"))
    if "functions" in rest:
        _legacy(rest, values, options, serving)
    if (form := rest.pop("response_format", None)) is not None:
        values["response_format"] = _response_format(form, options)
    if (effort := rest.pop("reasoning_effort", None)) is not None:
        values["reasoning"] = {"effort": effort}
    if isinstance(audio := rest.get("audio"), Mapping) and set(audio) <= {"voice", "format"}:
        values["audio_out"] = AudioOutput(**rest.pop("audio"))
    prediction = rest.get("prediction")
    if isinstance(prediction, Mapping) and isinstance(prediction.get("content"), str):
        values["prediction"] = rest.pop("prediction")["content"]
    if isinstance(search := rest.get("web_search_options"), Mapping):
        found = dict(search)
        size, place = found.pop("search_context_size", None), found.pop("user_location", None)
        values["web_search"] = WebSearch(context_size=size, user_location=place, options=found)
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
    functions = _list(rest.pop("functions"), "functions")
    choice = rest.pop("function_call", None)
    values.setdefault(
        "tools", tuple(_tool({"type": "function", "function": row}, number) for number, row in enumerate(functions))
    )
    options |= {"functions": functions, "tools": None}
    if "parallel_tool_calls" not in values:
        values["parallel_tool_calls"] = False  # an answer in the old form holds one call
        options["parallel_tool_calls"] = None
    serving["functions"] = True
    if choice is not None:
        options |= {"function_call": choice, "tool_choice": None}
        if isinstance(choice, Mapping):
            values["tool_choice"] = ToolChoice(mode="required", name=choice.get("name"))
        else:
            values["tool_choice"] = choice


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInput(f"{where}: a list is needed", param=where)
    return value


def _messages(rows: list[Any]) -> Iterator[Message]:
    for number, row in enumerate(rows):
        where = f"messages[{number}]"
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{where}: an object is needed", param=where)
        role = row.get("role")
        if role not in _ROLES:
            raise InvalidInput(f"{where}.role: {role!r} is none of {', '.join(sorted(_ROLES))}", param=f"{where}.role")
        content, name = row.get("content"), row.get("name")
        if role == "assistant":
            yield Message(
                role="assistant", parts=tuple(_assistant(row, where)), name=name, provider_state=_more(row, _TURN)
            )
        elif role in ("tool", "function"):
            parts = tuple(_content(content, f"{where}.content"))
            call_id = row.get("tool_call_id") if role == "tool" else None
            if role == "tool" and not isinstance(call_id, str):
                raise InvalidInput(f"{where}.tool_call_id: a string is needed", param=f"{where}.tool_call_id")
            result = ToolResult(call_id=call_id, name=name, parts=parts)
            yield Message(role="tool", parts=(result,), provider_state=_more(row, _RESULT))
        else:
            if content is None:
                raise InvalidInput(f"{where}.content: a string or a list is needed", param=f"{where}.content")
            parts = tuple(_content(content, f"{where}.content"))
            yield Message(role=role, parts=parts, name=name, provider_state=_more(row, _PLAIN))


_PLAIN = frozenset({"role", "content", "name"})
_RESULT = _PLAIN | {"tool_call_id"}
_TURN = _PLAIN | {"refusal", "audio", "tool_calls", "function_call", "annotations", "reasoning_details", *TRACES}


def _more(row: Mapping[str, Any], known: frozenset[str] | set[str]) -> ProviderState | None:
    """Keep the members of a message or a call that we do not know, for an endpoint of the same kind."""
    members = {name: value for name, value in row.items() if name not in known and value is not None}
    return ProviderState(data={"members": members}, dialect=NAME) if members else None


def _assistant(row: Mapping[str, Any], where: str) -> Iterator[Part]:
    details = row.get("reasoning_details")
    trace = next((name for name in TRACES if isinstance(row.get(name), str)), None)
    if details or trace is not None:
        also = {name: row[name] for name in TRACES if name != trace and isinstance(row.get(name), str)}
        state: dict[str, Any] = {"field": trace or "reasoning_details", "also": also}
        if details:
            state["details"] = details
        text = row[trace] if trace else "".join(str(piece.get("text") or "") for piece in details or ())
        yield Thinking(text=text, provider_state=ProviderState(data=state, dialect=NAME))
    notes = tuple(citation(note) for note in row.get("annotations") or ())
    texts = list(_content(row.get("content"), f"{where}.content"))
    if notes and not texts:
        texts = [Text(text="")]
    for number, part in enumerate(texts):
        yield part.model_copy(update={"citations": notes}) if notes and number == 0 and type(part) is Text else part
    if isinstance(refusal := row.get("refusal"), str):
        yield Refusal(text=refusal)
    if isinstance(audio := row.get("audio"), Mapping) and isinstance(audio.get("id"), str):
        yield Media(kind="audio", source=FileId(file_id=audio["id"]))
    for number, call in enumerate(row.get("tool_calls") or ()):
        yield _call(call, f"{where}.tool_calls[{number}]")
    if isinstance(legacy := row.get("function_call"), Mapping):
        yield ToolCall(name=str(legacy.get("name", "")), arguments=arguments(legacy.get("arguments")))


def _call(call: Any, where: str) -> ToolCall:
    custom = isinstance(call, Mapping) and call.get("type") == "custom"
    body = call.get("custom" if custom else "function") if isinstance(call, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
        raise InvalidInput(
            f"{where}: a call with id, type and the {'custom' if custom else 'function'}'s name is needed"
        )
    text = arguments(body.get("input" if custom else "arguments"))
    kind = "custom" if custom else "function"
    state = _more(call, {"id", "type", kind})
    return ToolCall(id=call.get("id") or "", name=body["name"], arguments=text, kind=kind, provider_state=state)


def _content(content: Any, where: str) -> Iterator[Part]:
    if content is None:
        return
    if isinstance(content, str):
        yield Text(text=content)
        return
    for number, piece in enumerate(_list(content, where)):
        yield _piece(piece, f"{where}[{number}]")


def _piece(piece: Any, where: str) -> Part:
    if isinstance(piece, str):
        return Text(text=piece)
    if not isinstance(piece, Mapping) or not isinstance(kind := piece.get("type"), str):
        raise InvalidInput(
            f"{where}: a part with a type is needed, such as {{'type': 'text', 'text': ...}}", param=where
        )
    cache = piece.get("cache_control")
    known = set(piece) - {"type", "cache_control"} == {kind}
    part: Part | None = None
    try:
        if known and kind == "text" and isinstance(piece["text"], str):
            part = Text(text=piece["text"])
        elif known and kind == "refusal":
            part = Refusal(text=piece["refusal"])
        elif known and isinstance(inner := piece[kind], Mapping):
            part = _media(kind, inner)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(f"{where}: {error}", param=where) from None
    if kind == "text" and part is None:
        raise InvalidInput(f"{where}.text: a string is needed", param=f"{where}.text")
    if part is None:
        return Native(dialect=NAME, body=dict(piece))
    if isinstance(cache, Mapping):
        if set(cache) - {"type", "ttl"} or cache.get("type") != "ephemeral":
            return Native(dialect=NAME, body=dict(piece), text=part.text if isinstance(part, Text) else None)
        return part.model_copy(update={"cache": Cache(ttl=cache.get("ttl"))})
    return part


def _media(kind: str, inner: Mapping[str, Any]) -> Part | None:
    """Read a part of media; None for what only this format knows."""
    rest = dict(inner)
    if kind in ("image_url", "video_url") and isinstance(url := rest.pop("url", None), str):
        detail = rest.pop("detail", None) if kind == "image_url" else None
        return Media(kind="image" if kind == "image_url" else "video", source=url, detail=detail, options=rest)
    if kind == "input_audio" and isinstance(form := rest.pop("format", None), str):
        data = base64.b64decode(rest.pop("data", ""), validate=True)
        return Media(kind="audio", source=Bytes(data=data), mime=_MIMES.get(form, f"audio/{form}"), options=rest)
    if kind == "file":
        name = rest.pop("filename", None)
        if isinstance(data_url := rest.get("file_data"), str) and data_url.startswith("data:"):
            mime, data = decode_data_url(rest.pop("file_data"))
            return Media(kind="document", source=Bytes(data=data), mime=mime, name=name, options=rest)
        if isinstance(file_id := rest.pop("file_id", None), str):
            return Media(kind="document", source=FileId(file_id=file_id), name=name, options=rest)
    return None


def _tool(tool: Any, number: int) -> Tool | NativeTool:
    where = f"tools[{number}]"
    if not isinstance(tool, Mapping) or not isinstance(tool.get("type"), str):
        raise InvalidInput(f"{where}: a tool with a type is needed, such as {{'type': 'function', 'function': ...}}")
    kind, body = tool["type"], tool.get(tool["type"])
    if kind == "function" or (kind == "custom" and isinstance(body, Mapping)):
        if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
            raise InvalidInput(f"{where}.{kind}.name: a string is needed", param=f"{where}.{kind}.name")
        members = (
            {"name", "description", "parameters", "strict"} if kind == "function" else {"name", "description", "format"}
        )
        extra = set(tool) - {"type", kind, "cache_control"}
        if not extra and set(body) <= members:
            given = {name: value for name, value in body.items() if value is not None}
            return Tool(kind="function" if kind == "function" else "custom", cache=tool.get("cache_control"), **given)
    return NativeTool(dialect=NAME, body=dict(tool))


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, str):
        return choice
    if isinstance(choice, Mapping):
        kind = choice.get("type", "function")
        body = choice.get(kind)
        if kind in ("function", "custom") and isinstance(body, Mapping):
            return ToolChoice(mode="required", name=body.get("name"))
        if kind == "allowed_tools" and isinstance(body, Mapping):
            rows = [row.get(row.get("type", ""), {}) for row in body.get("tools", ()) if isinstance(row, Mapping)]
            allowed = tuple(str(row.get("name")) for row in rows if isinstance(row, Mapping))
            return ToolChoice(mode=body.get("mode", "auto"), allowed=allowed)
    raise InvalidInput(
        "tool_choice: auto, none, required, a function's name or allowed_tools is needed", param="tool_choice"
    )


def _response_format(form: Any, options: dict[str, Any]) -> ResponseFormat:
    if isinstance(form, Mapping):
        match form.get("type"):
            case "text":
                return ResponseFormat(type="text")
            case "json_object":
                return ResponseFormat(type="json")
            case "json_schema" if isinstance(inner := form.get("json_schema"), Mapping):
                given = {key: value for key, value in inner.items() if value is not None}
                if more := {key: given.pop(key) for key in [*given] if key not in _FORMAT}:
                    options["response_format"] = {"json_schema": more}
                return ResponseFormat.model_validate({"type": "schema", **given})
    raise InvalidInput(
        "response_format: text, json_object or json_schema with its json_schema is needed", param="response_format"
    )
