"""Deltas to the items of an answer, and the events that tell of them; whole answers are written the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

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
    Refusal,
    RefusalDelta,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    derive_id,
)

from ._items import NAME, annotation
from ._whole_items import asked_item, drawn_item, ran_item

Row = dict[str, Any]
#: Members that an item's last part may bring, by its type; others are opaque words of another format.
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "message": ("id", "status", "phase"),
    "reasoning": ("id", "status", "encrypted_content", "format"),
    "function_call": ("id", "status", "namespace"),
    "custom_tool_call": ("id", "status", "namespace"),
}
_PREFIXES: Final = {"message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc"}


class _Piece:
    """A text that is being written: its item, its place there, and the words of its events."""

    __slots__ = ("counter", "event", "holder", "item", "member", "place", "row", "texts")

    def __init__(self, item: _Item, holder: str, kind: str, member: str, event: str) -> None:
        self.item = item
        self.holder = holder
        self.member = member
        self.event = event
        self.counter = "summary_index" if holder == "summary" else "content_index"
        self.row: Row = {"type": kind, member: ""}
        if kind == "output_text":
            self.row |= {"annotations": [], "logprobs": []}
        self.texts: list[str] = []
        self.place = len(item.row.setdefault(holder, []))
        item.row[holder].append(self.row)

    @property
    def at(self) -> Row:
        return {"item_id": self.item.row["id"], "output_index": self.item.index, self.counter: self.place}


class _Item:
    __slots__ = ("group", "index", "row")

    def __init__(self, index: int, row: Row, group: str | None) -> None:
        self.index = index
        self.row = row
        self.group = group


class Writer:
    """Collects the output of one answer; every delta gives the events that tell of it."""

    def __init__(self, seed: Any) -> None:
        self.output: list[Row] = []
        self._seed = seed
        self._item: _Item | None = None
        self._pieces: dict[int, _Piece] = {}
        self._last_text: _Piece | None = None
        self._calls: dict[int, tuple[_Item, str, list[str]]] = {}
        self._values: dict[int, Part] = {}
        self._held: list[tuple[ToolCall, Any]] = []
        self._data: dict[int, list[Any]] = {}

    def feed(self, delta: Delta) -> list[Row]:
        """Take one delta, in order."""
        kind = type(delta)
        if kind is TextDelta or kind is ThinkingDelta or kind is RefusalDelta:
            piece = self._pieces[delta.part]  # type: ignore[union-attr]
            text: str = delta.text  # type: ignore[union-attr]
            piece.texts.append(text)
            row = {"type": f"response.{piece.event}.delta", **piece.at, "delta": text}
            if piece.event == "output_text":
                row["logprobs"] = []
            return [row]
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
            case MediaDelta(part=part, data=data, transcript=transcript):
                self._data.setdefault(part, []).append((data, transcript))
            case PartEnded(part=part, provider_state=state):
                self._end(part, state if isinstance(state, dict) else {}, events)
            case _:
                pass
        return events

    def close(self) -> list[Row]:
        """End what is open."""
        events: list[Row] = []
        self._close_item(events)
        self._release(events)
        return events

    def _start(self, part: int, value: Part, events: list[Row]) -> None:
        if not isinstance(value, ToolResult):
            self._release(events)
        match value:
            case Text(text=text):
                self._piece(part, "message", "content", ("output_text", "text", "output_text"), value, text, events)
            case Refusal(text=text):
                self._piece(part, "message", "content", ("refusal", "refusal", "refusal"), value, text, events)
            case Thinking(kind="trace", text=text):
                words = ("reasoning_text", "text", "reasoning_text")
                self._piece(part, "reasoning", "content", words, value, text, events)
            case Thinking(kind="summary", text=text):
                words = ("summary_text", "text", "reasoning_summary_text")
                self._piece(part, "reasoning", "summary", words, value, text, events)
            case ToolCall(executed_by="caller", kind="function" | "custom"):
                self._close_item(events)
                kind = "custom_tool_call" if value.kind == "custom" else "function_call"
                member = "input" if value.kind == "custom" else "arguments"
                row = {"call_id": value.id, "name": value.name, member: ""}
                self._calls[part] = (self._open(kind, row, value.group, events), member, [])
                self._argue(part, value.arguments, events)
            case _:
                self._close_item(events)
                self._values[part] = value

    def _piece(
        self, part: int, kind: str, holder: str, words: tuple[str, str, str], value: Part, text: str, events: list[Row]
    ) -> None:
        """Begin a text, in the open item where it is of the same group."""
        item = self._item
        if item is None or item.row["type"] != kind or value.group is None or item.group != value.group:
            self._close_item(events)
            empty = {"role": "assistant", "content": []} if kind == "message" else {"summary": []}
            self._item = item = self._open(kind, empty, value.group, events)
        piece = self._pieces[part] = _Piece(item, holder, *words)
        if words[0] == "output_text":
            self._last_text = piece
        added = "response.reasoning_summary_part.added" if holder == "summary" else "response.content_part.added"
        events.append({"type": added, **piece.at, "part": {**piece.row}})
        if text:
            events += self.feed(TextDelta(0, part, text))

    def _open(self, kind: str, row: Row, group: str | None, events: list[Row]) -> _Item:
        index = len(self.output)
        known = group is not None and not group.startswith("#")
        minted = group if known else derive_id(f"{_PREFIXES[kind]}_", self._seed, index)
        item = _Item(index, {"type": kind, "id": minted, "status": "in_progress", **row}, group)
        self.output.append(item.row)
        shown = {name: [*value] if isinstance(value, list) else value for name, value in item.row.items()}
        events.append({"type": "response.output_item.added", "output_index": index, "item": shown})
        return item

    def _argue(self, part: int, text: str, events: list[Row]) -> None:
        if (call := self._calls.get(part)) is None:
            if text and isinstance(value := self._values.get(part), ToolCall):
                self._values[part] = value.model_copy(update={"arguments": value.arguments + text})
            return
        item, member, texts = call
        if text:
            texts.append(text)
            kind = "custom_tool_call_input" if member == "input" else "function_call_arguments"
            at = {"item_id": item.row["id"], "output_index": item.index}
            events.append({"type": f"response.{kind}.delta", **at, "delta": text})

    def _end(self, part: int, state: dict[str, Any], events: list[Row]) -> None:
        if (piece := self._pieces.pop(part, None)) is not None:
            text = piece.row[piece.member] = "".join(piece.texts)
            piece.item.row |= {name: state[name] for name in _OWN[piece.item.row["type"]] if name in state}
            more = {"logprobs": piece.row["logprobs"]} if piece.event == "output_text" else {}
            done = "response.reasoning_summary_part.done" if piece.holder == "summary" else "response.content_part.done"
            events.append({"type": f"response.{piece.event}.done", **piece.at, piece.member: text, **more})
            events.append({"type": done, **piece.at, "part": piece.row})
        elif (call := self._calls.pop(part, None)) is not None:
            item, member, texts = call
            text = item.row[member] = "".join(texts)
            item.row |= {"status": "completed"}
            item.row |= {name: state[name] for name in _OWN[item.row["type"]] if name in state}
            kind = "custom_tool_call_input" if member == "input" else "function_call_arguments"
            at = {"item_id": item.row["id"], "output_index": item.index}
            events.append({"type": f"response.{kind}.done", **at, member: text})
            events.append({"type": "response.output_item.done", "output_index": item.index, "item": item.row})
        elif (value := self._values.pop(part, None)) is not None:
            self._end_whole(part, value, state, events)

    def _end_whole(self, part: int, value: Part, state: dict[str, Any], events: list[Row]) -> None:
        """Write a part that is an item of its own, or wait for the result of one."""
        match value:
            case ToolCall(executed_by="provider"):
                self._held.append((value, state))
            case ToolResult():
                self._release(events, value)
            case ToolCall():
                self._whole(asked_item(value, state), events)
            case Thinking():
                if "encrypted_content" in state or "id" in state:
                    known = {name: state[name] for name in _OWN["reasoning"] if name in state}
                    self._whole({"type": "reasoning", "summary": [], **known}, events)
            case Media():
                item = drawn_item(value, self._data.pop(part, ()), state)
                if item is not None:
                    self._whole(item, events)
            case Native(dialect=dialect, body=body) if dialect == NAME and isinstance(body, dict):
                self._whole(dict(body), events)
            case _:
                pass

    def _release(self, events: list[Row], result: ToolResult | None = None) -> None:
        """Write the calls that a provider ran, each with its result where that has come."""
        held, self._held = self._held, []
        for call, state in held:
            own = result if result is not None and result.call_id == call.id else None
            if result is not None and own is None:
                self._held.append((call, state))
            elif (item := ran_item(call, state, own)) is not None:
                self._whole(item, events)

    def _whole(self, row: Row, events: list[Row]) -> None:
        index = len(self.output)
        kind = row["type"]
        prefix = _PREFIXES.get(kind) or kind.removesuffix("_call")
        row = {**row, "id": row.get("id") or derive_id(f"{prefix}_", self._seed, index)}
        self.output.append(row)
        events.append({"type": "response.output_item.added", "output_index": index, "item": row})
        events.append({"type": "response.output_item.done", "output_index": index, "item": row})

    def _close_item(self, events: list[Row]) -> None:
        if (item := self._item) is not None:
            self._item = None
            if item.row["status"] == "in_progress":
                item.row["status"] = "completed"
            events.append({"type": "response.output_item.done", "output_index": item.index, "item": item.row})
