"""Answers of every form that the format can carry, made by hypothesis, and the form in which two of them compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
    ChatResponse,
    Choice,
    Delta,
    Message,
    PartStarted,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    Usage,
    unroll,
)
from tests.dialects.ollama.requests import objects, state, words

said = st.text(min_size=1, max_size=20)
_thoughts = st.builds(Thinking, text=said, provider_state=st.just(state(field="thinking")))
_texts = st.builds(Text, text=said)
_calls = st.builds(ToolCall, id=words, name=words, arguments=objects.map(lambda value: to_json(value).decode()))
_counts = st.fixed_dictionaries({}, optional={"input": st.integers(0, 10**6), "output": st.integers(0, 10**6)})
_rows = st.lists(
    st.fixed_dictionaries({"token": said, "logprob": st.floats(-9, 0)}, optional={"bytes": st.just([1])}),
    min_size=1,
    max_size=3,
)
_measured = st.sampled_from([None, {"total_duration": 3, "eval_duration": 2}])


@st.composite
def responses(draw: st.DrawFn) -> ChatResponse:
    """Draw an answer: thinking, then a text, then calls, as the format has them."""
    parts: list[Any] = [*draw(st.lists(_thoughts, max_size=1)), *draw(st.lists(_texts, max_size=1))]
    raw: str = draw(st.sampled_from(["stop", "length"]))
    reason: Any = raw
    if calls := draw(st.lists(_calls, max_size=3, unique_by=lambda call: call.id)):
        reason, raw = "tool_calls", "stop"
        parts += calls
    rows, measured = draw(st.none() | _rows), draw(_measured)
    choice = Choice(
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=reason,
        raw_finish_reason=raw,
        logprobs=None if rows is None else {"content": rows},
        provider_state=None if measured is None else state(**measured),
    )
    created = draw(st.integers(10**9, 2 * 10**9))
    return ChatResponse(model=draw(said), created=created, choices=(choice,), usage=Usage(draw(_counts)))


def comparable(response: ChatResponse) -> dict[str, Any]:
    """Write an answer by what the format can say; calls are whole in it, so their arguments compare as they are."""
    choice = response.choices[0]
    return {
        "model": response.model,
        "created": response.created,
        "usage": dict((response.usage or Usage()).counts),
        "parts": [_part(part) for part in choice.message.parts],
        "finish": (choice.finish_reason, choice.raw_finish_reason),
        "logprobs": choice.logprobs,
        "state": None if choice.provider_state is None else choice.provider_state.data,
    }


def _part(part: Any) -> Any:
    data = part.provider_state.data if part.provider_state is not None else None
    return part.model_copy(update={"provider_state": None}), data


def pieces(draw: Any, response: ChatResponse) -> Iterator[Delta]:
    """Draw the deltas of an answer in pieces, its tool calls overlapping as other formats stream them."""
    held: list[Delta] = []
    late: set[int] = set()
    for delta in unroll(response):
        if isinstance(delta, PartStarted) and type(delta.value) is ToolCall and draw(st.booleans()):
            late.add(delta.part)
        for piece in _cut(draw, delta):
            if getattr(piece, "part", None) in late and not isinstance(piece, PartStarted):
                held.append(piece)
                continue
            if not hasattr(piece, "part") and held and getattr(piece, "choice", None) is not None:
                yield from held
                held = []
            yield piece
    yield from held


def _cut(draw: Any, delta: Delta) -> Iterator[Delta]:
    match delta:
        case TextDelta() | ThinkingDelta() | ArgumentsDelta():
            cut = draw(st.integers(0, len(delta.text)))
            yield from (replace(delta, text=text) for text in (delta.text[:cut], delta.text[cut:]) if text)
        case _:
            yield delta
