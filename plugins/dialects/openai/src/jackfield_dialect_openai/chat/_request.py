"""Translate: our requests to the wire."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from pydantic_core import to_json

from jackfield import (
    Bytes,
    ChatRequest,
    Data,
    EmbeddingRequest,
    Endpoint,
    FileId,
    HostedTool,
    HTTPRequest,
    Media,
    Message,
    ModelsRequest,
    Native,
    NativeTool,
    Part,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UnsupportedFeature,
    Url,
    hookimpl,
)

NAME = "openai-chat"
#: Parameters that have the same name and the same form on the wire.
SAME = (
    "temperature", "top_p", "top_k", "max_tokens", "seed", "n", "frequency_penalty", "presence_penalty",
    "repetition_penalty", "logprobs", "top_logprobs", "parallel_tool_calls", "verbosity", "service_tier", "store",
    "user", "stream",
)  # fmt: skip
#: Roles whose turns are written the same; an assistant's and a tool's have more to them.
_PLAIN_ROLES = frozenset({"system", "developer", "user"})
#: Formats of spoken input, by media type; any other `audio/x` is written as `x`.
AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav"}


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, an embedding, or the question which models there are."""
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/chat/completions", {}, chat_body(request))
    if isinstance(request, EmbeddingRequest):
        body: dict[str, Any] = {"model": request.model, "input": list(request.inputs), "encoding_format": "float"}
        for name in ("dimensions", "user"):
            if (value := getattr(request, name)) is not None:
                body[name] = value
        return HTTPRequest("POST", f"{endpoint.base_url}/embeddings", {}, body)
    if isinstance(request, ModelsRequest):
        return HTTPRequest("GET", f"{endpoint.base_url}/models")
    return None


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat; usage is asked of every stream."""
    body: dict[str, Any] = {"model": request.model} if request.model else {}
    messages: list[dict[str, Any]] = []
    for number, message in enumerate(request.messages):
        parts = message.parts
        if len(parts) == 1 and type(parts[0]) is Text and message.role in _PLAIN_ROLES and parts[0].cache is None:
            plain: dict[str, Any] = {"role": message.role, "content": parts[0].text}
            if message.name is not None:
                plain["name"] = message.name
            messages.append(plain)
        else:
            messages += _message(message, number)
        if (state := message.provider_state) is not None:
            messages[-1] |= state.data.get("members", {})
    body["messages"] = messages
    is_set = request.model_fields_set
    for name in SAME:
        if name in is_set and (value := getattr(request, name)) is not None:
            body[name] = value
    if request.stream:
        body["stream_options"] = {"include_usage": True}
    _special(request, body)
    return body


def _special(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write the parameters whose form on the wire differs from ours."""
    if request.stop is not None:
        body["stop"] = list(request.stop)
    if request.logit_bias is not None:
        body["logit_bias"] = dict(request.logit_bias)
    if request.metadata is not None:
        body["metadata"] = dict(request.metadata)
    if request.modalities is not None:
        body["modalities"] = list(request.modalities)
    if request.tools is not None:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice, request)
    if request.response_format is not None:
        body["response_format"] = _response_format(request.response_format)
    if (reasoning := request.reasoning) is not None:
        if reasoning.effort is not None:
            body["reasoning_effort"] = reasoning.effort
        elif reasoning.enabled is False or reasoning.budget == 0:
            body["reasoning_effort"] = "none"
    if (audio := request.audio_out) is not None:
        body["audio"] = _present(voice=audio.voice, format=audio.format)
    if request.prediction is not None:
        body["prediction"] = {"type": "content", "content": request.prediction}
    if (search := request.web_search) is not None:
        body["web_search_options"] = {
            **_present(search_context_size=search.context_size, user_location=search.user_location), **search.options
        }  # fmt: skip
    if request.cache is not None and request.cache.key is not None:
        body["prompt_cache_key"] = request.cache.key


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _message(message: Message, number: int) -> Iterator[dict[str, Any]]:
    """Write one of our messages; tool results are messages of their own, media in them follow as a user's."""
    role, parts = message.role, message.parts
    if role == "assistant":
        yield _assistant(message, number)
        return
    shown: list[Media] = []
    content: list[Any] = []
    for index, part in enumerate(parts):
        if isinstance(part, ToolResult):
            yield _tool_result(part, shown)
        else:
            content.append(_content(part, f"messages[{number}].parts[{index}]"))
    content += [_media(media, f"messages[{number}]") for media in shown]
    if content or role != "tool":
        wire: dict[str, Any] = {"role": "user" if role == "tool" else role, "content": content}
        if message.name is not None:
            wire["name"] = message.name
        yield wire


def _assistant(message: Message, number: int) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": "assistant", "content": None}
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for index, part in enumerate(message.parts):
        match part:
            case Text() | Native():
                content.append(_content(part, f"messages[{number}].parts[{index}]"))
                if isinstance(part, Text) and (notes := [note.raw for note in part.citations if note.raw is not None]):
                    wire["annotations"] = notes
            case Refusal():
                wire["refusal"] = part.text
            case ToolCall(id=None):
                wire["function_call"] = {"name": part.name, "arguments": part.arguments}
            case ToolCall(executed_by="caller"):
                calls.append(tool_call(part))
            case Media(kind="audio", source=FileId(file_id=audio)):
                wire["audio"] = {"id": audio}
            case Media(kind="audio", provider_state=state, transcript=transcript):
                if state is not None:
                    wire["audio"] = {"id": state.data["id"]}
                elif transcript:
                    content.append({"type": "text", "text": transcript})
            case Thinking(provider_state=state) if state is not None:
                # hosts that want their trace back want it under the name that they gave it
                wire |= _trace(part.text, state.data)
            case Thinking() | ToolCall():
                pass
            case _:
                raise UnsupportedFeature(
                    f"messages[{number}].parts[{index}]: an assistant's message takes no {part.type} here; take it out",
                    param="messages",
                )
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        wire["content"] = content[0]["text"]
    elif content:
        wire["content"] = content
    if calls:
        wire["tool_calls"] = calls
    if message.name is not None:
        wire["name"] = message.name
    return wire


