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
    RefusalDelta,
    Request,
    Restarted,
    Started,
    StreamEncoder,
    Text,
    TextDelta,
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
        self._audio: dict[tuple[int, int], str] = {}

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        match delta:
            case TextDelta(choice=choice, text=text):
                return self._chunk(choice, {"content": text})
            case ArgumentsDelta(choice=choice, part=part, text=text):
                return self._arguments(choice, part, text)
            case Started():
                self._start(delta)
                return b""
            case PartStarted(choice=choice, part=part, value=ToolCall() as call):
                return self._call(choice, part, call)
            case PartStarted(choice=choice, part=part, value=Media()):
                self._audio[choice, part] = derive_id("audio_", self._head["id"], f"{choice}.{part}")
                return self._chunk(choice, {"audio": {"id": self._audio[choice, part]}})
            case PartStarted(choice=choice, value=Text(text=text)) if text:
                return self._chunk(choice, {"content": text})
            case ThinkingDelta(choice=choice, text=text):
                return self._chunk(choice, {"reasoning_content": text})
            case RefusalDelta(choice=choice, text=text):
                return self._chunk(choice, {"refusal": text})
            case MediaDelta(choice=choice, data=data, transcript=transcript):
                audio = {"data": base64.b64encode(data).decode()} if data else {}
                return self._chunk(choice, {"audio": audio | ({"transcript": transcript} if transcript else {})})
            case CitationDelta(choice=choice, citation=citation):
                return self._chunk(choice, {"annotations": [annotation(citation)]})
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

    def _call(self, choice: int, part: int, call: ToolCall) -> bytes:
        number = sum(1 for opened, _ in self._calls if opened == choice)
        legacy = self._legacy or call.id is None
        self._calls[choice, part] = (number, "legacy" if legacy else call.kind)
        if legacy:
            return self._chunk(choice, {"function_call": {"name": call.name, "arguments": call.arguments}})
        return self._chunk(choice, {"tool_calls": [{"index": number, **tool_call(call)}]})

    def _arguments(self, choice: int, part: int, text: str) -> bytes:
        number, kind = self._calls[choice, part]
        if kind == "legacy":
            return self._chunk(choice, {"function_call": {"arguments": text}})
        row = {
            "index": number,
            **({"custom": {"input": text}} if kind == "custom" else {"function": {"arguments": text}}),
        }
        return self._chunk(choice, {"tool_calls": [row]})

    def _chunk(
        self, choice: int, delta: dict[str, Any], *, logprobs: Any = None, finish_reason: str | None = None
    ) -> bytes:
        if choice not in self._opened:
            self._opened.add(choice)
            delta = {"role": "assistant", **delta}
        row = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        return b"data: " + to_json({**self._head, "choices": [row]}) + b"\n\n"
