"""Parse the input: items become turns, an assistant's items that follow each other one turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import (
    InvalidInput,
    Media,
    Message,
    Native,
    Part,
    Text,
    ToolResult,
)
from jackfield.reading import MALFORMED, listed
from jackfield_dialect_openai.chat._checks import refused

from ._calls import NAME, members, state
from ._flowing import BY_PIECE
from ._items import group_of, item_parts
from ._parse_content import piece_part

_GIVEN = frozenset({"user", "system", "developer"})
#: Items of a caller's that say nothing to a model: what they are is the format's own affair.
_OUR_OWN = frozenset({"item_reference", "additional_tools", "mcp_approval_response", "compaction_trigger"})
#: Members without which an item of the assistant's side is nothing.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "function_call": ("call_id", "name", "arguments"),
    "custom_tool_call": ("call_id", "name", "input"),
}
_HOLDERS: Mapping[str, tuple[str, ...]] = {"message": ("content",), "reasoning": ("summary", "content")}


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
    if kind == "message" and item.get("content") is None:
        raise InvalidInput(f"{where}.content: a string or a list is needed", param=f"{where}.content")
    for holder in _HOLDERS.get(kind, ()):
        if (rows := item.get(holder)) is not None and not isinstance(rows, str):
            _check_pieces(rows, f"{where}.{holder}")
    try:
        return item_parts(item, index)
    except ValidationError:
        raise
    except MALFORMED:
        raise InvalidInput(f"{where}: it is no {kind} of the format", param=where) from None


def _check_pieces(rows: Any, where: str) -> None:
    for number, row in enumerate(listed(rows, where)):
        place = f"{where}[{number}]"
        if not isinstance(row, Mapping) or not isinstance(kind := row.get("type"), str):
            raise InvalidInput(f"{place}: a part with a type is needed", param=place)
        if (form := BY_PIECE.get(kind)) is not None and not isinstance(row.get(form.member), str):
            raise InvalidInput(f"{place}.{form.member}: a string is needed", param=f"{place}.{form.member}")


def _message(item: Mapping[str, Any], where: str) -> Message:
    content = item.get("content")
    left = members(item, ("role", "content"))
    own = state({"type": "message", **left}) if left else None
    if isinstance(content, str):
        return Message(role=item["role"], parts=content, provider_state=own)
    rows = listed(content, f"{where}.content")
    parts = tuple(piece_part(piece, f"{where}.content[{number}]") for number, piece in enumerate(rows))
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
        parts = tuple(piece_part(piece, f"{where}.output[{number}]") for number, piece in enumerate(output))
    elif kind == "computer_call_output" and (shot := _shot(output, f"{where}.output")) is not None:
        parts = (shot,)
    elif output is None and kind != "apply_patch_call_output":
        raise InvalidInput(f"{where}.output: it is missing", param=f"{where}.output")
    else:
        parts = (Native(dialect=NAME, body=output, text=""),)
        own["whole"] = True  # the output itself, not a piece of one
    return ToolResult(call_id=call_id, parts=parts, provider_state=state(own) if own else None)


def _shot(output: Any, where: str) -> Media | None:
    """Parse the image of a computer's screen; None for what is more than that."""
    if not isinstance(output, Mapping) or output.get("type") != "computer_screenshot":
        return None
    shot = piece_part({**output, "type": "input_image"}, where)
    return shot if isinstance(shot, Media) else None
