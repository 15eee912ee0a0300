"""Encode: deltas to the events of a stream. Blocks never overlap: what begins too early is held back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
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
    Started,
    StreamEncoder,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    UsageDelta,
    derive_id,
    hookimpl,
)

from ._errors import envelope
from ._render import endings, rendered_block, rendered_citation, said
from ._serve import BESIDE
from ._usage import usage_body


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder(request, at) if isinstance(request, ChatRequest) else None


class _Part:
    """A part whose block is open, or waits for its turn. `whole` is written at once when the part has ended."""

    __slots__ = ("arguments", "ended", "pieces", "state", "value", "whole")

    def __init__(self, value: Part) -> None:
        self.value = value
        self.whole = not isinstance(value, Text) and not _flows(value)
        self.pieces: list[Delta] = []
        self.arguments = ""
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
    """Writes events. How the message ended and its usage come at the end."""

    status = 200

    def __init__(self, request: ChatRequest, at: datetime) -> None:
        self.headers: Mapping[str, str] = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
        }
        self._id = derive_id("msg_", [request.model, at.isoformat()], 0)
        self._model = request.model
        self._beside: dict[str, Any] = {}
        self._begun = False
        #: Parts that have no block yet or whose block is open, by number; the first is the one that is written.
        self._waiting: dict[int, _Part] = {}
        self._open: int | None = None
        self._blocks = 0
        self._finished: Finished | None = None
        self._usage: UsageDelta | None = None

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        kind = type(delta)
        if kind is TextDelta and delta.part == self._open:  # type: ignore[union-attr]
            return self._text(delta.text)  # type: ignore[union-attr]
        match delta:
            case PartStarted(part=number, value=value):
                self._waiting[number] = _Part(value)
                return self._advance()
            case PartEnded(part=number, provider_state=state):
                if (part := self._waiting.get(number)) is None:
                    return b""
                part.ended, part.state = True, state
                return self._advance()
            case Started():
                self._start(delta)
            case Finished():
                self._finished = delta
                if isinstance(state := delta.provider_state, dict):
                    self._beside = {name: state[name] for name in BESIDE if name in state}
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
        """Write a ping."""
        return b'event: ping\ndata: {"type":"ping"}\n\n'

    def fail(self, error: JackfieldError) -> bytes:
        """Write the error as an event; nothing follows it."""
        return _event("error", envelope(error)[1])

    def close(self) -> bytes:
        """Write the end of what is open, why the message ended, its usage, and that it is over."""
        out = self._flush()
        finished = self._finished
        reason = ("unknown", None, None) if finished is None else (finished.reason, finished.raw, finished.detail)
        delta = endings(*reason)
        if "container" in self._beside:
            delta["container"] = self._beside["container"]
        told = {name: value for name, value in self._beside.items() if name != "container"}
        out += self._begin()
        out += _event("message_delta", {"type": "message_delta", "delta": delta, "usage": self._counts(), **told})
        return out + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def _start(self, started: Started) -> None:
        self._id, self._model = started.id or self._id, started.model or self._model

    def _counts(self) -> dict[str, Any]:
        known = self._usage
        return usage_body(known.usage if known else None, known.service_tier if known else None)

    def _begin(self) -> bytes:
        """Write the start of the message, before the first block: what is known of its usage goes there."""
        if self._begun:
            return b""
        self._begun = True
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
        }
        message |= {"stop_reason": None, "stop_sequence": None, "usage": {**self._counts(), "output_tokens": 0}}
        return _event("message_start", {"type": "message_start", "message": message})

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
        self._open = number
        value = part.value
        members: dict[str, Any] = {}
        if isinstance(value, ToolCall):
            block: dict[str, Any] = {"type": "tool_use", "id": value.id, "name": value.name, "input": {}}
            if (state := value.provider_state) is not None and isinstance(state.data, dict):
                members = state.data.get("members", {})
        elif isinstance(value, Thinking):
            block = {"type": "thinking", "thinking": "", "signature": ""}
        else:
            block = {"type": "text", "text": ""}
        start = {"type": "content_block_start", "index": self._blocks, "content_block": block | members}
        out = self._begin() + _event("content_block_start", start)
        if isinstance(value, ToolCall):
            out += self._grow("input_json_delta", partial_json=value.arguments) if value.arguments else b""
        elif isinstance(value, Thinking):
            out += self._grow("thinking_delta", thinking=value.text) if value.text else b""
        elif text := said(value):
            out += self._text(text)
        for note in value.citations if isinstance(value, Text) else ():
            out += self._grow("citations_delta", citation=rendered_citation(note))
        for piece in part.pieces:
            out += self._piece(piece)
        return out

    def _close_block(self, part: _Part) -> bytes:
        out, state = b"", part.state
        if isinstance(part.value, Thinking) and isinstance(state, dict) and state.get("signature"):
            out = self._grow("signature_delta", signature=state["signature"])
        self._open = None
        return out + self._stop()

    def _stop(self) -> bytes:
        out = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % self._blocks
        self._blocks += 1
        return out

    def _write_whole(self, part: _Part) -> bytes:
        """Write a part that is only known when it has ended: its start holds all of it but a call's input."""
        value = part.value
        update: dict[str, Any] = {} if part.state is None else {"provider_state": ProviderState(part.state)}
        texts = "".join(getattr(piece, "text", "") for piece in part.pieces)
        if isinstance(value, ToolCall):
            update["arguments"] = value.arguments + texts
        elif isinstance(value, Media):
            spoken = "".join(piece.transcript for piece in part.pieces if isinstance(piece, MediaDelta))
            update["transcript"] = (value.transcript or "") + spoken or None
        block = rendered_block(value.model_copy(update=update))
        if block is None:
            return b""
        given = block["input"] if isinstance(value, ToolCall) else None
        text = block["text"] if block.get("type") == "text" else ""
        empty: dict[str, Any] = {} if given is None else {"input": {}}
        if text:
            empty = {"text": ""}
        start = {"type": "content_block_start", "index": self._blocks, "content_block": {**block, **empty}}
        out = self._begin() + _event("content_block_start", start)
        if given is not None:
            out += self._grow("input_json_delta", partial_json=to_json(given).decode())
        return out + (self._text(text) if text else b"") + self._stop()

    def _piece(self, delta: Delta) -> bytes:
        match delta:
            case TextDelta(text=text) | RefusalDelta(text=text):
                return self._text(text)
            case ThinkingDelta(text=text):
                return self._grow("thinking_delta", thinking=text)
            case ArgumentsDelta(text=text):
                return self._grow("input_json_delta", partial_json=text)
            case CitationDelta(citation=note):
                return self._grow("citations_delta", citation=rendered_citation(note))
        return b""

    def _text(self, text: str) -> bytes:
        """Write a piece of text, by far the commonest event."""
        return (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"text_delta","text":%b}}\n\n' % (self._blocks, to_json(text))
        )

    def _grow(self, kind: str, **members: Any) -> bytes:
        delta = {"type": "content_block_delta", "index": self._blocks, "delta": {"type": kind, **members}}
        return _event("content_block_delta", delta)


def _event(name: str, body: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), to_json(body))
