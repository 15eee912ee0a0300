"""Parse: the contents of a caller's body, and of an answer: the parts are the same."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from jackfield import (
    Bytes,
    Data,
    InvalidInput,
    Media,
    Message,
    Native,
    Part,
    ProviderState,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
    derive_id,
)
from jackfield.reading import listed

from ._checks import members, refused
from ._words import FAILED, NAME, RESULTS, TOOL_TYPES, media_kind

_ROLES = frozenset({"user", "model", "function"})
_BESIDE = frozenset({"thought", "thoughtSignature"})
#: What a part may be beside text.
_KINDS = frozenset(
    {"functionCall", "functionResponse", "inlineData", "fileData", "executableCode", "toolCall", *RESULTS}
)


def parse_system(given: Any) -> tuple[Message, ...]:
    """Parse the instruction of the system; what it holds beside its parts goes back to an endpoint of the dialect."""
    if isinstance(given, str):
        return (Message(role="system", parts=given),)
    where = "systemInstruction"
    rest = members(given, where)
    parts = tuple(_plain(part, f"{where}.parts") for part in listed(rest.pop("parts", []), f"{where}.parts"))
    state = ProviderState(data={"members": rest}, dialect=NAME) if rest else None
    return (Message(role="system", parts=parts, provider_state=state),)


def _plain(part: Any, where: str) -> Part:
    found = members(part, where)
    if found.keys() == {"text"} and isinstance(found["text"], str):
        return Text(text=found["text"])
    return Native(dialect=NAME, body=found)


def parse_contents(rows: list[Any]) -> Iterator[Message]:
    """Parse the turns; a result finds its call by id, else by name and order."""
    pending: list[tuple[str, str]] = []
    for number, row in enumerate(rows):
        where = f"contents[{number}]"
        content = members(row, where)
        role = content.get("role", "user")
        if not isinstance(role, str) or role not in _ROLES:
            raise InvalidInput(f"{where}.role: {role!r} is none of user, model", param=f"{where}.role")
        parts: list[Part] = []
        for index, part in enumerate(listed(content.get("parts", []), f"{where}.parts")):
            parts.append(_part(part, f"{where}.parts[{index}]", f"{number}.{index}", parts, pending))
        if role == "model":
            yield Message(role="assistant", parts=tuple(parts))
        else:
            answers = bool(parts) and all(isinstance(part, ToolResult) for part in parts)
            yield Message(role="tool" if answers else "user", parts=tuple(parts))


def _part(row: Any, where: str, place: str, before: list[Part], pending: list[tuple[str, str]]) -> Part:
    wire = members(row, where)
    if wire.keys() == {"functionResponse"}:
        return _result(members(wire["functionResponse"], f"{where}.functionResponse"), where, pending)
    part = _placed(wire, where, lambda name: derive_id("call_", name, place), before)
    if isinstance(part, ToolCall) and part.executed_by == "caller" and part.id is not None:
        pending.append((part.id, part.name))
    state = part.provider_state
    if state is None:
        return part
    return part.model_copy(update={"provider_state": ProviderState(data=state.data, dialect=NAME)})


def _placed(wire: dict[str, Any], where: str, mint: Any, before: list[Part]) -> Part:
    """Read a part, and say where what is wrong with it stands."""
    try:
        return read_part(wire, mint, before)
    except ValidationError as error:
        raise refused(error, where) from None
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{where}: {error}", param=where) from None


def read_part(wire: dict[str, Any], mint: Any, before: list[Part]) -> Part:
    """Read a part whose members are in camel case; `before` are the parts of the same turn.

    Raises:
        ValueError, TypeError: a member is of another type, or not base64.
    """
    signature = wire.get("thoughtSignature")
    state: dict[str, Any] = {} if signature is None else {"thoughtSignature": signature}
    content = wire.keys() - _BESIDE
    thought = wire.get("thought") is True
    if ("text" in content and not content & _KINDS) or (not content and signature is not None):
        text = wire.get("text", "")
        if not isinstance(text, str):
            raise TypeError("text: a string is needed")
        if more := {name: wire[name] for name in content if name != "text"}:
            state["members"] = more
        if thought:
            # what Google lets see of its thinking is a summary (ai.google.dev/gemini-api/docs/thinking)
            return Thinking(text=text, kind="summary", provider_state=ProviderState(data=state))
        return Text(text=text, provider_state=ProviderState(data=state) if state else None)
    if not thought:
        if content == {"functionCall"}:
            return _call(wire["functionCall"], state, mint) or Native(dialect=NAME, body=wire)
        if content == {"executableCode"} or content == {"toolCall"}:
            return _ran(wire, state, mint)
        for kind in RESULTS:
            if content == {kind}:
                return _came(kind, wire[kind], state, before)
        if "inlineData" in content or "fileData" in content:
            found = _media(wire, content, state)
            if found is not None:
                return found
    return Native(dialect=NAME, body=wire)


def _call(value: Any, state: dict[str, Any], mint: Any) -> ToolCall | None:
    call = members(value, "functionCall")
    name, call_id = call.get("name"), call.get("id")
    if call.get("willContinue") is False:
        del call["willContinue"]
    if not isinstance(name, str) or call.keys() - {"name", "id", "args"}:
        return None
    if not call_id:
        call_id, state = mint(name), {**state, "minted": True}
    args = call.get("args", {})
    if not isinstance(args, Mapping):
        raise TypeError("functionCall.args: an object is needed")
    return ToolCall(id=call_id, name=name, arguments=to_json(args).decode(), provider_state=ProviderState(data=state))


def _ran(wire: dict[str, Any], state: dict[str, Any], mint: Any) -> ToolCall:
    kind = "executableCode" if "executableCode" in wire else "toolCall"
    call = members(wire[kind], kind)
    state = {**state, "type": kind}
    if not (call_id := call.pop("id", None)):
        call_id, state["minted"] = mint(kind), True
    if kind == "executableCode":
        arguments, name, tool_kind = to_json(call).decode(), "code_execution", "code"
    else:
        named = state["toolType"] = str(call.get("toolType") or "")
        arguments = to_json(call["args"]).decode() if "args" in call else ""
        name, tool_kind = named.lower(), TOOL_TYPES.get(named, "native")
    return ToolCall(
        id=call_id,
        name=name,
        arguments=arguments,
        kind=tool_kind,
        executed_by="provider",
        provider_state=ProviderState(data=state),
    )


def _came(kind: str, value: Any, state: dict[str, Any], before: list[Part]) -> ToolResult:
    """Read what a call of Google's own brought; one without an id belongs to the last call."""
    result = members(value, kind)
    calls = [part for part in before if isinstance(part, ToolCall) and part.executed_by == "provider"]
    call = next((part for part in calls if part.id == result.get("id")), calls[-1] if calls else None)
    return ToolResult(
        call_id=result.get("id") or (call.id if call else None),
        name=call.name if call else None,
        parts=(Data(value=value),),
        is_error=result.get("outcome") in FAILED,
        provider_state=ProviderState(data={**state, "type": kind, **({} if result.get("id") else {"minted": True})}),
    )


