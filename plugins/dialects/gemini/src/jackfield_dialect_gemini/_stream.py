"""Decode: the documents of a stream to deltas."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatRequest,
    CitationDelta,
    Delta,
    Event,
    Finished,
    HTTPResponse,
    LogprobsDelta,
    Media,
    MediaDelta,
    Part,
    PartTracker,
    ProviderError,
    Request,
    ResponseFormatError,
    Started,
    StreamDecoder,
    StreamInterrupted,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    UsageDelta,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed, word

from ._errors import blocked
from ._framing import FRAMING
from ._partial import PartialCall
from ._response import (
    SAID,
    answer_part,
    citation,
    created,
    index_of,
    logprobs,
    parts_of,
    searched,
    sources,
    usage_object,
)
from ._usage import SEARCHES, tier_of
from ._words import finish_reason, reason_word

_TEXT, _THINKING = Text(text=""), Thinking(text="", kind="summary")
#: Members of a call that comes in pieces.
_PARTIAL = frozenset({"partialArgs", "willContinue"})


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    return Decoder(request) if isinstance(request, ChatRequest) else None


class _Open:
    """A candidate that is being streamed."""

    __slots__ = ("called", "calls", "detail", "more", "notes", "partial", "ran", "raw")

    def __init__(self) -> None:
        #: Calls for the caller; calls of both kinds, which are counted together; those that Google ran.
        self.called = False
        self.calls = 0
        self.ran: list[Part] = []
        self.notes: list[Any] = []
        self.partial: PartialCall | None = None
        self.raw: str | None = None
        self.detail: str | None = None
        self.more: dict[str, Any] = {}


class Decoder:
    """Decodes one stream. Finish reasons and usage, which every document repeats, are held to its end."""

    framing: str | None = FRAMING

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._tracker = PartTracker()
        self._choices: dict[int, _Open] = {}
        #: The part that more plain text goes to, by choice.
        self._text: dict[int, int] = {}
        self._started = False
        self._feedback: Any = None
        self._usage: dict[str, Any] | None = None
        self._searches: list[Any] | None = None

    def feed(self, event: Event) -> list[Delta]:
        """Read one document.

        Raises:
            ProviderError: the document is an error, or no JSON.
        """
        data = event.data
        try:
            document = from_json(data)
        except ValueError as error:
            raise ResponseFormatError(f"a document of the stream is not JSON: {error}", body=data) from None
        if type(document) is not dict:
            raise ResponseFormatError("a document of the stream is not an object", body=data)
        out: list[Delta] = []
        try:
            if not self._started and "error" not in document:
                self._start(document, out)
            if candidates := document.get("candidates"):
                row = candidates[0]
                index = row.get("index", 0)
                if (
                    len(candidates) == 1
                    and (part := self._text.get(index)) is not None
                    and (content := row.get("content"))
                    and len(parts := content.get("parts") or []) == 1
                    and len(parts[0]) == 1
                    and type(text := parts[0].get("text")) is str
                ):  # more text: by far the commonest document, so it takes the short way
                    if text:
                        out.append(TextDelta(index, part, text))
                    if len(row) > 2 or "index" not in row:
                        self._beside(index, self._choices[index], row, out)
                else:
                    for number, row in enumerate(candidates):
                        self._candidate(index_of(row, number), row, out)
            if usage := document.get("usageMetadata"):
                self._usage = usage_object(usage)
            if feedback := document.get("promptFeedback"):
                self._feedback = feedback
            if failed := document.get("error"):
                message = failed.get("message") if isinstance(failed, dict) else failed
                failure = ProviderError(str(message or "the stream holds an error"), body=data)
                failure.deltas = out + self._end()
                raise failure
        except MALFORMED as error:
            failure = malformed("a document of the stream", error, data)
            failure.deltas = out
            raise failure from error
        return out

    def close(self) -> list[Delta]:
        """Read the end: ends the open parts and says how each candidate finished.

        Raises:
            ContentFilterError: the prompt was blocked.
            StreamInterrupted: a candidate has not said why it finished.
        """
        if not self._started:
            raise ResponseFormatError("the stream is empty")
        out = self._end()
        if not self._choices and (refusal := blocked(self._feedback)) is not None:
            refusal.deltas = out
            raise refusal
        if self._choices and all(choice.raw is not None for choice in self._choices.values()):
            return out
        error = StreamInterrupted("the stream ended before its end")
        error.deltas = out
        raise error

    def _end(self) -> list[Delta]:
        out: list[Delta] = []
        for index in sorted(self._choices):
            choice = self._choices[index]
            if choice.partial is not None:
                whole, choice.partial = choice.partial.whole(), None
                self._part(index, choice, whole, out)
            self._tracker.end(index, out)
            if choice.raw is not None:
                reason = finish_reason(choice.raw, choice.called)
                more = choice.more
                detail = choice.detail or (more.get("safetyRatings") if reason == "content_filter" else None)
                out.append(Finished(index, reason, choice.raw, detail, more or None))
        if (usage := self._usage) is not None:
            raw = usage if self._searches is None else {**usage, SEARCHES: self._searches}
            out.append(UsageDelta(raw, tier_of(usage)))
        return out

    def _start(self, document: dict[str, Any], out: list[Delta]) -> None:
        self._started = True
        feedback = document.get("promptFeedback")
        state = {"promptFeedback": feedback} if feedback else None
        out.append(Started(word(document, "responseId"), word(document, "modelVersion"), created(document), state))

    def _candidate(self, index: int, row: dict[str, Any], out: list[Delta]) -> None:
        if (open_ := self._choices.get(index)) is None:
            open_ = self._choices[index] = _Open()
        for wire in parts_of(row):
            self._part(index, open_, wire, out)
        self._beside(index, open_, row, out)

    def _beside(self, index: int, open_: _Open, row: dict[str, Any], out: list[Delta]) -> None:
        """Read what stands beside the content."""
        if (reason := row.get("finishReason")) is not None:
            open_.raw = reason_word(reason)
        if message := word(row, "finishMessage"):
            open_.detail = message
        for name in row.keys() - SAID:
            known, told = open_.more.get(name), row[name]
            open_.more[name] = {**known, **told} if isinstance(known, dict) and isinstance(told, dict) else told
        if found := logprobs(row.get("logprobsResult")):
            out.append(LogprobsDelta(index, found))
        for note in sources(row, open_.notes):
            out.append(CitationDelta(index, self._flow(index, "text", _TEXT, out), citation(note)))
        if (queries := searched(row)) is not None:
            self._searches = [*(self._searches or ()), *queries]

    def _part(self, index: int, open_: _Open, wire: Any, out: list[Delta]) -> None:
        call = wire.get("functionCall")
        if type(call) is dict and (open_.partial is not None or call.keys() & _PARTIAL):
            partial = open_.partial = open_.partial or PartialCall()
            if not partial.add(wire):
                return
            wire, open_.partial = partial.whole(), None
        part = answer_part(self._request, wire, index, open_.calls, open_.ran)
        state = None if part.provider_state is None else part.provider_state.data
        match part:
            case Text(text=text):
                if text or state:
                    self._said(index, "text", TextDelta, text, state, out)
            case Thinking(text=text):
                self._said(index, "thinking", ThinkingDelta, text, state, out)
            case ToolCall():
                open_.calls += 1
                if part.executed_by == "caller":
                    open_.called = True
                else:
                    open_.ran.append(part)
                bare = part.model_copy(update={"arguments": "", "provider_state": None})
                number = self._flow(index, f"call {open_.calls}", bare, out)
                if part.arguments:
                    out.append(ArgumentsDelta(index, number, part.arguments))
                self._tracker.state(index, state)
                self._tracker.end_flow(index, out)
            case Media(kind="audio", source=Bytes(data=data), mime=mime) if not part.options and not state:
                # spoken answers come in pieces
                empty = Media(kind="audio", source=Bytes(data=b""), mime=mime)
                out.append(MediaDelta(index, self._flow(index, f"audio {mime}", empty, out), data))
            case Media(source=Bytes(data=data)) if data:
                medium = part.model_copy(update={"source": Bytes(data=b""), "provider_state": None})
                number = self._flow(index, "media", medium, out)
                out.append(MediaDelta(index, number, data))
                self._tracker.state(index, state)
                self._tracker.end_flow(index, out)
            case _:
                self._text.pop(index, None)
                self._tracker.whole(index, part.model_copy(update={"provider_state": None}), out, state)

    def _said(self, index: int, kind: str, delta: Any, text: str, state: Any, out: list[Delta]) -> None:
        """Add text; a signature ends its part, as the last piece of a part is what carries one."""
        number = self._flow(index, kind, _TEXT if kind == "text" else _THINKING, out)
        if text:
            out.append(delta(index, number, text))
        if kind == "thinking" or state:
            self._tracker.state(index, state)
        if state:
            self._text.pop(index, None)
            self._tracker.end_flow(index, out)

    def _flow(self, index: int, kind: str, value: Part, out: list[Delta]) -> int:
        number = self._tracker.flow(index, kind, value, out)
        if kind == "text":
            self._text[index] = number
        else:
            self._text.pop(index, None)
        return number
