"""What a request of Ollama's native chat format asks, in the words of `asked`."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tests.recordings.oracle.asked import Asked

__all__ = ["ollama_chat"]


def ollama_chat(body: dict[str, Any], url: str) -> Asked:
    """Read a request; images stand beside the text, results name the tool, and older servers know no ids."""
    asked = Asked()
    for message in body.get("messages") or []:
        role, content = message["role"], message.get("content")
        if role == "tool":
            asked.result(message.get("tool_call_id"), [content or ""])
        else:
            asked.text(role, content)
        for image in message.get("images") or []:
            asked.media("image", hashlib.sha256(base64.b64decode(image)).hexdigest())
        for call in message.get("tool_calls") or []:
            asked.call(call.get("id") or None, call["function"]["name"], call["function"].get("arguments") or {})
    for tool in body.get("tools") or []:
        asked.tool(tool["function"]["name"], tool["function"].get("parameters"))
    return asked
