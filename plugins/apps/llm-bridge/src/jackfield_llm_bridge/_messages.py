"""What llm asks, as a request: its messages and parts, its options, its schema and its tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from llm.parts import AttachmentPart, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

from jackfield import (
    ChatRequest,
    Conversation,
    InvalidInput,
    Media,
    Message,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from jackfield.fetching import kind_of
from jackfield.parsing import chat_request

#: Under this name llm carries a part of ours that has state, and gives it back.
STATE = "jackfield"


def asked(name: str, prompt: Any, stream: bool) -> ChatRequest:
    """Return the request of a prompt to a model, by the name that Jackfield gives it.

    Raises:
        InvalidInput: the prompt holds something that no model takes.
    """
    options = prompt.options.model_dump(exclude_none=True)
    if (model := options.pop("model", None)) is not None:
        name = f"{name.partition('/')[0]}/{model}"
    if "reasoning" in options:
        options["reasoning"] = _reasoning(options["reasoning"])
    if prompt.schema:
        options["response_format"] = {"schema": prompt.schema, "name": "output"}
    if prompt.tools:
        options["tools"] = [_tool(tool) for tool in prompt.tools]
    messages = [_message(message) for message in prompt.messages]
    return chat_request(name, messages, None, options, stream)


def packed(part: Part) -> dict[str, Any]:
    """Return a part of an answer as JSON, as llm carries it."""
    found: dict[str, Any] = json.loads(Conversation([Message(role="assistant", parts=(part,))]).to_json())
    return {STATE: found}


def _message(message: Any) -> Message:
    return Message(role=message.role, parts=tuple(part for each in message.parts for part in _parts(each)))


def _parts(part: Any) -> Iterator[Part]:
    """Give what a part of llm's is; one that came from here is what it was."""
    if (kept := (part.provider_metadata or {}).get(STATE)) is not None:
        yield from Conversation.from_json(json.dumps(kept))[0].parts
        return
    match part:
        case TextPart():
            yield Text(text=part.text)
        case ReasoningPart():
            if part.text:
                yield Thinking(text=part.text)
        case ToolCallPart():
            yield ToolCall(id=part.tool_call_id, name=part.name, arguments=json.dumps(part.arguments))
        case ToolResultPart():
            said = part.exception or part.output
            inner = (Text(text=said), *(_media(attachment) for attachment in part.attachments))
            failed = part.exception is not None
            yield ToolResult(call_id=part.tool_call_id, name=part.name, parts=inner, is_error=failed)
        case AttachmentPart():
            yield _media(part.attachment)
        case _:
            raise InvalidInput(f"a part of the kind {type(part).__name__} has no form here")


def _media(attachment: Any) -> Media:
    mime = attachment.resolve_type()
    source = attachment.url if attachment.url else attachment.content_bytes()
    return Media(kind=kind_of(mime), source=source, mime=mime)


def _tool(tool: Any) -> dict[str, Any]:
    if not hasattr(tool, "input_schema"):
        raise InvalidInput(f"{tool!r} runs at a provider and has no form here")
    return {"name": tool.name, "description": tool.description, "parameters": tool.input_schema or {"type": "object"}}


def _reasoning(value: str | int) -> str | int | bool:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return {"off": False, "on": True}.get(value, value) if isinstance(value, str) else value
