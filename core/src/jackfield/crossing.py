"""What happens to a conversation that moves from one endpoint to another.

The one rule: opaque state goes home or nowhere. What makes no sense without it (thinking, calls that a provider ran
itself) stays behind, and what stays behind is recorded.
"""

from __future__ import annotations

from typing import Any

from .conversation import ChatRequest, NativeTool, Tool
from .errors import UnsupportedFeature
from .messages import Media, Message, Native, Part, ProviderState, ResultPart, Text, Thinking, ToolCall, ToolResult
from .operations import Adjustment

_THINKING = Adjustment("thinking", "dropped", "only the endpoint that thought it takes it back")
_RUN = Adjustment("tool_call", "dropped", "a provider ran the call itself, and this one does not take it back")
_OPTIONS = Adjustment("tools", "options dropped", "they are words of another dialect; this one has its defaults")
_MEDIA_OPTIONS = Adjustment("media.options", "dropped", "they are words of another dialect")
_BARE = frozenset({"role", "parts"})
_WORDS = frozenset({"type", "text"})
_NATIVE = Adjustment("native", "replaced by its text", "only the dialect that it comes from knows the block")


def is_plain(request: ChatRequest) -> bool:
    """Tell whether a conversation says nothing but text, as most do: nothing in it can be foreign or too much."""
    for tool in request.tools or ():
        if type(tool) is not Tool or tool.dialect is not None:
            return False
    for message in request.messages:
        if message.__pydantic_fields_set__ != _BARE and (
            message.name is not None or message.provider_state is not None
        ):
            return False
        for part in message.parts:
            if type(part) is not Text or (not part.__pydantic_fields_set__ <= _WORDS and _says_more(part)):
                return False
    return True


def _says_more(part: Text) -> bool:
    return bool(part.citations) or (part.cache, part.group, part.provider_state) != (None, None, None)


def localize(request: ChatRequest, dialect: str, origin: str) -> tuple[ChatRequest, tuple[Adjustment, ...]]:
    """Leave behind what belongs to another endpoint, and say what was left.

    Raises:
        UnsupportedFeature: a foreign block has no text that could stand for it.
    """
    found: dict[Adjustment, None] = {}
    here = _Here(dialect, origin, found)
    messages: list[Message] = []
    changed = False
    for number, message in enumerate(request.messages):
        parts = [kept for part in message.parts if (kept := here.part(part, message.role, number)) is not None]
        update: dict[str, Any] = {}
        if len(parts) != len(message.parts) or any(
            one is not other for one, other in zip(parts, message.parts, strict=True)
        ):
            update["parts"] = tuple(parts)
        if here.is_elsewhere(message.provider_state):
            update["provider_state"] = None
        if update:
            message, changed = message.model_copy(update=update), True
            if not message.parts:
                continue
        messages.append(message)
    changes: dict[str, Any] = {"messages": tuple(messages)} if changed else {}
    if request.tools and any(_is_foreign_tool(tool, dialect) for tool in request.tools):
        found[_OPTIONS] = None
        changes["tools"] = tuple(
            tool.model_copy(update={"options": {}, "dialect": None}) if _is_foreign_tool(tool, dialect) else tool
            for tool in request.tools
        )
    return (request.model_copy(update=changes) if changes else request), tuple(found)


class _Here:
    """One endpoint, and what was left behind on the way to it."""

    __slots__ = ("_dialect", "_found", "_origin")

    def __init__(self, dialect: str, origin: str, found: dict[Adjustment, None]) -> None:
        self._dialect = dialect
        self._origin = origin
        self._found = found

    def is_elsewhere(self, state: ProviderState | None) -> bool:
        """Tell whether state belongs to another endpoint; a caller's own words in the dialect have no origin yet."""
        return state is not None and (state.dialect != self._dialect or state.origin not in ("", self._origin))

    def part(self, part: Part, role: str, number: int) -> Part | None:
        """Return what is left of a part here; None where nothing is."""
        kind = type(part)
        if kind is Text and part.provider_state is None:
            return part
        if kind is Native:
            return self._native(part, number)  # type: ignore[arg-type]
        if self.is_elsewhere(part.provider_state):
            update: dict[str, Any] = {"provider_state": None}
            if kind is Media and part.options:  # type: ignore[union-attr]
                self._found[_MEDIA_OPTIONS] = None
                update["options"] = {}
            part = part.model_copy(update=update)
        if kind is Thinking:
            return self._unless_lost(part, role == "assistant" and part.provider_state is None, _THINKING)
        if kind is ToolCall:
            is_lost = part.provider_state is None and part.executed_by == "provider"  # type: ignore[union-attr]
            return self._unless_lost(part, is_lost, _RUN)
        if kind is ToolResult:
            is_lost = role == "assistant" and part.provider_state is None
            return self._unless_lost(self._result(part, number), is_lost, _RUN)  # type: ignore[arg-type]
        return part

    def _unless_lost(self, part: Part, is_lost: bool, adjustment: Adjustment) -> Part | None:
        if not is_lost:
            return part
        self._found[adjustment] = None
        return None

    def _native(self, part: Native, number: int) -> Part | None:
        if part.dialect == self._dialect:
            return part.model_copy(update={"provider_state": None}) if self.is_elsewhere(part.provider_state) else part
        if part.text is None:
            raise UnsupportedFeature(
                f"messages[{number}] has a block that only {part.dialect} knows; take it out or give it a text",
                param="messages",
            )
        self._found[_NATIVE] = None
        return Text(text=part.text) if part.text else None

    def _result(self, result: ToolResult, number: int) -> ToolResult:
        parts: list[ResultPart] = []
        same = True
        for inner in result.parts:
            kept = self.part(inner, "tool", number)
            same = same and kept is inner
            if kept is not None:
                parts.append(kept)  # type: ignore[arg-type]
        return result if same else result.model_copy(update={"parts": tuple(parts)})


def _is_foreign_tool(tool: Any, dialect: str) -> bool:
    return type(tool) is not NativeTool and tool.dialect not in (None, dialect) and bool(tool.options)
