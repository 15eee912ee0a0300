"""Decode: the chunks of a stream to deltas."""

from __future__ import annotations

import base64
import binascii
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
    PartTracker,
    ProviderError,
    Refusal,
    RefusalDelta,
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

from ._calls import Call, is_new, mint
from ._response import (
    TRACES,
    Amend,
    arguments,
    audio_mime,
    citation,
    created,
    finish_reason,
    logprobs_of,
    pieces,
    usage_object,
)
from ._runs import ReadRuns, Running


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    return Decoder(request) if isinstance(request, ChatRequest) else None


class _Open:
    """A choice that is being streamed."""

    __slots__ = ("calls", "details", "finish", "kinds", "slots", "trace")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.slots: dict[int, Call] = {}
        self.finish: str | None = None
        self.kinds: list[Any] = []
        self.trace: str | None = None
        self.details: list[Any] = []


class Decoder:
    """Decodes one stream. Finish reasons are held to its end: usage, and more content, may come after them."""

    framing: str | None = None

    def __init__(self, request: ChatRequest, amend: Amend | None = None, runs: ReadRuns | None = None) -> None:
        self._request = request
        self._amend = amend
        self._runs = None if runs is None else Running(request, runs)
        self._tracker = PartTracker()
        self._choices: dict[int, _Open] = {}
        self._text: dict[int, int] = {}
        self._seen = False
        self._started = False
        self._done = False
        self._tier: str | None = None
        self._usage: UsageDelta | None = None

    def feed(self, event: Event) -> list[Delta]:
        """Read one chunk.

        Raises:
            ProviderError: the chunk is an error, or no JSON.
        """
        data = event.data
        if self._done or data == b"[DONE]":
            self._done = True
            return []
        try:
            chunk = from_json(data)
        except ValueError as error:
            raise ResponseFormatError(f"a chunk of the stream is not JSON: {error}", body=data) from None
        if not isinstance(chunk, dict):
            raise ResponseFormatError("a chunk of the stream is not an object", body=data)
        out: list[Delta] = []
        try:
            if self._amend is not None:
                self._amend(chunk)
            if not self._started:
                self._start(chunk, out)
            if choices := chunk.get("choices"):
                choice = choices[0]
                index, delta = choice.get("index"), choice.get("delta")
                if (
                    len(choices) == 1
                    and delta
                    and len(delta) == 1
                    and (part := self._text.get(index)) is not None
                    and type(content := delta.get("content")) is str
                    and content
                ):  # more text: by far the commonest chunk, so it takes the short way
                    out.append(TextDelta(index, part, content))
                    if choice.get("finish_reason") is not None or choice.get("logprobs"):
                        self._ending(index, self._choices[index], choice, out)
                else:
                    for position, choice in enumerate(choices):
                        index = choice.get("index")
                        self._choice(position if index is None else index, choice, out)
            if self._tier is None and chunk.get("service_tier"):
                self._tier = word(chunk, "service_tier")
            if usage := chunk.get("usage"):
                self._usage = UsageDelta(usage_object(usage), self._tier)
                out.append(self._usage)
            if (failed := chunk.get("error")) or (event.name == "error" and not choices):
                message = failed.get("message") if isinstance(failed, dict) else failed
                failure = ProviderError(str(message or "the stream holds an error"), body=data)
                failure.deltas = out + self._end()
                raise failure
        except MALFORMED as error:
            failure = malformed("a chunk of the stream", error, data)
            failure.deltas = out
            raise failure from error
        return out

    def close(self) -> list[Delta]:
        """Read the end: ends the open parts and says how each choice finished.

        Raises:
            StreamInterrupted: neither the end marker nor a finish reason of every choice has come.
        """
        if not self._started and (self._done or not self._seen):
            raise ResponseFormatError("the stream is empty")
        out = self._end()
        if self._done or (self._choices and all(choice.finish is not None for choice in self._choices.values())):
            return out
        error = StreamInterrupted("the stream ended before its end")
        error.deltas = out
        raise error

    def _end(self) -> list[Delta]:
        """End every part, and every choice that has a finish reason or is not going to get one."""
        out: list[Delta] = []
        for index in sorted(self._choices):
            choice = self._choices[index]
            for call in choice.calls:
                if call.part is None:
                    self._open_call(index, choice, call, out)
            self._tracker.end(index, out)
            if choice.finish is not None or self._done:
                out.append(Finished(index, finish_reason(choice.finish, choice.kinds), choice.finish))
        if self._tier is not None and (self._usage is None or self._usage.service_tier != self._tier):
            out.append(UsageDelta(self._usage.raw if self._usage else None, self._tier))
        return out

    def _start(self, chunk: dict[str, Any], out: list[Delta]) -> None:
        self._seen = True
        # Azure's first chunk has neither id nor model nor choices (recorded, microsoft/chat-completions)
        if not (chunk.get("id") or chunk.get("model") or chunk.get("choices")):
            return
        self._started = True
        fingerprint = chunk.get("system_fingerprint")
        state = {"system_fingerprint": fingerprint} if fingerprint else None
        out.append(Started(word(chunk, "id"), word(chunk, "model"), created(chunk), state))

    def _choice(self, index: int, choice: dict[str, Any], out: list[Delta]) -> None:
        if (open_ := self._choices.get(index)) is None:
            if type(index) is not int:
                raise TypeError("the index of a choice is no whole number")
            open_ = self._choices[index] = _Open()
        # perplexity sends a cumulative message beside each delta; only where there is no delta is it the answer
        if delta := choice.get("delta"):
            self._delta(index, open_, delta, out)
        elif delta is None and (message := choice.get("message")):
            self._delta(index, open_, message, out)
        self._ending(index, open_, choice, out)

    def _ending(self, index: int, open_: _Open, choice: dict[str, Any], out: list[Delta]) -> None:
        """Read what stands beside a delta."""
        if (rows := logprobs_of(choice.get("logprobs"))) is not None:
            out.append(LogprobsDelta(index, rows))
        if (reason := choice.get("finish_reason")) is not None and (reason or open_.finish is None):
            open_.finish = str(reason)

    def _delta(self, index: int, open_: _Open, delta: dict[str, Any], out: list[Delta]) -> None:
        self._thinking(index, open_, delta, out)
        if self._runs is not None and self._runs.feed(index, delta, self._tracker, out):
            self._text.pop(index, None)
        content = delta.get("content")
        if content and (text := content if isinstance(content, str) else pieces(content)):
            out.append(TextDelta(index, self._flow(index, "text", out), text))
        for note in delta.get("annotations") or ():
            out.append(CitationDelta(index, self._flow(index, "text", out), citation(note)))
        if refusal := delta.get("refusal"):
            if type(refusal) is not str:
                raise TypeError(f"refusal is a JSON {type(refusal).__name__}, not a string")
            open_.kinds.append(_REFUSAL)
            out.append(RefusalDelta(index, self._flow(index, "refusal", out), refusal))
        if audio := delta.get("audio"):
            self._audio(index, audio, out)
        for call in delta.get("tool_calls") or ():
            self._call(index, open_, call, out)
        if (legacy := delta.get("function_call")) and (legacy.get("name") or legacy.get("arguments")):
            self._legacy(index, open_, legacy, out)

    def _flow(self, index: int, kind: str, out: list[Delta]) -> int:
        part = self._tracker.flow(index, kind, _EMPTY[kind], out)
        if kind == "text":
            self._text[index] = part
        else:
            self._text.pop(index, None)
        return part

    def _thinking(self, index: int, open_: _Open, delta: dict[str, Any], out: list[Delta]) -> None:
        """Read a piece of the trace; hosts give it under several names at once, so the first name stays."""
        if rows := delta.get("reasoning_details"):
            if not isinstance(rows, list):
                raise TypeError(f"reasoning_details is a JSON {type(rows).__name__}, not a list")
            open_.details += rows
        name = open_.trace
        if name is None or not delta.get(name):
            found = next((name for name in TRACES if delta.get(name)), None)
            if found is None and rows and name is None:
                found = "reasoning_details"
            if found is None or (name is not None and found != name and name in TRACES):
                return
            name = open_.trace = found
        if name == "reasoning_details":
            text = "".join(str(row.get("text") or row.get("summary") or "") for row in rows or ())
        else:
            text = delta.get(name) or ""
            if type(text) is not str:
                raise TypeError(f"{name} is a JSON {type(text).__name__}, not a string")
        part = self._flow(index, "thinking", out)
        if text:
            out.append(ThinkingDelta(index, part, text))
        self._tracker.state(index, {"field": name, **({"details": open_.details} if open_.details else {})})

    def _audio(self, index: int, audio: dict[str, Any], out: list[Delta]) -> None:
        value = Media(kind="audio", source=Bytes(data=b""), mime=audio_mime(self._request))
        part = self._tracker.flow(index, "audio", value, out)
        self._text.pop(index, None)
        current = self._tracker.current(index)
        state = dict(current[2] or {}) if current else {}
        state |= {name: audio[name] for name in ("id", "expires_at") if audio.get(name)}
        self._tracker.state(index, state or None)
        try:
            data = base64.b64decode(audio.get("data") or "")
        except binascii.Error as error:
            raise ResponseFormatError(f"a piece of the spoken answer is broken base64: {error}") from None
        transcript = word(audio, "transcript") or ""
        if data or transcript:
            out.append(MediaDelta(index, part, data, transcript))

    def _call(self, index: int, open_: _Open, row: dict[str, Any], out: list[Delta]) -> None:
        """Continue a call by index, by id, or as the last; a new id or name behind a whole call is a new call."""
        custom = row.get("type") == "custom" or (bool(row.get("custom")) and not row.get("function"))
        body = (row.get("custom") if custom else row.get("function")) or {}
        slot, call_id, name = row.get("index"), word(row, "id"), word(body, "name")
        if slot is not None:
            call = open_.slots.get(slot)
        elif call_id is not None:
            call = next((call for call in open_.calls if call.id == call_id), None)
        else:
            call = open_.calls[-1] if open_.calls else None
        if call is not None and is_new(call, call_id, name, body):
            call = None
        if call is None:
            if not (call_id or name or body.get("arguments") or body.get("input")):
                return
            call = Call(None, call_id, name or "", custom)
            open_.calls.append(call)
            if slot is not None:
                open_.slots[slot] = call
        if call.custom:
            body = row.get("custom") or {}
        text = arguments(body.get("input" if call.custom else "arguments"))
        call.text += text
        if call.part is None:
            call.name, call.id = call.name or name or "", call.id or call_id
            if call.name:
                self._open_call(index, open_, call, out)
        elif text:
            out.append(ArgumentsDelta(index, call.part, text))

    def _open_call(self, index: int, open_: _Open, call: Call, out: list[Delta]) -> None:
        """Begin a call's part, with the arguments that were held."""
        minted = call.id or mint(self._request, index, open_.calls.index(call))
        value = ToolCall(id=minted, name=call.name, kind="custom" if call.custom else "function")
        call.part = self._tracker.call(index, value, out)
        self._text.pop(index, None)
        open_.kinds.append(value)
        if call.text:
            out.append(ArgumentsDelta(index, call.part, call.text))

    def _legacy(self, index: int, open_: _Open, body: dict[str, Any], out: list[Delta]) -> None:
        if not open_.calls:
            value = ToolCall(name=body.get("name") or "")
            part = self._tracker.call(index, value, out)
            self._text.pop(index, None)
            open_.calls.append(Call(part, None, value.name, False))
            open_.kinds.append(value)
        first = open_.calls[0].part
        if first is not None and (text := arguments(body.get("arguments"))):
            out.append(ArgumentsDelta(index, first, text))


_EMPTY: dict[str, Text | Thinking | Refusal] = {
    "text": Text(text=""), "thinking": Thinking(text=""), "refusal": Refusal(text=""),
}  # fmt: skip
_REFUSAL = _EMPTY["refusal"]
