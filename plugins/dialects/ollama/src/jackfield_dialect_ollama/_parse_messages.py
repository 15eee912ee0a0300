"""Parse: the messages of a caller's body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from jackfield import Bytes, InvalidInput, Media, Message, Part, ProviderState, Text, Thinking, ToolCall, ToolResult
from jackfield.reading import listed

from ._words import NAME, THOUGHT

_ROLES = frozenset({"system", "user", "assistant", "tool"})
#: What the first bytes of an image say of its type; the format does not.
_MIMES = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"RIFF", "image/webp"))


def parse_messages(rows: list[Any]) -> Iterator[Message]:
    """Read the messages."""
    for number, row in enumerate(rows):
        where = f"messages[{number}]"
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{where}: an object is needed", param=where)
        role = row.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise InvalidInput(f"{where}.role: {role!r} is none of {', '.join(sorted(_ROLES))}", param=f"{where}.role")
        yield _message(row, role, where)


def _message(row: Mapping[str, Any], role: Any, where: str) -> Message:
    parts: list[Part] = []
    if role == "assistant" and (thinking := _word(row, "thinking", where)):
        parts.append(Thinking(text=thinking, provider_state=ProviderState(THOUGHT, NAME)))
    content = _word(row, "content", where)
    if role == "tool":
        call_id, name = _word(row, "tool_call_id", where), _word(row, "tool_name", where)
        return Message(role="tool", parts=(ToolResult(call_id=call_id, name=name, parts=content or ""),))
    if content:
        parts.append(Text(text=content))
    for number, image in enumerate(listed(row.get("images") or [], f"{where}.images")):
        parts.append(_image(image, f"{where}.images[{number}]"))
    for number, call in enumerate(listed(row.get("tool_calls") or [], f"{where}.tool_calls")):
        parts.append(_call(call, f"{where}.tool_calls[{number}]"))
    return Message(role=role, parts=tuple(parts) or (Text(text=""),))


def _word(row: Mapping[str, Any], name: str, where: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"{where}.{name}: a string is needed", param=f"{where}.{name}")
    return value


def _image(image: Any, where: str) -> Media:
    if not isinstance(image, str):
        raise InvalidInput(f"{where}: base64 is needed", param=where)
    try:
        data = base64.b64decode(image, validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(f"{where}: broken base64: {error}", param=where) from None
    mime = next((mime for start, mime in _MIMES if data.startswith(start)), None)
    return Media(kind="image", source=Bytes(data=data), mime=mime)


def _call(call: Any, where: str) -> ToolCall:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(name := function.get("name"), str):
        raise InvalidInput(f"{where}.function.name: a string is needed", param=f"{where}.function.name")
    arguments = function.get("arguments")
    if not isinstance(arguments, Mapping | None):
        raise InvalidInput(f"{where}.function.arguments: an object is needed", param=f"{where}.function.arguments")
    return ToolCall(id=_word(call, "id", where), name=name, arguments=to_json(arguments or {}).decode())
