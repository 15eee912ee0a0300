"""The items of the format, each as parts of ours: in answers, and in what a caller sends back of them.

One item may become several parts: they share a `group`, and the last of them carries the item's own members (id,
status, encrypted reasoning) as its state; those before it carry the id alone. So a stream and a whole answer agree.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json

from jackfield import (
    Bytes,
    Citation,
    Data,
    Media,
    Native,
    Part,
    ProviderState,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from jackfield.messages import ToolKind

NAME: Final = "openai-responses"


class Run(NamedTuple):
    """A call that the provider runs: its kind, its name (empty: the item's), its arguments' member, its result's."""

    kind: ToolKind
    name: str
    arguments: str
    result: str
    wrapped: bool = False


#: Items of calls that the provider runs (openai 3.51.0, types/responses).
RUN: Final[Mapping[str, Run]] = {
    "web_search_call": Run("web_search", "web_search", "action", "results"),
    "file_search_call": Run("file_search", "file_search", "queries", "results", wrapped=True),
    "code_interpreter_call": Run("code", "code_interpreter", "code", "outputs", wrapped=True),
    "mcp_call": Run("mcp", "", "arguments", "output"),
}
#: Items of calls that the caller runs, beside functions: name, kind, and the member that holds the arguments.
ASKED: Final[Mapping[str, tuple[str, ToolKind, str]]] = {
    "computer_call": ("computer", "computer", "action"),
    "local_shell_call": ("local_shell", "native", "action"),
    "shell_call": ("shell", "native", "action"),
    "apply_patch_call": ("apply_patch", "native", "operation"),
}


def item_parts(item: Mapping[str, Any], index: int) -> list[Part]:
    """Read an item of the assistant's side; `index` is its place, for the group of one without an id.

    Raises:
        TypeError, LookupError, ValueError: a member is of another type than the format gives it.
    """
    kind = item.get("type") or "message"
    if kind == "message":
        return message_parts(item, index)
    if kind == "reasoning":
        return reasoning_parts(item, index)
    if kind in ("function_call", "custom_tool_call"):
        return [call_part(item)]
    if kind in ASKED:
        return [asked_part(item)]
    if kind in RUN:
        return run_parts(item)
    if kind == "image_generation_call":
        return [image_part(item)]
    return [Native(dialect=NAME, body=dict(item), text="")]


def members(item: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return what an item holds beside its type and what is known of it."""
    left = {name: value for name, value in item.items() if value is not None and name != "type"}
    for name in known:
        left.pop(name, None)
    return left


def state(data: dict[str, Any]) -> ProviderState:
    """Mark opaque members as this dialect's."""
    return ProviderState(data=data, dialect=NAME)


def group_of(item: Mapping[str, Any], index: int) -> str:
    """Return what the parts of one item share."""
    return item.get("id") or f"#{index}"


MESSAGE_KNOWN: Final = ("role", "content")
REASONING_KNOWN: Final = ("summary", "content")


def message_parts(item: Mapping[str, Any], index: int) -> list[Part]:
    """Read a message item of the assistant's; texts that are empty say nothing."""
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text", "text": content}]
    rows: list[tuple[type[Any], dict[str, Any]]] = []
    for piece in content or ():
        match piece.get("type"):
            case "output_text" | "text" | "input_text":
                notes = piece.get("annotations")
                if notes:
                    rows.append((Text, {"text": piece["text"], "citations": tuple([citation(note) for note in notes])}))
                elif text := piece["text"]:
                    rows.append((Text, {"text": text}))
            case "refusal":
                if piece["refusal"]:
                    rows.append((Refusal, {"text": piece["refusal"]}))
            case "reasoning_text":
                rows.append((Thinking, {"text": piece["text"]}))
            case _:
                rows.append((Native, {"dialect": NAME, "body": dict(piece), "text": ""}))
    return _made(rows, item, index, MESSAGE_KNOWN)


def reasoning_parts(item: Mapping[str, Any], index: int) -> list[Part]:
    """Read a reasoning item: a part for each text of its summary and of its content, one at least."""
    rows: list[tuple[type[Any], dict[str, Any]]] = [
        (Thinking, {"text": row["text"], "kind": kind})
        for member, kind in (("summary", "summary"), ("content", "trace"))
        for row in item.get(member) or ()
        if row["text"]
    ]
    return _made(rows or [(Thinking, {"kind": "redacted"})], item, index, REASONING_KNOWN)


def _made(
    rows: list[tuple[type[Any], dict[str, Any]]], item: Mapping[str, Any], index: int, known: Iterable[str]
) -> list[Part]:
    """Make the parts of one item: its members go with the last of them, its id with those before."""
    group = group_of(item, index)
    brief = {"id": item["id"]} if item.get("id") else {}
    last = len(rows) - 1
    return [
        kind(**values, group=group, provider_state=state(members(item, known) if number == last else brief))
        for number, (kind, values) in enumerate(rows)
    ]


def call_part(item: Mapping[str, Any]) -> ToolCall:
    """Read a call that the caller is to run."""
    is_custom = item["type"] == "custom_tool_call"
    member = "input" if is_custom else "arguments"
    left = members(item, ("call_id", "name", member))
    return ToolCall(
        id=item.get("call_id") or item.get("id"),
        name=item.get("name") or "",
        arguments=arguments_text(item.get(member)),
        kind="custom" if is_custom else "function",
        group=item.get("id"),
        provider_state=state(left) if left else None,
    )


def asked_part(item: Mapping[str, Any]) -> ToolCall:
    """Read a call of a tool that the format itself defines and the caller runs, such as the computer."""
    name, kind, member = ASKED[item["type"]]
    if item.get(member) is None and item.get("actions") is not None:
        member = "actions"
    left = members(item, ("call_id", member))
    return ToolCall(
        id=item.get("call_id") or item.get("id"),
        name=name,
        arguments=to_json(item.get(member) or {}).decode(),
        kind=kind,
        group=item.get("id"),
        provider_state=state({**left, "item": item["type"], "member": member}),
    )


def run_parts(item: Mapping[str, Any]) -> list[Part]:
    """Read a call that the provider ran, and its result where the answer holds it."""
    run = RUN[item["type"]]
    call_id, value, result = item.get("id"), item.get(run.arguments), item.get(run.result)
    if isinstance(value, str) and not run.wrapped:
        arguments = value
    else:
        arguments = to_json({run.arguments: value} if run.wrapped else value or {}).decode()
    call = ToolCall(
        id=call_id,
        name=run.name or item.get("name") or "",
        arguments=arguments,
        kind=run.kind,
        executed_by="provider",
        group=call_id,
        provider_state=state({**members(item, (run.arguments, run.result)), "item": item["type"]}),
    )
    failed = item.get("status") == "failed"
    if result is None and item.get("error") is not None:
        result, failed = item["error"], True
    if result is None:
        return [call]
    shown = ToolResult(
        call_id=call_id, name=call.name, parts=(Data(value=result),), is_error=failed, provider_state=state({})
    )
    return [call, shown]


def image_part(item: Mapping[str, Any]) -> Media:
    """Read an image that the provider drew."""
    form = item.get("output_format") or "png"
    return Media(
        kind="image",
        source=Bytes(data=base64.b64decode(item.get("result") or "", validate=True)),
        mime=f"image/{form}",
        group=item.get("id"),
        provider_state=state({**members(item, ("result",)), "item": item["type"]}),
    )


def arguments_text(value: Any) -> str:
    """Return arguments as JSON text; some hosts send an object."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()


def citation(note: Any) -> Citation:
    """Normalize an annotation: a place on the web, or in a file."""
    if not isinstance(note, dict):
        return Citation(raw=note)
    words = {name: value for name in ("url", "title") if isinstance(value := note.get(name), str)}
    if "title" not in words and isinstance(filename := note.get("filename"), str):
        words["title"] = filename
    places = {name: value for name in ("start", "end") if type(value := note.get(f"{name}_index")) is int}
    return Citation(**words, **places, raw=note)


def annotation(note: Citation) -> dict[str, Any] | None:
    """Write a citation; None for one that names neither a place of this format nor an address."""
    raw = note.raw
    if isinstance(raw, dict) and raw.get("type") in _ANNOTATIONS and not isinstance(raw.get(raw["type"]), dict):
        return raw
    if note.url is None:
        return None
    place = {"start_index": note.start or 0, "end_index": note.end or 0}
    return {"type": "url_citation", "url": note.url, "title": note.title or "", **place}


_ANNOTATIONS: Final = frozenset({"url_citation", "file_citation", "container_file_citation", "file_path"})


def call_item(part: ToolCall, where: str) -> dict[str, Any]:
    """Write a call, whoever runs it, as the item that it was or would be."""
    data = part.provider_state.data if part.provider_state is not None else None
    left = dict(data) if isinstance(data, dict) else {}
    kind = left.pop("item", None)
    if kind in ASKED:
        member = left.pop("member", ASKED[kind][2])
        return {"type": kind, "call_id": part.id, member: _json(part.arguments, where), **left}
    if kind in RUN:
        run = RUN[kind]
        value: Any = part.arguments
        if run.wrapped:
            value = _json(value, where).get(run.arguments)
        elif run.arguments != "arguments":
            value = _json(value, where)
        return {"type": kind, run.arguments: value, **left}
    if part.kind == "custom":
        return {"type": "custom_tool_call", "call_id": part.id, "name": part.name, "input": part.arguments, **left}
    return {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments, **left}


def _json(text: str, where: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        raise ValueError(f"{where}: the arguments are no JSON") from None
