"""Answers of every form that the format can carry, made by hypothesis, and the form in which two of them compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatResponse,
    Choice,
    Citation,
    Delta,
    Media,
    MediaDelta,
    Message,
    Refusal,
    RefusalDelta,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    Usage,
    unroll,
)
from tests.dialects.openai.requests import bits, jsons, numbers, words

said = st.text(min_size=1, max_size=20)
_places = st.integers(0, 100)
_notes = st.builds(Citation, url=said, title=said, start=_places, end=_places)
_tokens = st.fixed_dictionaries(
    {"token": said, "logprob": numbers, "bytes": st.lists(st.integers(0, 255), max_size=3), "top_logprobs": st.just([])}
)
_logprobs = st.none() | st.fixed_dictionaries({"content": st.lists(_tokens, min_size=1, max_size=3)})
_counts = st.fixed_dictionaries(
    {"input": st.integers(1, 10**6), "output": st.integers(1, 10**6)},
    optional=dict.fromkeys(
        ("input.cache_read", "input.audio", "output.reasoning", "output.audio", "output.accepted_prediction"),
        st.integers(1, 10**6),
    ),
)
REASONS = (
    "stop", "stop_sequence", "length", "context", "tool_calls", "content_filter", "refusal", "pause", "cancelled",
    "error", "unknown",
)  # fmt: skip
#: What the format calls a reason that it has no word for.
_WORDS = {"stop_sequence": "stop", "context": "length", "refusal": "stop"}
_WORDS |= dict.fromkeys(("pause", "cancelled", "error", "unknown"), "stop")


_SILENCE = Media(kind="audio", source=Bytes(data=b""), mime="audio/wav")


@st.composite
def _parts(draw: st.DrawFn, custom: bool) -> tuple[Any, ...]:
    """Draw a message's parts: at most one of each flowing kind, and calls before, between and behind them."""
    notes = st.lists(_notes, max_size=2).map(tuple)
    pcm = st.builds(Bytes, data=bits)
    audio = st.builds(Media, kind=st.just("audio"), source=pcm, mime=st.just("audio/wav"), transcript=st.none() | said)
    flowing = st.tuples(
        st.none() | st.builds(Thinking, text=said),
        st.none() | st.builds(Text, text=said, citations=notes),
        st.none() | st.builds(Refusal, text=said),
        st.none() | audio,
    )
    parts: list[Any] = [part for part in draw(flowing) if part is not None and part != _SILENCE]
    if draw(st.integers(0, 5)) == 0:
        return (*parts, ToolCall(name=draw(words), arguments=draw(said)))
    kinds = st.sampled_from(["function", "custom"] if custom else ["function"])
    arguments = st.text(max_size=20) | jsons.map(lambda value: f'{{"ä": "{value}"}}')
    calls = st.builds(ToolCall, id=words, name=words, arguments=arguments, kind=kinds)
    for call in draw(st.lists(calls, max_size=3, unique_by=lambda call: call.id)):
        parts.insert(draw(st.integers(0, len(parts))), call)
    return tuple(parts)


@st.composite
def responses(draw: st.DrawFn, custom: bool = True) -> ChatResponse:
    """Draw an answer."""
    choices = [
        Choice(
            index=index,
            message=Message(role="assistant", parts=draw(_parts(custom))),
            finish_reason=draw(st.sampled_from(REASONS)),
            logprobs=draw(_logprobs),
        )
        for index in range(draw(st.integers(1, 3)))
    ]
    return ChatResponse(
        id=draw(said),
        model=draw(said),
        created=draw(st.integers(1, 2**40)),
        choices=tuple(choices),
        usage=draw(st.none() | st.builds(Usage, counts=_counts)),
        service_tier=draw(st.sampled_from([None, "default", "flex"])),
    )


def comparable(response: ChatResponse) -> dict[str, Any]:
    """Write an answer by what the format can say, order and boundaries of parts included."""
    return {
        "id": response.id,
        "model": response.model,
        "created": response.created,
        "tier": response.service_tier,
        "usage": None if response.usage is None else dict(response.usage.counts),
        "choices": [
            (choice.index, [_part(part) for part in choice.message.parts], _reason(choice), choice.logprobs)
            for choice in response.choices
        ],
    }


def _part(part: Any) -> Any:
    bare = part.model_copy(update={"provider_state": None})
    if isinstance(bare, Text):
        notes = tuple(note.model_copy(update={"raw": None}) for note in bare.citations)
        bare = bare.model_copy(update={"citations": notes})
    return bare


def _reason(choice: Choice) -> str:
    """Return the reason that a reader finds: the format's word, and what the message holds."""
    word = _WORDS.get(choice.finish_reason, choice.finish_reason)
    kinds = {type(part) for part in choice.message.parts}
    if word == "stop":
        return "tool_calls" if ToolCall in kinds else "refusal" if Refusal in kinds else "stop"
    return word


@st.composite
def delta_streams(draw: st.DrawFn, response: ChatResponse) -> list[Delta]:
    """Draw the deltas of an answer in pieces, its choices mixed."""
    first, *rest = unroll(response)
    queues: dict[int, list[Delta]] = {}
    for delta in rest:
        queues.setdefault(getattr(delta, "choice", -1), []).extend(_pieces(draw, delta))
    last = queues.pop(-1, [])
    order = draw(st.permutations([index for index, queue in queues.items() for _ in queue]))
    return [first, *(queues[index].pop(0) for index in order), *last]


def _pieces(draw: st.DrawFn, delta: Delta) -> Iterator[Delta]:
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