def _trace(text: str, state: dict[str, Any]) -> dict[str, Any]:
    """Write a trace of thinking under the names, and with the opaque details, that its host gave it."""
    wire = {**state.get("also", {})}
    if state["field"] != "reasoning_details":
        wire[state["field"]] = text
    if "details" in state:
        wire["reasoning_details"] = state["details"]
    return wire


def tool_call(part: ToolCall) -> dict[str, Any]:
    """Write a tool call, as requests and answers have it."""
    if part.kind == "custom":
        wire = {"id": part.id, "type": "custom", "custom": {"name": part.name, "input": part.arguments}}
    else:
        wire = {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}
    if (state := part.provider_state) is not None and isinstance(state.data, dict):
        wire |= state.data.get("members", {})
    return wire


def _tool_result(result: ToolResult, shown: list[Media]) -> dict[str, Any]:
    texts: list[dict[str, Any]] = []
    for part in result.parts:
        match part:
            case Text() | Data():
                texts.append(_content(part, "a tool's result"))
            case Media():
                shown.append(part)
                texts.append({"type": "text", "text": f"(the {part.kind} follows in the next message)"})
            case Native(body=body):
                texts.append(body)
    content: Any = texts[0]["text"] if len(texts) == 1 and texts[0].keys() == {"type", "text"} else texts
    if result.call_id is None:
        return {"role": "function", "name": result.name, "content": content if texts else ""}
    wire = {"role": "tool", "tool_call_id": result.call_id, "content": content if texts else ""}
    if result.name is not None:
        wire["name"] = result.name
    return wire


def _content(part: Part, where: str) -> dict[str, Any]:
    match part:
        case Text(text=text):
            wire: dict[str, Any] = {"type": "text", "text": text}
        case Media():
            wire = _media(part, where)
        case Data(value=value):
            wire = {"type": "text", "text": to_json(value).decode()}
        case Native(body=body):
            return dict(body) if isinstance(body, dict) else body
        case _:
            raise UnsupportedFeature(f"{where}: a {part.type} cannot stand in this role; take it out", param="messages")
    if part.cache is not None:
        wire["cache_control"] = {"type": "ephemeral", **_present(ttl=part.cache.ttl)}
    return wire


def _media(part: Media, where: str) -> dict[str, Any]:
    source = part.source
    match part.kind, source:
        case "image", Url(url=url):
            return {"type": "image_url", "image_url": {"url": url, **_present(detail=part.detail), **part.options}}
        case "image", Bytes(data=data):
            url = f"data:{part.mime or 'image/png'};base64,{base64.b64encode(data).decode()}"
            return {"type": "image_url", "image_url": {"url": url, **_present(detail=part.detail), **part.options}}
        case "audio", Bytes(data=data):
            mime = part.mime or "audio/wav"
            form = AUDIO_FORMATS.get(mime, mime.rpartition("/")[2])
            spoken = {"data": base64.b64encode(data).decode(), "format": form}
            return {"type": "input_audio", "input_audio": {**spoken, **part.options}}
        case "video", Url(url=url):
            return {"type": "video_url", "video_url": {"url": url, **part.options}}
        case "video", Bytes(data=data):
            url = f"data:{part.mime or 'video/mp4'};base64,{base64.b64encode(data).decode()}"
            return {"type": "video_url", "video_url": {"url": url, **part.options}}
        case "document", Bytes(data=data):
            url = f"data:{part.mime or 'application/pdf'};base64,{base64.b64encode(data).decode()}"
            return {"type": "file", "file": {**_present(filename=part.name), "file_data": url, **part.options}}
        case _, FileId(file_id=file_id):
            return {"type": "file", "file": {**_present(filename=part.name), "file_id": file_id, **part.options}}
        case _:
            raise UnsupportedFeature(
                f"{where}: the format takes no {part.kind} by URL; give it as bytes", param="messages"
            )


def _tool(tool: Tool | HostedTool | NativeTool) -> dict[str, Any]:
    match tool:
        case Tool(kind="custom"):
            return {
                "type": "custom",
                "custom": _present(name=tool.name, description=tool.description, format=tool.format),
            }
        case Tool():
            function = {"name": tool.name}
            function |= _present(description=tool.description, parameters=tool.parameters, strict=tool.strict)
            wire: dict[str, Any] = {"type": "function", "function": function}
            if tool.cache is not None:
                wire["cache_control"] = dict(tool.cache)
            return wire
        case NativeTool(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            name = tool.kind if isinstance(tool, HostedTool) else tool.dialect
            raise UnsupportedFeature(f"tools: the format has no form for a {name} tool; take it out", param="tools")


def _tool_choice(choice: ToolChoice, request: ChatRequest) -> Any:
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


def _response_format(form: ResponseFormat) -> dict[str, Any]:
    if form.type == "text":
        return {"type": "text"}
    if form.type == "json":
        return {"type": "json_object"}
    schema = {"name": form.name if form.name is not None else "response"}
    schema |= _present(description=form.description, schema=form.schema_, strict=form.strict)
    return {"type": "json_schema", "json_schema": schema}
