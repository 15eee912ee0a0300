"""Decode: the events of a stream to deltas."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from jackfield import (
    ArgumentsDelta,
    ChatRequest,
    CitationDelta,
    Delta,
    Event,
    Finished,
    HTTPResponse,
    JackfieldError,
    Part,
    PartEnded,
    PartStarted,
    Request,
    ResponseFormatError,
    Started,
    StreamDecoder,
    StreamInterrupted,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    UsageDelta,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed, word

from ._blocks import call_part, citation, run_result_part
from ._failures import failure_of
from ._framing import FRAMING
from ._media import read_media
from ._response import finish_detail, finish_reason, kept, service_tier


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    return Decoder() if isinstance(request, ChatRequest) else None


class _Open:
    """A block that is being streamed. A result of Amazon's own tool and an image are held until they are whole."""

    __slots__ = ("content", "kind", "part", "pieces", "start", "state")

    def __init__(self, kind: str, part: int, start: dict[str, Any]) -> None:
        self.kind = kind
        self.part = part
        self.start = start
        self.content: list[Any] = []
        self.pieces = False
        self.state: dict[str, Any] | None = {} if kind == "thinking" else None


class Decoder:
    """Decodes one stream: a message that starts, its blocks, its stop, and what there is to say of it afterwards."""

    framing: str | None = FRAMING

    def __init__(self) -> None:
        self._blocks: dict[int, _Open] = {}
        self._parts: list[Part] = []
        self._index = self._part = -1
        self._has_started = self._is_whole = False
        self._said: dict[str, Any] = {}

    def feed(self, event: Event) -> list[Delta]:
        """Read one event.

        Raises:
            ProviderError: it is an exception, or no JSON.
            StreamInterrupted: its frame is damaged or cut.
        """
        name, data = event.name, event.data
        if not name or name[0] == ":":
            raise self._failed(event)
        try:
            told = from_json(data)
        except ValueError as error:
            raise ResponseFormatError(f"an event of the stream is not JSON: {error}", body=data) from None
        out: list[Delta] = []
        try:
            if name == "contentBlockDelta":
                index, delta = told["contentBlockIndex"], told["delta"]
                if index == self._index and type(text := delta.get("text")) is str:
                    if text:  # more text: by far the commonest event, so it takes the short way
                        out.append(TextDelta(0, self._part, text))
                else:
                    self._delta(index, delta, out)
            elif name == "contentBlockStart":
                self._start(told["contentBlockIndex"], told.get("start") or {}, out)
            elif name == "contentBlockStop":
                self._end_block(told["contentBlockIndex"], out)
            elif name == "messageStart":
                self._has_started = True
                out.append(Started())
            elif name == "messageStop":
                word(told, "stopReason")
                self._said |= told
            elif name == "metadata":
                self._metadata(told, out)
        except MALFORMED as error:
            failure = malformed("an event of the stream", error, data)
            failure.deltas = out
            raise failure from error
        return out

    def close(self) -> list[Delta]:
        """Read the end: ends the open part and says how the message finished.

        Raises:
            StreamInterrupted: the event behind the message has not come.
        """
        if not self._has_started:
            raise ResponseFormatError("the stream is empty")
        try:
            out = self._end()
        except MALFORMED as error:
            raise malformed("the last block of the stream", error) from error
        if self._is_whole:
            return out
        cut = StreamInterrupted("the stream ended before its end")
        cut.deltas = out
        raise cut

    def _failed(self, event: Event) -> JackfieldError:
        failure = failure_of(event, has_begun=self._has_started)
        assert failure is not None
        failure.deltas = self._end()
        return failure

    def _metadata(self, told: dict[str, Any], out: list[Delta]) -> None:
        self._is_whole = True
        usage = told.get("usage")
        if usage is not None and not isinstance(usage, dict):
            raise TypeError(f"usage is a JSON {type(usage).__name__}, not an object")
        self._said = {**told, **self._said}
        tier = service_tier(told)
        if usage or tier is not None:
            out.append(UsageDelta(usage or None, tier))

    def _start(self, index: int, start: dict[str, Any], out: list[Delta]) -> None:
        if (call := start.get("toolUse")) is not None:
            value = call_part(call)
            self._open(index, "call", value, call, out)
        elif (result := start.get("toolResult")) is not None:
            self._open(index, "result", None, result, out)
        elif (image := start.get("image")) is not None:
            self._open(index, "image", None, image, out)

    def _open(self, index: int, kind: str, value: Part | None, start: dict[str, Any], out: list[Delta]) -> _Open:
        """Open a block, and its part where one can begin already."""
        if type(index) is not int:
            raise TypeError("the index of a block is no whole number")
        for other in [number for number, open_ in self._blocks.items() if number == index or open_.kind != "call"]:
            self._end_block(other, out)
        part = len(self._parts)
        open_ = self._blocks[index] = _Open(kind, part, start)
        if value is not None:
            self._parts.append(value)
            out.append(PartStarted(0, part, value))
        if kind == "text":
            self._index, self._part = index, part
        return open_

    def _delta(self, index: int, delta: dict[str, Any], out: list[Delta]) -> None:
        """Read a delta; text and reasoning are not announced, their first delta begins them."""
        open_ = self._blocks.get(index)
        if (text := delta.get("text")) is not None:
            if open_ is None:
                open_ = self._open(index, "text", Text(text=""), {}, out)
            if word(delta, "text"):
                out.append(TextDelta(0, open_.part, text))
        elif (call := delta.get("toolUse")) is not None:
            if open_ is not None and (text := word(call, "input")):
                open_.pieces = True
                out.append(ArgumentsDelta(0, open_.part, text))
        elif (reasoning := delta.get("reasoningContent")) is not None:
            self._reasoning(index, reasoning, out)
        elif (note := delta.get("citation")) is not None:
            if open_ is None:
                open_ = self._open(index, "text", Text(text=""), {}, out)
            out.append(CitationDelta(0, open_.part, citation(note)))
        elif open_ is None:
            return
        elif open_.kind == "result":
            open_.content += delta["toolResult"]
        elif open_.kind == "image":
            open_.start = {**open_.start, **delta["image"]}

    def _reasoning(self, index: int, reasoning: dict[str, Any], out: list[Delta]) -> None:
        open_, redacted = self._blocks.get(index), word(reasoning, "redactedContent")
        if open_ is None:
            value = Thinking(kind="redacted") if redacted else Thinking()
            open_ = self._open(index, "thinking", value, {}, out)
        state = open_.state if open_.state is not None else {}
        for name, more in (("signature", word(reasoning, "signature")), ("data", redacted)):
            if more:
                state[name] = state.get(name, "") + more
        if text := word(reasoning, "text"):
            out.append(ThinkingDelta(0, open_.part, text))

    def _end_block(self, index: Any, out: list[Delta]) -> None:
        if (open_ := self._blocks.pop(index, None)) is None:
            return
        if index == self._index:
            self._index = -1
        part, state = open_.part, open_.state
        if open_.kind in ("result", "image"):
            value: Part | None = None
            if open_.kind == "result":
                value = run_result_part(open_.start, open_.content)
            else:
                value = read_media("image", open_.start)
            if value is None:
                return
            self._parts.append(value)
            out.append(PartStarted(0, part, value))
        elif open_.kind == "call" and not open_.pieces:
            out.append(ArgumentsDelta(0, part, "{}"))
        out.append(PartEnded(0, part, state))

    def _end(self) -> list[Delta]:
        """End what is open; say how the message finished, where that is known."""
        out: list[Delta] = []
        for index in [*self._blocks]:
            self._end_block(index, out)
        raw = self._said.get("stopReason")
        if raw is not None or self._is_whole:
            reason = finish_reason(raw, self._parts)
            out.append(Finished(0, reason, raw, finish_detail(reason, self._said), kept(self._said) or None))
        return out
