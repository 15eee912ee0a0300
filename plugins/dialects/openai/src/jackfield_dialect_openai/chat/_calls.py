"""Tool calls: the ids of those that came without one; in a stream what came of each, and when a row begins another."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from jackfield import ChatRequest, derive_id


class Call:
    """A tool call that is being streamed. Until its name has come, it has no part and its arguments are held."""

    __slots__ = ("custom", "id", "name", "part", "text")

    def __init__(self, part: int | None, call_id: str | None, name: str, custom: bool) -> None:
        self.part = part
        self.id = call_id
        self.name = name
        self.custom = custom
        self.text = ""

    def is_whole(self) -> bool:
        """Tell whether the arguments are a JSON object by now."""
        try:
            return isinstance(from_json(self.text), dict)
        except ValueError:
            return False


def is_new(call: Call, call_id: str | None, name: str | None, body: dict[str, Any]) -> bool:
    """Tell whether a row that came on the slot of a call opens another: some hosts send index 0 for every call."""
    if call.part is None:
        return None not in (call_id, call.id) and call_id != call.id
    if call_id is not None:
        return call.id is not None and call_id != call.id and (not call.text or call.is_whole())
    return name is not None and call.is_whole() and (name != call.name or bool(body.get("arguments")))


def mint(request: ChatRequest, choice: int, number: int | str) -> str:
    """Return an id for a call that came without one: the same for the same request and place, stream or not."""
    seed = [(message.role, message.text) for message in request.messages]
    return derive_id("call_", seed, f"{choice}.{number}")
