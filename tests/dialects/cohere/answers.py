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
    Citation,
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
from tests.dialects.cohere.requests import NOTE, objects, state, words

said = st.text(min_size=1, max_size=20)
_cited = Citation(start=0, end=1, title="t", text="s", raw=NOTE)
_notes = st.lists(st.just(_cited), max_size=2).map(tuple)
_texts = st.builds(Text, text=said, citations=_notes)
_thoughts = st.builds(Thinking, text=said, provider_state=st.just(state(field="thinking")))
_plans = st.builds(Thinking, text=said, group=st.just("tool_plan"), provider_state=st.just(state(field="tool_plan")))
_calls = st.builds(ToolCall, id=words, name=words, arguments=objects.map(lambda value: to_json(value).decode()))
_counts = st.fixed_dictionaries(
    {"input": st.integers(2000, 10**6), "output": st.integers(200, 10**6)},
    optional={"input.image": st.integers(0, 1000), "output.reasoning": st.integers(0, 100)},
)
_ENDINGS: list[tuple[Any, str]] = [
    ("stop", "COMPLETE"),
    ("length", "MAX_TOKENS"),
    ("stop_sequence", "STOP_SEQUENCE"),
    ("content_filter", "ERROR_TOXIC"),
    ("error", "ERROR"),
    ("error", "TIMEOUT"),
]
_rows = st.lists(
    st.fixed_dictionaries({"token": said, "logprob": st.floats(-9, 0)}, optional={"token_id": st.integers(0, 9)}),
    min_size=1,
    max_size=3,
)


@st.composite
def responses(draw: st.DrawFn) -> ChatResponse:
    """Draw an answer: thinking and text, then the plan of the calls, then the calls, as the format has them."""
    texts = draw(st.lists(_texts, max_size=1))
    parts: list[Any] = [*draw(st.lists(_thoughts, max_size=2)), *texts]
    reason, raw = draw(st.sampled_from(_ENDINGS))
    if calls := draw(st.lists(_calls, max_size=3, unique_by=lambda call: call.id)):
        reason, raw = "tool_calls", "TOOL_CALL"
        parts += [*draw(st.lists(_plans, max_size=1)), *calls]
    rows = draw(st.none() | _rows)
    choice = Choice(
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=reason,
        raw_finish_reason=raw,
        logprobs=None if rows is None else {"content": rows},
    )
    return ChatResponse(id=draw(said), choices=(choice,), usage=Usage(draw(_counts)))


def comparable(response: ChatResponse) -> dict[str, Any]:
    """Write an answer by what the format can say, order and boundaries of parts included."""
    choice = response.choices[0]
    return {
        "id": response.id,
        "usage": dict((response.usage or Usage()).counts),
        "parts": [_part(part) for part in choice.message.parts],
        "finish": (choice.finish_reason, choice.raw_finish_reason),
        "logprobs": choice.logprobs,
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
