"""Images and documents: their sources on the wire, in both directions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from jackfield import Bytes, FileId, Media, ProviderState, UnsupportedFeature, Url
from jackfield.messages import MediaKind, Source

from ._blocks import NAME, marks

_SOURCES = frozenset({"type", "media_type", "data"}), frozenset({"type", "url"}), frozenset({"type", "file_id"})
_DEFAULTS = {"image": "image/png", "document": "application/pdf"}


def write_media(part: Media, where: str) -> dict[str, Any]:
    """Write an image or a document.

    Raises:
        UnsupportedFeature: the format has no block for it.
    """
    if part.kind not in _DEFAULTS:
        raise UnsupportedFeature(f"{where}: the format takes no {part.kind}; say it in text", param="messages")
    wire: dict[str, Any] = {"type": part.kind, "source": _write_source(part, where)}
    if part.kind == "document" and part.name is not None:
        wire["title"] = part.name
    return wire | part.options if part.options else wire


def _write_source(part: Media, where: str) -> dict[str, Any]:
    match part.source:
        case Url(url=url):
            return {"type": "url", "url": url}
        case FileId(file_id=file_id):
            return {"type": "file", "file_id": file_id}
        case Bytes(data=data):
            mime = part.mime or _DEFAULTS[part.kind]
            if part.kind == "document" and mime.startswith("text/"):
                return {"type": "text", "media_type": "text/plain", "data": _text(data, where)}
            return {"type": "base64", "media_type": mime, "data": base64.b64encode(data).decode("ascii")}


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UnsupportedFeature(
            f"{where}: the format takes documents of text in UTF-8 only; decode it first", param="messages"
        ) from None


def read_media(block: Mapping[str, Any]) -> Media | None:
    """Read an image or a document; None for a form that only this format knows.

    Raises:
        ValueError: its base64 is broken.
    """
    kind, source = block["type"], block.get("source")
    read = _read_source(kind, source) if isinstance(source, Mapping) else None
    if read is None:
        return None
    found, mime = read
    name = block.get("title") if kind == "document" else None
    known = {"type", "source", "cache_control", *(["title"] if isinstance(name, str) else [])}
    options = {key: value for key, value in block.items() if key not in known and value is not None}
    values: dict[str, Any] = {"options": options, "provider_state": ProviderState({}, NAME)} if options else {}
    values |= marks(block, frozenset(block))
    return Media(kind=kind, source=found, mime=mime, name=name if isinstance(name, str) else None, **values)


def _read_source(kind: MediaKind, source: Mapping[str, Any]) -> tuple[Source, str | None] | None:
    members = frozenset(source)
    if not any(members <= known for known in _SOURCES):
        return None
    match source:
        case {"type": "url", "url": str(url)}:
            return Url(url=url), None
        case {"type": "file", "file_id": str(file_id)}:
            return FileId(file_id=file_id), None
        case {"type": "base64", "media_type": str(mime), "data": str(data)} if not mime.startswith("text/"):
            try:
                return Bytes(data=base64.b64decode(data, validate=True)), mime
            except binascii.Error as error:
                raise ValueError(f"broken base64: {error}") from None
        case {"type": "text", "media_type": "text/plain", "data": str(text)} if kind == "document":
            return Bytes(data=text.encode()), "text/plain"
    return None
