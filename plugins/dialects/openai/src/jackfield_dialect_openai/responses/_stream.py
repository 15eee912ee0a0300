"""Decode: the events of a stream as deltas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic_core import from_json

from jackfield import (
    ChatRequest,
    Delta,
    Event,
    Finished,
    HTTPResponse,
    LogprobsDelta,
    ProviderError,
    Request,
    ResponseFormatError,
    Started,
    StreamDecoder,
    StreamInterrupted,
    TextDelta,
    UsageDelta,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed, word
from jackfield_dialect_openai.chat._response import created

from ._calls import call_part, members
from ._errors import failure
from ._flowing import BY_EVENT, TEXT, Flow
from ._items import MESSAGE_KNOWN, REASONING_KNOWN, group_of, item_parts, reasoning_parts
from ._response import finish
from ._streamed import StreamedItem
from ._usage import usage_object

_CALLS: Final = frozenset({"function_call", "custom_tool_call"})


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    return Decoder() if isinstance(request, ChatRequest) else None


class Decoder:
    """Decodes one stream. Items that the provider runs are given when they are whole."""

    framing: str | None = None

    def __init__(self) -> None:
        self._items: dict[int, StreamedItem] = {}
        self._flow = Flow()
        self._started = False
        self._ended = False

    def feed(self, event: Event) -> list[Delta]:
        """Read one event.

        Raises:
            ProviderError: the event is an error, or no JSON.
        """
        data = event.data
        if self._ended or data == b"[DONE]":
            return []
        try:
            row = from_json(data)
        except ValueError as error:
            raise ResponseFormatError(f"an event of the stream is not JSON: {error}", body=data) from None
        out: list[Delta] = []
        try:
            kind = row.get("type")
            flow = self._flow
            if (
                kind == "response.output_text.delta"
                and (row["output_index"], row["content_index"]) == flow.text_at
                and type(text := row["delta"]) is str
                and text
                and not row.get("logprobs")
            ):  # more text: by far the commonest event, so it takes the short way
                flow.length += len(text)
                return [TextDelta(0, flow.part, text)]  # type: ignore[arg-type]
            elif (handler := _HANDLERS.get(kind)) is not None:
                handler(self, row, out)
            elif kind in ("error", "response.failed") or (kind is None and row.get("error")):
                self._fail(row, data, out)
        except MALFORMED as error:
            wrong = malformed("an event of the stream", error, data)
            wrong.deltas = out
            raise wrong from error
        return out

    def close(self) -> list[Delta]:
        """Read the end.

        Raises:
            StreamInterrupted: the event that ends the answer has not come.
        """
        if self._ended:
            return []
        if not self._started and not self._items:
            raise ResponseFormatError("the stream is empty")
        error = StreamInterrupted("the stream ended before its end")
        self._end_parts(error.deltas)
        raise error

    def _fail(self, row: dict[str, Any], data: bytes, out: list[Delta]) -> None:
        known = failure(row, 200)
        error = ProviderError(known.message if known is not None else "the stream holds an error", body=data)
        self._end_parts(out)
        error.deltas = out
        raise error

    def _begin(self, row: dict[str, Any], out: list[Delta]) -> None:
        if not self._started:
            self._started = True
            body = row["response"]
            out.append(Started(word(body, "id"), word(body, "model"), created({"created": body.get("created_at")})))

    def _added(self, row: dict[str, Any], out: list[Delta]) -> None:
        if (index := row["output_index"]) in self._items:
            return  # a part that is open for it would never end
        item = self._items[index] = StreamedItem(row["item"])
        if item.value.get("type") in _CALLS:
            part = call_part(item.value)
            item.part = self._flow.start(part.model_copy(update={"arguments": "", "provider_state": None}), out)
            item.argue(part.arguments, out)

    def _arguments(self, row: dict[str, Any], out: list[Delta]) -> None:
        if (item := self._items.get(row["output_index"])) is not None and item.part is not None:
            item.argue(row["delta"], out)

    def _more(self, row: dict[str, Any], out: list[Delta]) -> None:
        kind, text = BY_EVENT[row["type"]], row["delta"]
        if type(text) is not str:
            raise TypeError(f"delta is a JSON {type(text).__name__}, not a string")
        if text:
            self._flow.open(kind, index := row["output_index"], row.get(kind.counter) or 0, self._group(index), out)
            self._flow.more(text, out)
        if rows := row.get("logprobs"):
            if (item := self._items.get(row["output_index"])) is not None:
                item.has_rows = True
            out.append(LogprobsDelta(0, {"content": [*rows]}))

    def _note(self, row: dict[str, Any], out: list[Delta]) -> None:
        index = row["output_index"]
        self._flow.open(TEXT, index, row.get("content_index") or 0, self._group(index), out)
        self._flow.note(row["annotation"], out)

    def _piece(self, row: dict[str, Any], out: list[Delta]) -> None:
        index = row["output_index"]
        place = row.get("content_index", row.get("summary_index")) or 0
        self._flow.settle(index, place, row["part"], self._group(index), out)

    def _done(self, row: dict[str, Any], out: list[Delta]) -> None:
        self._finish_item(row["output_index"], row["item"], out)

    def _group(self, index: int) -> str:
        item = self._items.get(index)
        return group_of(item.value if item is not None else {}, index)

    def _finish_item(self, index: int, value: Mapping[str, Any], out: list[Delta]) -> None:
        """End an item: give what is left of it, and its own members with its last part."""
        item = self._items.setdefault(index, StreamedItem(value))
        if item.is_whole:
            item.give_rows(value, out)
            return
        item.value, item.is_whole = value, True
        kind = value.get("type") or "message"
        if item.part is not None:
            item.end_call(value, out)
        elif kind == "message":
            self._settle(index, value, ("content",), out)
            item.give_rows(value, out)
            self._flow.end(out, members(value, MESSAGE_KNOWN), index)
        elif kind == "reasoning":
            self._settle(index, value, ("summary", "content"), out)
            if not self._flow.end(out, members(value, REASONING_KNOWN), index):
                self._flow.whole(reasoning_parts({**value, "summary": (), "content": ()}, index)[0], out)
        else:
            for other in item_parts(value, index):
                self._flow.whole(other, out)

    def _settle(self, index: int, value: Mapping[str, Any], holders: tuple[str, ...], out: list[Delta]) -> None:
        for holder in holders:
            for place, piece in enumerate(value.get(holder) or ()):
                self._flow.settle(index, place, piece, self._group(index), out)

    def _end(self, row: dict[str, Any], out: list[Delta]) -> None:
        """Read the whole answer that ends the stream: it has the last word."""
        body = row["response"]
        self._begin(row, out)
        output = body.get("output") or ()
        seen = {item.value.get("id") for item in self._items.values()}
        for index, item in enumerate(output):
            if index in self._items or item.get("id") not in seen:  # some hosts count otherwise while they stream
                self._finish_item(index, item, out)
        self._end_parts(out)
        if (usage := usage_object(body)) is not None or body.get("service_tier"):
            out.append(UsageDelta(usage, word(body, "service_tier")))
        reason, raw = finish(body, self._flow.kinds)
        out.append(Finished(0, reason, raw))
        self._ended = True

    def _end_parts(self, out: list[Delta]) -> None:
        self._flow.end(out)
        for item in self._items.values():
            if item.part is not None and not item.is_whole:
                item.is_whole = True
                item.end_call(item.value, out)


_HANDLERS: Final[Mapping[str | None, Callable[[Decoder, dict[str, Any], list[Delta]], None]]] = {
    "response.created": Decoder._begin,
    "response.in_progress": Decoder._begin,
    "response.queued": Decoder._begin,
    "response.output_item.added": Decoder._added,
    "response.output_item.done": Decoder._done,
    "response.output_text.delta": Decoder._more,
    "response.refusal.delta": Decoder._more,
    "response.reasoning_summary_text.delta": Decoder._more,
    "response.reasoning_text.delta": Decoder._more,
    "response.output_text.annotation.added": Decoder._note,
    "response.content_part.done": Decoder._piece,
    "response.reasoning_summary_part.done": Decoder._piece,
    "response.function_call_arguments.delta": Decoder._arguments,
    "response.custom_tool_call_input.delta": Decoder._arguments,
    "response.completed": Decoder._end,
    "response.incomplete": Decoder._end,
    "response.cancelled": Decoder._end,
}
