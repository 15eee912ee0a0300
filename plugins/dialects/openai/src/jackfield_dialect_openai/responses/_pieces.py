"""What is being written of an answer: its items, and the texts in them with the words of their events."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from jackfield import Part, Refusal, Text, Thinking

Row = dict[str, Any]


class Form(NamedTuple):
    """How a text stands in its item, and what its events are called."""

    item: str
    holder: str
    type: str
    member: str
    event: str


_TEXT: Final = Form("message", "content", "output_text", "text", "output_text")
_REFUSAL: Final = Form("message", "content", "refusal", "refusal", "refusal")
_SUMMARY: Final = Form("reasoning", "summary", "summary_text", "text", "reasoning_summary_text")
_TRACE: Final = Form("reasoning", "content", "reasoning_text", "text", "reasoning_text")


def form_of(value: Part) -> Form | None:
    """Return how a part is written as it flows; None for one that is written otherwise."""
    match value:
        case Text():
            return _TEXT
        case Refusal():
            return _REFUSAL
        case Thinking(kind="trace"):
            return _TRACE
        case Thinking(kind="summary"):
            return _SUMMARY
    return None


class OpenItem:
    """An item that is being written, its place in the output, and the group whose parts belong to it."""

    __slots__ = ("group", "index", "row")

    def __init__(self, index: int, row: Row, group: str | None) -> None:
        self.index = index
        self.row = row
        self.group = group

    @property
    def at(self) -> Row:
        """Where its events say that they are."""
        return {"item_id": self.row["id"], "output_index": self.index}


class Piece:
    """A text that is being written in an item."""

    __slots__ = ("at", "form", "item", "row", "texts")

    def __init__(self, item: OpenItem, form: Form) -> None:
        self.item = item
        self.form = form
        self.row: Row = {"type": form.type, form.member: ""}
        if form is _TEXT:
            self.row |= {"annotations": [], "logprobs": []}
        self.texts: list[str] = []
        pieces = item.row.setdefault(form.holder, [])
        self.at: Row = {**item.at, "summary_index" if form is _SUMMARY else "content_index": len(pieces)}
        pieces.append(self.row)

    @property
    def part(self) -> str:
        """What the events that begin and end it are called, without their last word."""
        return "response.reasoning_summary_part" if self.form is _SUMMARY else "response.content_part"

    def more(self, text: str) -> Row:
        """Take more of the text; return its event."""
        self.texts.append(text)
        row = {"type": f"response.{self.form.event}.delta", **self.at, "delta": text}
        if self.form is _TEXT:
            row["logprobs"] = []
        return row

    def end(self) -> list[Row]:
        """Write the whole text into its item; return the events of its end."""
        form, row = self.form, self.row
        text = row[form.member] = "".join(self.texts)
        more = {"logprobs": row["logprobs"]} if form is _TEXT else {}
        done = {"type": f"response.{form.event}.done", **self.at, form.member: text, **more}
        return [done, {"type": f"{self.part}.done", **self.at, "part": row}]
