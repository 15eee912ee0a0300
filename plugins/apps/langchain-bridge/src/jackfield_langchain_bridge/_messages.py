"""LangChain's messages as ours: by their standard content blocks, or whole as they were where they came from here."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage

from jackfield import (
    Conversation,
    FileId,
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

#: Where an answer is kept in `additional_kwargs`, as JSON.
KEPT = "jackfield"
_KINDS = {"image": "image", "audio": "audio", "video": "video"}


def messages_of(messages: Sequence[BaseMessage]) -> list[Message]:
    """Return a conversation of LangChain's as ours.

    Raises:
        InvalidInput: a message or a block has no form here.
    """
    return [_message(message) for message in messages]


def kept(message: Message) -> dict[str, Any]:
    """Return an answer as JSON values, to be kept in the message of LangChain's that it becomes."""
    found: dict[str, Any] = json.loads(Conversation([message]).to_json())
    return found


def _message(message: BaseMessage) -> Message:
    if isinstance(message, AIMessage):
        return _answer(message)
    if isinstance(message, ToolMessage):
        result = ToolResult(
            call_id=message.tool_call_id,
            name=message.name,
            parts=tuple(_parts(message)),
            is_error=message.status == "error",
        )
        return Message(role="tool", parts=(result,))
    return Message(role=_role(message), parts=tuple(_parts(message)), name=message.name)


def _role(message: BaseMessage) -> Any:
    if isinstance(message, SystemMessage):
        return "developer" if message.additional_kwargs.get("__openai_role__") == "developer" else "system"
    if isinstance(message, HumanMessage):
        return "user"
    if isinstance(message, ChatMessage):
        return message.role
    raise InvalidInput(f"a {type(message).__name__} has no form here")


def _answer(message: AIMessage) -> Message:
    """Return an assistant's message; the one that is kept, unless somebody has changed what it says since."""
    own = message.additional_kwargs.get(KEPT)
    if own is not None:
        found = Conversation.from_json(json.dumps(own))[0]
        calls = [(call.id, call.name) for call in found.tool_calls]
        if found.text == message.text and calls == [(call["id"], call["name"]) for call in message.tool_calls]:
            return found
    parts = [part for part in _parts(message) if not isinstance(part, ToolCall)]
    calls_made = [
        ToolCall(id=call["id"], name=call["name"], arguments=json.dumps(call["args"])) for call in message.tool_calls
    ]
    return Message(role="assistant", parts=(*parts, *calls_made))


def _parts(message: BaseMessage) -> Iterator[Part]:
    if isinstance(message.content, str):
        if message.content:
            yield Text(text=message.content)
        return
    for block in message.content_blocks:
        yield from _part(block)


def _part(block: Any) -> Iterator[Part]:
    kind = block["type"]
    if kind == "text":
        yield Text(text=block["text"])
    elif kind == "reasoning":
        if block.get("reasoning"):
            yield Thinking(text=block["reasoning"])
    elif kind in ("image", "audio", "video", "file"):
        yield _media(block)
    elif kind not in ("tool_call", "invalid_tool_call"):
        raise InvalidInput(f"a block of the type {kind!r} has no form here; give text, image, audio, video or file")


def _media(block: Any) -> Media:
    mime = block.get("mime_type")
    if (data := block.get("base64")) is not None:
        source: Any = base64.b64decode(data)
    elif (url := block.get("url")) is not None:
        source = url
    elif (file_id := block.get("file_id")) is not None:
        source = FileId(file_id=file_id)
    else:
        raise InvalidInput(f"a block of the type {block['type']!r} needs base64, url or file_id")
    kind = _KINDS.get(block["type"]) or kind_of(mime or "")
    return Media.model_validate({"kind": kind, "source": source, "mime": mime})
