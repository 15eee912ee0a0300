"""Parse the input: items become turns, an assistant's items that follow each other one turn."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import (
    Bytes,
    Cache,
    FileId,
    InvalidInput,
    Media,
    Message,
    Native,
    Part,
    ProviderState,
    Text,
    ToolResult,
    Url,
)
from jackfield.messages import decode_data_url
from jackfield_dialect_openai.chat._checks import listed, refused
from jackfield_dialect_openai.chat._parse_messages import MIMES
from jackfield_dialect_openai.chat._response import MALFORMED

from ._calls import NAME, members, state
from ._items import group_of, item_parts

_GIVEN = frozenset({"user", "system", "developer"})
#: Items of a caller's that say nothing to a model: what they are is the format's own affair.
_OUR_OWN = frozenset({"item_reference", "additional_tools", "mcp_approval_response", "compaction_trigger"})
#: Members without which an item of the assistant's side is nothing.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "function_call": ("call_id", "name", "arguments"),
    "custom_tool_call": ("call_id", "name", "input"),
}


def parse_items(given: Any) -> list[Message]:
    """Parse the input: a text, or a list of items.

    Raises:
        InvalidInput: an item is wrong; the message names its place.
    """
    if isinstance(given, str):
        return [Message(role="user", parts=given)]
    messages: list[Message] = []
    said: list[Part] = []

    def end_turn() -> None:
        if said:
            messages.append(Message(role="assistant", parts=tuple(said)))
            said.clear()

    for index, item in enumerate(listed(given, "input")):
        where = f"input[{index}]"
        if not isinstance(item, Mapping):
            raise InvalidInput(f"{where}: an item is needed", param=where)
        kind = _kind(item, where)
        try:
            if kind == "message" and item.get("role") in _GIVEN:
                end_turn()
                messages.append(_message(item, where))
            elif kind in _OUR_OWN or (kind == "local_shell_call_output" and "call_id" not in item):
                end_turn()
                part = Native(dialect=NAME, body=dict(item), text="")
                messages.append(Message(role="developer", parts=(part,), provider_state=state({"items": True})))
            elif kind.endswith("_call_output"):
                end_turn()
                messages.append(Message(role="tool", parts=(_result(item, where),)))
            else:
                # an assistant's turn may be empty, and is sent back so
                said += _said(kind, item, index, where) or [Text(text="", group=group_of(item, index))]
        except ValidationError as error:
            raise refused(error, where) from None
    end_turn()
    return messages


def _kind(item: Mapping[str, Any], where: str) -> str:
    """Return the type of an item; a message and a reference may go without."""
    kind = item.get("type")
    if kind is None:
        kind = "message" if "role" in item else "item_reference" if "id" in item else None
    if not isinstance(kind, str):
        raise InvalidInput(f"{where}.type: a type or a role is needed", param=f"{where}.type")
    if kind == "message" and item.get("role") not in ("assistant", *_GIVEN):
        place = f"{where}.role"
        raise InvalidInput(f"{place}: user, assistant, system or developer is needed", param=place)
    return kind


def _said(kind: str, item: Mapping[str, Any], index: int, where: str) -> list[Part]:
    """Parse an item of the assistant's side, as an answer is read."""
    for name in _NEEDED.get(kind, ()):
        if not isinstance(item.get(name), str):
            raise InvalidInput(f"{where}.{name}: a string is needed", param=f"{where}.{name}")
    if kind == "message" and not isinstance(item.get("content"), str):
        listed(item.get("content"), f"{where}.content")
    try:
        return item_parts(item, index)
    except ValidationError:
        raise
    except KeyError as error:
        place = f"{where}.{error.args[0]}"
        raise InvalidInput(f"{place}: it is missing", param=place) from None
    except MALFORMED:
        raise InvalidInput(f"{where}: it is no {kind} of the format", param=where) from None


def _message(item: Mapping[str, Any], where: str) -> Message:
    content = item.get("content")
    left = members(item, ("role", "content"))
    own = state({"type": "message", **left}) if left else None
    if isinstance(content, str):
        return Message(role=item["role"], parts=content, provider_state=own)
    rows = listed(content, f"{where}.content")
    parts = tuple(_piece(piece, f"{where}.content[{number}]") for number, piece in enumerate(rows))
    return Message(role=item["role"], parts=parts, provider_state=own)


def _result(item: Mapping[str, Any], where: str) -> ToolResult:
    output, kind = item.get("output"), item["type"]
    call_id = item.get("call_id")
    if not isinstance(call_id, str):
        raise InvalidInput(f"{where}.call_id: a string is needed", param=f"{where}.call_id")
    own: dict[str, Any] = members(item, ("call_id", "output"))
    if kind != "function_call_output":
        own["type"] = kind
    parts: Any
    if isinstance(output, str):
        parts = output
    elif isinstance(output, list) and kind in ("function_call_output", "custom_tool_call_output"):
        parts = tuple(_piece(piece, f"{where}.output[{number}]") for number, piece in enumerate(output))
    elif kind == "computer_call_output" and (shot := _shot(output, f"{where}.output")) is not None:
        parts = (shot,)
    elif output is None and kind != "apply_patch_call_output":
        raise InvalidInput(f"{where}.output: it is missing", param=f"{where}.output")
    else:
        parts = (Native(dialect=NAME, body=output, text=""),)
    return ToolResult(call_id=call_id, parts=parts, provider_state=state(own) if own else None)


def _shot(output: Any, where: str) -> Media | None:
    """Parse the image of a computer's screen; None for what is more than that."""
    if not isinstance(output, Mapping) or output.get("type") != "computer_screenshot":
        return None
    shot = _piece({**output, "type": "input_image"}, where)
    return shot if isinstance(shot, Media) else None


def _piece(piece: Any, where: str) -> Any:
    kind = piece.get("type") if isinstance(piece, Mapping) else None
    if not isinstance(kind, str):
        raise InvalidInput(
            f"{where}: a part with a type is needed, such as {{'type': 'input_text', 'text': ...}}", param=where
        )
    left = {name: value for name, value in piece.items() if name != "type" and value is not None}
    cache = _breakpoint(left.pop("prompt_cache_breakpoint", None))
    part: Any = None
    try:
        if kind in ("input_text", "text", "output_text"):
            if not isinstance(text := left.pop("text", None), str):
                raise InvalidInput(f"{where}.text: a string is needed", param=f"{where}.text")
            part = Text(text=text) if kind == "input_text" and not left else None
        elif kind == "input_image":
            part = _image(left)
        elif kind == "input_file":
            part = _file(left)
        elif kind == "input_audio":
            part = _audio(left)
    except (ValueError, binascii.Error) as error:
        if isinstance(error, ValidationError | InvalidInput):
            raise
        raise InvalidInput(f"{where}: {error}", param=where) from None
    if part is None or cache is False:
        return Native(dialect=NAME, body=dict(piece), text=piece.get("text"))
    return part.model_copy(update={"cache": cache}) if cache is not None else part


def _breakpoint(value: Any) -> Any:
    """Read a cache breakpoint; None where there is none, False where it says more than ours can."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) - {"mode", "ttl"} or value.get("mode") != "explicit":
        return False
    return Cache(ttl=value.get("ttl"))


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
