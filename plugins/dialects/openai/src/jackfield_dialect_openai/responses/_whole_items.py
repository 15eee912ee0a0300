"""Parts that an answer writes as whole items: calls that are no function's, images that the model drew."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from jackfield import Bytes, Media, MediaDelta, ToolCall, ToolResult

from ._calls import asked_item, ran_item

Row = dict[str, Any]


def asked(call: ToolCall, state: Row) -> Row:
    """Write a call that the caller runs; one whose arguments its own tool cannot have becomes a function's."""
    try:
        item = asked_item(call, state if "item" in state else {})
    except ValueError:
        item = asked_item(call, {})
    return {**item, "status": item.get("status", "completed")}


def ran(call: ToolCall, state: Row, result: ToolResult | None) -> Row | None:
    """Write a call that a provider ran; None for one that the format has no form for."""
    try:
        return ran_item(call, state, result)
    except ValueError:
        return None


def drawn(media: Media, deltas: Iterable[MediaDelta], state: Row) -> Row | None:
    """Write an image that the model drew; of what is spoken the words are kept."""
    rows = list(deltas)
    if media.kind == "image":
        before = media.source.data if isinstance(media.source, Bytes) else b""
        own = {name: value for name, value in state.items() if name != "item"} if "item" in state else {}
        form = (media.mime or "image/png").rpartition("/")[2]
        result = base64.b64encode(before + b"".join(row.data for row in rows)).decode()
        shape = {} if "item" in state else {"output_format": form}
        return {"type": "image_generation_call", "status": "completed", **shape, **own, "result": result}
    transcript = (media.transcript or "") + "".join(row.transcript for row in rows)
    if not transcript:
        return None
    piece = {"type": "output_text", "text": transcript, "annotations": [], "logprobs": []}
    return {"type": "message", "role": "assistant", "status": "completed", "content": [piece]}
