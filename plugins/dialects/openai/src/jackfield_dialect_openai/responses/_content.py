"""The pieces of a message's content, on the way to the wire."""

from __future__ import annotations

import base64
from typing import Any

from pydantic_core import to_json

from jackfield import Bytes, Data, FileId, Media, Native, Part, Refusal, Text, UnsupportedFeature, Url
from jackfield.messages import encode_data_url
from jackfield_dialect_openai.chat._parameters import present
from jackfield_dialect_openai.chat._request import AUDIO_FORMATS

from ._calls import NAME
from ._citations import annotation


def said(part: Part) -> dict[str, Any]:
    """Write a piece of what an assistant said."""
    if isinstance(part, Text):
        notes = [row for note in part.citations if (row := annotation(note)) is not None]
        return {"type": "output_text", "text": part.text, "annotations": notes}
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    assert isinstance(part, Native)
    return dict(part.body)


def given(part: Part, where: str) -> dict[str, Any]:
    """Write a piece of what a model is given.

    Raises:
        UnsupportedFeature: the format has no form for it.
    """
    match part:
        case Text(text=text):
            wire: dict[str, Any] = {"type": "input_text", "text": text}
        case Data(value=value):
            wire = {"type": "input_text", "text": to_json(value).decode()}
        case Media():
            wire = _media(part, where)
        case Native(dialect=dialect, body=body) if dialect == NAME:
            return dict(body)
        case _:
            raise UnsupportedFeature(f"{where}: a {part.type} cannot stand in this role; take it out", param="messages")
    if part.cache is not None:
        wire["prompt_cache_breakpoint"] = {"mode": "explicit", **present(ttl=part.cache.ttl)}
    return wire


def plain(content: list[dict[str, Any]]) -> Any:
    """Write a content of one bare text as that text."""
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def shown_text(part: Part) -> str | None:
    """Return what a part says in text; None where it says something else."""
    if isinstance(part, Data):
        return to_json(part.value).decode()
    return part.text if isinstance(part, Text) else None


def _media(part: Media, where: str) -> dict[str, Any]:
    source = part.source
    match part.kind, source:
        case "image", FileId(file_id=file_id):
            place = {"file_id": file_id}
        case "image", Url(url=url):
            place = {"image_url": url}
        case "image", Bytes(data=data):
            place = {"image_url": encode_data_url(part.mime or "image/png", data)}
        case "document", FileId(file_id=file_id):
            place = {"file_id": file_id}
        case "document", Url(url=url):
            place = {"file_url": url}
        case "document", Bytes(data=data):
            place = {"file_data": encode_data_url(part.mime or "application/pdf", data)}
        case "audio", Bytes(data=data):
            mime = part.mime or "audio/wav"
            form = AUDIO_FORMATS.get(mime, mime.rpartition("/")[2])
            spoken = {"data": base64.b64encode(data).decode(), "format": form}
            return {"type": "input_audio", "input_audio": {**spoken, **part.options}}
        case _:
            form = "URL" if isinstance(source, Url) else "bytes" if isinstance(source, Bytes) else "file id"
            raise UnsupportedFeature(f"{where}: the format takes no {part.kind} by {form}", param="messages")
    if part.kind == "image":
        return {"type": "input_image", **place, **present(detail=part.detail), **part.options}
    return {"type": "input_file", **present(filename=part.name, detail=part.detail), **place, **part.options}
