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
    HTTPRequest,
    Media,
    Message,
    ModelsRequest,
    Native,
    Part,
    Refusal,
    Request,
    RerankRequest,
    Text,
    Thinking,
    TokenCountRequest,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    Url,
    hookimpl,
)
from jackfield.messages import encode_data_url

from ._parameters import cache_control, present, write_parameters
from ._rerank import rerank_body

#: Roles whose turns of one plain text are written the same; a tool's has a call id.
_PLAIN_ROLES = frozenset({"system", "developer", "user", "assistant"})
#: Formats of spoken input, by media type; any other `audio/x` is written as `x`.
AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav"}


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, an embedding, a reranking, or the question which models there are."""
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/chat/completions", {}, chat_body(request))
    if isinstance(request, EmbeddingRequest):
        body: dict[str, Any] = {"model": request.model, "input": list(request.inputs), "encoding_format": "float"}
        for name in ("dimensions", "user"):
            if (value := getattr(request, name)) is not None:
                body[name] = value
        return HTTPRequest("POST", f"{endpoint.base_url}/embeddings", {}, body)
    if isinstance(request, RerankRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/rerank", {}, rerank_body(request))
    if isinstance(request, TokenCountRequest):
        # Chat Completions count nothing; the Responses of the same host do (recorded, openai/count-tokens)
        from jackfield_dialect_openai import responses

        return responses.translate_request(request, endpoint)
    if isinstance(request, ModelsRequest):
        return HTTPRequest("GET", f"{endpoint.base_url}/models")
    return None


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat; usage is asked of every stream."""
    body: dict[str, Any] = {"model": request.model} if request.model else {}
    messages: list[dict[str, Any]] = []
    for number, message in enumerate(request.messages):
        parts = message.parts
        part = parts[0] if len(parts) == 1 else None
        if type(part) is Text and part.cache is None and not part.citations and message.role in _PLAIN_ROLES:
            plain: dict[str, Any] = {"role": message.role, "content": part.text}
            if message.name is not None:
                plain["name"] = message.name
            messages.append(plain)
        else:
            messages += _message(message, number)
        if (state := message.provider_state) is not None:
            messages[-1] |= state.data.get("members", {})
    body["messages"] = messages
    write_parameters(request, body)
    return body


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
        wire: dict[str, Any] = {"role": "user" if role == "tool" else role, "content": _plain(content)}
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
                    wire["annotations"] = [*wire.get("annotations", ()), *notes]
            case Refusal():
                wire["refusal"] = wire.get("refusal", "") + part.text
            case ToolCall(id=None):
                wire["function_call"] = {"name": part.name, "arguments": part.arguments}
            case ToolCall(executed_by="caller"):
                calls.append(tool_call(part))
            case Media(kind="audio", source=FileId(file_id=audio)):
                wire["audio"] = {"id": audio}
            case Media(kind="audio", provider_state=state, transcript=transcript):
                if state is not None and isinstance(state.data, dict) and "id" in state.data:
                    wire["audio"] = {"id": state.data["id"]}
                elif transcript:
                    content.append({"type": "text", "text": transcript})
            case Thinking(provider_state=state) if state is not None:
                # hosts that want their trace back want it under the name that they gave it
                wire |= _trace(part.text, state.data, wire)
            case Thinking() | ToolCall():
                pass
            case _:
                raise UnsupportedFeature(
                    f"messages[{number}].parts[{index}]: an assistant's message takes no {part.type} here; take it out",
                    param="messages",
                )
    if content:
        wire["content"] = _plain(content)
    if calls:
        wire["tool_calls"] = calls
    if message.name is not None:
        wire["name"] = message.name
    return wire


def _trace(text: str, state: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Write a trace of thinking under the names, and with the opaque details, that its host gave it.

    A stream may have it in several parts, with text or calls between them; on the wire they are one.
    """
    wire = {**state.get("also", {})}
    if (name := state["field"]) != "reasoning_details":
        wire[name] = before.get(name, "") + text
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
    content = _plain(texts)
    if result.call_id is None:
        return {"role": "function", "name": result.name, "content": content if texts else ""}
    wire = {"role": "tool", "tool_call_id": result.call_id, "content": content if texts else ""}
    if result.name is not None:
        wire["name"] = result.name
    return wire


def _plain(content: list[Any]) -> Any:
    """Write a content of one plain text as that text."""
    if len(content) == 1 and isinstance(content[0], dict) and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


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
        wire["cache_control"] = cache_control(part.cache)
    return wire


def _media(part: Media, where: str) -> dict[str, Any]:
    source = part.source
    match part.kind, source:
        case "image", Url(url=url):
            return {"type": "image_url", "image_url": {"url": url, **present(detail=part.detail), **part.options}}
        case "image", Bytes(data=data):
            url = encode_data_url(part.mime or "image/png", data)
            return {"type": "image_url", "image_url": {"url": url, **present(detail=part.detail), **part.options}}
        case "audio", Bytes(data=data):
            mime = part.mime or "audio/wav"
            form = AUDIO_FORMATS.get(mime, mime.rpartition("/")[2])
            spoken = {"data": base64.b64encode(data).decode(), "format": form}
            return {"type": "input_audio", "input_audio": {**spoken, **part.options}}
        case "video", Url(url=url):
            return {"type": "video_url", "video_url": {"url": url, **part.options}}
        case "video", Bytes(data=data):
            url = encode_data_url(part.mime or "video/mp4", data)
            return {"type": "video_url", "video_url": {"url": url, **part.options}}
        case "document", Bytes(data=data):
            url = encode_data_url(part.mime or "application/pdf", data)
            return {"type": "file", "file": {**present(filename=part.name), "file_data": url, **part.options}}
        case _, FileId(file_id=file_id):
            return {"type": "file", "file": {**present(filename=part.name), "file_id": file_id, **part.options}}
        case _:
            raise UnsupportedFeature(
                f"{where}: the format takes no {part.kind} by URL; give it as bytes", param="messages"
            )
