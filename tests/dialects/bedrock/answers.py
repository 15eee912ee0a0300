"""Answers of every form that the format can carry, made by hypothesis, and the form in which two of them compare."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatResponse,
    Choice,
    Citation,
    Data,
    Delta,
    Media,
    Message,
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
from tests.dialects.bedrock.requests import NOTE, WEB, objects, state, words

said = st.text(min_size=1, max_size=20)
_blobs = st.binary(min_size=1, max_size=9).map(lambda data: base64.b64encode(data).decode())
_notes = st.lists(
    st.sampled_from(
        [Citation(title="t", text="a", raw=NOTE), Citation(url="https://example.com/a", raw=WEB)]
    ), max_size=2,
).map(tuple)  # fmt: skip
_searched = ToolCall(
    id="t_1", name="nova_grounding", arguments='{"query":"x"}', kind="web_search", executed_by="provider",
    provider_state=state(type="server_tool_use"),
)  # fmt: skip
_found = ToolResult(
    call_id="t_1", name="nova_grounding", parts=(Data(value=[{"text": "[HIDDEN]"}]),),
    provider_state=state(type="nova_grounding_result", status="success"),
)  # fmt: skip
_failed = ToolResult(
    call_id="t_2", parts=(Data(value=[{"json": {"a": 1}}]),), is_error=True, provider_state=state(status="error")
)
_image = Media(kind="image", source=Bytes(data=b"png"), mime="image/png", provider_state=state())
_parts = st.one_of(
    st.builds(Text, text=said, citations=_notes),
    st.builds(Thinking, text=said, provider_state=said.map(lambda text: state(signature=text)) | st.just(state())),
    st.builds(Thinking, kind=st.just("redacted"), provider_state=_blobs.map(lambda text: state(data=text))),
    st.sampled_from([_searched, _found, _failed, _image]),
)
_calls = st.builds(ToolCall, id=words, name=words, arguments=objects.map(lambda value: to_json(value).decode()))
_counts = st.fixed_dictionaries(
    {"input": st.integers(2000, 10**6), "output": st.integers(0, 10**6)},
    optional={
        "input.cache_read": st.integers(0, 1000),
        "input.cache_write": st.integers(0, 1000),
        "input.cache_write.5m": st.integers(0, 500),
        "input.cache_write.1h": st.integers(0, 500),
    },
)
_METRICS = {"metrics": {"latencyMs": 3}}
_GUARD = {"guardrail": {"actionReason": "No action."}}
_ENDINGS: list[tuple[Any, str, Any, dict[str, Any]]] = [
    ("stop", "end_turn", None, _METRICS),
    ("length", "max_tokens", None, {**_METRICS, "performanceConfig": {"latency": "optimized"}}),
    ("context", "model_context_window_exceeded", None, _METRICS),
    ("stop_sequence", "stop_sequence", "END", {**_METRICS, "additionalModelResponseFields": {"stop_sequence": "END"}}),
    ("content_filter", "guardrail_intervened", _GUARD["guardrail"], {**_METRICS, "trace": _GUARD}),
    ("content_filter", "content_filtered", None, _METRICS),
    ("error", "malformed_tool_use", None, _METRICS),
]


@st.composite
def responses(draw: st.DrawFn) -> ChatResponse:
    """Draw an answer."""
    parts = draw(st.lists(_parts, max_size=4))
    reason, raw, detail, beside = draw(st.sampled_from(_ENDINGS))
    calls = draw(st.lists(_calls, max_size=3, unique_by=lambda call: call.id))
    if calls:
        reason, raw, detail, beside = "tool_calls", "tool_use", None, _METRICS
    for call in calls:
        parts.insert(draw(st.integers(0, len(parts))), call)
    choice = Choice(
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=reason,
        raw_finish_reason=raw,
        finish_detail=detail,
        provider_state=state(**beside),
    )
    tier = draw(st.sampled_from([None, "flex", "priority"]))
    return ChatResponse(choices=(choice,), usage=Usage(draw(_counts)), service_tier=tier)


def comparable(response: ChatResponse) -> dict[str, Any]:
    """Write an answer by what the format can say, order and boundaries of parts included."""
    choice = response.choices[0]
    return {
        "tier": response.service_tier,
        "usage": dict((response.usage or Usage()).counts),
        "parts": [_part(part) for part in choice.message.parts],
        "finish": (choice.finish_reason, choice.raw_finish_reason, choice.finish_detail),
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
