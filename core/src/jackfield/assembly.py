"""Deltas to an answer and back: the assembler that both stream and client use, and the core's own unrolling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .conversation import ChatResponse, Choice
from .deltas import (
    ArgumentsDelta,
    CitationDelta,
    Delta,
    Finished,
    LogprobsDelta,
    MediaDelta,
    PartEnded,
    PartStarted,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    UsageDelta,
)
from .messages import Bytes, Citation, Media, Message, Part, ProviderState, Refusal, Text, Thinking, ToolCall


class _OpenPart:
    __slots__ = ("citations", "data", "pieces", "state", "value")

    def __init__(self, value: Part) -> None:
        self.value = value
        self.pieces: list[str] = []
        self.data: list[bytes] | None = None
        self.citations: list[Citation] | None = None
        self.state: Any = None

    def close(self) -> Part:
        changes: dict[str, Any] = {}
        value = self.value
        if self.pieces:
            text = "".join(self.pieces)
            if isinstance(value, ToolCall):
                changes["arguments"] = value.arguments + text
            elif isinstance(value, Media):
                changes["transcript"] = (value.transcript or "") + text
            else:
                changes["text"] = (getattr(value, "text", "") or "") + text
        if self.data and isinstance(value, Media):
            before = value.source.data if isinstance(value.source, Bytes) else b""
            changes["source"] = Bytes(data=before + b"".join(self.data))
        if self.citations and isinstance(value, Text):
            changes["citations"] = (*value.citations, *self.citations)
        if self.state is not None:
            changes["provider_state"] = ProviderState(data=self.state)
        return value.model_copy(update=changes) if changes else value


class _OpenChoice:
    __slots__ = ("finished", "logprobs", "parts")

    def __init__(self) -> None:
        self.parts: list[_OpenPart] = []
        self.finished: Finished | None = None
        self.logprobs: dict[str, Any] | None = None


class Assembler:
    """Collects deltas; `response()` is the answer so far."""

    __slots__ = ("_choices", "started", "usage")

    def __init__(self) -> None:
        self._choices: dict[int, _OpenChoice] = {}
        self.started: Started | None = None
        self.usage: UsageDelta | None = None

    def feed(self, delta: Delta) -> None:
        """Take one delta, in order."""
        kind = type(delta)
        if kind in _PIECES:
            self._choices[delta.choice].parts[delta.part].pieces.append(delta.text)  # type: ignore[union-attr]
        elif isinstance(delta, PartStarted):
            self._choice(delta.choice).parts.append(_OpenPart(delta.value))
        elif isinstance(delta, PartEnded):
            self._choices[delta.choice].parts[delta.part].state = delta.provider_state
        elif isinstance(delta, UsageDelta):
            self.usage = delta
        elif isinstance(delta, Finished):
            self._choice(delta.choice).finished = delta
        elif isinstance(delta, Started):
            self.started = delta
        elif isinstance(delta, LogprobsDelta):
            self._logprobs(delta)
        elif isinstance(delta, CitationDelta):
            part = self._choices[delta.choice].parts[delta.part]
            part.citations = [*(part.citations or ()), delta.citation]
        elif isinstance(delta, MediaDelta):
            part = self._choices[delta.choice].parts[delta.part]
            if delta.data:
                part.data = part.data if part.data is not None else []
                part.data.append(delta.data)
            if delta.transcript:
                part.pieces.append(delta.transcript)

    def extend(self, deltas: list[Delta]) -> None:
        """Take many deltas, in order; runs of text on one part take the short way."""
        choice = part = -1
        append: Any = None
        for delta in deltas:
            if type(delta) is TextDelta:
                if delta.part != part or delta.choice != choice:
                    choice, part = delta.choice, delta.part
                    append = self._choices[choice].parts[part].pieces.append
                append(delta.text)
            else:
                self.feed(delta)

    def response(self) -> ChatResponse:
        """Build the answer from what has arrived."""
        started, usage = self.started or Started(), self.usage or UsageDelta()
        return ChatResponse(
            id=started.id,
            model=started.model,
            created=started.created,
            choices=tuple(self._close(index) for index in sorted(self._choices)),
            service_tier=usage.service_tier,
            usage=usage.usage,
            raw_usage=usage.raw,
            provider_state=_state(started.provider_state),
        )

    def _close(self, index: int) -> Choice:
        choice = self._choices[index]
        finished = choice.finished or Finished(index, "unknown")
        return Choice(
            index=index,
            message=Message(role="assistant", parts=tuple(part.close() for part in choice.parts)),
            finish_reason=finished.reason,
            raw_finish_reason=finished.raw,
            finish_detail=finished.detail,
            logprobs=choice.logprobs,
            provider_state=_state(finished.provider_state),
        )

    def _choice(self, index: int) -> _OpenChoice:
        if (choice := self._choices.get(index)) is None:
            choice = self._choices[index] = _OpenChoice()
        return choice

    def _logprobs(self, delta: LogprobsDelta) -> None:
        choice = self._choice(delta.choice)
        merged = choice.logprobs if choice.logprobs is not None else {}
        for name, rows in delta.logprobs.items():
            before = merged.get(name)
            if not isinstance(rows, list):
                merged.setdefault(name, rows)
            elif isinstance(before, list):
                before += rows
            else:
                merged[name] = [*rows]
        choice.logprobs = merged


_PIECES = frozenset({TextDelta, ThinkingDelta, RefusalDelta, ArgumentsDelta})


def unroll(response: ChatResponse) -> Iterator[Delta]:
    """Give the deltas that assemble to this answer: every part at once, usage and finish reasons at the end."""
    yield Started(response.id, response.model, response.created, _data(response.provider_state))
    for choice in response.choices:
        for number, part in enumerate(choice.message.parts):
            yield from _unroll_part(choice.index, number, part)
        if choice.logprobs is not None:
            yield LogprobsDelta(choice.index, choice.logprobs)
        reason, raw, detail = choice.finish_reason, choice.raw_finish_reason, choice.finish_detail
        yield Finished(choice.index, reason, raw, detail, _data(choice.provider_state))
    if response.raw_usage is not None or response.service_tier is not None or response.usage is not None:
        yield UsageDelta(response.raw_usage, response.service_tier, response.usage)


def _unroll_part(choice: int, number: int, part: Part) -> Iterator[Delta]:
    state = _data(part.provider_state)
    bare = part.model_copy(update={"provider_state": None}) if part.provider_state is not None else part
    match bare:
        case Text():
            yield PartStarted(choice, number, bare.model_copy(update={"text": "", "citations": ()}))
            if bare.text:
                yield TextDelta(choice, number, bare.text)
            for citation in bare.citations:
                yield CitationDelta(choice, number, citation)
        case Thinking():
            yield PartStarted(choice, number, bare.model_copy(update={"text": ""}))
            if bare.text:
                yield ThinkingDelta(choice, number, bare.text)
        case Refusal():
            yield PartStarted(choice, number, bare.model_copy(update={"text": ""}))
            if bare.text:
                yield RefusalDelta(choice, number, bare.text)
        case ToolCall():
            yield PartStarted(choice, number, bare.model_copy(update={"arguments": ""}))
            if bare.arguments:
                yield ArgumentsDelta(choice, number, bare.arguments)
        case Media(source=Bytes(data=data)) if data or bare.transcript:
            empty = {"source": Bytes(data=b""), "transcript": None}
            yield PartStarted(choice, number, bare.model_copy(update=empty))
            yield MediaDelta(choice, number, data, bare.transcript or "")
        case _:
            yield PartStarted(choice, number, bare)
    yield PartEnded(choice, number, state)


def stamp(response: ChatResponse, dialect: str, origin: str) -> None:
    """Write dialect and origin on every opaque state of an answer, so that it goes back there and nowhere else.

    The answer is still the exchange's own, so parts are stamped in place: three copies of frozen values cost more than
    the whole reading of a short answer.
    """
    if response.provider_state is not None:
        response.provider_state = _stamped(response.provider_state, dialect, origin)
    for choice in response.choices:
        if choice.provider_state is not None:
            choice.provider_state = _stamped(choice.provider_state, dialect, origin)
        for value in (choice.message, *choice.message.parts):
            if value.provider_state is not None:
                value.__dict__["provider_state"] = _stamped(value.provider_state, dialect, origin)


def _stamped(state: ProviderState, dialect: str, origin: str) -> ProviderState:
    return ProviderState(data=state.data, dialect=dialect, origin=origin)


def _state(data: Any) -> ProviderState | None:
    return None if data is None else ProviderState(data=data)


def _data(state: ProviderState | None) -> Any:
    return None if state is None else state.data
