"""Translate and render: one part of ours as one part of the wire, the same in requests and in answers."""

from __future__ import annotations

import base64
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    Bytes,
    Data,
    FileId,
    Media,
    Native,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    Url,
)

from ._words import NAME

#: What Google documents for a call that another model made: the newest models refuse one without any signature
#: (ai.google.dev/gemini-api/docs/thought-signatures; recorded).
FOREIGN_CALL = base64.b64encode(b"skip_thought_signature_validator").decode()


def state_of(part: Part) -> dict[str, Any]:
    """Return the opaque state that a part carries."""
    state = part.provider_state
    return state.data if state is not None and isinstance(state.data, dict) else {}


def write_part(part: Part, where: str) -> dict[str, Any]:
    """Write a part of a turn; a tool's result is `write_result`'s.

    Raises:
        UnsupportedFeature: the format has no form for it.
    """
    match part:
        case Text(text=text):
            wire: dict[str, Any] = {"text": text}
        case Thinking(text=text):
            wire = {"text": text, "thought": True}
        case ToolCall(executed_by="provider"):
            wire = _ran(part)
        case ToolCall():
            wire = _call(part, where)
        case ToolResult():
            # what Google ran itself is kept in the form that it had
            wire = {state_of(part)["type"]: next(inner.value for inner in part.parts if isinstance(inner, Data))}
        case Media():
            wire = write_media(part)
        case Refusal(text=text):
            wire = {"text": text}
        case Data(value=value):
            wire = {"text": to_json(value).decode()}
        case Native(dialect=dialect, body=body) if dialect == NAME and isinstance(body, dict):
            return dict(body)
        case _:
            raise UnsupportedFeature(f"{where}: the format takes no {part.type} here; take it out", param="messages")
    if not (state := state_of(part)):
        return wire
    if "thoughtSignature" in state:
        wire["thoughtSignature"] = state["thoughtSignature"]
    # beside a text only; a result's are written with it
    return wire | state.get("members", {}) if "text" in wire else wire


def _call(part: ToolCall, where: str) -> dict[str, Any]:
    if part.kind == "custom":
        raise UnsupportedFeature(f"{where}: the format has no calls of custom tools; take it out", param="messages")
    call: dict[str, Any] = {"name": part.name, "args": object_of(part.arguments, where)}
    if part.id is not None and not state_of(part).get("minted"):
        call["id"] = part.id
    return {"functionCall": call}


def object_of(arguments: str, where: str) -> dict[str, Any]:
    """Return arguments as the object that the format needs.

    Raises:
        UnsupportedFeature: they are none.
    """
    try:
        value = from_json(arguments) if arguments.strip() else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnsupportedFeature(
            f"{where}: the format takes arguments that are a JSON object; mend them", param="messages"
        )
    return value


def _ran(part: ToolCall) -> dict[str, Any]:
    state = state_of(part)
    identity = {} if part.id is None or state.get("minted") else {"id": part.id}
    if state.get("type") == "executableCode":
        return {"executableCode": {**from_json(part.arguments), **identity}}
    call = {"toolType": state.get("toolType", part.name.upper()), **identity}
    if part.arguments:
        call["args"] = from_json(part.arguments)
    return {"toolCall": call}


def write_media(part: Media) -> dict[str, Any]:
    """Write an image, audio, video or document; its options stand beside it."""
    source, named = part.source, {} if part.name is None else {"displayName": part.name}
    if isinstance(source, Bytes):
        mime = part.mime or _MIMES[part.kind]
        data = base64.b64encode(source.data).decode()
        return {"inlineData": {"mimeType": mime, "data": data, **named}, **part.options}
    assert isinstance(source, Url | FileId)
    uri = source.url if isinstance(source, Url) else source.file_id
    typed = {} if part.mime is None else {"mimeType": part.mime}
    return {"fileData": {"fileUri": uri, **typed, **named}, **part.options}


#: The type of a medium that came without one: bytes are not taken untyped.
_MIMES = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "document": "application/pdf"}


def write_result(result: ToolResult, name: str, call_id: str | None, where: str) -> dict[str, Any]:
    """Write what a tool returned: an object with its output or its error, media beside it."""
    values: list[Any] = []
    shown: list[dict[str, Any]] = []
    for part in result.parts:
        match part:
            case Text(text=text):
                values.append(text)
            case Data(value=value):
                values.append(value)
            case Media():
                shown.append(write_media(part))
            case Native(dialect=dialect, body=body) if dialect == NAME:
                shown.append(body)
            case _:
                raise UnsupportedFeature(f"{where}: a tool's result takes no {part.type} here", param="messages")
    value = values[0] if len(values) == 1 else values or ""
    as_it_is = isinstance(value, dict) and not result.is_error
    response = value if as_it_is else {"error" if result.is_error else "output": value}
    answer = {**state_of(result).get("members", {}), "name": name, "response": response}
    if call_id is not None:
        answer["id"] = call_id
    if shown:
        answer["parts"] = shown
    return {"functionResponse": answer}
