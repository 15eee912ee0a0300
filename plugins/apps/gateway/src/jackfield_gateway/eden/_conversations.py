"""Conversations as the chat features write them, as messages of ours, and back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from jackfield import Media, Message, Text, Tool, ToolCall, ToolResult
from jackfield.fetching import kind_of

from ._refusals import Refused
from ._requests import AvailableTool, MultimodalChat, TextChat

Fetch = Callable[[str], Awaitable[tuple[bytes, str | None]]]
#: So many addresses are fetched for one request.
_MOST_ADDRESSES = 10
_KEYS = ("media_url", "media_base64", "text", "media_type")


class _Item(BaseModel):
    """One item of a message: exactly one of its three contents."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["text", "media_url", "media_base64"]
    content: dict[str, str | None]


def tools_of(rows: list[AvailableTool]) -> tuple[Tool, ...] | None:
    """Return the tools that a model may call."""
    return tuple(_tool(row) for row in rows) or None


def _tool(row: AvailableTool) -> Tool:
    if row.parameters is not None and not isinstance(row.parameters, Mapping):
        raise Refused.of("available_tools", f"{row.name}: parameters are no JSON Schema.")
    return Tool(name=row.name, description=row.description or None, parameters=row.parameters or None)


# -- text/chat -------------------------------------------------------------------------------------------------------


def of_text(body: TextChat) -> tuple[Message, ...]:
    """Return the conversation of `text/chat`.

    Raises:
        Refused: a result is of no call of the history.
    """
    messages = [Message(role="system", parts=body.chatbot_global_action)] if body.chatbot_global_action else []
    calls: dict[str, str] = {}
    waiting: list[tuple[str, str]] = []
    for number, turn in enumerate(body.previous_history):
        text = _as_text(turn.message)
        if turn.role == "tool":
            if not waiting:
                raise Refused.of("previous_history", f"[{number}]: a tool's turn follows no call.")
            messages.append(_result(*waiting.pop(0), text))
            continue
        if turn.role not in ("user", "assistant", "system"):
            raise Refused.of("previous_history", f'[{number}].role: "{turn.role}" is not a valid choice.')
        parts: list[Any] = [Text(text=text)] if text else []
        for call in turn.tool_calls or ():
            parts.append(ToolCall(id=call.id, name=call.name, arguments=call.arguments))
            calls[call.id] = call.name
            waiting.append((call.id, call.name))
        messages.append(Message(role=turn.role, parts=tuple(parts)))
    if not body.tool_results:
        is_said = bool(body.text) or not any(message.role == "user" for message in messages)
        return tuple([*messages, Message(role="user", parts=body.text or "")] if is_said else messages)
    return _with_results(body, messages, calls)


def _with_results(body: TextChat, messages: list[Message], calls: Mapping[str, str]) -> tuple[Message, ...]:
    """Add results; a question that the history lacks stands before the calls that it led to."""
    if body.text and not any(message.role == "user" and message.text == body.text for message in messages):
        at = max((index for index, message in enumerate(messages) if message.tool_calls), default=len(messages))
        messages.insert(at, Message(role="user", parts=body.text))
    for number, outcome in enumerate(body.tool_results):
        if (name := calls.get(outcome.id)) is None:
            raise Refused.of("tool_results", f"[{number}].id: no call of previous_history has the id {outcome.id}.")
        messages.append(_result(outcome.id, name, outcome.result))
    return tuple(messages)


def _result(call_id: str, name: str, text: str) -> Message:
    return Message(role="tool", parts=(ToolResult(call_id=call_id, name=name, parts=(Text(text=text),)),))


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value).decode()


# -- multimodal/chat -------------------------------------------------------------------------------------------------


def items_of(body: MultimodalChat) -> list[tuple[str, list[_Item]]]:
    """Read the messages: roles and items.

    Raises:
        Refused: one has another form.
    """
    if not body.messages:
        raise Refused.of("messages", "This list may not be empty.")
    return [(_role(row, number), _items(row, number)) for number, row in enumerate(body.messages)]


def _role(row: Mapping[str, Any], number: int) -> str:
    role = row.get("role")
    if role not in ("user", "assistant", "system"):
        sentence = "This field is required." if role is None else f'"{role}" is not a valid choice.'
        raise Refused.of("messages", f"[{number}].role: {sentence}")
    return str(role)