def _media(wire: dict[str, Any], content: set[str], state: dict[str, Any]) -> Media | None:
    kind = "inlineData" if "inlineData" in content else "fileData"
    inner = members(wire[kind], kind)
    mime, name = inner.pop("mimeType", None), inner.pop("displayName", None)
    if not isinstance(mime, str | None):
        raise TypeError(f"{kind}.mimeType: a string is needed")
    if kind == "inlineData":
        source: Any = Bytes(data=decoded(inner.pop("data", "")))
    else:
        source = Url(url=str(inner.pop("fileUri", "")))
    options = {key: wire[key] for key in content - {kind}}
    if inner or ("fileData" in options):
        return None
    return Media(
        kind=media_kind(mime),
        source=source,
        mime=mime,
        name=name,
        options=options,
        provider_state=ProviderState(data=state) if state or options else None,
    )


def decoded(text: Any) -> bytes:
    """Decode base64 in either alphabet: clients in Python write the one that is safe in URLs.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(text, str):
        raise TypeError("data: base64 is needed")
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"data is broken base64: {error}") from None


def _result(response: dict[str, Any], where: str, pending: list[tuple[str, str]]) -> ToolResult:
    name, call_id = response.pop("name", None), response.pop("id", None)
    if not isinstance(name, str):
        raise InvalidInput(f"{where}.functionResponse.name: a string is needed", param=f"{where}.functionResponse.name")
    state: dict[str, Any] = {}
    found = next((row for row in pending if (row[0] == call_id if call_id else row[1] == name)), None)
    if found is not None:
        pending.remove(found)
    if not call_id:
        call_id, state["minted"] = found[0] if found else None, True
    value = response.pop("response", {})
    shown = [
        _placed(members(part, where), f"{where}.functionResponse.parts", None, [])
        for part in listed(response.pop("parts", None) or [], f"{where}.functionResponse.parts")
    ]
    if more := {key: inner for key, inner in response.items() if inner is not None}:
        state["members"] = more
    is_error = isinstance(value, Mapping) and value.keys() == {"error"}
    said: Any = value
    if is_error:
        said = value["error"]
    elif isinstance(value, Mapping) and value.keys() == {"output"} and not isinstance(value["output"], Mapping):
        said = value["output"]
    first = Text(text=said) if isinstance(said, str) else Data(value=said)
    try:
        return ToolResult(
            call_id=call_id,
            name=name,
            parts=(first, *shown),
            is_error=is_error,
            provider_state=ProviderState(data=state, dialect=NAME) if state else None,
        )
    except ValidationError as error:
        raise refused(error, f"{where}.functionResponse") from None
