"""Items that are written whole: calls that a provider ran, tools that the format itself defines, drawn images."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json

from jackfield import Bytes, Data, Media, Text, ToolCall, ToolResult

from ._items import ASKED, RUN, Run

#: The item of each kind of call that another format's provider ran.
_BY_KIND = {run.kind: kind for kind, run in RUN.items()}


def ran_item(call: ToolCall, state: dict[str, Any], result: ToolResult | None) -> dict[str, Any] | None:
    """Write a call that a provider ran; None for one of which this format has no kind."""
    own = dict(state)
    kind = own.pop("item", None)
    if kind not in RUN:
        own, kind = {"status": "completed"}, _BY_KIND.get(call.kind)
    if kind is None:
        return None
    run = RUN[kind]
    item: dict[str, Any] = {"type": kind, "id": call.id, **_arguments(run, call), **own}
    if kind == "code_interpreter_call":
        item.setdefault("container_id", "")
    elif kind == "mcp_call":
        item = {"name": call.name, "server_label": "", **item}
    values = [] if result is None else [part.value for part in result.parts if isinstance(part, Data)]
    if values and "error" not in item:
        item[run.result] = values[0]
    elif result is not None and (texts := [part.text for part in result.parts if isinstance(part, Text)]):
        item[run.result] = "".join(texts)
    return item


def _arguments(run: Run, call: ToolCall) -> dict[str, Any]:
    if run.arguments == "arguments":
        return {"arguments": call.arguments}
    try:
        value = from_json(call.arguments or "{}")
    except ValueError:
        value = {}
    if not isinstance(value, dict):
        return {run.arguments: value}
    if run.wrapped:
        return {run.arguments: value.get(run.arguments) or ("" if run.arguments == "code" else [])}
    return {run.arguments: value if "type" in value else {"type": "search", "query": "", **value}}


def asked_item(call: ToolCall, state: dict[str, Any]) -> dict[str, Any]:
    """Write a call of a tool that the format defines; one of another format becomes a function's."""
    own = dict(state)
    kind, member = own.pop("item", None), own.pop("member", None)
    if kind in ASKED:
        try:
            value = from_json(call.arguments or "{}")
        except ValueError:
            value = {}
        return {"type": kind, "call_id": call.id, member or ASKED[kind][2]: value, **own}
    known = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
    return {"type": "function_call", **known, "status": "completed"}


def drawn_item(media: Media, data: Iterable[tuple[bytes, str]], state: dict[str, Any]) -> dict[str, Any] | None:
    """Write an image that the model drew; of what is spoken the words are kept."""
    pieces = list(data)
    transcript = (media.transcript or "") + "".join(text for _, text in pieces)
    if media.kind == "image":
        content = (media.source.data if isinstance(media.source, Bytes) else b"") + b"".join(row for row, _ in pieces)
        own = {name: value for name, value in state.items() if name != "item"} if "item" in state else {}
        form = {"output_format": (media.mime or "image/png").rpartition("/")[2]}
        drawn = {"type": "image_generation_call", "status": "completed", **form, **own}
        return {**drawn, "result": base64.b64encode(content).decode()}
    if transcript:
        piece = {"type": "output_text", "text": transcript, "annotations": [], "logprobs": []}
        return {"type": "message", "role": "assistant", "status": "completed", "content": [piece]}
    return None
