"""What a request in Cohere's chat format asks, in the words of `asked`."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from tests.recordings.oracle.asked import Asked

__all__ = ["cohere_chat"]


def cohere_chat(body: dict[str, Any], url: str) -> Asked:
    """Read a request of version 2. Documents of the whole prompt are said by the user, before what he says last."""
    asked = Asked()
    messages = body.get("messages") or []
    last = max((place for place, message in enumerate(messages) if message["role"] == "user"), default=-1)
    for place, message in enumerate(messages):
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        if message["role"] == "tool":
            said = [block for block in blocks if not _is_text_document(block)]
            asked.result(message.get("tool_call_id"), [_value(block) for block in said])
            for block in blocks:
                if _is_text_document(block):
                    _document(asked, block["document"])
            continue
        for document in body.get("documents") or [] if place == last else ():
            _document(asked, document)
        for block in blocks:
            _block(asked, message["role"], block)
        for call in message.get("tool_calls") or []:
            asked.call(call.get("id"), call["function"]["name"], call["function"].get("arguments"))
    for tool in body.get("tools") or []:
        if "function" in tool:
            asked.tool(tool["function"]["name"], tool["function"].get("parameters"))
    return asked


def _value(block: dict[str, Any]) -> Any:
    return block["document"]["data"] if block.get("type") == "document" else block.get("text") or ""


def _is_text_document(block: Any) -> bool:
    """A document that is nothing but a text, and its title, is one in other formats too."""
    data = (block.get("document") or block).get("data") if isinstance(block, dict) else None
    return isinstance(data, dict) and {"snippet"} <= data.keys() <= {"snippet", "title"}


def _document(asked: Asked, document: Any) -> None:
    if _is_text_document(document):
        asked.media("document", hashlib.sha256(document["data"]["snippet"].encode()).hexdigest())
        return
    data = document if isinstance(document, str) else document["data"]
    asked.text("user", data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), ensure_ascii=False))


def _block(asked: Asked, role: str, block: dict[str, Any]) -> None:
    if block.get("type") == "text":
        asked.text(role, block["text"])
    elif block.get("type") == "image_url":
        url = block["image_url"]["url"]
        if url.startswith("data:"):
            url = hashlib.sha256(base64.b64decode("".join(url.partition(",")[2].split()))).hexdigest()
        asked.media("image", url)
