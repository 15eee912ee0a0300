"""Encode: deltas to the events of a stream."""

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
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Refusal,
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

from ._blocks import PLAN
from ._said import citation_body
from ._serve import finish_word, logprob_entries
from ._usage import usage_body


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder(request, at) if isinstance(request, ChatRequest) else None


class Encoder:
    """Writes events. How the message ended, what it used and `[DONE]` come at the end."""

    status = 200

    def __init__(self, request: ChatRequest, at: datetime) -> None:
        self.headers: Mapping[str, str] = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
        }
        self._id = derive_id("", [request.model, at.isoformat()], 0)
        self._begun = False
        #: What each open part is on the wire (`text`, `thinking`, the plan, a call), and its number there.
        self._open: dict[int, tuple[str, int]] = {}
        self._blocks = self._calls = self._citations = 0
        self._finished: Finished | None = None
        self._usage: UsageDelta | None = None

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        match delta:
            case (
                TextDelta(part=part, text=text)
                | ThinkingDelta(part=part, text=text)
                | RefusalDelta(part=part, text=text)
            ):
                return self._piece(part, text)
            case ArgumentsDelta(part=part, text=text):
                if (open_ := self._open.get(part)) is None:
                    return b""
                return _event("tool-call-delta", open_[1], {"tool_calls": {"function": {"arguments": text}}})
            case Started():
                self._id = delta.id or self._id
                return self._begin()
            case PartStarted(part=part, value=value):
                return self._begin() + self._start(part, value)
            case PartEnded(part=part):
                return self._end(part)
            case CitationDelta(part=part, citation=citation):
                if (open_ := self._open.get(part)) is None:
                    return b""
                index, self._citations = self._citations, self._citations + 1
                note = citation_body(citation, open_[1])
                return _event("citation-start", index, {"citations": note}) + _event("citation-end", index)
            case LogprobsDelta(logprobs=logprobs):
                return b"".join(
                    _event("content-delta", max(0, self._blocks - 1), {"content": {"text": ""}}, logprobs=entry)
                    for entry in logprob_entries(logprobs.get("content") or ())
                )
            case Finished():
                self._finished = delta
            case UsageDelta():
                self._usage = delta
            case Restarted(mode="rerun") if self._blocks or self._calls:
                raise JackfieldError(
                    "another provider began the answer again; this format cannot take back what was sent"
                )
            case _:
                pass
        return b""

    def keep_alive(self) -> bytes:
        """Write a comment."""
        return b": keep-alive\n\n"

    def fail(self, error: JackfieldError) -> bytes:
        """Write the end that names the error."""
        delta = {"finish_reason": "ERROR", "usage": {}, "error": str(error.message)}
        if error.code:
            delta["error_type"] = error.code
        return self._begin() + _framed("message-end", {"type": "message-end", "delta": delta}) + _DONE

    def close(self) -> bytes:
        """Write how the message ended, its usage and the end marker."""
        finished = self._finished or Finished(0, "unknown")
        delta = {
            "finish_reason": finish_word(finished.reason, finished.raw),
            "usage": usage_body(self._usage.usage if self._usage is not None else None),
        }
        return self._begin() + _framed("message-end", {"type": "message-end", "delta": delta}) + _DONE

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return _framed("message-start", {"id": self._id, "type": "message-start", "delta": {"message": message}})

    def _start(self, part: int, value: Any) -> bytes:
        match value:
            case Thinking(group=group, text=text) if group == PLAN:
                self._open[part] = (PLAN, 0)
                return _event("tool-plan-delta", None, {"tool_plan": text}) if text else b""
            case Text(text=text) | Refusal(text=text) | Thinking(text=text):
                kind = "thinking" if isinstance(value, Thinking) else "text"
                index, self._blocks = self._blocks, self._blocks + 1
                self._open[part] = (kind, index)
                return _event("content-start", index, {"content": {"type": kind, kind: text}})
            case ToolCall(executed_by="caller"):
                # what the provider ran itself is nothing that the caller is to run
                index, self._calls = self._calls, self._calls + 1
                self._open[part] = ("call", index)
                function = {"name": value.name, "arguments": value.arguments}
                call = {"id": value.id, "type": "function", "function": function}
                return _event("tool-call-start", index, {"tool_calls": call})
            case _:
                return b""

    def _piece(self, part: int, text: str) -> bytes:
        kind, index = self._open[part]
        if kind == PLAN:
            return _event("tool-plan-delta", None, {"tool_plan": text})
        return _event("content-delta", index, {"content": {kind: text}})

    def _end(self, part: int) -> bytes:
        kind, index = self._open.pop(part, (PLAN, 0))
        if kind == PLAN:
            return b""
        return _event("tool-call-end" if kind == "call" else "content-end", index)


def _event(kind: str, index: int | None, message: dict[str, Any] | None = None, **beside: Any) -> bytes:
    body: dict[str, Any] = {"type": kind}
    if index is not None:
        body["index"] = index
    if message is not None:
        body["delta"] = {"message": message}
    return _framed(kind, body | beside)


def _framed(kind: str, body: dict[str, Any]) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + to_json(body) + b"\n\n"


_DONE = b"data: [DONE]\n\n"