def _items(row: Mapping[str, Any], number: int) -> list[_Item]:
    content = row.get("content", row.get("message"))
    if isinstance(content, str):
        return [_Item(type="text", content={"text": content})]
    if not isinstance(content, list) or not content:
        raise Refused.of("messages", f"[{number}].content: a list of items is needed.")
    found = []
    for index, item in enumerate(content):
        place = f"[{number}].content[{index}]"
        if not isinstance(item, Mapping):
            raise Refused.of("messages", f"{place}: type and content are needed.")
        found.append(_item(item, place))
    return found


def _item(item: Mapping[str, Any], place: str) -> _Item:
    kind, inner = item.get("type"), item.get("content")
    if isinstance(image := item.get("image_url"), Mapping) and isinstance(image.get("url"), str):
        return _Item(type="media_url", content={"media_url": image["url"]})  # OpenAI's form goes through there
    if kind == "text" and isinstance(item.get("text"), str):
        return _Item(type="text", content={"text": item["text"]})
    if kind not in ("text", "media_url", "media_base64"):
        raise Refused.of("messages", f'{place}.type: "{kind}" is not a valid choice.')
    if not isinstance(inner, Mapping) or not isinstance(inner.get(kind), str):
        raise Refused.of("messages", f"{place}.content.{kind}: This field is required.")
    others = [name for name in ("text", "media_url", "media_base64") if name != kind and inner.get(name) is not None]
    if others:
        raise Refused.of("messages", f"{place}: If {kind} is provided, {' and '.join(others)} should not be provided")
    if not isinstance(inner.get("media_type"), str | None):
        raise Refused.of("messages", f"{place}.content.media_type: Not a valid string.")
    return _Item(type=kind, content={name: inner.get(name) for name in _KEYS})


async def of_items(rows: list[tuple[str, list[_Item]]], system: str | None, fetch: Fetch) -> tuple[Message, ...]:
    """Return the conversation; what stands at an address is fetched.

    Raises:
        Refused: a content is no base64.
        JackfieldError: an address may not be asked, or gives nothing.
    """
    messages = [Message(role="system", parts=system)] if system else []
    if sum(item.type == "media_url" for _, items in rows for item in items) > _MOST_ADDRESSES:
        raise Refused.of("messages", f"at most {_MOST_ADDRESSES} media are fetched for one request.")
    for number, (role, items) in enumerate(rows):
        if role == "user":
            parts = [await _part(item, f"[{number}].content[{index}]", fetch) for index, item in enumerate(items)]
            messages.append(Message(role="user", parts=tuple(parts)))
        else:
            text = next((item.content.get("text") for item in items if item.type == "text"), None)
            messages.append(Message(role="assistant" if role == "assistant" else "system", parts=text or ""))
    return tuple(messages)


async def _part(item: _Item, place: str, fetch: Fetch) -> Text | Media:
    content = item.content
    if item.type == "text":
        return Text(text=content.get("text") or "")
    mime = content.get("media_type")
    if item.type == "media_base64" or (content.get("media_url") or "").startswith("data:"):
        text = content.get("media_base64") or content.get("media_url") or ""
        head, _, encoded = text.partition(",") if text.startswith("data:") else ("", "", text)
        mime = mime or head.removeprefix("data:").partition(";")[0] or None
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise Refused.of("messages", f"{place}.content.{item.type}: no base64.") from None
    else:
        data, served = await fetch(content["media_url"] or "")
        mime = mime or served
    if mime is None:
        raise Refused.of("messages", f"{place}.content.media_type: This field is required.")
    return Media(kind=kind_of(mime), source=data, mime=mime)


def echoed(rows: list[tuple[str, list[_Item]]], show_base_64: bool) -> list[dict[str, Any]]:
    """Write the caller's messages as the answer repeats them: every key of a content; no system turn."""
    hidden = () if show_base_64 else ("media_base64",)
    return [
        {"role": role, "content": [_shown(item, hidden) for item in items]} for role, items in rows if role != "system"
    ]


def _shown(item: _Item, hidden: tuple[str, ...]) -> dict[str, Any]:
    content = {name: None if name in hidden else item.content.get(name) for name in _KEYS}
    return {"type": item.type, "content": content}


def spoken(text: str) -> dict[str, Any]:
    """Write the assistant's answer."""
    return {"role": "assistant", "content": [_shown(_Item(type="text", content={"text": text}), ())]}
