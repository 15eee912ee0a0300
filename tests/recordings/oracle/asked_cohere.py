"""What a request of Cohere's chat format asks, in the words of `asked`."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from tests.recordings.oracle.asked import Asked

__all__ = ["cohere_chat"]


def cohere_chat(body: dict[str, Any], url: str) -> Asked:
    """Read a request; what the answer may rest on beside the conversation (`documents`) is this format's alone."""
    asked = Asked()
    for message in body.get("messages") or []:
        role, content = message["role"], message.get("content")
        pieces = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        if role == "tool":
            asked.result(message.get("tool_call_id"), [_said(piece) for piece in pieces])
            continue
        for piece in pieces:
            asked.text(role, piece.get("text"))
            if "image_url" in piece:
                place = piece["image_url"]
                _image(asked, place if isinstance(place, str) else place["url"])
        for call in message.get("tool_calls") or []:
            asked.call(call.get("id"), call["function"]["name"], call["function"].get("arguments"))
    for tool in body.get("tools") or []:
        asked.tool(tool["function"]["name"], tool["function"].get("parameters"))
    return asked


def _said(piece: dict[str, Any]) -> Any:
    """Return what a piece of a result says: text, or the data of a document, where text stands under one name."""
    if "text" in piece:
        return piece["text"]
    data = (piece.get("document") or {}).get("data")
    if isinstance(data, dict) and len(data) == 1 and isinstance(value := next(iter(data.values())), str):
        return value
    return data if data is not None else json.dumps(piece)


def _image(asked: Asked, url: str) -> None:
    if not url.startswith("data:"):
        asked.media("image", url)
        return
    data = base64.b64decode("".join(url.partition(",")[2].split()))
    asked.media("image", hashlib.sha256(data).hexdigest())
