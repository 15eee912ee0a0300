"""Parse: the messages and the documents of a caller's body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import Bytes, Data, InvalidInput, Media, Message, Native, Part, ProviderState, Text, ToolResult
from jackfield.reading import MALFORMED, refused

from ._blocks import NAME, said

_ROLES = frozenset({"system", "user", "assistant", "tool"})
_WORDS = {"source": "image_url.url", "call_id": "tool_call_id", "detail": "image_url.detail"}


def parse_messages(rows: list[Any]) -> Iterator[Message]:
    """Read the messages."""
    for number, row in enumerate(rows):
        where = f"messages[{number}]"
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{where}: an object is needed", param=where)
        role = row.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise InvalidInput(f"{where}.role: {role!r} is none of {', '.join(sorted(_ROLES))}", param=f"{where}.role")
        try:
            yield _message(row, role, where)
        except ValidationError as error:
            raise refused(error, where, _WORDS) from None
        except InvalidInput:
            raise
        except LookupError as error:
            raise InvalidInput(f"{where}: {error.args[0]} is missing", param=where) from None
        except MALFORMED as error:
            raise InvalidInput(f"{where}: {error}", param=where) from None


def _message(row: Mapping[str, Any], role: str, where: str) -> Message:
    if role == "assistant":
        return Message(role="assistant", parts=tuple(said(row)))
    parts = tuple(_content(row.get("content"), f"{where}.content"))
    if role != "tool":
        return Message(role="system" if role == "system" else "user", parts=parts)
    call_id = row.get("tool_call_id")
    if not isinstance(call_id, str):
        raise InvalidInput(f"{where}.tool_call_id: a string is needed", param=f"{where}.tool_call_id")
    return Message(role="tool", parts=(ToolResult(call_id=call_id, parts=parts),))


def _content(content: Any, where: str) -> Iterator[Part]:
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
            yield _block(block)
        except ValidationError as error:
            raise refused(error, place, _WORDS) from None
        except ValueError as error:
            raise InvalidInput(f"{place}: {error}", param=place) from None


def _block(block: Mapping[str, Any]) -> Part:
    match block:
        case {"type": "text", "text": text} if len(block) == 2:
            return Text(text=text)
        case {"type": "image_url", "image_url": {"url": str(url), **image}} if len(block) == 2:
            detail = image.pop("detail", None)
            own: dict[str, Any] = {"options": image, "provider_state": ProviderState({}, NAME)} if image else {}
            return Media(kind="image", source=url, detail=detail, **own)
        case {"type": "document", "document": {"data": data, **members}} if len(block) == 2:
            return _document(data, "document", members)
    return Native(dialect=NAME, body=dict(block), text=text if isinstance(text := block.get("text"), str) else None)


def _document(data: Any, kind: str, members: Mapping[Any, Any]) -> Text | Data | Media:
    """Read a document: a text with a title is one everywhere; elsewhere another is said as its JSON, or as its text."""
    match data:
        case {"snippet": str(text), "title": str(title)} if len(data) == 2 and members == {"id": title}:
            return Media(kind="document", source=Bytes(data=text.encode()), mime="text/plain", name=title)
        case {"snippet": str(text)} if len(data) == 1 and not members:
            return Media(kind="document", source=Bytes(data=text.encode()), mime="text/plain")
        case str(text):
            return Text(text=text, provider_state=ProviderState({kind: dict(members)}, NAME))
    return Data(value=data, provider_state=ProviderState({kind: dict(members)}, NAME))


def place_documents(rows: list[Any], messages: list[Message]) -> bool:
    """Put the documents that are for the whole prompt before what the user said last.

    False where they cannot go there: no user says anything, or one of them has a form that we have no word for.
    """
    parts: list[Part] = []
    for row in rows:
        match row:
            case str(text):
                parts.append(_document(text, "documents", {}))
            case {"data": {**data}, **members}:
                parts.append(_document(data, "documents", members))
            case _:
                return False
    for number in range(len(messages) - 1, -1, -1):
        message = messages[number]
        if message.role == "user":
            messages[number] = message.model_copy(update={"parts": (*parts, *message.parts)})
            return True
    return False
