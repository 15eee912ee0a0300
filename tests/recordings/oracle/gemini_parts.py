"""The parts of a candidate: what is said and thought, calls on both sides, media, and the signatures beside them."""

import base64
import hashlib
from typing import Any

__all__ = ["Parts"]

#: tools that the provider runs and names by a type
_KINDS = {
    "FILE_SEARCH": "file_search",
    "GOOGLE_SEARCH_WEB": "web_search",
    "GOOGLE_SEARCH_IMAGE": "web_search",
    "URL_CONTEXT": "web_fetch",
}
_FAILED = {"OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED", 2, 3}
_MEDIA = ("image", "audio", "video")


class Parts:
    """Collects the parts of one candidate, in order."""

    def __init__(self) -> None:
        """Start without parts."""
        self.said: list[str] = []
        self.thought: list[str] = []
        self.tool_calls: list[dict[str, Any]] = []
        self.provider_calls: list[dict[str, Any]] = []
        self.provider_results: list[dict[str, Any]] = []
        self.states: list[str] = []
        self.media: list[dict[str, Any]] = []

    def feed(self, part: dict[str, Any]) -> None:
        """Add one part; it may hold a signature beside its one kind of content."""
        if part.get("thoughtSignature"):
            self.states.append(part["thoughtSignature"])
        if part.get("text"):
            (self.thought if part.get("thought") else self.said).append(part["text"])
        if "functionCall" in part:
            call = part["functionCall"]
            self.tool_calls.append(_call(call.get("id"), call.get("name"), call.get("args") or {}, "function"))
        if "executableCode" in part:
            code = {key: value for key, value in part["executableCode"].items() if key != "id"}
            self.provider_calls.append(_call(part["executableCode"].get("id"), "code_execution", code, "code"))
        if "toolCall" in part:
            self._hosted(part["toolCall"])
        for key in ("codeExecutionResult", "toolResponse"):
            if key in part:
                result = part[key]
                failed = result.get("outcome") in _FAILED
                self.provider_results.append({"call_id": result.get("id"), "content": result, "is_error": failed})
        for key in ("inlineData", "fileData"):
            if key in part:
                self.media.append(_medium(part[key]))

    def _hosted(self, call: dict[str, Any]) -> None:
        # the answer names the type of the tool and nothing else
        named = call.get("toolType") or ""
        kind = _KINDS.get(named, "native")
        self.provider_calls.append(_call(call.get("id"), named.lower() or None, call.get("args") or {}, kind))

    def result(self) -> dict[str, Any]:
        """Return what was collected."""
        return {
            "text": "".join(self.said) or None,
            "thinking": "".join(self.thought) or None,
            "tool_calls": self.tool_calls,
            "provider_calls": self.provider_calls,
            "provider_results": self.provider_results,
            "states": self.states,
            "media": self.media,
        }


def _call(identity: str | None, name: str | None, arguments: Any, kind: str) -> dict[str, Any]:
    return {"id": identity or None, "name": name, "arguments": arguments, "kind": kind}


def _medium(data: dict[str, Any]) -> dict[str, Any]:
    mime = data.get("mimeType") or None
    family = (mime or "").partition("/")[0]
    kind = family if family in _MEDIA else "document"
    if "fileUri" in data:
        return {"kind": kind, "mime": mime, "url": data["fileUri"]}
    content = base64.b64decode(data.get("data") or "")
    return {"kind": kind, "mime": mime, "sha256": hashlib.sha256(content).hexdigest()}
