"""The content blocks of an Anthropic message, whole or in pieces."""

from typing import Any

from tests.recordings.oracle.wire import loads
from tests.recordings.oracle.words import choice_words, parsed_arguments

__all__ = ["Blocks"]

_KINDS = {
    "web_search": "web_search",
    "web_fetch": "web_fetch",
    "code_execution": "code",
    "bash_code_execution": "code",
    "text_editor_code_execution": "code",
}
#: Where the pieces of a delta are collected: delta type -> (its member, the block's member).
_GROWING = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "partial_json"),
}


class Blocks:
    """The blocks of one message, in the order in which they began."""

    def __init__(self) -> None:
        """Start without blocks."""
        self._blocks: dict[Any, dict[str, Any]] = {}

    def start(self, index: Any, block: dict[str, Any]) -> None:
        """Add a block, which deltas may make longer."""
        self._blocks[index] = {**block, "citations": list(block.get("citations") or [])}

    def grow(self, index: Any, delta: dict[str, Any]) -> None:
        """Add a delta to its block; kinds of deltas that carry nothing known are passed over."""
        block = self._blocks.get(index)
        if block is None:
            return
        if delta.get("type") == "citations_delta":
            block["citations"].append(delta.get("citation"))
        elif delta.get("type") in _GROWING:
            source, target = _GROWING[delta["type"]]
            block[target] = (block.get(target) or "") + (delta.get(source) or "")

    def result(self) -> dict[str, Any]:
        """Return the choice, without what made it finish."""
        words = choice_words()
        text, thinking = "", ""
        for block in self._blocks.values():
            kind = block.get("type") or ""
            if kind == "text":
                text += block.get("text") or ""
                words["citations"] += block["citations"]
            elif kind == "thinking":
                thinking += block.get("thinking") or ""
                words["states"] += [block["signature"]] if block.get("signature") else []
            elif kind == "redacted_thinking":
                words["states"] += [block["data"]] if block.get("data") else []
            elif kind == "tool_use":
                words["tool_calls"].append(_call(block, "function"))
            elif kind in ("server_tool_use", "mcp_tool_use"):
                named = _KINDS.get(block.get("name") or "", "native")
                words["provider_calls"].append(_call(block, "mcp" if kind == "mcp_tool_use" else named))
            elif kind.endswith("_tool_result"):
                words["provider_results"].append(_result(block))
        words["text"], words["thinking"] = text or None, thinking or None
        return words


def _call(block: dict[str, Any], kind: str) -> dict[str, Any]:
    arguments = block.get("input")
    pieces = block.get("partial_json") or ""
    if pieces.strip():
        arguments = parsed_arguments(pieces, loads)
    return {
        "id": block.get("id") or None,
        "name": block.get("name"),
        "arguments": {} if arguments is None else arguments,
        "kind": kind,
    }


def _result(block: dict[str, Any]) -> dict[str, Any]:
    content = block.get("content")
    kind = content.get("type") if isinstance(content, dict) else None
    failed = bool(block.get("is_error")) or str(kind or "").endswith("_error")
    return {"call_id": block.get("tool_use_id"), "content": content, "is_error": failed}
