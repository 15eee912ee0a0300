"""What is being written of an answer: its items, and the texts in them with the words of their events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from jackfield import Part, Refusal, Text, Thinking, derive_id

Row = dict[str, Any]
#: Members that an item's last part may bring, by its type; others are opaque words of another format.
OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "message": ("id", "status", "phase"),
    "reasoning": ("id", "status", "encrypted_content", "format"),
    "function_call": ("id", "status", "namespace", "caller", "async"),
    "custom_tool_call": ("id", "status", "namespace", "caller", "async"),
}
#: Items that have a status from their beginning.
WITH_STATUS: Final = frozenset({"message", "function_call"})
_PREFIXES: Final = {
    "message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc", "web_search_call": "ws",
    "file_search_call": "fs", "code_interpreter_call": "ci", "image_generation_call": "ig",
}  # fmt: skip


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


class Ids:
    """Gives every item of an answer an id of its own."""

    def __init__(self, seed: Any) -> None:
        self._seed = seed
        self._given: set[str] = set()

    def of(self, kind: str, known: str | None, index: int) -> str:
        """Return the id that an item had, or a new one where it had none or another item has it."""
        if known is None or known in self._given:
            prefix = _PREFIXES.get(kind) or kind.removesuffix("_call")
            known = derive_id(f"{prefix}_", self._seed, index)
        self._given.add(known)
        return known


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
