"""Decode: the events of a stream to deltas."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from jackfield import (
    ArgumentsDelta,
    ChatRequest,
    Citation,
    CitationDelta,
    Delta,
    Event,
    Finished,
    HTTPResponse,
    LogprobsDelta,
    PartTracker,
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

from ._blocks import PLAN, PLANNED, THOUGHT, call_part, citation, is_of_text
from ._response import finish_reason, logprob_rows, usage_object


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    return Decoder() if isinstance(request, ChatRequest) else None


class Decoder:
    """Decodes one stream. A text stays open behind its end, until another part begins: its citations may come late."""

    framing: str | None = None

    def __init__(self) -> None:
        self._tracker = PartTracker()
        self._text: int | None = None
        self._calls: dict[Any, int] = {}
        self._called: list[ToolCall] = []
        self._held: list[Citation] = []
        self._started = False
        self._done = False
        self._finish: str | None = None

    def feed(self, event: Event) -> list[Delta]:
        """Read one event.

        Raises:
            ProviderError: the event is an error, or no JSON.
        """
        data = event.data
        if data == b"[DONE]":
            return []
        try:
            told = from_json(data)
        except ValueError as error:
            raise ResponseFormatError(f"an event of the stream is not JSON: {error}", body=data) from None
        if not isinstance(told, dict):
            raise ResponseFormatError("an event of the stream is not an object", body=data)
        out: list[Delta] = []
        try:
            kind = told.get("type")
            if kind == "content-delta":
                content = told["delta"]["message"]["content"]
                part = self._text
                if part is not None and type(text := content.get("text")) is str and text and "logprobs" not in told:
                    out.append(TextDelta(0, part, text))  # by far the commonest event, so it takes the short way
                else:
                    self._content(content, out)
                    self._probable(told.get("logprobs"), out)
            else:
                self._event(kind, told, data, out)
        except MALFORMED as error:
            failure = malformed("an event of the stream", error, data)
            failure.deltas = out
            raise failure from error
        return out

    def close(self) -> list[Delta]:
        """Read the end: ends the open parts.

        Raises:
            StreamInterrupted: the event that ends a message has not come.
        """
        if not self._started:
            raise ResponseFormatError("the stream is empty")
        out = self._end()
        if self._done:
            return out
        cut = StreamInterrupted("the stream ended before its end")
        cut.deltas = out
        raise cut

    def _event(self, kind: Any, told: dict[str, Any], data: bytes, out: list[Delta]) -> None:
        match kind:
            case "content-start":
                self._close_flow(out)
                self._content(told["delta"]["message"]["content"], out)
            case "tool-plan-delta":
                if plan := word(told["delta"]["message"], "tool_plan"):
                    out.append(ThinkingDelta(0, self._flow(PLAN, out), plan))
            case "tool-call-start":
                self._call(told, out)
            case "tool-call-delta":
                function = told["delta"]["message"]["tool_calls"]["function"]
                if text := word(function, "arguments"):
                    out.append(ArgumentsDelta(0, self._calls[told.get("index")], text))
            case "citation-start":
                self._cite(told["delta"]["message"]["citations"], out)
            case "message-start":
                self._started = True
                out.append(Started(word(told, "id")))
            case "message-end":
                self._ended(told["delta"], data, out)
            case None if isinstance(told.get("message"), str):
                raise ProviderError(told["message"], body=data)

    def _content(self, content: dict[str, Any], out: list[Delta]) -> None:
        """Read a piece of text or of thinking; where a block begins, its kind is told by its type."""
        text, thinking = word(content, "text"), word(content, "thinking")
        if text or content.get("type") == "text":
            part = self._flow("text", out)
            if text:
                out.append(TextDelta(0, part, text))
        if thinking or content.get("type") == "thinking":
            part = self._flow("thinking", out)
            if thinking:
                out.append(ThinkingDelta(0, part, thinking))

    def _flow(self, kind: str, out: list[Delta]) -> int:
        part = self._tracker.flow(0, kind, _EMPTY[kind], out)
        self._text = part if kind == "text" else None
        if kind != "text":
            self._tracker.state(0, PLANNED if kind == PLAN else THOUGHT)
        return part

    def _close_flow(self, out: list[Delta]) -> None:
        self._tracker.end_flow(0, out)
        self._text = None

    def _probable(self, entry: Any, out: list[Delta]) -> None:
        if entry and (rows := [*logprob_rows(entry)]):
            out.append(LogprobsDelta(0, {"content": rows}))

    def _call(self, told: dict[str, Any], out: list[Delta]) -> None:
        call = call_part(told["delta"]["message"]["tool_calls"])
        self._called.append(call)
        self._text = None
        part = self._calls[told.get("index")] = self._tracker.call(0, call.model_copy(update={"arguments": ""}), out)
        if call.arguments:
            out.append(ArgumentsDelta(0, part, call.arguments))

    def _cite(self, note: Any, out: list[Delta]) -> None:
        found = citation(note)
        if self._text is not None and is_of_text(note):
            out.append(CitationDelta(0, self._text, found))
        else:
            self._held.append(found)

    def _ended(self, delta: dict[str, Any], data: bytes, out: list[Delta]) -> None:
        self._done = True
        self._finish = word(delta, "finish_reason")
        if (usage := usage_object(delta.get("usage"))) is not None:
            out.append(UsageDelta(usage))
        if (message := word(delta, "error")) is not None:
            failure = ProviderError(message, body=data)
            failure.deltas = out + self._end()
            raise failure

    def _end(self) -> list[Delta]:
        """End what is open; citations that belong to no text come in an empty one."""
        out: list[Delta] = []
        if self._held:
            self._close_flow(out)
            part = self._flow("text", out)
            out += [CitationDelta(0, part, note) for note in self._held]
            self._held = []
        self._tracker.end(0, out)
        if self._done:
            out.append(Finished(0, finish_reason(self._finish, self._called), self._finish))
        return out


_EMPTY: dict[str, Text | Thinking] = {
    "text": Text(text=""), "thinking": Thinking(), PLAN: Thinking(group=PLAN),
}  # fmt: skip
