"""Parse: the messages of a caller's body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import (
    Bytes,
    FileId,
    InvalidInput,
    Media,
    Message,
    Native,
    Part,
    ProviderState,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from jackfield.messages import MediaKind, decode_data_url
from jackfield.reading import listed

from ._checks import breakpoint_of, refused
from ._parameters import NAME
from ._response import TRACES, arguments, citation

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
MIMES = {"mp3": "audio/mpeg"}


def parse_messages(rows: list[Any]) -> Iterator[Message]:
    for number, row in enumerate(rows):
        where = f"messages[{number}]"
        try:
            yield _message(row, where)
        except ValidationError as error:
            raise refused(error, where) from None


def _message(row: Any, where: str) -> Message:
    if not isinstance(row, Mapping):
        raise InvalidInput(f"{where}: an object is needed", param=where)
    role = row.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise InvalidInput(f"{where}.role: {role!r} is none of {', '.join(sorted(_ROLES))}", param=f"{where}.role")
    content, name = row.get("content"), row.get("name")
    if type(content) is str and len(row) == 2 and role not in ("tool", "function"):  # as most are
        return Message(role=role, parts=(Text(text=content),))
    if role == "assistant":
        said = tuple(_assistant(row, where))
        return Message(role="assistant", parts=said, name=name, provider_state=_more(row, _TURN))
    parts = tuple(_content(content, f"{where}.content"))
    if role in ("tool", "function"):
        call_id = row.get("tool_call_id") if role == "tool" else None
        if role == "tool" and not isinstance(call_id, str):
            raise InvalidInput(f"{where}.tool_call_id: a string is needed", param=f"{where}.tool_call_id")
        result = ToolResult(call_id=call_id, name=name, parts=parts)
        return Message(role="tool", parts=(result,), provider_state=_more(row, _RESULT))
    if content is None:
        raise InvalidInput(f"{where}.content: a string or a list is needed", param=f"{where}.content")
    return Message(role=role, parts=parts, name=name, provider_state=_more(row, _PLAIN))


_PLAIN = frozenset({"role", "content", "name"})
_RESULT = _PLAIN | {"tool_call_id"}
_TURN = _PLAIN | {"refusal", "audio", "tool_calls", "function_call", "annotations", "reasoning_details", *TRACES}


def _more(row: Mapping[str, Any], known: frozenset[str] | set[str]) -> ProviderState | None:
    """Keep the members of a message or a call that we do not know, for an endpoint of the same kind."""
    members = {name: value for name, value in row.items() if name not in known and value is not None}
    return ProviderState(data={"members": members}, dialect=NAME) if members else None


def _assistant(row: Mapping[str, Any], where: str) -> Iterator[Part]:
    details = listed(row.get("reasoning_details") or [], f"{where}.reasoning_details")
    trace = next((name for name in TRACES if isinstance(row.get(name), str)), None)
    if details or trace is not None:
        also = {name: row[name] for name in TRACES if name != trace and isinstance(row.get(name), str)}
        state: dict[str, Any] = {"field": trace or "reasoning_details", "also": also}
        if details:
            state["details"] = details
        text = (
            row[trace]
            if trace
            else "".join(str(piece.get("text") or "") for piece in details if isinstance(piece, Mapping))
        )
        yield Thinking(text=text, provider_state=ProviderState(data=state, dialect=NAME))
    notes = tuple(citation(note) for note in listed(row.get("annotations") or [], f"{where}.annotations"))
    texts = list(_content(row.get("content"), f"{where}.content"))
    if notes and not texts:
        texts = [Text(text="")]
    for number, part in enumerate(texts):
        yield part.model_copy(update={"citations": notes}) if notes and number == 0 and type(part) is Text else part
    if isinstance(refusal := row.get("refusal"), str):
        yield Refusal(text=refusal)
    if isinstance(audio := row.get("audio"), Mapping) and isinstance(audio.get("id"), str):
        yield Media(kind="audio", source=FileId(file_id=audio["id"]))
    for number, call in enumerate(listed(row.get("tool_calls") or [], f"{where}.tool_calls")):
        yield _call(call, f"{where}.tool_calls[{number}]")
    if isinstance(legacy := row.get("function_call"), Mapping):
        yield ToolCall(name=str(legacy.get("name", "")), arguments=arguments(legacy.get("arguments")))


def _call(call: Any, where: str) -> ToolCall:
    custom = isinstance(call, Mapping) and call.get("type") == "custom"
    body = call.get("custom" if custom else "function") if isinstance(call, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
        raise InvalidInput(
            f"{where}: a call with id, type and the {'custom' if custom else 'function'}'s name is needed", param=where
        )
    text = arguments(body.get("input" if custom else "arguments"))
    kind = "custom" if custom else "function"
    state = _more(call, {"id", "type", kind})
    if not isinstance(call_id := call.get("id") or "", str):
        raise InvalidInput(f"{where}.id: a string is needed", param=f"{where}.id")
    return ToolCall(id=call_id, name=body["name"], arguments=text, kind=kind, provider_state=state)


def _content(content: Any, where: str) -> Iterator[Part]:
    if content is None:
        return
    if isinstance(content, str):
        yield Text(text=content)
        return
    for number, piece in enumerate(listed(content, where)):
        yield _piece(piece, f"{where}[{number}]")


def _piece(piece: Any, where: str) -> Part:
    if isinstance(piece, str):
        return Text(text=piece)
    if not isinstance(piece, Mapping) or not isinstance(kind := piece.get("type"), str):
        raise InvalidInput(
            f"{where}: a part with a type is needed, such as {{'type': 'text', 'text': ...}}", param=where
        )
    piece = {name: value for name, value in piece.items() if value is not None}
    control = piece.get("cache_control")
    known = set(piece) - {"type", "cache_control"} == {kind}
    part: Part | None = None
    try:
        if known and kind == "text" and isinstance(piece["text"], str):
            part = Text(text=piece["text"])
        elif known and kind == "refusal":
            part = Refusal(text=piece["refusal"])
        elif known and isinstance(inner := piece[kind], Mapping):
            part = _media(kind, inner)
    except ValidationError as error:
        raise refused(error, f"{where}.{kind}") from None
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(f"{where}.{kind}: {error}", param=f"{where}.{kind}") from None
    if kind == "text" and part is None:
        raise InvalidInput(f"{where}.text: a string is needed", param=f"{where}.text")
    if part is None:
        return Native(dialect=NAME, body=dict(piece))
    if isinstance(control, Mapping):
        if (cache := breakpoint_of(control)) is None:
            return Native(dialect=NAME, body=dict(piece), text=part.text if isinstance(part, Text) else None)
        return part.model_copy(update={"cache": cache})
    return part


def _media(kind: str, inner: Mapping[str, Any]) -> Part | None:
    """Read a part of media; None for what only this format knows."""
    rest = dict(inner)
    if kind in ("image_url", "video_url") and isinstance(url := rest.pop("url", None), str):
        detail = rest.pop("detail", None) if kind == "image_url" else None
        what: MediaKind = "image" if kind == "image_url" else "video"
        return Media(kind=what, source=url, detail=detail, **_own(rest))
    if kind == "input_audio" and isinstance(form := rest.pop("format", None), str):
        if not isinstance(spoken := rest.pop("data", None), str):
            raise ValueError("data in base64 is needed")
        data = base64.b64decode(spoken, validate=True)
        return Media(kind="audio", source=Bytes(data=data), mime=MIMES.get(form, f"audio/{form}"), **_own(rest))
    if kind == "file":
        name = rest.pop("filename", None)
        if isinstance(data_url := rest.get("file_data"), str) and data_url.startswith("data:"):
            mime, data = decode_data_url(rest.pop("file_data"))
            return Media(kind="document", source=Bytes(data=data), mime=mime, name=name, **_own(rest))
        if isinstance(file_id := rest.pop("file_id", None), str):
            return Media(kind="document", source=FileId(file_id=file_id), name=name, **_own(rest))
    return None


def _own(options: dict[str, Any]) -> dict[str, Any]:
    """Give a part of media the options that only this format knows, marked as this format's."""
    return {"options": options, "provider_state": ProviderState({}, NAME)} if options else {}
