"""Encode: deltas to the lines of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
    ChatRequest,
    Delta,
    Finished,
    JackfieldError,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    ProviderState,
    RefusalDelta,
    Request,
    Restarted,
    Started,
    StreamEncoder,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    UsageDelta,
    hookimpl,
)

from ._errors import error_body
from ._serve import call_body, finish_word, measured, moment, said
from ._usage import usage_members


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder(request, at) if isinstance(request, ChatRequest) else None


class Encoder:
    """Writes lines. A call is held until it is whole; the last line says how the message ended and what it used."""

    status = 200

    def __init__(self, request: ChatRequest, at: datetime) -> None:
        self.headers: Mapping[str, str] = {"content-type": "application/x-ndjson", "cache-control": "no-cache"}
        self._head: dict[str, Any] = {"model": request.model, "created_at": moment(int(at.timestamp()))}
        #: Calls that have not been written, in their order, with the pieces of their arguments; how many have been.
        self._open: dict[int, tuple[ToolCall, list[str]]] = {}
        self._ended: dict[int, Any] = {}
        self._calls = 0
        self._has_spoken = False
        self._finished: Finished | None = None
        self._usage: UsageDelta | None = None

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        match delta:
            case TextDelta(text=text) | RefusalDelta(text=text):
                return self._line({"content": text})
            case ThinkingDelta(text=text):
                return self._line({"content": "", "thinking": text})
            case ArgumentsDelta(part=part, text=text):
                if (open_ := self._open.get(part)) is not None:
                    open_[1].append(text)
            case Started():
                self._head["model"] = delta.model or self._head["model"]
                if delta.created is not None:
                    self._head["created_at"] = moment(delta.created)
            case PartStarted(part=part, value=ToolCall() as call):
                # what the provider ran itself is nothing that the caller is to run
                if call.executed_by == "caller":
                    self._open[part] = (call, [call.arguments])
            case PartStarted(value=Thinking(text=text)):
                return self._line({"content": "", "thinking": text}) if text else b""
            case PartStarted(value=value):
                return self._line({"content": text}) if (text := said(value)) else b""
            case PartEnded(part=part) if part in self._open:
                self._ended[part] = delta.provider_state
                return self._whole_calls()
            case LogprobsDelta(logprobs=logprobs):
                return self._line({"content": ""}, logprobs=logprobs["content"]) if logprobs.get("content") else b""
            case Finished():
                self._finished = delta
            case UsageDelta():
                self._usage = delta
            case Restarted(mode="rerun") if self._has_spoken:
                raise JackfieldError(
                    "another provider began the answer again; this format cannot take back what was sent"
                )
            case _:
                pass
        return b""

    def keep_alive(self) -> bytes:
        """Write nothing: clients of the format take every line for JSON."""
        return b""

    def fail(self, error: JackfieldError) -> bytes:
        """Write the line that says the error; no last line follows."""
        return to_json(error_body(error)) + b"\n"

    def close(self) -> bytes:
        """Write the last line."""
        finished = self._finished or Finished(0, "unknown")
        used = usage_members(self._usage.usage if self._usage is not None else None)
        message = {"role": "assistant", "content": ""}
        last = {"done": True, "done_reason": finish_word(finished.reason, finished.raw)}
        kept = measured(ProviderState(finished.provider_state))
        return to_json({**self._head, "message": message, **last, **kept, **used}) + b"\n"

    def _whole_calls(self) -> bytes:
        """Write the calls that are whole; one that began earlier and is not holds those behind it back."""
        written = b""
        while self._open and (part := next(iter(self._open))) in self._ended:
            written += self._call(part, self._ended[part])
        return written

    def _call(self, part: int, state: Any) -> bytes:
        call, pieces = self._open.pop(part)
        kept = ProviderState(state) if state is not None else None
        whole = call.model_copy(update={"arguments": "".join(pieces), "provider_state": kept})
        number, self._calls = self._calls, self._calls + 1
        return self._line({"content": "", "tool_calls": [call_body(whole, number)]})

    def _line(self, message: dict[str, Any], **beside: Any) -> bytes:
        self._has_spoken = True
        return to_json({**self._head, "message": {"role": "assistant", **message}, "done": False, **beside}) + b"\n"
