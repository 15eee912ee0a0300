"""Parse: the messages of a caller's body; every mistake names its place."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from jackfield import (
    Bytes,
    Cache,
    Citation,
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
from jackfield.messages import decode_data_url

from ._request import NAME
from ._response import MALFORMED, TRACES, arguments, citation

V = TypeVar("V")

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_MIMES = {"mp3": "audio/mpeg"}


def wrong(where: str, error: Exception) -> InvalidInput:
    """Make the error for what stands at a place; one that names its place already stays as it is."""
    if isinstance(error, InvalidInput):
        return error
    if isinstance(error, ValidationError):
        row = error.errors(include_url=False, include_input=False)[0]
        place = ".".join([where, *(str(step) for step in row["loc"])])
        return InvalidInput(f"{place}: {row['msg'][:1].lower()}{row['msg'][1:]}", param=place)
    return InvalidInput(f"{where}: {error}", param=where)


def made(kind: type[V], where: str, /, **values: Any) -> V:
    """Make a value of a member."""
    try:
        return kind(**values)
    except ValidationError as error:
        raise wrong(where, error) from None


def listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInput(f"{where}: a list is needed", param=where)
    return value


def parse_messages(rows: list[Any]) -> Iterator[Message]:
    for number, row in enumerate(rows):
        where = f"messages[{number}]"
        try:
            if not isinstance(row, Mapping):
                raise InvalidInput(f"{where}: an object is needed", param=where)
            role = row.get("role")
            if not isinstance(role, str) or role not in _ROLES:
                raise InvalidInput(
                    f"{where}.role: {role!r} is none of {', '.join(sorted(_ROLES))}", param=f"{where}.role"
                )
            content, name = row.get("content"), row.get("name")
            if role == "assistant":
                yield Message(
                    role="assistant", parts=tuple(_assistant(row, where)), name=name, provider_state=_more(row, _TURN)
                )
            elif role in ("tool", "function"):
                parts = tuple(_content(content, f"{where}.content"))
                call_id = row.get("tool_call_id") if role == "tool" else None
                if role == "tool" and not isinstance(call_id, str):
                    raise InvalidInput(f"{where}.tool_call_id: a string is needed", param=f"{where}.tool_call_id")
                result = ToolResult(call_id=call_id, name=name, parts=parts)
                yield Message(role="tool", parts=(result,), provider_state=_more(row, _RESULT))
            else:
                if content is None:
                    raise InvalidInput(f"{where}.content: a string or a list is needed", param=f"{where}.content")
                parts = tuple(_content(content, f"{where}.content"))
                yield Message(role=role, parts=parts, name=name, provider_state=_more(row, _PLAIN))
        except MALFORMED as error:
            raise wrong(where, error) from None


_PLAIN = frozenset({"role", "content", "name"})
_RESULT = _PLAIN | {"tool_call_id"}
_TURN = _PLAIN | {"refusal", "audio", "tool_calls", "function_call", "annotations", "reasoning_details", *TRACES}


def _more(row: Mapping[str, Any], known: frozenset[str] | set[str]) -> ProviderState | None:
    """Keep the members of a message or a call that we do not know, for an endpoint of the same kind."""
    members = {name: value for name, value in row.items() if name not in known and value is not None}
    return ProviderState(data={"members": members}, dialect=NAME) if members else None


def _assistant(row: Mapping[str, Any], where: str) -> Iterator[Part]:
    details = row.get("reasoning_details")
    trace = next((name for name in TRACES if isinstance(row.get(name), str)), None)
    if details or trace is not None:
        also = {name: row[name] for name in TRACES if name != trace and isinstance(row.get(name), str)}
        state: dict[str, Any] = {"field": trace or "reasoning_details", "also": also}
        if details:
            state["details"] = details
        text = row[trace] if trace else "".join(str(piece.get("text") or "") for piece in details or ())
        yield Thinking(text=text, provider_state=ProviderState(data=state, dialect=NAME))
    notes = tuple(_citations(row.get("annotations"), f"{where}.annotations"))
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


def _citations(notes: Any, where: str) -> Iterator[Citation]:
    for number, note in enumerate(listed(notes or [], where)):
        try:
            yield citation(note)
        except MALFORMED as error:
            raise wrong(f"{where}[{number}]", error) from None


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
    return made(
        ToolCall, where, id=call.get("id") or "", name=body["name"], arguments=text, kind=kind, provider_state=state
    )


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
    cache = piece.get("cache_control")
    known = set(piece) - {"type", "cache_control"} == {kind}
    part: Part | None = None
    try:
        if known and kind == "text" and isinstance(piece["text"], str):
            part = Text(text=piece["text"])
        elif known and kind == "refusal":
            part = Refusal(text=piece["refusal"])
        elif known and isinstance(inner := piece[kind], Mapping):
            part = _media(kind, inner)
    except MALFORMED as error:
        raise wrong(f"{where}.{kind}", error) from None
    if kind == "text" and part is None:
        raise InvalidInput(f"{where}.text: a string is needed", param=f"{where}.text")
    if part is None:
        return Native(dialect=NAME, body=dict(piece))
    if isinstance(cache, Mapping):
        if set(cache) - {"type", "ttl"} or cache.get("type") != "ephemeral":
            return Native(dialect=NAME, body=dict(piece), text=part.text if isinstance(part, Text) else None)
        return part.model_copy(update={"cache": made(Cache, f"{where}.cache_control", ttl=cache.get("ttl"))})
    return part


def _media(kind: str, inner: Mapping[str, Any]) -> Part | None:
    """Read a part of media; None for what only this format knows."""
    rest = dict(inner)
    if kind in ("image_url", "video_url") and isinstance(url := rest.pop("url", None), str):
        detail = rest.pop("detail", None) if kind == "image_url" else None
        return Media(kind="image" if kind == "image_url" else "video", source=url, detail=detail, options=rest)
    if kind == "input_audio" and isinstance(form := rest.pop("format", None), str):
        data = base64.b64decode(rest.pop("data", ""), validate=True)
        return Media(kind="audio", source=Bytes(data=data), mime=_MIMES.get(form, f"audio/{form}"), options=rest)
    if kind == "file":
        name = rest.pop("filename", None)
        if isinstance(data_url := rest.get("file_data"), str) and data_url.startswith("data:"):
            mime, data = decode_data_url(rest.pop("file_data"))
            return Media(kind="document", source=Bytes(data=data), mime=mime, name=name, options=rest)
        if isinstance(file_id := rest.pop("file_id", None), str):
            return Media(kind="document", source=FileId(file_id=file_id), name=name, options=rest)
    return None
