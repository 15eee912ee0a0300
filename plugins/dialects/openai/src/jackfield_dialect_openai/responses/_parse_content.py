"""Parse the content of what a caller gives: texts, images, files and sound."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import Bytes, Cache, FileId, InvalidInput, Media, Native, ProviderState, Text, Url
from jackfield.messages import decode_data_url
from jackfield_dialect_openai.chat._checks import refused
from jackfield_dialect_openai.chat._parse_messages import MIMES

from ._calls import NAME


def piece_part(piece: Any, where: str) -> Any:
    """Parse a piece; one that says more than a part of ours can is native.

    Raises:
        InvalidInput: it is wrong; the message names its place.
    """
    kind = piece.get("type") if isinstance(piece, Mapping) else None
    if not isinstance(kind, str):
        raise InvalidInput(
            f"{where}: a part with a type is needed, such as {{'type': 'input_text', 'text': ...}}", param=where
        )
    left = {name: value for name, value in piece.items() if name != "type" and value is not None}
    for name in ("detail", "filename", *(["text"] if kind in _TEXTS else ())):
        if not isinstance(left.get(name, None if name == "text" else ""), str):
            raise InvalidInput(f"{where}.{name}: a string is needed", param=f"{where}.{name}")
    cache = _breakpoint(left.pop("prompt_cache_breakpoint", None))
    part: Any = None
    if kind in _MEDIA:
        member, read = _MEDIA[kind]
        try:
            part = read(left)
        except ValidationError as error:
            raise refused(error, f"{where}.{member}") from None
        except ValueError as error:
            raise InvalidInput(f"{where}.{member}: {error}", param=f"{where}.{member}") from None
    elif kind == "input_text" and left.keys() == {"text"}:
        part = Text(text=left["text"])
    if part is None or cache is False:
        return Native(dialect=NAME, body=dict(piece), text=left.get("text") if kind in _TEXTS else None)
    return part.model_copy(update={"cache": cache}) if cache is not None else part


def _breakpoint(value: Any) -> Any:
    """Read a cache breakpoint; None where there is none, False where it says more than ours can."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) - {"mode", "ttl"} or value.get("mode") != "explicit":
        return False
    return Cache(ttl=ttl) if isinstance(ttl := value.get("ttl"), str | None) else False


def _own(options: dict[str, Any]) -> dict[str, Any]:
    """Give a part of media the options that only this format knows, marked as this format's."""
    return {"options": options, "provider_state": ProviderState({}, NAME)} if options else {}


def _image(left: dict[str, Any]) -> Media | None:
    detail = left.pop("detail", None)
    if isinstance(url := left.pop("image_url", None), str):
        return Media(kind="image", source=url, detail=detail, **_own(left))
    if isinstance(file_id := left.pop("file_id", None), str):
        return Media(kind="image", source=FileId(file_id=file_id), detail=detail, **_own(left))
    return None


def _file(left: dict[str, Any]) -> Media | None:
    name = left.pop("filename", None)
    if isinstance(data_url := left.get("file_data"), str) and data_url.startswith("data:"):
        mime, data = decode_data_url(left.pop("file_data"))
        return Media(kind="document", source=Bytes(data=data), mime=mime, name=name, **_own(left))
    if "file_data" in left:
        return None
    if isinstance(url := left.pop("file_url", None), str):
        return Media(kind="document", source=Url(url=url), name=name, **_own(left))
    if isinstance(file_id := left.pop("file_id", None), str):
        return Media(kind="document", source=FileId(file_id=file_id), name=name, **_own(left))
    return None


def _audio(left: dict[str, Any]) -> Media | None:
    inner = left.pop("input_audio", None)
    if left or not isinstance(inner, Mapping) or not isinstance(form := inner.get("format"), str):
        return None
    if not isinstance(spoken := inner.get("data"), str):
        raise ValueError("data in base64 is needed")
    more = {name: value for name, value in inner.items() if name not in ("format", "data")}
    data = base64.b64decode(spoken, validate=True)
    return Media(kind="audio", source=Bytes(data=data), mime=MIMES.get(form, f"audio/{form}"), **_own(more))


_TEXTS = ("input_text", "output_text", "text")
#: Media: the member that may be wrong, and what reads it.
_MEDIA: Mapping[str, tuple[str, Callable[[dict[str, Any]], Media | None]]] = {
    "input_image": ("image_url", _image),
    "input_file": ("file_data", _file),
    "input_audio": ("input_audio", _audio),
}
