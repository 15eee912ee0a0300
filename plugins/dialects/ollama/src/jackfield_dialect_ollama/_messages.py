"""Translate: messages. One message is one text and a list of images; a result names the tool that it is of."""

from __future__ import annotations

import base64
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    Bytes,
    Data,
    Media,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
)

_ROLES = {"developer": "system", "tool": "user"}


class Written:
    """The messages of a request, as far as they are written, and the calls in them by id."""

    __slots__ = ("_names", "messages")

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        #: The tool that each call is of, and whether the id is one that we made.
        self._names: dict[str, tuple[str, bool]] = {}

    def add(self, message: Message, number: int) -> None:
        """Write a message; results of tools are messages of their own, images in them follow as a user's.

        Raises:
            UnsupportedFeature: it holds what the format has no form for.
        """
        parts, role = message.parts, message.role
        if len(parts) == 1 and type(part := parts[0]) is Text and role != "tool":
            self.messages.append({"role": _ROLES.get(role, role), "content": part.text})
            return
        if role == "assistant":
            self.messages.append(self._assistant(message, number))
            return
        texts: list[str] = []
        images: list[str] = []
        for index, part in enumerate(parts):
            where = f"messages[{number}].parts[{index}]"
            if isinstance(part, ToolResult):
                self._result(part, images, where)
            elif isinstance(part, Media):
                images.append(_image(part, where))
            else:
                texts.append(_text(part, where))
        if texts or images or role != "tool":
            self.messages.append({"role": _ROLES.get(role, role), **_said(texts, images)})

    def _assistant(self, message: Message, number: int) -> dict[str, Any]:
        texts: list[str] = []
        thinking = ""
        calls: list[dict[str, Any]] = []
        for index, part in enumerate(message.parts):
            where = f"messages[{number}].parts[{index}]"
            match part:
                case Thinking(text=text):
                    thinking += text
                case ToolCall(executed_by="caller"):
                    calls.append(self._call(part, where))
                case _:
                    texts.append(_text(part, where))
        wire: dict[str, Any] = {"role": "assistant", **_said(texts, [])}
        if thinking:
            wire["thinking"] = thinking
        if calls:
            wire["tool_calls"] = calls
        return wire

    def _call(self, call: ToolCall, where: str) -> dict[str, Any]:
        state = call.provider_state
        minted = state is not None and isinstance(state.data, dict) and bool(state.data.get("minted"))
        function = {"name": call.name, "arguments": _arguments(call, where)}
        if call.id is None:
            return {"function": function}
        self._names[call.id] = (call.name, minted)
        return {"function": function} if minted else {"id": call.id, "function": function}

    def _result(self, result: ToolResult, images: list[str], where: str) -> None:
        texts = []
        for part in result.parts:
            if isinstance(part, Media):
                images.append(_image(part, where))
                texts.append("(the image follows in the next message)")
            else:
                texts.append(_text(part, where))
        name, minted = self._names.get(result.call_id or "", (None, False))
        wire = {"role": "tool", "content": "\n\n".join(texts)}
        if result.call_id is not None and not minted:
            wire["tool_call_id"] = result.call_id
        if (named := result.name or name) is not None:
            wire["tool_name"] = named
        self.messages.append(wire)


def _said(texts: list[str], images: list[str]) -> dict[str, Any]:
    """Write a text and images; a message that has images alone says no text."""
    text = "\n\n".join(texts)
    found: dict[str, Any] = {"content": text} if text or not images else {}
    if images:
        found["images"] = images
    return found


def _text(part: Part, where: str) -> str:
    match part:
        case Text(text=text) | Refusal(text=text):
            return text
        case Data(value=value):
            return to_json(value).decode()
        case _:
            raise UnsupportedFeature(f"{where}: a {part.type} cannot stand in this role; take it out", param="messages")


def _image(part: Media, where: str) -> str:
    if part.kind != "image":
        raise UnsupportedFeature(f"{where}: the format takes no {part.kind}; say it in text", param="messages")
    if not isinstance(part.source, Bytes):
        raise UnsupportedFeature(f"{where}: the format takes images as bytes only; give the bytes", param="messages")
    return base64.b64encode(part.source.data).decode("ascii")


def _arguments(call: ToolCall, where: str) -> Any:
    try:
        value = from_json(call.arguments) if call.arguments.strip() else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnsupportedFeature(
            f"{where}: the arguments of {call.name} are no JSON object, which the format needs; write them as one",
            param="messages",
        )
    return value
