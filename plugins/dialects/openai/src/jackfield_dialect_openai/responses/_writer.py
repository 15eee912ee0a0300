"""Deltas to the items of an answer, and the events that tell of them; whole answers are written the same way."""

from __future__ import annotations

from typing import Any

from jackfield import (
    ArgumentsDelta,
    CitationDelta,
    Delta,
    LogprobsDelta,
    Media,
    MediaDelta,
    Native,
    Part,
    PartEnded,
    PartStarted,
    RefusalDelta,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
)

from ._calls import NAME, asked_item
from ._citations import annotation
from ._pieces import OWN, WITH_STATUS, Form, Ids, OpenItem, Piece, Row, form_of
from ._whole_items import asked, drawn, ran


class Writer:
    """Collects the output of one answer; every delta gives the events that tell of it."""

    def __init__(self, seed: Any) -> None:
        self.output: list[Row] = []
        self._ids = Ids(seed)
        #: The message or the thought whose texts flow, and what flows: the texts, the calls' arguments.
        self._item: OpenItem | None = None
        self._pieces: dict[int, Piece] = {}
        self._calls: dict[int, tuple[OpenItem, str, list[str]]] = {}
        self._last_text: Piece | None = None
        #: Parts that are written when they are whole, and calls of a provider that wait for their result.
        self._values: dict[int, Part] = {}
        self._data: dict[int, list[MediaDelta]] = {}
        self._held: list[tuple[ToolCall, dict[str, Any]]] = []

    def feed(self, delta: Delta) -> list[Row]:
        """Take one delta, in order."""
        kind = type(delta)
        if kind is TextDelta or kind is ThinkingDelta or kind is RefusalDelta:
            return [self._pieces[delta.part].more(delta.text)]  # type: ignore[union-attr]
        events: list[Row] = []
        match delta:
            case PartStarted(part=part, value=value):
                self._start(part, value, events)
            case ArgumentsDelta(part=part, text=text):
                self._argue(part, text, events)
            case CitationDelta(part=part, citation=note):
                piece = self._pieces[part]
                if (raw := annotation(note)) is not None and (notes := piece.row.get("annotations")) is not None:
                    place = {"annotation_index": len(notes), "annotation": raw}
                    notes.append(raw)
                    events.append({"type": "response.output_text.annotation.added", **piece.at, **place})
            case LogprobsDelta(logprobs=logprobs) if self._last_text is not None:
                self._last_text.row["logprobs"] += logprobs.get("content") or ()
            case MediaDelta(part=part):
                self._data.setdefault(part, []).append(delta)
            case PartEnded(part=part, provider_state=state):
                self._end(part, state if isinstance(state, dict) else {}, events)
            case _:
                pass
        return events

    def close(self) -> list[Row]:
        """End what is open: of an answer that broke off the parts too."""
        events: list[Row] = []
        for part in [*self._pieces, *self._calls]:
            self._end(part, {"status": "incomplete"}, events)
        self._close_item(events)
        self._release(events)
        return events

    def _start(self, part: int, value: Part, events: list[Row]) -> None:
        if not isinstance(value, ToolResult):
            self._release(events)
        if (form := form_of(value)) is not None:
            self._begin_piece(part, form, value, events)
            return
        self._close_item(events)
        if isinstance(value, ToolCall) and value.executed_by == "caller" and value.kind in ("function", "custom"):
            row = asked_item(value.model_copy(update={"arguments": ""}), {})
            member = "input" if "input" in row else "arguments"
            self._calls[part] = (self._open(row, value.group, events), member, [])
            self._argue(part, value.arguments, events)
        else:
            self._values[part] = value

    def _begin_piece(self, part: int, form: Form, value: Part, events: list[Row]) -> None:
        """Begin a text, in the open item where it is of the same group."""
        item = self._item
        if item is None or item.row["type"] != form.item or value.group is None or item.group != value.group:
            self._close_item(events)
            empty: Row = {"role": "assistant", "content": []} if form.item == "message" else {"summary": []}
            self._item = item = self._open({"type": form.item, **empty}, value.group, events)
        piece = self._pieces[part] = Piece(item, form)
        if "logprobs" in piece.row:
            self._last_text = piece
        events.append({"type": f"{piece.part}.added", **piece.at, "part": {**piece.row}})
        if text := value.text:  # type: ignore[union-attr]
            events.append(piece.more(text))
        for note in getattr(value, "citations", ()):
            events += self.feed(CitationDelta(0, part, note))

    def _open(self, row: Row, group: str | None, events: list[Row]) -> OpenItem:
        index = len(self.output)
        row["id"] = self._ids.of(row["type"], None if group is None or group.startswith("#") else group, index)
        if row["type"] in WITH_STATUS:
            row["status"] = "in_progress"
        self.output.append(row)
        shown = {name: [*value] if isinstance(value, list) else value for name, value in row.items()}
        events.append({"type": "response.output_item.added", "output_index": index, "item": shown})
        return OpenItem(index, row, group)

    def _argue(self, part: int, text: str, events: list[Row]) -> None:
        if (call := self._calls.get(part)) is not None:
            item, member, texts = call
            if text:
                texts.append(text)
                kind = "custom_tool_call_input" if member == "input" else "function_call_arguments"
                events.append({"type": f"response.{kind}.delta", **item.at, "delta": text})
        elif isinstance(value := self._values.get(part), ToolCall):
            self._values[part] = value.model_copy(update={"arguments": value.arguments + text})

    def _end(self, part: int, state: dict[str, Any], events: list[Row]) -> None:
        if (piece := self._pieces.pop(part, None)) is not None:
            self._own(piece.item.row, state)
            events += piece.end()
        elif (call := self._calls.pop(part, None)) is not None:
            item, member, texts = call
            row, text = item.row, "".join(texts)
            row[member] = text
            if "status" in row:
                row["status"] = "completed"
            self._own(row, state)
            kind = "custom_tool_call_input" if member == "input" else "function_call_arguments"
            events.append({"type": f"response.{kind}.done", **item.at, member: text})
            events.append({"type": "response.output_item.done", "output_index": item.index, "item": row})
        elif (value := self._values.pop(part, None)) is not None:
            self._end_value(part, value, state, events)

    def _own(self, row: Row, state: dict[str, Any]) -> None:
        """Give an item the members that one of its parts brings. Its id has been told, so it stays."""
        row |= {name: state[name] for name in OWN[row["type"]] if name in state and name != "id"}

    def _end_value(self, part: int, value: Part, state: dict[str, Any], events: list[Row]) -> None:
        """Write a part that is an item of its own, or wait for the result of one."""
        match value:
            case ToolCall(executed_by="provider"):
                self._held.append((value, state))
            case ToolResult():
                self._release(events, value)
            case ToolCall():
                self._whole(asked(value, state), events)
            case Thinking() if "encrypted_content" in state or "id" in state:
                known = {name: state[name] for name in OWN["reasoning"] if name in state}
                self._whole({"type": "reasoning", "summary": [], **known}, events)
            case Media():
                self._whole(drawn(value, self._data.pop(part, ()), state), events)
            case Native(dialect=dialect, body=body) if dialect == NAME and isinstance(body, dict):
                self._whole({**body}, events)
            case _:
                pass

    def _release(self, events: list[Row], result: ToolResult | None = None) -> None:
        """Write the calls that a provider ran, each with its result where that has come."""
        held, self._held = self._held, []
        for call, state in held:
            if result is None:
                self._whole(ran(call, state, None), events)
            elif result.call_id == call.id:
                self._whole(ran(call, state, result), events)
            else:
                self._held.append((call, state))

    def _whole(self, row: Row | None, events: list[Row]) -> None:
        """Write an item that is whole; None is none."""
        if row is None:
            return
        index = len(self.output)
        row["id"] = self._ids.of(row.get("type") or "", row.get("id"), index)
        self.output.append(row)
        events.append({"type": "response.output_item.added", "output_index": index, "item": row})
        events.append({"type": "response.output_item.done", "output_index": index, "item": row})

    def _close_item(self, events: list[Row]) -> None:
        if (item := self._item) is not None:
            self._item = None
            if item.row.get("status") == "in_progress":
                item.row["status"] = "completed"
            events.append({"type": "response.output_item.done", "output_index": item.index, "item": item.row})
