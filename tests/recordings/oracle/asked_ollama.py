"""What a request in Ollama's chat format asks, in the words of `asked`."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tests.recordings.oracle.asked import Asked

__all__ = ["ollama_chat"]


def ollama_chat(body: dict[str, Any], url: str) -> Asked:
    """Read a request; a message is one text, in which those of other formats stand one after the other."""
    asked = Asked()
    for message in body.get("messages") or []:
        content = message.get("content") or ""
        if message["role"] == "tool":
            asked.result(message.get("tool_call_id"), [content])
            continue
        asked.text(message["role"], content)
        for image in message.get("images") or []:
            asked.media("image", hashlib.sha256(base64.b64decode(image)).hexdigest())
        for call in message.get("tool_calls") or []:
            asked.call(call.get("id"), call["function"]["name"], call["function"].get("arguments"))
    for tool in body.get("tools") or []:
        if "function" in tool:
            asked.tool(tool["function"]["name"], tool["function"].get("parameters"))
    return asked
