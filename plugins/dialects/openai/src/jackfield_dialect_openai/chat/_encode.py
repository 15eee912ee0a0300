"""Encode: deltas to the chunks of a stream."""

from __future__ import annotations

import base64
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
    Media,
    MediaDelta,
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

from ._errors import envelope
from ._request import tool_call
from ._serve import SANDBOX_FINGERPRINT, annotation, finish_word, usage_body


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder(request, at) if isinstance(request, ChatRequest) else None


class Encoder:
    """Writes chunks. The finish reasons, the usage that was asked for and `[DONE]` come at the end."""

    status = 200

    def __init__(self, request: ChatRequest, at: datetime) -> None:
        self.headers: Mapping[str, str] = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
        }
        self._request = request
        self._legacy = bool(request.serving.get("functions"))
        self._wants_usage = bool(request.serving.get("include_usage"))
        self._head: dict[str, Any] = {
            "id": derive_id("chatcmpl-", [request.model, at.isoformat()], 0),
            "object": "chat.completion.chunk",
            "created": int(at.timestamp()),
            "model": request.model,
        }
        if request.serving.get("sandboxed"):
            self._head["system_fingerprint"] = SANDBOX_FINGERPRINT
        self._calls: dict[tuple[int, int], tuple[int, str]] = {}
        self._finished: list[Finished] = []
        self._usage: UsageDelta | None = None
        self._opened: set[int] = set()
        #: What stands before and after the text of a chunk of each choice.
        self._frames: dict[int, tuple[bytes, bytes]] = {}
        self._audio: dict[tuple[int, int], str] = {}
        #: Characters said in each choice, and where its open text began: citations count from there.
        self._said: dict[int, int] = {}
        self._text_start: dict[int, int] = {}

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        if isinstance(delta, TextDelta):  # by far the commonest
            choice, text = delta.choice, delta.text
            self._said[choice] = self._said.get(choice, 0) + len(text)
            if (frame := self._frames.get(choice)) is None:
                return self._framed(choice, text)
            return frame[0] + to_json(text) + frame[1]
        match delta:
            case ArgumentsDelta(choice=choice, part=part, text=text):
                return self._arguments(choice, part, text)
            case Started():
                self._start(delta)
                return b""
            case PartStarted(choice=choice, part=part, value=ToolCall() as call):
                # what the provider ran itself is nothing that the caller is to run
                return self._call(choice, part, call) if call.executed_by == "caller" else b""
            case PartStarted(choice=choice, part=part, value=Media()):
                self._audio[choice, part] = derive_id("audio_", self._head["id"], f"{choice}.{part}")
                return self._chunk(choice, {"audio": {"id": self._audio[choice, part]}})
            case PartStarted(choice=choice, value=Text(text=text)):
                said = self._text_start[choice] = self._said.get(choice, 0)
                self._said[choice] = said + len(text)
                return self._chunk(choice, {"content": text}) if text else b""
            case PartStarted(choice=choice, value=Thinking(text=text)) if text:
                return self._chunk(choice, {"reasoning_content": text})
            case PartStarted(choice=choice, value=Refusal(text=text)) if text:
                return self._chunk(choice, {"refusal": text})
            case ThinkingDelta(choice=choice, text=text):
                return self._chunk(choice, {"reasoning_content": text})
            case RefusalDelta(choice=choice, text=text):
                return self._chunk(choice, {"refusal": text})
            case MediaDelta(choice=choice, data=data, transcript=transcript):
                audio = {"data": base64.b64encode(data).decode()} if data else {}
                return self._chunk(choice, {"audio": audio | ({"transcript": transcript} if transcript else {})})
            case CitationDelta(choice=choice, citation=citation):
                return self._chunk(choice, {"annotations": [annotation(citation, self._text_start.get(choice, 0))]})
            case LogprobsDelta(choice=choice, logprobs=logprobs):
                return self._chunk(choice, {}, logprobs=dict(logprobs))
            case Finished():
                self._finished.append(delta)
            case UsageDelta():
                self._usage = delta
            case Restarted(mode="rerun"):
                if self._opened:
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
        """Write the error as a chunk of its own; no end marker follows."""
        return b"data: " + to_json(envelope(error)[1]) + b"\n\n"

    def close(self) -> bytes:
        """Write finish reasons, usage and the end marker."""
        out = bytearray()
        if self._usage is not None and self._usage.service_tier:
            self._head["service_tier"] = self._usage.service_tier
        for finished in self._finished:
            word = finish_word(finished.reason, finished.raw, self._legacy)
            out += self._chunk(finished.choice, {}, finish_reason=word)
        if self._wants_usage:
            usage = usage_body(self._usage.usage if self._usage else None)
            body = {**self._head, "choices": [], "usage": usage}
            out += b"data: " + to_json(body) + b"\n\n"
        return bytes(out + b"data: [DONE]\n\n")

    def _start(self, started: Started) -> None:
        known = {"id": started.id, "model": started.model, "created": started.created}
        self._head |= {name: value for name, value in known.items() if value is not None}
        state = started.provider_state
        if isinstance(state, dict) and state.get("system_fingerprint"):
            self._head["system_fingerprint"] = state["system_fingerprint"]
        self._frames.clear()

    def _call(self, choice: int, part: int, call: ToolCall) -> bytes:
        number = sum(1 for opened, _ in self._calls if opened == choice)
        legacy = self._legacy or call.id is None
        self._calls[choice, part] = (number, "legacy" if legacy else call.kind)
        if legacy:
            return self._chunk(choice, {"function_call": {"name": call.name, "arguments": call.arguments}})
        return self._chunk(choice, {"tool_calls": [{"index": number, **tool_call(call)}]})

    def _arguments(self, choice: int, part: int, text: str) -> bytes:
        if (call := self._calls.get((choice, part))) is None:
            return b""
        number, kind = call
        if kind == "legacy":
            return self._chunk(choice, {"function_call": {"arguments": text}})
        row = {
            "index": number,
            **({"custom": {"input": text}} if kind == "custom" else {"function": {"arguments": text}}),
        }
        return self._chunk(choice, {"tool_calls": [row]})

    def _framed(self, choice: int, text: str) -> bytes:
        """Write text, and keep what is the same around the next one."""
        if choice in self._opened:
            before, mark, after = self._chunk(choice, {"content": ""}).partition(b'"delta":{"content":""')
            self._frames[choice] = before + mark[:-2], after
        return self._chunk(choice, {"content": text})

    def _chunk(
        self, choice: int, delta: dict[str, Any], *, logprobs: Any = None, finish_reason: str | None = None
    ) -> bytes:
        if choice not in self._opened:
            self._opened.add(choice)
            delta = {"role": "assistant", **delta}
        row = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        return b"data: " + to_json({**self._head, "choices": [row]}) + b"\n\n"
