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
    Data,
    Delta,
    Item,
    Message,
    Native,
    PartStarted,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    Usage,
    unroll,
)
from tests.dialects.anthropic.requests import DIALECT, FOUND, NOTE, objects, state, words

said = st.text(min_size=1, max_size=20)
_notes = st.lists(st.just(Citation(text="a", raw=NOTE)), max_size=2).map(tuple)
_compaction = Native(dialect=DIALECT, body={"type": "compaction", "content": "so far"}, text="so far")
_searched = ToolCall(
    id="srvtoolu_1", name="web_search", arguments='{"query":"x"}', kind="web_search", executed_by="provider",
    provider_state=state(type="server_tool_use"),
)  # fmt: skip
_found = ToolResult(
    call_id="srvtoolu_1", name="web_search", parts=(Data(value=[FOUND]),),
    provider_state=state(type="web_search_tool_result"),
)  # fmt: skip
_listed = ToolResult(
    call_id="mcptoolu_1", parts=(Data(value=[{"type": "text", "text": "x"}]),), is_error=True,
    provider_state=state(type="mcp_tool_result", members={"is_error": True}),
)  # fmt: skip
_parts = st.one_of(
    st.builds(Text, text=said, citations=_notes),
    st.builds(Thinking, text=said, provider_state=said.map(lambda text: state(signature=text))),
    st.builds(Thinking, kind=st.just("redacted"), provider_state=said.map(lambda text: state(data=text))),
    st.sampled_from([_searched, _found, _listed, _compaction]),
)
_calls = st.builds(
    ToolCall,
    id=words,
    name=words,
    arguments=objects.map(lambda value: to_json(value).decode()),
)
_counts = st.fixed_dictionaries(
    {"input": st.integers(2000, 10**6), "output": st.integers(0, 10**6)},
    optional={
        "input.cache_read": st.integers(0, 1000),
        "input.cache_write": st.integers(0, 1000),
        "input.cache_write.5m": st.integers(0, 500),
        "output.reasoning": st.integers(0, 100),
    },
)
_others = st.sampled_from([(), (Item(frozenset({"web_search"}), 3, unit="search"),)])
_facts = st.sampled_from([{}, {"speed": "fast", "region": "us"}])
_ENDINGS: list[tuple[Any, str, Any]] = [
    ("stop", "end_turn", None),
    ("length", "max_tokens", None),
    ("context", "model_context_window_exceeded", None),
    ("stop_sequence", "stop_sequence", "END"),
    ("refusal", "refusal", {"type": "refusal", "category": "cyber", "explanation": None}),
    ("pause", "pause_turn", None),
    ("pause", "compaction", None),
]
_BESIDE: list[Any] = [None, {"container": {"id": "c"}}, {"context_management": {"applied_edits": []}}]


@st.composite
def responses(draw: st.DrawFn) -> ChatResponse:
    """Draw an answer."""
    parts = draw(st.lists(_parts, max_size=4))
    reason, raw, detail = draw(st.sampled_from(_ENDINGS))
    calls = draw(st.lists(_calls, max_size=3, unique_by=lambda call: call.id))
    if calls:
        reason, raw, detail = "tool_calls", "tool_use", None
    for call in calls:
        parts.insert(draw(st.integers(0, len(parts))), call)
    beside = draw(st.sampled_from(_BESIDE))
    choice = Choice(
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=reason,
        raw_finish_reason=raw,
        finish_detail=detail,
        provider_state=None if beside is None else state(**beside),
    )
    tier = draw(st.sampled_from([None, "standard", "priority"]))
    facts = {**draw(_facts), **({"tier": tier} if tier else {})}
    return ChatResponse(
        id=draw(said),
        model=draw(said),
        choices=(choice,),
        usage=Usage(draw(_counts), draw(_others), facts),
        service_tier=tier,
    )


def comparable(response: ChatResponse) -> dict[str, Any]:
    """Write an answer by what the format can say, order and boundaries of parts included."""
    usage = response.usage or Usage()
    choice = response.choices[0]
    return {
        "id": response.id,
        "model": response.model,
        "tier": response.service_tier,
        "usage": (dict(usage.counts), usage.others, dict(usage.facts)),
        "parts": [_part(part) for part in choice.message.parts],
        "finish": (choice.finish_reason, choice.raw_finish_reason, choice.finish_detail),
        "state": [None if row.provider_state is None else row.provider_state.data for row in response.choices],
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
