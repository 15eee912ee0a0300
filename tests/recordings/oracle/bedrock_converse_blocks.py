"""The content blocks of a Converse message, whole or in pieces."""

import base64
import hashlib
from typing import Any

from tests.recordings.oracle.wire import loads
from tests.recordings.oracle.words import choice_words, parsed_arguments

__all__ = ["Blocks"]

_KINDS = {"nova_grounding": "web_search", "nova_code_interpreter": "code"}


class Blocks:
    """The blocks of one message, in the order in which they began."""

    def __init__(self) -> None:
        """Start without blocks."""
        self._blocks: dict[Any, dict[str, Any]] = {}

    def whole(self, index: int, block: dict[str, Any]) -> None:
        """Take a block of a whole answer."""
        reasoning = block.get("reasoningContent") or {}
        cited = block.get("citationsContent") or {}
        known = self._open(index)
        known.update({name: block[name] for name in ("toolUse", "toolResult", "image") if name in block})
        known["text"] = (block.get("text") or "") + "".join(row.get("text") or "" for row in cited.get("content") or [])
        known["citations"] += cited.get("citations") or []
        known["thinking"] = (reasoning.get("reasoningText") or {}).get("text") or ""
        known["signature"] = (reasoning.get("reasoningText") or {}).get("signature") or ""
        known["redacted"] = reasoning.get("redactedContent") or ""

    def start(self, index: int, start: dict[str, Any]) -> None:
        """Begin a block; text and reasoning begin without being announced."""
        known = self._open(index)
        for name in ("toolUse", "toolResult", "image"):
            if name in start:
                known[name] = {**start[name]}

    def grow(self, index: int, delta: dict[str, Any]) -> None:
        """Add a delta to its block."""
        known = self._open(index)
        reasoning = delta.get("reasoningContent") or {}
        known["text"] += delta.get("text") or ""
        known["thinking"] += reasoning.get("text") or ""
        known["signature"] += reasoning.get("signature") or ""
        known["redacted"] += reasoning.get("redactedContent") or ""
        known["pieces"] += (delta.get("toolUse") or {}).get("input") or ""
        known["citations"] += [delta["citation"]] if "citation" in delta else []
        if "toolResult" in delta:
            known["toolResult"]["content"] = [*known["toolResult"].get("content", []), *delta["toolResult"]]
        known.setdefault("image", {}).update(delta.get("image") or {})

    def _open(self, index: int) -> dict[str, Any]:
        empty = {"text": "", "thinking": "", "signature": "", "redacted": "", "pieces": "", "citations": []}
        return self._blocks.setdefault(index, empty)

    def result(self) -> dict[str, Any]:
        """Return the choice, without what made it finish."""
        words = choice_words()
        for block in self._blocks.values():
            words["citations"] += block["citations"]
            words["states"] += [block[name] for name in ("signature", "redacted") if block[name]]
            if block.get("toolUse"):
                hosted = block["toolUse"].get("type") == "server_tool_use"
                words["provider_calls" if hosted else "tool_calls"].append(_call(block, hosted))
            if block.get("toolResult"):
                words["provider_results"].append(_result(block["toolResult"]))
            if (block.get("image") or {}).get("source"):
                words["media"].append(_image(block["image"]))
        for name in ("text", "thinking"):
            words[name] = "".join(block[name] for block in self._blocks.values()) or None
        return words


def _call(block: dict[str, Any], hosted: bool) -> dict[str, Any]:
    call = block["toolUse"]
    arguments = call.get("input")
    if block["pieces"].strip():
        arguments = parsed_arguments(block["pieces"], loads)
    name = call.get("name")
    return {
        "id": call.get("toolUseId") or None,
        "name": name,
        "arguments": {} if arguments is None else arguments,
        "kind": _KINDS.get(name or "", "native") if hosted else "function",
    }


def _result(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "call_id": result.get("toolUseId"),
        "content": result.get("content"),
        "is_error": result.get("status") == "error",
    }


def _image(image: dict[str, Any]) -> dict[str, Any]:
    found = {"kind": "image", "mime": f"image/{image.get('format')}"}
    source = image["source"]
    if "bytes" in source:
        return {**found, "sha256": hashlib.sha256(base64.b64decode(source["bytes"])).hexdigest()}
    return {**found, "url": (source.get("s3Location") or {}).get("uri")}
