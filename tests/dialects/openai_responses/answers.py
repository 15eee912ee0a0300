"""Answers of every form, made by hypothesis: as the API writes them, and of parts that come from other formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import strategies as st

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatResponse,
    Choice,
    Citation,
    Data,
    Delta,
    LogprobsDelta,
    Media,
    MediaDelta,
    Message,
    Native,
    PartEnded,
    PartStarted,
    ProviderState,
    Refusal,
    RefusalDelta,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    Usage,
    unroll,
)
from tests.dialects.openai.requests import bits, jsons, words
from tests.dialects.openai_responses.items import outputs, said, tokens

HEAD: dict[str, Any] = {
    "object": "response", "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
    "parallel_tool_calls": True, "temperature": None, "top_p": None, "text": {"format": {"type": "text"}},
    "tool_choice": "auto", "tools": [], "truncation": "disabled",
}  # fmt: skip
IMAGES = {
    "input_tokens": 0, "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0, "output_tokens_details": {"image_tokens": 0, "text_tokens": 0}, "total_tokens": 0,
}  # fmt: skip
_ENDINGS: list[dict[str, Any]] = [
    {"status": "completed"},
    {"status": "cancelled"},
    {"status": "queued"},
    {"status": "in_progress"},
    *({"status": "incomplete", "incomplete_details": {"reason": reason}}
      for reason in ("max_output_tokens", "content_filter", "max_messages", "steered")),
]  # fmt: skip
_amounts = st.integers(0, 10**6)


@st.composite
def usages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a usage object."""
    into, out = draw(_amounts), draw(_amounts)
    return {
        "input_tokens": into,
        "input_tokens_details": {"cached_tokens": draw(_amounts), "cache_write_tokens": draw(_amounts)},
        "output_tokens": out,
        "output_tokens_details": {"reasoning_tokens": draw(_amounts)},
        "total_tokens": into + out,
    }


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an answer as the API writes it."""
    rows = outputs(draw, count())
    texts = [row for item in rows if item["type"] == "message" for row in item["content"] if "logprobs" in row]
    if texts:
        texts[-1]["logprobs"] = draw(st.lists(tokens, max_size=3))
    body = {**HEAD, "id": draw(said), "model": draw(said), "created_at": draw(st.integers(1, 2**40)), "output": rows}
    body |= draw(st.sampled_from(_ENDINGS))
    body["usage"] = draw(st.none() | usages())
    if (tier := draw(st.sampled_from([None, "default", "flex"]))) is not None:
        body["service_tier"] = tier
    if body["usage"] and draw(st.booleans()):
        body["tool_usage"] = {"image_gen": IMAGES, "web_search": {"num_requests": 2}}
    return body


_states = st.sampled_from(
    [
        None,
        ProviderState({"signature": "sig"}, "anthropic-messages", "there"),
        ProviderState({"data": "opaque"}, "anthropic-messages", "there"),
        ProviderState({"thoughtSignature": "sig"}, "gemini", "there"),
        ProviderState({"field": "reasoning_content"}, "openai-chat", "there"),
        ProviderState("opaque", "another", "there"),
    ]
)
_note = Citation(url="https://a.example", title="A", start=0, end=1, raw={"type": "web_search_result_location"})
_nested = Citation(url="https://b.example", title="B", raw={"type": "url_citation", "url_citation": {"url": "b"}})
_foreign = st.one_of(
    st.builds(Text, text=said, citations=st.lists(st.sampled_from([_note, _nested]), max_size=2).map(tuple),
              provider_state=_states),
    st.builds(Refusal, text=said),
    st.builds(Thinking, text=said, kind=st.sampled_from(["trace", "summary"]), provider_state=_states),
    st.builds(Thinking, kind=st.just("redacted"), provider_state=_states),
    st.builds(ToolCall, name=words, arguments=st.text(max_size=9), provider_state=_states,
              kind=st.sampled_from(["function", "custom", "computer", "native"])),
    st.builds(ToolCall, name=words, arguments=jsons.map(lambda value: f'{{"query": "{value}"}}') | said,
              kind=st.sampled_from(["web_search", "web_fetch", "code", "file_search", "mcp", "computer", "native"]),
              executed_by=st.just("provider"), provider_state=_states),
    st.builds(Media, kind=st.sampled_from(["image", "audio"]), source=st.builds(Bytes, data=bits),
              transcript=st.none() | said, provider_state=_states),
    st.builds(Native, dialect=st.just("another"), body=st.just({"x": 1}), text=st.just("x")),
)  # fmt: skip
REASONS = (
    "stop", "stop_sequence", "length", "context", "tool_calls", "content_filter", "refusal", "pause", "cancelled",
    "unknown",
)  # fmt: skip


@st.composite
def foreign(draw: st.DrawFn) -> ChatResponse:
    """Draw an answer of another format."""
    parts: list[Any] = []
    for number, part in enumerate(draw(st.lists(_foreign, max_size=5))):
        if isinstance(part, ToolCall):
            part = part.model_copy(update={"id": f"call_{number}"})
        parts.append(part)
        if isinstance(part, ToolCall) and part.executed_by == "provider" and draw(st.booleans()):
            held = draw(st.sampled_from([(), (Text(text="found"),), (Data(value=[{"url": "x"}]),)]))
            parts.append(ToolResult(call_id=part.id, name=part.name, parts=held, provider_state=part.provider_state))
    choice = Choice(
        message=Message(role="assistant", parts=tuple(parts)), finish_reason=draw(st.sampled_from(REASONS)),
        raw_finish_reason=draw(st.sampled_from([None, "end_turn"])),
    )  # fmt: skip
    return ChatResponse(
        id=draw(st.none() | said),
        model=draw(st.none() | said),
        choices=(choice,),
        usage=draw(st.none() | st.builds(Usage, counts=st.just({"input": 3, "output": 4}))),
        service_tier=draw(st.sampled_from([None, "flex"])),
    )


def comparable(response: ChatResponse) -> dict[str, Any]:
    """Write an answer by what the format can say, order and boundaries of parts included."""
    choice = response.choices[0]
    return {
        "id": response.id,
        "model": response.model,
        "created": response.created,
        "tier": response.service_tier,
        "usage": None if response.usage is None else (dict(response.usage.counts), response.usage.others),
        "parts": [_part(part) for part in choice.message.parts],
        "finish": (choice.finish_reason, choice.raw_finish_reason, choice.finish_detail),
        "logprobs": choice.logprobs,
    }


def _part(part: Any) -> Any:
    data = part.provider_state.data if part.provider_state is not None else None
    return part.model_copy(update={"provider_state": None}), data


def pieces(draw: Any, response: ChatResponse) -> Iterator[Delta]:
    """Draw the deltas of an answer in pieces, its calls overlapping what follows them."""
    held: list[Delta] = []
    late: set[int] = set()
    logprobs = [delta for delta in unroll(response) if isinstance(delta, LogprobsDelta)]
    last = max((number for number, part in enumerate(response.message.parts) if type(part) is Text), default=-1)
    for delta in unroll(response):
        if isinstance(delta, PartStarted) and _flows(delta.value) and draw(st.booleans()):
            late.add(delta.part)
        if isinstance(delta, LogprobsDelta):
            continue
        for piece in _cut(draw, delta):
            if getattr(piece, "part", None) in late and not isinstance(piece, PartStarted):
                held.append(piece)
                continue
            if not hasattr(piece, "part") and getattr(piece, "choice", None) is not None:
                yield from held
                held = []
            if isinstance(piece, PartEnded) and piece.part == last:
                yield from logprobs  # as a stream of this format brings them: while the text goes on
            yield piece
    yield from held


def _flows(part: Any) -> bool:
    return type(part) is ToolCall and part.kind in ("function", "custom")


def _cut(draw: Any, delta: Delta) -> Iterator[Delta]:
    match delta:
        case TextDelta() | ThinkingDelta() | RefusalDelta() | ArgumentsDelta():
            cut = draw(st.integers(0, len(delta.text)))
            yield from (replace(delta, text=text) for text in (delta.text[:cut], delta.text[cut:]) if text)
        case MediaDelta():
            cut = draw(st.integers(0, len(delta.data)))
            yield replace(delta, data=delta.data[:cut], transcript="")
            yield replace(delta, data=delta.data[cut:])
        case _:
            yield delta
