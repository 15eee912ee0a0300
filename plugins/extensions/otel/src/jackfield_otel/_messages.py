"""What was said, as the conventions write it: messages of parts, in JSON; only where the operator asks for it.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and its schemas of messages (read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    ChatResponse,
    FileId,
    Media,
    Message,
    Refusal,
    Request,
    Response,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)

_SYSTEM = ("system", "developer")


def system_of(request: Request) -> dict[str, Any]:
    """Return the question: instructions and messages."""
    if not isinstance(request, ChatRequest):
        return {}
    said = [message for message in request.messages if message.role not in _SYSTEM]
    told = [message for message in request.messages if message.role in _SYSTEM]
    found = {"gen_ai.input.messages": _json([_message(message) for message in said])}
    if told:
        found["gen_ai.system_instructions"] = _json([part for message in told for part in _parts(message.parts)])
    return found


def written(response: Response) -> dict[str, Any]:
    """Return the answer."""
    if not isinstance(response, ChatResponse):
        return {}
    rows = [{**_message(choice.message), "finish_reason": choice.finish_reason} for choice in response.choices]
    return {"gen_ai.output.messages": _json(rows)}


def _message(message: Message) -> dict[str, Any]:
    return {"role": message.role, "parts": list(_parts(message.parts))}


def _parts(parts: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for part in parts:
        match part:
            case Text(text=text) | Refusal(text=text):
                yield {"type": "text", "content": text}
            case Thinking(text=text):
                yield {"type": "reasoning", "content": text}
            case ToolCall():
                yield {"type": "tool_call", "id": part.id, "name": part.name, "arguments": part.arguments}
            case ToolResult():
                yield {"type": "tool_call_response", "id": part.call_id, "response": list(_parts(part.parts))}
            case Media(source=Url(url=url)):
                yield {"type": "uri", "modality": part.kind, "mime_type": part.mime, "uri": url}
            case Media(source=FileId(file_id=name)):
                yield {"type": "file", "modality": part.kind, "mime_type": part.mime, "file_id": name}
            case Media():
                yield {"type": "blob", "modality": part.kind, "mime_type": part.mime}
            case _:
                yield {"type": part.type}


def _json(value: Any) -> str:
    return to_json(value, exclude_none=True).decode()
