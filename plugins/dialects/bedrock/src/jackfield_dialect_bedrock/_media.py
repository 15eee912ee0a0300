"""Images, documents, videos and audio: blocks of one form, in both directions."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from jackfield import Bytes, FileId, Media, ProviderState, UnsupportedFeature, Url
from jackfield.messages import MediaKind

from ._checks import NAME

#: Media types of the format's words (botocore 1.44.5, ImageFormat ... AudioFormat); words not here are of their kind.
_MIMES: Final[Mapping[str, Mapping[str, str]]] = {
    "image": {},
    "document": {
        "pdf": "application/pdf", "csv": "text/csv", "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "html": "text/html", "txt": "text/plain", "md": "text/markdown",
    },
    "video": {
        "mkv": "video/x-matroska", "mov": "video/quicktime", "flv": "video/x-flv", "wmv": "video/x-ms-wmv",
        "three_gp": "video/3gpp",
    },
    "audio": {"mp3": "audio/mpeg", "mkv": "audio/x-matroska", "mka": "audio/x-matroska"},
}  # fmt: skip
_PLAIN: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("png", "jpeg", "gif", "webp"),
    "document": (),
    "video": ("mp4", "webm", "mpeg", "mpg"),
    "audio": ("opus", "wav", "aac", "flac", "mp4", "ogg", "x-aac", "m4a", "mpga", "pcm", "webm"),
}
_FORMATS: Final[Mapping[str, Mapping[str, str]]] = {
    kind: {f"{kind}/{name}": name for name in _PLAIN[kind]} | {mime: name for name, mime in reversed([*rows.items()])}
    for kind, rows in _MIMES.items()
}
_ALSO: Final[Mapping[str, str]] = {"image/jpg": "image/jpeg", "audio/mp3": "audio/mpeg", "audio/x-wav": "audio/wav"}
_DEFAULTS: Final[Mapping[str, str]] = {"image": "png", "document": "pdf", "video": "mp4", "audio": "mp3"}
_BLOCK = frozenset({"format", "source", "name"})
#: What the format lets stand in a document's name, by Amazon's guide; runs of white space count as one.
_UNNAMABLE = re.compile(r"[^\w\s\-()\[\]]|\s+(?=\s)")


def write_media(part: Media, where: str) -> dict[str, Any]:
    """Write an image, a document, a video or audio.

    Raises:
        UnsupportedFeature: the format has no word for its type or its source.
    """
    kind, state = part.kind, _state_of(part)
    format_ = state["format"] if "format" in state else _format(part, where)
    body: dict[str, Any] = {} if format_ is None else {"format": format_}
    if kind == "document":
        # the format needs a name, and a different one for each document
        numbers = "-".join(re.findall(r"\d+", where)) or "1"
        body["name"] = _UNNAMABLE.sub("-", part.name) if part.name else f"document {numbers}"
    body["source"] = _write_source(part, state, where)
    return {kind: body | part.options if part.options else body}


def _format(part: Media, where: str) -> str:
    kind, mime = part.kind, part.mime
    if mime is None:
        return _DEFAULTS[kind]
    mime = mime.partition(";")[0].strip().lower()
    known = _FORMATS[kind].get(_ALSO.get(mime, mime))
    if known is None and kind == "document" and mime.startswith("text/"):
        known = "txt"
    if known is None:
        formats = ", ".join(sorted({*_FORMATS[kind].values()}))
        raise UnsupportedFeature(f"{where}: the format takes no {mime}; give one of {formats}", param="messages")
    return known


def _write_source(part: Media, state: Mapping[str, Any], where: str) -> dict[str, Any]:
    match part.source:
        case Bytes(data=data):
            if state.get("source") == "text":
                return {"text": data.decode("utf-8", "replace")}
            return {"bytes": base64.b64encode(data).decode("ascii")}
        case Url(url=url) if url.startswith("s3://"):
            return {"s3Location": {"uri": url, **state.get("s3", {})}}
        case FileId():
            raise UnsupportedFeature(
                f"{where}: the format takes no {part.kind} by a file's id; give its bytes or s3://", param="messages"
            )
        case _:
            raise UnsupportedFeature(
                f"{where}: the format takes no {part.kind} by URL but s3://; give its bytes", param="messages"
            )


def _state_of(part: Media) -> Mapping[str, Any]:
    state = part.provider_state
    return state.data if state is not None and isinstance(state.data, dict) else {}


def read_media(kind: MediaKind, body: Mapping[str, Any]) -> Media | None:
    """Read a block; None for a form that only this format knows.

    Raises:
        TypeError, LookupError, ValueError: it is not of the format; its base64 is broken.
    """
    source, state = body.get("source"), dict[str, Any]()
    if not isinstance(source, Mapping):
        return None
    where: Any
    if isinstance(data := source.get("bytes"), str):
        where = Bytes(data=base64.b64decode(data, validate=True))
    elif isinstance(text := source.get("text"), str):
        where, state["source"] = Bytes(data=text.encode()), "text"
    elif isinstance(place := source.get("s3Location"), Mapping) and isinstance(uri := place.get("uri"), str):
        where = Url(url=uri)
        if others := {name: value for name, value in place.items() if name != "uri" and value is not None}:
            state["s3"] = others
    else:
        return None
    format_ = body.get("format")
    mime = mime_of(kind, format_) if isinstance(format_, str) else None
    if mime is None or _FORMATS[kind].get(mime) != format_:
        state["format"] = format_
    options = {name: value for name, value in body.items() if name not in _BLOCK and value is not None}
    name = body.get("name")
    return Media(
        kind=kind, source=where, mime=mime, name=name, options=options, provider_state=ProviderState(state, NAME)
    )


def mime_of(kind: MediaKind, format_: str) -> str:
    """Return the media type of a word of the format's."""
    return _MIMES[kind].get(format_) or f"{kind}/{format_}"
