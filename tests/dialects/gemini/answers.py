"""Answers of every form that the format can carry, made by hypothesis, and the form in which two of them compare."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from jackfield import (
    Bytes,
    ChatResponse,
    Choice,
    Citation,
    Data,
    FinishReason,
    Media,
    Message,
    ProviderState,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
    Usage,
)
from tests.dialects.gemini.requests import objects, signatures
from tests.dialects.openai.requests import bits, numbers, words

said = st.text(min_size=1, max_size=20)
_web = st.builds(lambda uri, title: {"web": {"uri": uri, "title": title}}, said, said)
_quoted = st.builds(lambda uri, end: {"uri": uri, "startIndex": 0, "endIndex": end}, said, st.integers(1, 9))
_notes = st.builds(
    lambda raw: Citation(
        url=(raw.get("web") or raw)["uri"],
        title=(raw.get("web") or {}).get("title"),
        start=raw.get("startIndex"),
        end=raw.get("endIndex"),
        raw=raw,
    ),
    _web | _quoted,
)
_token = {"token": said, "logprob": numbers}
_tops: st.SearchStrategy[list[Any]] = st.just([{"token": "x", "logprob": -1.0}]) | st.just([])
_tokens = st.lists(
    st.fixed_dictionaries(_token, optional={"token_id": st.integers(0, 9)}), min_size=1, max_size=3
) | st.lists(st.fixed_dictionaries({**_token, "top_logprobs": _tops}), min_size=1, max_size=3).filter(
    lambda rows: any(row["top_logprobs"] for row in rows)
)
_logprobs = st.none() | _tokens.map(lambda rows: {"content": rows})
REASONS: tuple[FinishReason, ...] = (
    "stop",
    "stop_sequence",
    "length",
    "context",
    "content_filter",
    "refusal",
    "pause",
    "error",
    "unknown",
)
#: What a reader finds for a reason that the format has no word for.
_WORDS = {"stop_sequence": "stop", "context": "length", "refusal": "content_filter"}


def _signed(always: bool = False) -> st.SearchStrategy[Any]:
    signed = st.builds(lambda word: ProviderState({"thoughtSignature": word}), signatures)
    return st.just(ProviderState({})) | signed if always else st.none() | signed


def _json(value: Any) -> str:
    from pydantic_core import to_json

    return to_json(value).decode()


_calls = st.builds(ToolCall, id=words, name=words, arguments=objects.map(_json), provider_state=_signed(always=True))
_ran = st.builds(
    lambda call_id, code: (
        ToolCall(
            id=call_id,
            name="code_execution",
            kind="code",
            executed_by="provider",
            arguments=_json({"language": "PYTHON", "code": code}),
            provider_state=ProviderState({"type": "executableCode"}),
        ),
        ToolResult(
            call_id=call_id,
            name="code_execution",
            parts=(Data(value={"id": call_id, "outcome": "OUTCOME_FAILED", "output": "x"}),),
            is_error=True,
            provider_state=ProviderState({"type": "codeExecutionResult"}),
        ),
    ),
    words,
    st.text(max_size=9),
)
_images = st.builds(
    Media,
    kind=st.just("image"),
    source=st.builds(Bytes, data=st.binary(min_size=1, max_size=9)) | said.map(lambda path: Url(url=f"gs://{path}")),
    mime=st.just("image/png"),
    provider_state=_signed(),
)
_audio = st.builds(Media, kind=st.just("audio"), source=st.builds(Bytes, data=bits), mime=st.just("audio/wav"))


@st.composite
def _parts(draw: st.DrawFn) -> tuple[Any, ...]:
    """Draw the parts of a message; a stream does not tell where one plain text ends and the next begins."""
    listed = st.lists(_notes, max_size=2, unique_by=lambda note: str(note.raw))
    # the two kinds of sources stand in two members, pages first
    notes = listed.map(lambda found: tuple(sorted(found, key=lambda note: "uri" in note.raw)))
    texts = st.builds(Text, text=said, provider_state=_signed())
    thoughts = st.builds(Thinking, text=said, kind=st.just("summary"), provider_state=_signed(always=True))
    kinds = texts | thoughts | _calls | _images | _audio.filter(lambda part: part.source != Bytes(data=b"")) | _ran
    parts: list[Any] = []
    for drawn in draw(st.lists(kinds, max_size=5)):
        found = drawn if isinstance(drawn, tuple) else (drawn,)
        if not (parts and _is_flowing(parts[-1], found[0])):
            parts += found
    if parts and type(parts[-1]) is Text and parts[-1].provider_state is None:
        parts[-1] = parts[-1].model_copy(update={"citations": draw(notes)})
    return tuple(parts)


def _is_flowing(before: Any, after: Any) -> bool:
    if type(before) is not type(after) or isinstance(before, ToolCall):
        return False
    return isinstance(before, Text | Thinking) or (before.kind == after.kind == "audio")


@st.composite
def responses(draw: st.DrawFn) -> ChatResponse:
    """Draw an answer."""
    choices = []
    for index in range(draw(st.integers(1, 3))):
        reason = draw(st.sampled_from(REASONS))
        detail = (
            [{"category": "HARM_CATEGORY_HATE_SPEECH"}]
            if reason == "content_filter"
            else draw(st.sampled_from([None, "why"]))
        )
        message = Message(role="assistant", parts=draw(_parts()))
        choices.append(
            Choice(
                index=index,
                message=message,
                finish_reason=reason,
                finish_detail=detail,
                logprobs=draw(_logprobs),
            )
        )
    counts = draw(
        st.fixed_dictionaries(
            {"input": st.integers(0, 10**6), "output": st.integers(10**5, 10**6)},
            optional={
                "input.cache_read": st.integers(1, 10**6),
                "input.audio": st.integers(1, 10**6),
                "input.document": st.integers(1, 10**6),
                "output.reasoning": st.integers(1, 10**5),
                "output.image": st.integers(1, 10**5),
            },
        )
    )
    return ChatResponse(
        id=draw(said),
        model=draw(said),
        created=draw(st.none() | st.integers(1, 2**33)),
        choices=tuple(choices),
        usage=draw(st.none() | st.just(Usage(counts=counts))),
        provider_state=draw(st.none() | st.just(ProviderState({"promptFeedback": {"safetyRatings": []}}))),
    )


def comparable(response: ChatResponse) -> dict[str, Any]:
    """Write an answer by what the format can say, order and boundaries of parts included."""
    return {
        "id": response.id,
        "model": response.model,
        "created": response.created,
        "state": _data(response),
        "usage": None if response.usage is None else dict(response.usage.counts),
        "choices": [
            (
                choice.index,
                [(part.model_copy(update={"provider_state": None}), _data(part)) for part in choice.message.parts],
                _reason(choice),
                choice.finish_detail,
                choice.logprobs,
            )
            for choice in response.choices
        ],
    }


def _data(holder: Any) -> Any:
    return None if holder.provider_state is None else holder.provider_state.data


def _reason(choice: Choice) -> str:
    word = _WORDS.get(choice.finish_reason, choice.finish_reason)
    return "tool_calls" if choice.message.tool_calls and word in ("stop", "unknown") else word
