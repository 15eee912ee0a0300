"""What is answered, as llm's events: text, reasoning and calls as they come, then usage, cost and opaque state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import llm
from llm.parts import StreamEvent

from jackfield import (
    ArgumentsDelta,
    ChatResponse,
    Delta,
    Part,
    PartStarted,
    Refusal,
    RefusalDelta,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    unroll,
)

from ._messages import packed


class Events:
    """The events of one answer. llm is told of the first choice; the parts have the same numbers in both."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._calls: dict[int, str | None] = {}

    def of(self, delta: Delta) -> Iterator[StreamEvent]:
        """Give the events of one delta."""
        match delta:
            case TextDelta(choice=0, part=part, text=text) | RefusalDelta(choice=0, part=part, text=text):
                yield StreamEvent("text", text, part_index=part)
            case ThinkingDelta(choice=0, part=part, text=text):
                yield StreamEvent("reasoning", text, part_index=part)
            case PartStarted(choice=0, part=part, value=ToolCall(executed_by="caller") as call):
                self._calls[part] = call.id
                yield StreamEvent("tool_call_name", call.name, part_index=part, tool_call_id=call.id)
            case ArgumentsDelta(choice=0, part=part) if part in self._calls:
                yield StreamEvent("tool_call_args", delta.text, part_index=part, tool_call_id=self._calls[part])
            case _:
                pass

    def whole(self, answer: ChatResponse) -> Iterator[StreamEvent]:
        """Give all events of a whole answer."""
        for delta in unroll(answer):
            yield from self.of(delta)
        yield from self.end(answer)

    def end(self, answer: ChatResponse) -> Iterator[StreamEvent]:
        """Tell llm of calls, usage, cost and model; give the events that carry what must go back as it came.

        Raises:
            llm.ModelError: the arguments of a call are no JSON object.
        """
        for number, part in enumerate(answer.message.parts):
            kind = _kind(part)
            if part.provider_state is not None or part.group is not None or kind is None:
                call_id = part.id if isinstance(part, ToolCall) else None
                yield StreamEvent(
                    kind or "reasoning", "", part_index=number, tool_call_id=call_id, provider_metadata=packed(part)
                )
        for call in answer.tool_calls:
            self._response.add_tool_call(llm.ToolCall(call.name, _arguments(call), call.id))
        if (usage := answer.usage) is not None:
            details: dict[str, Any] = {name: count for name, count in usage.counts.items() if "." in name}
            if answer.cost is not None and answer.cost.total is not None:
                details |= {"cost": str(answer.cost), "cost_status": answer.cost.status}
            self._response.set_usage(input=usage.input_tokens, output=usage.output_tokens, details=details or None)
        if answer.model:
            self._response.set_resolved_model(answer.model)


def _kind(part: Part) -> str | None:
    """Return the kind of event that a part is in llm; None where it has none, and travels as opaque reasoning."""
    match part:
        case Text() | Refusal():
            return "text"
        case Thinking():
            return "reasoning"
        case ToolCall(executed_by="caller"):
            return "tool_call_args"
        case _:
            return None


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        found = call.parsed_arguments()
    except ValueError as error:
        raise llm.ModelError(f"the model called {call.name} with what is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise llm.ModelError(f"the model called {call.name} with {type(found).__name__}, where an object is needed")
    return found
