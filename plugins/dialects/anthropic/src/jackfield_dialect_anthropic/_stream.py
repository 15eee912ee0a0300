"""Decode: the events of a stream to deltas."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    ArgumentsDelta,
    ChatRequest,
    CitationDelta,
    Delta,
    Event,
    Finished,
    HTTPResponse,
    Native,
    Part,
    PartEnded,
    PartStarted,
    ProviderError,
    Request,
    ResponseFormatError,
    Started,
    StreamDecoder,
    StreamInterrupted,
    TextDelta,
    ThinkingDelta,
    UsageDelta,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed, word

from ._blocks import assistant_part, call_part, citation, is_call
from ._response import finish_detail, finish_reason, kept, usage_object


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    return Decoder() if isinstance(request, ChatRequest) else None


class _Open:
    """A block that is being streamed. One that only this format knows is held until it is whole."""

    __slots__ = ("block", "held", "kind", "part", "pieces", "signature", "value")

    def __init__(self, kind: str, part: int, block: dict[str, Any], value: Part | None) -> None:
        self.kind = kind
        self.part = part
        self.block = block
        self.value = value
        self.held = value is None
        self.pieces = False
        self.signature: str | None = block.get("signature") or None


class Decoder:
    """Decodes one stream: a message that starts, blocks one after the other, how it ended, its stop."""

    framing: str | None = None

    def __init__(self) -> None:
        self._blocks: dict[int, _Open] = {}
        self._parts: list[Part] = []
        self._index = self._part = -1
        self._started: Started | None = None
        self._ending: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._stopped = False

    def feed(self, event: Event) -> list[Delta]:
        """Read one event.

        Raises:
            ProviderError: the event is an error, or no JSON.
        """
        data = event.data
        try:
            told = from_json(data)
        except ValueError as error:
            raise ResponseFormatError(f"an event of the stream is not JSON: {error}", body=data) from None
        if not isinstance(told, dict):
            raise ResponseFormatError("an event of the stream is not an object", body=data)
        kind = told.get("type") or event.name
        out: list[Delta] = []
        try:
            if kind == "content_block_delta":
                index, delta = told["index"], told["delta"]
                if index == self._index and delta["type"] == "text_delta" and type(text := delta["text"]) is str:
                    if text:  # more text: by far the commonest event, so it takes the short way
                        out.append(TextDelta(0, self._part, text))
                else:
                    self._delta(index, delta, out)
            elif kind == "content_block_start":
                self._start(told["index"], told["content_block"], out)
            elif kind == "content_block_stop":
                self._end_block(told.get("index"), out)
            elif kind == "message_start":
                self._message(told["message"], out)
            elif kind == "message_delta":
                self._message_delta(told, out)
            elif kind == "message_stop":
                self._stopped = True
            elif kind == "error" or told.get("error"):
                self._fail(told, data)
        except MALFORMED as error:
            failure = malformed("an event of the stream", error, data)
            failure.deltas = out
            raise failure from error
        return out

    def close(self) -> list[Delta]:
        """Read the end: ends the open part and says how the message finished.

        Raises:
            StreamInterrupted: the event that ends a message has not come.
        """
        if self._started is None:
            raise ResponseFormatError("the stream is empty")
        try:
            out = self._end()
        except MALFORMED as error:
            raise malformed("the last block of the stream", error) from error
        if self._stopped:
            return out
        cut = StreamInterrupted("the stream ended before its end")
        cut.deltas = out
        raise cut

    def _fail(self, told: dict[str, Any], data: bytes) -> None:
        found = told.get("error")
        message = found.get("message") if isinstance(found, dict) else None
        failure = ProviderError(str(message or "the stream holds an error"), body=data)
        failure.deltas = self._end()
        raise failure

    def _message(self, message: dict[str, Any], out: list[Delta]) -> None:
        self._started = Started(word(message, "id"), word(message, "model"))
        self._kept = kept(message)
        out.append(self._started)
        self._tell_usage(message.get("usage"), out)
        self._ended(message)
        for index, block in enumerate(message.get("content") or ()):
            self._start(index, block, out)
            self._end_block(index, out)

    def _message_delta(self, told: dict[str, Any], out: list[Delta]) -> None:
        """Read how the message ended."""
        delta = told.get("delta") or {}
        self._ended(delta)
        self._tell_usage(told.get("usage"), out)
        beside = {name: value for name, value in told.items() if name != "delta"}
        self._kept |= kept({**delta, **beside})

    def _ended(self, holder: dict[str, Any]) -> None:
        word(holder, "stop_reason")
        self._ending |= {name: holder[name] for name in _ENDING if holder.get(name) is not None}

    def _tell_usage(self, value: Any, out: list[Delta]) -> None:
        """Overwrite what was known with what is told now: later counts are totals."""
        if usage := usage_object(value):
            self._usage = self._usage | {name: count for name, count in usage.items() if count is not None}
            out.append(UsageDelta(self._usage, word(self._usage, "service_tier")))

    def _start(self, index: int, block: dict[str, Any], out: list[Delta]) -> None:
        if type(index) is not int:
            raise TypeError("the index of a block is no whole number")
        kind = block["type"]
        for other in [number for number, open_ in self._blocks.items() if number == index or open_.kind != "call"]:
            self._end_block(other, out)
        part, value = len(self._parts), None
        if kind == "text":
            value = assistant_part({**block, "text": "", "citations": None})
        elif kind == "thinking":
            value = assistant_part({**block, "thinking": ""})
        elif is_call(kind):
            value, kind = call_part(block), "call"
        open_ = self._blocks[index] = _Open(kind, part, block, value)
        if value is None:
            self._parts.append(_NOTHING)
            return
        self._parts.append(value)
        bare = kind != "call" and value.provider_state is not None
        out.append(PartStarted(0, part, value.model_copy(update={"provider_state": None}) if bare else value))
        if kind == "text":
            self._index, self._part = index, part
            if text := word(block, "text"):
                out.append(TextDelta(0, part, text))
            for note in block.get("citations") or ():
                out.append(CitationDelta(0, part, citation(note)))
        elif kind == "thinking" and (text := word(block, "thinking")):
            out.append(ThinkingDelta(0, part, text))
        open_.pieces = False

    def _delta(self, index: int, delta: dict[str, Any], out: list[Delta]) -> None:
        kind = delta["type"]
        if (open_ := self._blocks.get(index)) is None:
            # a host that leaves out the start of a block says with its first delta what it is
            if (block := _IMPLIED.get(kind)) is None:
                return
            self._start(index, dict(block), out)
            open_ = self._blocks[index]
        part = open_.part
        if open_.held:
            open_.block = {**open_.block, **{name: value for name, value in delta.items() if name != "type"}}
        elif kind == "text_delta":
            if text := word(delta, "text"):
                out.append(TextDelta(0, part, text))
        elif kind == "input_json_delta":
            if text := word(delta, "partial_json"):
                open_.pieces = True
                out.append(ArgumentsDelta(0, part, text))
        elif kind == "thinking_delta":
            if text := word(delta, "thinking"):
                out.append(ThinkingDelta(0, part, text))
        elif kind == "signature_delta":
            open_.signature = (open_.signature or "") + (word(delta, "signature") or "")
        elif kind == "citations_delta":
            out.append(CitationDelta(0, part, citation(delta["citation"])))

    def _end_block(self, index: Any, out: list[Delta]) -> None:
        if (open_ := self._blocks.pop(index, None)) is None:
            return
        if index == self._index:
            self._index = -1
        part, value = open_.part, open_.value
        if value is None:
            value = self._parts[part] = assistant_part(open_.block)
            state = value.provider_state
            out.append(PartStarted(0, part, value.model_copy(update={"provider_state": None}) if state else value))
        elif open_.kind == "call" and not open_.pieces:
            given = open_.block.get("input")
            out.append(ArgumentsDelta(0, part, to_json({} if given is None else given).decode()))
        data = value.provider_state.data if value.provider_state is not None else None
        if open_.kind == "thinking" and open_.signature:
            data = {**(data or {}), "signature": open_.signature}
        out.append(PartEnded(0, part, data))

    def _end(self) -> list[Delta]:
        """End what is open; say how the message finished, where that is known."""
        out: list[Delta] = []
        for index in [*self._blocks]:
            self._end_block(index, out)
        raw = self._ending.get("stop_reason")
        if raw is not None or self._stopped:
            reason = finish_reason(raw, self._parts)
            out.append(Finished(0, reason, raw, finish_detail(self._ending), self._kept or None))
        return out


_ENDING = ("stop_reason", "stop_sequence", "stop_details")
#: What stands for a held block until it is whole.
_NOTHING: Part = Native(dialect="", body=None)
_IMPLIED: dict[str, dict[str, Any]] = {
    "text_delta": {"type": "text", "text": ""}, "thinking_delta": {"type": "thinking", "thinking": ""},
}  # fmt: skip
