"""What flows in a stream: the texts of an item, one after the other, each a part of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from jackfield import (
    CitationDelta,
    Delta,
    Part,
    PartEnded,
    PartStarted,
    Refusal,
    RefusalDelta,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
)

from ._citations import citation


class Kind(NamedTuple):
    """One kind of flowing text: where it stands in its item, what counts it there, and what it is for us."""

    holder: str
    counter: str
    member: str
    empty: Part
    delta: Any


TEXT: Final = Kind("content", "content_index", "text", Text(text=""), TextDelta)
REFUSAL: Final = Kind("content", "content_index", "refusal", Refusal(text=""), RefusalDelta)
SUMMARY: Final = Kind("summary", "summary_index", "text", Thinking(kind="summary"), ThinkingDelta)
TRACE: Final = Kind("content", "content_index", "text", Thinking(), ThinkingDelta)
#: By the event that brings more of it, and by the type of the whole piece.
BY_EVENT: Final[Mapping[str, Kind]] = {
    "response.output_text.delta": TEXT,
    "response.refusal.delta": REFUSAL,
    "response.reasoning_summary_text.delta": SUMMARY,
    "response.reasoning_text.delta": TRACE,
}
BY_PIECE: Final[Mapping[str, Kind]] = {
    "output_text": TEXT, "text": TEXT, "refusal": REFUSAL, "summary_text": SUMMARY, "reasoning_text": TRACE,
}  # fmt: skip

Key = tuple[int, str, int]


class Flow:
    """Opens, feeds and ends the one part that flows; counts every part of the answer."""

    __slots__ = ("_group", "_key", "_kind", "_notes", "_past", "kinds", "length", "part", "text_at")

    def __init__(self) -> None:
        #: The part that is open, and empty values of all parts so far.
        self.part: int | None = None
        self.kinds: list[Part] = []
        #: The place of the text that is open: the short way of the commonest event asks for it.
        self.text_at: tuple[int, int] | None = None
        self._key: Key | None = None
        self._kind = TEXT
        self._group: str | None = None
        self.length = 0
        self._notes = 0
        self._past: set[Key] = set()

    def start(self, value: Part, out: list[Delta]) -> int:
        """Begin a part of any kind; what flows ends before it."""
        self.end(out)
        part = len(self.kinds)
        self.kinds.append(value)
        out.append(PartStarted(0, part, value))
        return part

    def whole(self, value: Part, out: list[Delta]) -> None:
        """Give a part that arrives whole."""
        state = value.provider_state
        part = self.start(value.model_copy(update={"provider_state": None}), out)
        out.append(PartEnded(0, part, state.data if state is not None else None))

    def open(self, kind: Kind, index: int, place: int, group: str, out: list[Delta]) -> int:
        """Return the part of a text; open it where another is."""
        key = (index, kind.holder, place)
        if self.part is None or self._key != key:
            part = self.start(kind.empty.model_copy(update={"group": group}), out)
            self.part, self._key, self._kind, self._group = part, key, kind, group
            self.length = self._notes = 0
            self.text_at = (index, place) if kind is TEXT else None
        return self.part

    def more(self, text: str, out: list[Delta]) -> None:
        """Give more of the open text."""
        self.length += len(text)
        out.append(self._kind.delta(0, self.part, text))

    def note(self, raw: Any, out: list[Delta]) -> None:
        """Give a citation of the open text."""
        self._notes += 1
        out.append(CitationDelta(0, self.part, citation(raw)))  # type: ignore[arg-type]

    def settle(self, index: int, place: int, piece: Mapping[str, Any], group: str, out: list[Delta]) -> None:
        """Give what a whole piece holds beyond what flowed of it, as far as it can still be told."""
        kind = BY_PIECE.get(piece.get("type") or "")
        if kind is None:
            return
        text, notes, key = piece.get(kind.member) or "", piece.get("annotations") or (), (index, kind.holder, place)
        if self.part is None or self._key != key:
            if key in self._past or not (text or notes):
                return
            self.open(kind, index, place, group, out)
        if len(text) > self.length:
            self.more(text[self.length :], out)
        for raw in notes[self._notes :]:
            self.note(raw, out)

    def end(self, out: list[Delta], state: dict[str, Any] | None = None, index: int | None = None) -> bool:
        """End the open part, if it is of that item; with its item's members, or with the item's id while it goes on."""
        if self.part is None or (index is not None and (self._key is None or self._key[0] != index)):
            return False
        if state is None and self._group is not None:
            state = {} if self._group.startswith("#") else {"id": self._group}
        out.append(PartEnded(0, self.part, state))
        if self._key is not None:
            self._past.add(self._key)
        self.part = self._key = self._group = self.text_at = None
        return True
