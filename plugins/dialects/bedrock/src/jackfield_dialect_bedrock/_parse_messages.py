"""Parse: the system prompt and the messages of a caller's body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from jackfield import Data, InvalidInput, Message, Native, Part, ProviderState, Text, ToolResult
from jackfield.messages import MediaKind
from jackfield.reading import MALFORMED, listed

from ._blocks import assistant_part, native_part
from ._checks import NAME, breakpoint_of, refused
from ._media import read_media

_ROLES: Final = frozenset({"user", "assistant", "system"})
_MEDIA: Final[tuple[MediaKind, ...]] = ("image", "document", "video", "audio")
_RESULT: Final = frozenset({"toolUseId", "content", "status"})


def parse_system(rows: list[Any]) -> Message:
    """Read the system prompt."""
    return Message(role="system", parts=_parts(rows, "system"))


def parse_messages(rows: list[Any]) -> Iterator[Message]:
    """Read the messages; results of tools become messages of their own."""
    for number, row in enumerate(rows):
        where = f"messages[{number}]"
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{where}: an object is needed", param=where)
        role = row.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise InvalidInput(f"{where}.role: {role!r} is none of {', '.join(sorted(_ROLES))}", param=f"{where}.role")
        if extra := sorted(map(str, row.keys() - {"role", "content"})):
            raise InvalidInput(f"{where}.{extra[0]}: the format has no such member", param=f"{where}.{extra[0]}")
        content = listed(row.get("content"), f"{where}.content")
        parts = _parts(content, f"{where}.content", said=role == "assistant")
        if role == "system":
            yield Message(role="system", parts=parts, provider_state=ProviderState({"inline": True}, NAME))
        elif role == "assistant":
            yield Message(role="assistant", parts=parts)
        else:
            yield from _user(parts)


def _user(parts: tuple[Part, ...]) -> Iterator[Message]:
    """Split the results of tools from what the user says."""
    if results := tuple(part for part in parts if isinstance(part, ToolResult)):
        yield Message(role="tool", parts=results)
    if len(results) < len(parts) or not parts:
        yield Message(role="user", parts=tuple(part for part in parts if not isinstance(part, ToolResult)))


def _parts(content: list[Any], where: str, *, said: bool = False) -> tuple[Part, ...]:
    """Read blocks; a breakpoint of the cache belongs to the part before it."""
    found: list[Part] = []
    for number, block in enumerate(content):
        place = f"{where}[{number}]"
        if not isinstance(block, Mapping) or not block:
            raise InvalidInput(f"{place}: a block is needed, such as {{'text': ...}}", param=place)
        given = {name: value for name, value in block.items() if value is not None}
        cache = breakpoint_of(given["cachePoint"]) if given.keys() == {"cachePoint"} else None
        if cache is not None and found and found[-1].cache is None:
            found[-1] = found[-1].model_copy(update={"cache": cache})
            continue
        found.append(_checked(given, place, said=said))
    return tuple(found)


def _checked(block: Mapping[str, Any], where: str, *, said: bool) -> Part:
    try:
        return assistant_part(block) if said else _shown(block, where)
    except ValidationError as error:
        raise refused(error, where) from None
    except InvalidInput:
        raise
    except LookupError as error:
        raise InvalidInput(f"{where}.{error.args[0]}: it is missing", param=f"{where}.{error.args[0]}") from None
    except MALFORMED as error:
        raise InvalidInput(f"{where}: {error}", param=where) from None


def _shown(block: Mapping[str, Any], where: str) -> Part:
    """Read a block of a user's message."""
    if "text" in block:
        return Text(text=block["text"])
    for kind in _MEDIA:
        if kind in block and (media := read_media(kind, block[kind])) is not None:
            return media
    if "toolResult" in block:
        return _tool_result(block["toolResult"], f"{where}.toolResult")
    return native_part(block)


def _tool_result(result: Mapping[str, Any], where: str) -> ToolResult:
    given = {name: value for name, value in result.items() if value is not None}
    parts: list[Any] = []
    for number, block in enumerate(listed(given.get("content"), f"{where}.content")):
        place = f"{where}.content[{number}]"
        if not isinstance(block, Mapping) or "toolResult" in block:
            raise InvalidInput(f"{place}: a block such as {{'text': ...}} is needed", param=place)
        parts.append(Data(value=block["json"]) if isinstance(block.get("json"), dict) else _inner(block, place))
    others = {name: value for name, value in given.items() if name not in _RESULT}
    state = ProviderState({"members": others}, NAME) if others else None
    failed = given.get("status") == "error"
    return ToolResult(call_id=given["toolUseId"], parts=tuple(parts), is_error=failed, provider_state=state)


def _inner(block: Mapping[str, Any], where: str) -> Part:
    """Read a block of a result; JSON that is no object stays as it came, as we write it as text elsewhere."""
    if "json" in block:
        return Native(dialect=NAME, body=dict(block), text=str(block["json"]))
    return _shown(block, where)
