"""Parse: the system prompt and the messages of a caller's body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import InvalidInput, Message, Native, Part, ProviderState, Text, ToolResult
from jackfield.reading import MALFORMED

from ._blocks import NAME, assistant_part, marks, native_part, text_part
from ._checks import refused
from ._media import read_media

_ROLES = frozenset({"user", "assistant", "system"})
_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"})


def parse_system(system: Any) -> Message:
    """Read the system prompt."""
    return Message(role="system", parts=tuple(_content(system, "system")))


def parse_messages(rows: list[Any]) -> Iterator[Message]:
    """Read the messages; results of tools become messages of their own."""
    for number, row in enumerate(rows):
        where = f"messages[{number}]"
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{where}: an object is needed", param=where)
        role = row.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise InvalidInput(f"{where}.role: {role!r} is none of {', '.join(sorted(_ROLES))}", param=f"{where}.role")
        if extra := sorted(map(str, row.keys() - {"role", "content"})):
            raise InvalidInput(f"{where}.{extra[0]}: the format has no such member", param=f"{where}.{extra[0]}")
        parts = tuple(_content(row.get("content"), f"{where}.content", said=role == "assistant"))
        if role == "system":
            yield Message(role="system", parts=parts, provider_state=ProviderState({"inline": True}, NAME))
        elif role == "assistant":
            yield Message(role="assistant", parts=parts)
        else:
            yield from _user(parts)


def _user(parts: tuple[Part, ...]) -> Iterator[Message]:
    """Split the results of tools from what the user says; the format wants them first."""
    if results := tuple(part for part in parts if isinstance(part, ToolResult)):
        yield Message(role="tool", parts=results)
    if len(results) < len(parts) or not parts:
        yield Message(role="user", parts=tuple(part for part in parts if not isinstance(part, ToolResult)))


def _content(content: Any, where: str, *, said: bool = False) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(text=content)
        return
    if not isinstance(content, list):
        raise InvalidInput(f"{where}: a string or a list is needed", param=where)
    for number, block in enumerate(content):
        place = f"{where}[{number}]"
        if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
            raise InvalidInput(
                f"{place}: a block with a type is needed, such as {{'type': 'text', 'text': ...}}", param=place
            )
        try:
            yield assistant_part(block) if said else _shown(block, place)
        except ValidationError as error:
            raise refused(error, place) from None
        except InvalidInput:
            raise
        except LookupError as error:
            raise InvalidInput(f"{place}.{error.args[0]}: it is missing", param=f"{place}.{error.args[0]}") from None
        except MALFORMED as error:
            raise InvalidInput(f"{place}: {error}", param=place) from None


def _shown(block: Mapping[str, Any], where: str) -> Part:
    """Read a block of a user's message."""
    kind = block["type"]
    if kind == "text":
        return text_part(block)
    if kind in ("image", "document"):
        return read_media(block) or _kept(block)
    if kind == "tool_result":
        return _tool_result(block, where)
    return native_part(block)


def _kept(block: Mapping[str, Any]) -> Native:
    """Keep a document whose source is a content of its own; its texts are what another format may say instead."""
    source = block.get("source")
    content = source.get("content") if isinstance(source, Mapping) else None
    rows = [row.get("text") for row in content if isinstance(row, Mapping)] if isinstance(content, list) else [content]
    text = "".join(row for row in rows if isinstance(row, str))
    return Native(dialect=NAME, body=dict(block), text=text or None)


def _tool_result(block: Mapping[str, Any], where: str) -> ToolResult:
    content = block.get("content")
    parts: Any = () if content is None else tuple(_content(content, f"{where}.content"))
    if inner := next((part for part in parts if isinstance(part, ToolResult)), None):
        raise InvalidInput(f"{where}.content: a {inner.type} cannot stand in another", param=f"{where}.content")
    found = marks(block, _RESULT)
    return ToolResult(call_id=block["tool_use_id"], parts=parts, is_error=bool(block.get("is_error")), **found)
