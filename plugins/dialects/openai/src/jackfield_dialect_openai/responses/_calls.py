"""Calls: functions, tools that the format itself defines, and what the provider ran, each as its item, both ways.

What an item holds beyond our words is the state of its call, under `item` the type where ours does not tell it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json

from jackfield import Data, ProviderState, Text, ToolCall, ToolResult
from jackfield.messages import ToolKind

NAME: Final = "openai-responses"


class Run(NamedTuple):
    """A call that the provider runs: its kind, its name (empty: the item's), its arguments' member, its result's.

    The arguments are a text or an object, or they are `wrapped`: a value that becomes an object of that one member.
    """

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
_BY_KIND: Final = {run.kind: kind for kind, run in RUN.items()}


def members(item: Mapping[str, Any], known: Container[str]) -> dict[str, Any]:
    """Return what an item holds beside its type and what is known of it."""
    return {name: value for name, value in item.items() if value is not None and name != "type" and name not in known}


def state(data: dict[str, Any]) -> ProviderState:
    """Mark opaque members as this dialect's."""
    return ProviderState(data=data, dialect=NAME)


def call_part(item: Mapping[str, Any]) -> ToolCall:
    """Read a call of a function, or of a tool that takes free text."""
    is_custom = item["type"] == "custom_tool_call"
    member = "input" if is_custom else "arguments"
    left = members(item, ("call_id", "name", member))
    value = item.get(member)
    if not isinstance(value, str):  # some hosts send an object
        value = "" if value is None else to_json(value).decode()
    return ToolCall(
        id=item.get("call_id") or item.get("id"),
        name=item.get("name") or "",
        arguments=value,
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


def run_parts(item: Mapping[str, Any]) -> list[ToolCall | ToolResult]:
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
    parts = (Data(value=result),)
    return [call, ToolResult(call_id=call_id, name=call.name, parts=parts, is_error=failed, provider_state=state({}))]


def asked_item(call: ToolCall, own: Mapping[str, Any]) -> dict[str, Any]:
    """Write a call that the caller runs.

    Raises:
        ValueError: it is of a tool that the format defines, and its arguments are no JSON.
    """
    left = dict(own)
    kind, member = left.pop("item", None), left.pop("member", None)
    if kind in ASKED:
        return {"type": kind, "call_id": call.id, member or ASKED[kind][2]: from_json(call.arguments or "{}"), **left}
    if call.kind == "custom":
        return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": call.arguments, **left}
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments, **left}


def ran_item(call: ToolCall, own: Mapping[str, Any], result: ToolResult | None) -> dict[str, Any] | None:
    """Write a call that a provider ran, with its result; None for one of which this format has no kind.

    Raises:
        ValueError: it is of this format, and its arguments are no JSON.
    """
    left = dict(own)
    if (kind := left.pop("item", None)) not in RUN:
        return _foreign_item(call, result)
    run = RUN[kind]
    value: Any = call.arguments
    if run.arguments != "arguments":
        value = from_json(value or "{}")
        value = value.get(run.arguments) if run.wrapped and isinstance(value, dict) else value or None
    item = {"type": kind, **({} if value is None else {run.arguments: value}), **left}
    found = [part.value for part in result.parts if isinstance(part, Data)] if result is not None else ()
    return {**item, run.result: found[0]} if found and "error" not in item else item


def _foreign_item(call: ToolCall, result: ToolResult | None) -> dict[str, Any] | None:
    """Write a call that another format's provider ran; of its result what this format has a form for."""
    if (kind := _BY_KIND.get(call.kind)) is None:
        return None
    try:
        found = from_json(call.arguments or "{}")
    except ValueError:
        found = {}
    given = found if isinstance(found, dict) else {}
    item: dict[str, Any] = {"type": kind, "status": "completed"}
    texts = [] if result is None else [_text_of(part) for part in result.parts]
    if kind == "web_search_call":
        # the query alone: whatever else a search takes elsewhere is no member of this one
        item["action"] = {"type": "search", "query": str(given.get("query") or "")}
    elif kind == "file_search_call":
        item["queries"] = [str(query) for query in given.get("queries") or [given.get("query") or ""]]
    elif kind == "code_interpreter_call":
        item |= {"code": str(given.get("code") or ""), "container_id": ""}
        item["outputs"] = [{"type": "logs", "logs": text} for text in texts] or None
    else:
        item |= {"name": call.name, "server_label": "", "arguments": call.arguments}
        if texts:
            item["output"] = "".join(texts)
    return item


def _text_of(part: Any) -> str:
    if isinstance(part, Text):
        return part.text
    return to_json(part.value).decode() if isinstance(part, Data) else ""
