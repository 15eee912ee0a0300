"""Decode: the lines of a stream to deltas."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from jackfield import (
    ArgumentsDelta,
    ChatRequest,
    Delta,
    Event,
    Finished,
    HTTPResponse,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    ProviderError,
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

from ._response import created, finish_reason, read_call
from ._usage import durations, usage_object
from ._words import THOUGHT


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    return Decoder(request) if isinstance(request, ChatRequest) else None


class Decoder:
    """Decodes one stream: every line holds a piece of the message, the last one says that it is done."""

    framing: str | None = "ndjson"

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        #: The part that is open and what it is; calls come whole.
        self._part: int | None = None
        self._kind = ""
        self._count = 0
        self._calls: list[ToolCall] = []
        self._started = False
        self._last: dict[str, Any] | None = None

    def feed(self, event: Event) -> list[Delta]:
        """Read one line.

        Raises:
            ProviderError: the line is an error, or no JSON.
        """
        data = event.data
        try:
            told = from_json(data)
        except ValueError as error:
            raise ResponseFormatError(f"a line of the stream is not JSON: {error}", body=data) from None
        if not isinstance(told, dict):
            raise ResponseFormatError("a line of the stream is not an object", body=data)
        out: list[Delta] = []
        try:
            message = told.get("message")
            if (
                message is not None
                and len(message) == 2
                and self._kind == "text"
                and type(text := message.get("content")) is str
                and text
            ):  # more text: by far the commonest line, so it takes the short way
                out.append(TextDelta(0, self._part, text))  # type: ignore[arg-type]
            elif message is not None:
                if not self._started:
                    self._started = True
                    out.append(Started(None, word(told, "model"), created(told)))
                self._message(message, out)
            if rows := told.get("logprobs"):
                out.append(LogprobsDelta(0, {"content": [*rows]}))
            if told.get("done"):
                self._last = told
                if (usage := usage_object(told)) is not None:
                    out.append(UsageDelta(usage))
            if failed := told.get("error"):
                failure = ProviderError(str(failed), body=data)
                failure.deltas = out + self._end()
                raise failure
        except MALFORMED as error:
            failure = malformed("a line of the stream", error, data)
            failure.deltas = out
            raise failure from error
        return out

    def close(self) -> list[Delta]:
        """Read the end: ends the open part.

        Raises:
            StreamInterrupted: the line that says `done` has not come.
        """
        if not self._started:
            raise ResponseFormatError("the stream is empty")
        out = self._end()
        if self._last is not None:
            return out
        cut = StreamInterrupted("the stream ended before its end")
        cut.deltas = out
        raise cut

    def _message(self, message: dict[str, Any], out: list[Delta]) -> None:
        if thinking := word(message, "thinking"):
            out.append(ThinkingDelta(0, self._flow("thinking", out), thinking))
        if text := word(message, "content"):
            out.append(TextDelta(0, self._flow("text", out), text))
        for call in message.get("tool_calls") or ():
            self._end_flow(out)
            made, arguments, state = read_call(self._request, call, len(self._calls))
            self._calls.append(made)
            part, self._count = self._count, self._count + 1
            out += [PartStarted(0, part, made), ArgumentsDelta(0, part, arguments), PartEnded(0, part, state)]

    def _flow(self, kind: str, out: list[Delta]) -> int:
        """Return the part of that kind that is open; open it where another is."""
        if self._kind != kind or self._part is None:
            self._end_flow(out)
            self._kind, self._part, self._count = kind, self._count, self._count + 1
            out.append(PartStarted(0, self._part, Text(text="") if kind == "text" else Thinking()))
        return self._part

    def _end_flow(self, out: list[Delta]) -> None:
        if self._part is not None:
            out.append(PartEnded(0, self._part, THOUGHT if self._kind == "thinking" else None))
        self._part, self._kind = None, ""

    def _end(self) -> list[Delta]:
        """End what is open; say how the message finished, where that is known."""
        out: list[Delta] = []
        self._end_flow(out)
        if (last := self._last) is not None:
            raw = last.get("done_reason")
            raw = raw if isinstance(raw, str) and raw else None
            out.append(Finished(0, finish_reason(raw, self._calls), raw, None, durations(last) or None))
        return out
