"""The parts of a message that take more than joining: content lists, tool calls in pieces, audio."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.recordings.oracle.wire import loads

__all__ = ["Calls", "joined_audio", "split_content"]


def split_content(content: Any) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) for each piece of a content string or list; kind is text, thinking or refusal."""
    for part in [content] if isinstance(content, str) else content or []:
        if isinstance(part, str):
            yield "text", part
        elif part.get("type") == "thinking":
            inner = part.get("thinking")
            for _, text in split_content(inner):
                yield "thinking", text
        elif part.get("type") == "refusal":
            yield "refusal", part.get("refusal") or ""
        elif isinstance(part.get("text"), str):
            yield "text", part["text"]


def joined_audio(pieces: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Put the audio of an answer together, or return None where the object is there but says nothing."""
    data = [piece["data"] for piece in pieces if piece.get("data")]
    transcript = "".join(piece.get("transcript") or "" for piece in pieces)
    audio = {
        "id": next((piece["id"] for piece in pieces if piece.get("id")), None),
        # decoded one by one, since a piece may end in padding
        "data_b64": base64.b64encode(b"".join(base64.b64decode(item) for item in data)).decode() if data else None,
        "transcript": transcript or None,
        "expires_at": next((piece["expires_at"] for piece in reversed(pieces) if piece.get("expires_at")), None),
    }
    return audio if any(value is not None for value in audio.values()) else None


class _Call:
    def __init__(self) -> None:
        self.id: str | None = None
        self.name: str | None = None
        self.custom = False
        self.text = ""
        self.value: Any = None

    def complete(self) -> bool:
        return self.value is not None or isinstance(loads(self.text), dict)

    def empty(self) -> bool:
        return not self.text and self.value is None

    def add(self, identity: str | None, body: dict[str, Any]) -> None:
        self.id = self.id or identity
        self.name = self.name or body.get("name") or None
        arguments = body.get("input") if self.custom else body.get("arguments")
        if isinstance(arguments, str):
            self.text += arguments
        elif arguments is not None:
            self.value = arguments

    def result(self) -> dict[str, Any]:
        arguments: Any = self.value if self.value is not None else self.text
        if not self.custom and isinstance(arguments, str):
            arguments = _parsed(arguments)
        kind = "custom" if self.custom else "function"
        return {"id": self.id, "name": self.name, "arguments": arguments, "kind": kind}


class Calls:
    """The tool calls of one choice."""

    def __init__(self) -> None:
        """Start without calls."""
        self._calls: list[_Call] = []
        self._slots: dict[int, _Call] = {}
        self._legacy: _Call | None = None

    def feed(self, raw: dict[str, Any], *, streamed: bool) -> None:
        """Add one entry of ``tool_calls``, which in a stream may continue a call."""
        identity = raw.get("id") or None
        custom = raw.get("type") == "custom" or (raw.get("custom") is not None and raw.get("function") is None)
        body = (raw.get("custom") if custom else raw.get("function")) or {}
        index = raw.get("index")
        call = self._continued(index, identity, body) if streamed else None
        if call is None:
            call = _Call()
            self._calls.append(call)
        if index is not None:
            self._slots[index] = call
        call.custom = call.custom or custom
        # pieces of a custom call need not repeat the type
        call.add(identity, (raw.get("custom") or {}) if call.custom else body)

    def feed_legacy(self, body: dict[str, Any]) -> None:
        """Add the whole or a piece of a ``function_call``."""
        if self._legacy is None:
            self._legacy = _Call()
            self._calls.append(self._legacy)
        self._legacy.add(None, body)

    def _continued(self, index: int | None, identity: str | None, body: dict[str, Any]) -> _Call | None:
        if index is not None:
            call = self._slots.get(index)
        elif identity is not None:
            return next((call for call in self._calls if call.id == identity), None)
        else:
            call = self._calls[-1] if self._calls else None
        if call is None or (identity is not None and identity == call.id):
            return call
        if identity is not None and call.id is not None:
            # some hosts send index 0 for every call
            return None if call.complete() or call.empty() else call
        name = body.get("name")
        if name and call.complete() and (name != call.name or body.get("arguments")):
            return None
        return call

    def result(self) -> list[dict[str, Any]]:
        """Return the calls in order; snowflake fills the members it does not use with empty ones."""
        return [call.result() for call in self._calls if call.name or call.id or not call.empty()]


def _parsed(text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text
