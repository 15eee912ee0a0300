"""Translate: messages. Documents that are for the whole prompt are lifted out of them into a list of their own."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from jackfield import Bytes, Data, Media, Message, Native, Part, Text, ToolResult, UnsupportedFeature, Url
from jackfield.messages import encode_data_url

from ._blocks import NAME
from ._said import Said

_ROLES = {"developer": "system", "tool": "user"}


class Written:
    """The messages and the documents of a request, as far as they are written."""

    __slots__ = ("documents", "messages")

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.documents: list[Any] = []

    def add(self, message: Message, number: int) -> None:
        """Write a message; results of tools are messages of their own, media in them follow as a user's.

        Raises:
            UnsupportedFeature: it holds what the format has no form for.
        """
        if message.role == "assistant":
            self.messages.append(_assistant(message, number))
            return
        shown: list[Media] = []
        content: list[Any] = []
        lifted = len(self.documents)
        for index, part in enumerate(message.parts):
            where = f"messages[{number}].parts[{index}]"
            if isinstance(part, ToolResult):
                self.messages.append(_tool_result(part, shown, where))
            elif (document := _document(part, where)) is not None:
                self.documents.append(document)
            else:
                content.append(_content(part, where))
        content += [_image(media, f"messages[{number}]") for media in shown]
        if content or (message.role != "tool" and lifted == len(self.documents)):
            self.messages.append({"role": _ROLES.get(message.role, message.role), "content": plain(content)})


def plain(content: list[Any]) -> Any:
    """Write a content of one plain text as that text."""
    if not content:
        return ""
    if len(content) == 1 and isinstance(content[0], dict) and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def _assistant(message: Message, number: int) -> dict[str, Any]:
    told = Said()
    for index, part in enumerate(message.parts):
        if not told.add(part):
            where = f"messages[{number}].parts[{index}]"
            why = "its id is missing" if getattr(part, "kind", "") == "function" else "the format has no form for it"
            raise UnsupportedFeature(
                f"{where}: an assistant's message takes no such {part.type}: {why}; take it out or say it in text",
                param="messages",
            )
    wire: dict[str, Any] = {"role": "assistant", **told.members()}
    if "content" in wire:
        wire["content"] = plain(wire["content"])
    elif len(wire) == 1:
        wire["content"] = ""
    return wire


def _tool_result(result: ToolResult, shown: list[Media], where: str) -> dict[str, Any]:
    """Write what a tool returned: objects as documents, which the model can cite."""
    if result.call_id is None:
        raise UnsupportedFeature(f"{where}: the format needs the id of the call; set call_id", param="messages")
    content: list[Any] = []
    for part in result.parts:
        members = state_of(part, "document")
        match part:
            case Media(kind="image"):
                shown.append(part)
                content.append({"type": "text", "text": "(the image follows in the next message)"})
            case Media(kind="document"):
                content.append({"type": "document", "document": _text_document(part, where)})
            case Data(value=value) if members is not None or isinstance(value, dict):
                content.append({"type": "document", "document": {**(members or {}), "data": value}})
            case Text(text=text) if members is not None:
                content.append({"type": "document", "document": {**members, "data": text}})
            case _:
                content.append(_content(part, where))
    return {"role": "tool", "tool_call_id": result.call_id, "content": plain(content)}


def _content(part: Part, where: str) -> Any:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Data(value=value):
            return {"type": "text", "text": to_json(value).decode()}
        case Media(kind="image"):
            return _image(part, where)
        case Native(dialect=dialect, body=body) if dialect == NAME:
            return body
        case Media():
            raise UnsupportedFeature(f"{where}: the format takes no {part.kind}; say it in text", param="messages")
        case _:
            raise UnsupportedFeature(f"{where}: a {part.type} cannot stand in this role; take it out", param="messages")


def _image(part: Media, where: str) -> dict[str, Any]:
    match part.source:
        case Url(url=url):
            pass
        case Bytes(data=data):
            url = encode_data_url(part.mime or "image/png", data)
        case _:
            raise UnsupportedFeature(f"{where}: the format takes no files by id; give the bytes", param="messages")
    image = {"url": url, **({"detail": part.detail} if part.detail is not None else {}), **part.options}
    return {"type": "image_url", "image_url": image}


def _document(part: Part, where: str) -> Any:
    """Return the entry that a part becomes in the list of documents; None where it is none."""
    if isinstance(part, Media):
        return _text_document(part, where) if part.kind == "document" else None
    if (members := state_of(part, "documents")) is None:
        return None
    if isinstance(part, Data):
        return {**members, "data": part.value}
    return part.text if isinstance(part, Text) else None


def _text_document(part: Media, where: str) -> dict[str, Any]:
    """Write a document of text; the names of its members are those of Cohere's own examples (recorded)."""
    if not isinstance(part.source, Bytes) or not (part.mime or "").startswith(("text/", "application/json")):
        raise UnsupportedFeature(
            f"{where}: the format takes documents as text only; give its text, with a mime type such as text/plain",
            param="messages",
        )
    try:
        text = part.source.data.decode()
    except UnicodeDecodeError:
        raise UnsupportedFeature(
            f"{where}: the format takes documents of text in UTF-8 only; decode it first", param="messages"
        ) from None
    if part.name is None:
        return {"data": {"snippet": text}}
    return {"id": part.name, "data": {"snippet": text, "title": part.name}}


def state_of(part: Part, name: str) -> dict[str, Any] | None:
    """Return what a part remembers of the document that it was."""
    state = part.provider_state
    found = state.data.get(name) if state is not None and isinstance(state.data, dict) else None
    return found if isinstance(found, dict) else None
