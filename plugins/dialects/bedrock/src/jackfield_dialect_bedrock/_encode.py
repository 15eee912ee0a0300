"""Encode: deltas to the frames of a stream. Blocks never overlap: what begins too early is held back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatRequest,
    CitationDelta,
    Delta,
    Finished,
    JackfieldError,
    Media,
    MediaDelta,
    Part,
    PartEnded,
    PartStarted,
    ProviderState,
    RefusalDelta,
    Request,
    Restarted,
    StreamEncoder,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    UsageDelta,
    hookimpl,
)

from ._errors import exception_in_stream
from ._framing import CONTENT_TYPE, event_frame, exception_frame
from ._render import beside, rendered_block, rendered_citation, said, stop_reason
from ._usage import usage_body


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder() if isinstance(request, ChatRequest) else None


class _Part:
    """A part whose block is open, or waits for its turn. `whole` is written at once when the part has ended."""

    __slots__ = ("ended", "pieces", "state", "value", "whole")

    def __init__(self, value: Part) -> None:
        self.value = value
        self.whole = not isinstance(value, Text) and not _flows(value)
        self.pieces: list[Delta] = []
        self.state: Any = None
        self.ended = False


def _flows(value: Part) -> bool:
    """Tell whether a part can be written piece by piece, without the state that comes with its end."""
    if isinstance(value, Thinking):
        return value.kind != "redacted"
    if isinstance(value, ToolCall):
        return value.executed_by == "caller"
    return value.type == "refusal"


class Encoder:
    """Writes frames. How the message ended and its usage come at the end."""

    status = 200

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {"content-type": CONTENT_TYPE, "cache-control": "no-cache"}
        self._begun = False
        #: Parts that have no block yet or whose block is open, by number; the first is the one that is written.
        self._waiting: dict[int, _Part] = {}
        self._open: int | None = None
        self._blocks = 0
        self._finished: Finished | None = None
        self._usage: UsageDelta | None = None

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        if type(delta) is TextDelta and delta.part == self._open:
            return self._text(delta.text)
        match delta:
            case PartStarted(part=number, value=value):
                self._waiting[number] = _Part(value)
                return self._advance()
            case PartEnded(part=number, provider_state=state):
                if (part := self._waiting.get(number)) is None:
                    return b""
                part.ended, part.state = True, state
                return self._advance()
            case Finished():
                self._finished = delta
            case UsageDelta():
                self._usage = delta
            case Restarted(mode=mode):
                return self._restart(mode)
            case _ if (part := self._waiting.get(getattr(delta, "part", -1))) is not None:
                if delta.part == self._open:  # type: ignore[union-attr]
                    return self._piece(delta)
                part.pieces.append(delta)
        return b""

    def keep_alive(self) -> bytes:
        """Write nothing: the format has no event that means nothing."""
        return b""

    def fail(self, error: JackfieldError) -> bytes:
        """Write the error as an exception; nothing follows it."""
        name, body = exception_in_stream(error)
        return exception_frame(name, to_json(body))

    def close(self) -> bytes:
        """Write the end of what is open, why the message ended, and what there is to say of it."""
        out = self._flush() + self._begin()
        finished = self._finished or Finished(0, "unknown")
        told = beside(finished.provider_state, finished.reason, finished.detail)
        stop: dict[str, Any] = {"stopReason": stop_reason(finished.reason, finished.raw)}
        if "additionalModelResponseFields" in told:
            stop["additionalModelResponseFields"] = told.pop("additionalModelResponseFields")
        known = self._usage
        metadata = {"usage": usage_body(known.usage if known else None), **told}
        if known is not None and known.service_tier is not None:
            metadata["serviceTier"] = {"type": known.service_tier}
        return out + event_frame("messageStop", to_json(stop)) + event_frame("metadata", to_json(metadata))

    def _begin(self) -> bytes:
        """Write the start of the message, before the first block."""
        if self._begun:
            return b""
        self._begun = True
        return event_frame("messageStart", b'{"role":"assistant"}')

    def _restart(self, mode: str) -> bytes:
        if mode == "rerun" and self._begun:
            raise JackfieldError("another provider began the answer again; this format cannot take back what was sent")
        return self._flush()

    def _flush(self) -> bytes:
        """End every part that is open."""
        for part in self._waiting.values():
            part.ended = True
        return self._advance()

    def _advance(self) -> bytes:
        """Write what can be written: the block whose turn it is, and those behind it that have ended as well."""
        out = b""
        while self._waiting:
            number, part = next(iter(self._waiting.items()))
            if part.whole:
                if not part.ended:
                    return out
                out += self._write_whole(part)
            else:
                if self._open != number:
                    out += self._open_block(number, part)
                if not part.ended:
                    return out
                out += self._close_block(part)
            del self._waiting[number]
        return out

    def _open_block(self, number: int, part: _Part) -> bytes:
        """Begin a block; only calls announce themselves."""
        self._open = number
        value, out = part.value, self._begin()
        if isinstance(value, ToolCall):
            out += self._start("toolUse", {"toolUseId": value.id or "", "name": value.name})
            out += self._grow("toolUse", {"input": value.arguments}) if value.arguments else b""
        elif isinstance(value, Thinking):
            out += self._grow("reasoningContent", {"text": value.text}) if value.text else b""
        elif text := said(value):
            out += self._text(text)
        for note in value.citations if isinstance(value, Text) else ():
            out += self._grow("citation", rendered_citation(note))
        for piece in part.pieces:
            out += self._piece(piece)
        return out

    def _close_block(self, part: _Part) -> bytes:
        out, state = b"", part.state
        if isinstance(part.value, Thinking) and isinstance(state, dict) and state.get("signature"):
            out = self._grow("reasoningContent", {"signature": state["signature"]})
        self._open = None
        return out + self._stop()

    def _stop(self) -> bytes:
        out = event_frame("contentBlockStop", b'{"contentBlockIndex":%d}' % self._blocks)
        self._blocks += 1
        return out

    def _write_whole(self, part: _Part) -> bytes:
        """Write a part that is only known when it has ended."""
        value = part.value
        update: dict[str, Any] = {} if part.state is None else {"provider_state": ProviderState(part.state)}
        texts = "".join(getattr(piece, "text", "") for piece in part.pieces)
        if isinstance(value, ToolCall):
            update["arguments"] = value.arguments + texts
        elif isinstance(value, Media):
            pieces = [piece for piece in part.pieces if isinstance(piece, MediaDelta)]
            update["transcript"] = (value.transcript or "") + "".join(piece.transcript for piece in pieces) or None
            if isinstance(value.source, Bytes):
                update["source"] = Bytes(data=value.source.data + b"".join(piece.data for piece in pieces))
        block = rendered_block(value.model_copy(update=update))
        out = self._begin() + self._whole_block(block) if block is not None else b""
        return out + self._stop() if out else b""

    def _whole_block(self, block: dict[str, Any]) -> bytes:
        """Write a block as what starts it and one delta; one that streams have no form for says its text."""
        if (call := block.get("toolUse")) is not None:
            head = {name: value for name, value in call.items() if name != "input"}
            return self._start("toolUse", head) + self._grow("toolUse", {"input": to_json(call["input"]).decode()})
        if (result := block.get("toolResult")) is not None:
            head = {name: value for name, value in result.items() if name != "content"}
            return self._start("toolResult", head) + self._grow("toolResult", result["content"])
        if (image := block.get("image")) is not None:
            return self._start("image", {"format": image["format"]}) + self._grow("image", {"source": image["source"]})
        if (reasoning := block.get("reasoningContent")) is not None:
            return self._grow("reasoningContent", reasoning)
        return self._text(str(block.get("text") or "")) if block.get("text") else b""

    def _piece(self, delta: Delta) -> bytes:
        match delta:
            case TextDelta(text=text) | RefusalDelta(text=text):
                return self._text(text)
            case ThinkingDelta(text=text):
                return self._grow("reasoningContent", {"text": text})
            case ArgumentsDelta(text=text):
                return self._grow("toolUse", {"input": text})
            case CitationDelta(citation=note):
                return self._grow("citation", rendered_citation(note))
        return b""

    def _text(self, text: str) -> bytes:
        """Write a piece of text, by far the commonest event."""
        body = b'{"contentBlockIndex":%d,"delta":{"text":%b}}' % (self._blocks, to_json(text))
        return event_frame("contentBlockDelta", body)

    def _start(self, kind: str, start: dict[str, Any]) -> bytes:
        return event_frame("contentBlockStart", to_json({"contentBlockIndex": self._blocks, "start": {kind: start}}))

    def _grow(self, kind: str, more: Any) -> bytes:
        body = {"contentBlockIndex": self._blocks, "delta": {kind: more}}
        return event_frame("contentBlockDelta", to_json(body))
