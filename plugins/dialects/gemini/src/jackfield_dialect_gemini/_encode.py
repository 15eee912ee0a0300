"""Encode: deltas to the documents of a stream."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatRequest,
    Citation,
    CitationDelta,
    Delta,
    Finished,
    JackfieldError,
    LogprobsDelta,
    Media,
    MediaDelta,
    Part,
    PartEnded,
    PartStarted,
    ProviderState,
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
    UnsupportedFeature,
    UsageDelta,
    derive_id,
    hookimpl,
)

from ._errors import blocked_answer, envelope
from ._serve import answered, broken_call, cited, ending, logprobs_result, moment, own_members
from ._usage import SEARCHES, usage_body


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder(request, at) if isinstance(request, ChatRequest) else None


class _Held:
    """A part that is being written, or waits for one before it."""

    __slots__ = ("data", "ended", "notes", "pieces", "value")

    def __init__(self, value: Part) -> None:
        self.value = value
        self.pieces: list[str] = []
        self.data = b""
        self.notes: list[Citation] = []
        self.ended = False

    def whole(self) -> Part:
        """Return the part, whole."""
        text = "".join(self.pieces)
        value = self.value
        if isinstance(value, ToolCall):
            return value.model_copy(update={"arguments": value.arguments + text})
        if isinstance(value, Media) and isinstance(value.source, Bytes):
            return value.model_copy(update={"source": Bytes(data=value.source.data + self.data)})
        return value


class _Written:
    """A candidate that is being written: its parts in order, of which the first that has not ended flows."""

    __slots__ = ("broken", "finished", "first", "parts")

    def __init__(self) -> None:
        self.parts: dict[int, _Held] = {}
        self.first = 0
        self.finished: Finished | None = None
        self.broken: str | None = None


class Encoder:
    """Writes documents. Calls and media are written whole; reasons and usage come at the end.

    The stream is server-sent events where `alt=sse` was asked for, and one JSON array otherwise.
    """

    status = 200

    def __init__(self, request: ChatRequest, at: datetime) -> None:
        self._is_array = request.serving.get("framing") == "json"
        kind = "application/json; charset=UTF-8" if self._is_array else "text/event-stream; charset=utf-8"
        self.headers: Mapping[str, str] = {"content-type": kind, "cache-control": "no-cache"}
        self._head: dict[str, Any] = {
            "modelVersion": request.model,
            "responseId": derive_id("", [request.model, at.isoformat()], 0),
        }
        self._choices: dict[int, _Written] = {}
        self._usage: UsageDelta | None = None
        self._begun = False

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        match delta:
            case TextDelta(choice=choice, part=part, text=text) | RefusalDelta(choice=choice, part=part, text=text):
                return self._text(choice, part, {"text": text})
            case ThinkingDelta(choice=choice, part=part, text=text):
                return self._text(choice, part, {"text": text, "thought": True})
            case ArgumentsDelta(choice=choice, part=part, text=text):
                self._choices[choice].parts[part].pieces.append(text)
            case MediaDelta(choice=choice, part=part, data=data):
                return self._media(choice, part, data)
            case CitationDelta(choice=choice, part=part, citation=citation):
                return self._cite(choice, part, citation)
            case PartStarted(choice=choice, part=part, value=value):
                return self._begin(choice, part, value)
            case PartEnded(choice=choice, part=part, provider_state=state):
                return self._finish_part(choice, part, state)
            case LogprobsDelta(choice=choice, logprobs=rows):
                result = logprobs_result(rows)
                return self._document(choice, [], {"logprobsResult": result}) if result else b""
            case Started():
                known = {"responseId": delta.id, "modelVersion": delta.model}
                self._head |= {name: value for name, value in known.items() if value is not None}
                if delta.created is not None:
                    self._head["createTime"] = moment(delta.created)
                if isinstance(delta.provider_state, dict) and "promptFeedback" in delta.provider_state:
                    self._head["promptFeedback"] = delta.provider_state["promptFeedback"]
            case Finished(choice=choice):
                self._choices.setdefault(choice, _Written()).finished = delta
            case UsageDelta():
                self._usage = delta
            case Restarted(mode="rerun") if self._begun:
                raise JackfieldError(
                    "another provider began the answer again; this format cannot take back what was sent"
                )
            case _:
                pass
        return b""

    def keep_alive(self) -> bytes:
        """Write an empty line: Google's own clients take no comments."""
        return b"\r\n"

    def fail(self, error: JackfieldError) -> bytes:
        """Write the error as a document of its own."""
        from jackfield import ContentFilterError

        body = blocked_answer(error) if isinstance(error, ContentFilterError) else envelope(error)[1]
        return self._framed(body) + (b"]" if self._is_array else b"")

    def close(self) -> bytes:
        """Write the reasons, the usage and the end."""
        usage = usage_body(self._usage.usage) if self._usage is not None else None
        if usage is not None and self._usage is not None and self._usage.service_tier:
            usage["serviceTier"] = self._usage.service_tier
        queries = (self._usage.raw or {}).get(SEARCHES) if self._usage is not None else None
        rows = [
            {
                "content": {"parts": [{"text": ""}], "role": "model"},
                "index": index,
                **ending(choice.finished.reason, choice.finished.raw, choice.finished.detail, choice.broken),
                **cited((), queries if number == 0 else None),
                **own_members(choice.finished.provider_state),
            }
            for number, (index, choice) in enumerate(sorted(self._choices.items()))
            if choice.finished is not None
        ]
        body = {"candidates": rows, **({} if usage is None else {"usageMetadata": usage}), **self._head}
        return self._framed(body) + (b"]" if self._is_array else b"")

    def _begin(self, choice: int, part: int, value: Part) -> bytes:
        written = self._choices.setdefault(choice, _Written())
        text = value.text if isinstance(value, Text | Thinking | Refusal) else ""
        bare = value.model_copy(update={"text": ""}) if text else value
        written.parts[part] = _Held(bare)
        if not text:
            return b""
        return self._text(choice, part, {"text": text, "thought": True} if type(value) is Thinking else {"text": text})

    def _text(self, choice: int, part: int, wire: dict[str, Any]) -> bytes:
        written = self._choices[choice]
        if part == written.first:
            return self._document(choice, [wire])
        written.parts[part].pieces.append(wire["text"])
        return b""

    def _media(self, choice: int, part: int, data: bytes) -> bytes:
        written = self._choices[choice]
        held = written.parts[part]
        value = held.value
        if isinstance(value, Media) and value.kind == "audio" and part == written.first and data:
            piece = {"mimeType": value.mime or "audio/wav", "data": base64.b64encode(data).decode()}
            return self._document(choice, [{"inlineData": piece}])
        held.data += data
        return b""

    def _cite(self, choice: int, part: int, citation: Citation) -> bytes:
        written = self._choices[choice]
        if part == written.first:
            return self._document(choice, [], cited([citation]))
        written.parts[part].notes.append(citation)
        return b""

    def _finish_part(self, choice: int, part: int, state: Any) -> bytes:
        """End a part, then write what waited for it."""
        written = self._choices[choice]
        held = written.parts[part]
        held.ended = True
        if state is not None:
            held.value = held.value.model_copy(update={"provider_state": ProviderState(data=state)})
        out = b""
        while (ready := written.parts.get(written.first)) is not None:
            if not isinstance(ready.value, ToolCall | Media):
                out += self._waited(choice, ready)
            if not ready.ended:
                break
            out += self._last(choice, written, ready)
            del written.parts[written.first]
            written.first += 1
        return out

    def _waited(self, choice: int, held: _Held) -> bytes:
        """Write text and citations that had to wait."""
        text = "".join(held.pieces)
        held.pieces.clear()
        thought = {"thought": True} if type(held.value) is Thinking else {}
        out = self._document(choice, [{"text": text, **thought}]) if text else b""
        if held.notes:
            out += self._document(choice, [], cited(held.notes))
            held.notes = []
        return out

    def _last(self, choice: int, written: _Written, held: _Held) -> bytes:
        """Write what a part's end makes known: a whole call or medium, or the signature of a text."""
        part = held.whole()
        try:
            wire = answered(part)
        except UnsupportedFeature:
            written.broken = broken_call(part)
            return b""
        if wire is None or (isinstance(part, Text | Thinking | Refusal) and "thoughtSignature" not in wire):
            return b""
        if isinstance(part, Media) and part.source == Bytes(data=b""):  # spoken, and written by now
            return b""
        return self._document(choice, [wire])

    def _document(self, choice: int, parts: list[dict[str, Any]], more: dict[str, Any] | None = None) -> bytes:
        row: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": choice, **(more or {})}
        return self._framed({"candidates": [row], **self._head})

    def _framed(self, body: dict[str, Any]) -> bytes:
        text = to_json(body)
        before, self._begun = self._begun, True
        if self._is_array:
            return (b",\r\n" if before else b"[") + text
        return b"data: " + text + b"\r\n\r\n"
