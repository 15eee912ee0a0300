"""Fits the members of messages, parts and tools: what a format has no word for is left out and recorded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .conversation import ChatRequest, Tool
from .limits import Limit
from .messages import Media, Message, Part, Text, ToolCall, ToolResult, Value
from .operations import Adjustment

if TYPE_CHECKING:
    from .catalog import ModelInfo

V = TypeVar("V", bound=Value)
_NOT_TAKEN: Final = "the model does not take it"
#: What a part is called in the limits, beside `part` for all of them.
_OWNERS: Final[Mapping[type, str]] = {
    Text: "text", Media: "media", ToolCall: "tool_call", ToolResult: "tool_result",
}  # fmt: skip
_IN_MESSAGES: Final = frozenset({"message", "part", *_OWNERS.values()})
_LONGEST = 24


def fit_members(request: ChatRequest, model: ModelInfo, adjustments: list[Adjustment]) -> ChatRequest:
    """Leave out the members of parameters and tools that a model does not take, and record them."""
    untaken = model.untaken
    changes: dict[str, Any] = {}
    left: dict[str, None] = {}
    for owner in untaken.keys() & request.model_fields_set:
        if isinstance(value := getattr(request, owner), Value):
            changes[owner] = _without(value, untaken[owner], owner, left)
    members = untaken.get("tool", ())
    for number, tool in enumerate(request.tools or ()) if members else ():
        if type(tool) is Tool and (tool.strict or tool.cache or tool.options):
            changes.setdefault("tools", list(request.tools or ()))[number] = _without(tool, members, "tool", left)
    if not left:
        return request
    adjustments += [Adjustment(name, "dropped", _NOT_TAKEN) for name in left]
    if "tools" in changes:
        changes["tools"] = tuple(changes["tools"])
    return request.model_copy(update=changes)


def fit_messages(request: ChatRequest, model: ModelInfo) -> tuple[ChatRequest, tuple[Adjustment, ...]]:
    """Leave out the members of messages and parts that a model does not take, rewrite call ids; tell both."""
    untaken = model.untaken
    ids = _Ids(limit) if (limit := model.limits.get("call_id")) is not None else None
    if ids is None and _IN_MESSAGES.isdisjoint(untaken):
        return request, ()
    left: dict[str, None] = {}
    messages = tuple([_message(message, untaken, ids, left) for message in request.messages])
    adjustments = [Adjustment(name, "dropped", _NOT_TAKEN) for name in left]
    if ids is not None and ids.rewritten:
        adjustments.append(Adjustment("call_id", "rewritten", f"the model takes ids of the form {ids.form}"))
    if all(one is other for one, other in zip(messages, request.messages, strict=True)):
        return request, ()
    return request.model_copy(update={"messages": messages}), tuple(adjustments)


def _without(value: V, members: Sequence[str], owner: str, left: dict[str, None]) -> V:
    """Return a value without some of its members."""
    update: dict[str, Any] = {}
    for name in members:
        if getattr(value, name, None):
            left[f"{owner}.{name}"] = None
            update[name] = type(value).model_fields[name].get_default(call_default_factory=True)
    return value.model_copy(update=update) if update else value


def _message(
    message: Message, untaken: Mapping[str, Sequence[str]], ids: _Ids | None, left: dict[str, None]
) -> Message:
    parts = tuple(_part(part, untaken, ids, left) for part in message.parts)
    if any(one is not other for one, other in zip(parts, message.parts, strict=True)):
        message = message.model_copy(update={"parts": parts})
    return _without(message, untaken.get("message", ()), "message", left)


def _part(part: Part, untaken: Mapping[str, Sequence[str]], ids: _Ids | None, left: dict[str, None]) -> Part:
    owner = _OWNERS.get(type(part))
    if owner is not None and (members := untaken.get(owner)):
        if type(part) is ToolResult and part.name is not None and "name" in members:
            # the call has the name too: nothing is lost that would have to be told; without an id it is all there is
            members = [name for name in members if name != "name"]
            part = part if part.call_id is None else part.model_copy(update={"name": None})
        part = _without(part, members, owner, left)
    if members := untaken.get("part"):
        part = _without(part, members, "part", left)
    if ids is not None:
        if type(part) is ToolCall and part.id is not None and (new := ids.fit(part.id)) != part.id:
            return part.model_copy(update={"id": new})
        if type(part) is ToolResult and part.call_id is not None and (new := ids.fit(part.call_id)) != part.call_id:
            return part.model_copy(update={"call_id": new})
    return part


class _Ids:
    """Fits the ids of calls and of their results: the same id becomes the same again, every time."""

    def __init__(self, limit: Limit) -> None:
        self._pattern = re.compile(limit.pattern or ".*", re.DOTALL)
        self._low, self._high = limit.length or (1, 1 << 20)
        lengths = f"{self._low} to {self._high}" if self._low != self._high else f"{self._low}"
        self.form = f"{limit.pattern}, {lengths} characters" if limit.length else str(limit.pattern)
        self.rewritten = False

    def fit(self, call_id: str) -> str:
        """Return the id itself where the model takes it, else one that is derived from it."""
        if self._low <= len(call_id) <= self._high and self._pattern.fullmatch(call_id):
            return call_id
        self.rewritten = True
        return hashlib.sha256(call_id.encode()).hexdigest()[: max(self._low, min(self._high, _LONGEST))]
