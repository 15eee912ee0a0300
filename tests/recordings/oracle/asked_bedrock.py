"""What a Converse request asks, in the words of `asked`."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tests.recordings.oracle.asked import Asked

__all__ = ["bedrock_converse"]

_HOSTED = {"nova_grounding": "web_search", "nova_code_interpreter": "code"}


def bedrock_converse(body: dict[str, Any], url: str) -> Asked:
    """Read a Converse request."""
    asked = Asked()
    for block in body.get("system") or []:
        asked.text("system", block.get("text"))
    for message in body.get("messages") or []:
        for block in message.get("content") or []:
            _block(asked, message["role"], block)
    for tool in (body.get("toolConfig") or {}).get("tools") or []:
        if "toolSpec" in tool:
            asked.tool(tool["toolSpec"]["name"], (tool["toolSpec"].get("inputSchema") or {}).get("json"))
        elif (name := (tool.get("systemTool") or {}).get("name")) in _HOSTED:
            asked.hosted.add(_HOSTED[name])
    return asked


def _block(asked: Asked, role: str, block: dict[str, Any]) -> None:
    asked.text(role, block.get("text"))
    for row in (block.get("citationsContent") or {}).get("content") or []:
        asked.text(role, row.get("text"))
    for kind in ("image", "document", "video", "audio"):
        if kind in block:
            _media(asked, kind, block[kind].get("source") or {})
    call, result = block.get("toolUse"), block.get("toolResult")
    if call is not None and call.get("type") != "server_tool_use":
        asked.call(call.get("toolUseId"), call["name"], call.get("input"))
    if result is not None and not str(result.get("type") or "").startswith("nova_"):
        rows = result.get("content") or []
        said = [row["text"] if "text" in row else row["json"] for row in rows if row.keys() & {"text", "json"}]
        asked.result(result.get("toolUseId"), said)
        for row in rows:
            if not row.keys() & {"text", "json"}:
                _block(asked, "tool", row)


def _media(asked: Asked, kind: str, source: dict[str, Any]) -> None:
    if "bytes" in source:
        asked.media(kind, hashlib.sha256(base64.b64decode(source["bytes"])).hexdigest())
    elif "text" in source:
        asked.media(kind, hashlib.sha256(source["text"].encode()).hexdigest())
    elif "content" in source:
        for row in source["content"]:
            asked.text("user", row.get("text"))
    else:
        asked.media(kind, (source.get("s3Location") or {}).get("uri") or "")
