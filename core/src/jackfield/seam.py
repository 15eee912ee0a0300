"""Seam: what of a stream has been delivered, and how another one is sewn onto it.

What would have to be taken back is not delivered: a beginning without a word, and a tool call before it is whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from .assembly import Assembler, stamp
from .conversation import ChatResponse, Choice
from .deltas import (
    Delta,
    Finished,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Restarted,
    Started,
    TextDelta,
    UsageDelta,
)
from .messages import ToolCall
from .wire import Endpoint

#: Deltas that say nothing yet.
_QUIET: Final = (Started, PartStarted, UsageDelta, LogprobsDelta)
#: An overlap shorter than this is taken for chance, one longer is not looked for.
_LEAST: Final = 6
_MOST: Final = 400


class Seam:
    """Stands between the streams that answer in turn and the one that the caller reads."""

    def __init__(self) -> None:
        self._delivered: list[Delta] = []
        self._held: list[Delta] = []
        self._open_calls: set[tuple[int, int]] = set()
        #: What a part's number grows by, since others were delivered before it; None: nothing has been joined.
        self._offset: int | None = None
        self._end = ""
        self._beginning: list[TextDelta] | None = None
        self.has_spoken = False

    @property
    def text(self) -> str:
        """The text that has been delivered."""
        return "".join(delta.text for delta in self._delivered if isinstance(delta, TextDelta))

    @property
    def is_single(self) -> bool:
        """Whether nothing but the first choice has been delivered."""
        return not any(getattr(delta, "choice", 0) for delta in self._delivered)

    @property
    def is_joined(self) -> bool:
        """Whether the answer has more than one author."""
        return self._offset is not None

    def take(self, deltas: list[Delta]) -> list[Delta]:
        """Take deltas of the stream that is under way; return what can be delivered."""
        out: list[Delta] = []
        for delta in deltas:
            for one in self._rid_of_overlap(self._moved(delta)):
                self._pass(one, out)
        self._delivered += out
        return out

    def end(self) -> list[Delta]:
        """Return what is held back where the stream has ended well."""
        out = [*self._beginning_text(), *self._held]
        self._held = []
        self._delivered += out
        return out

    def forget(self) -> None:
        """Drop what is held back: another stream begins."""
        self._held, self._open_calls, self._beginning = [], set(), None

    def restart(self, restarted: Restarted, goes_on: bool) -> list[Delta]:
        """End the parts that are open, say that another stream follows, and make it one with this one or begin anew."""
        self.forget()
        if not goes_on:
            self._delivered, self._offset, self.has_spoken = [], None, False
            return [restarted]
        started = [delta for delta in self._delivered if isinstance(delta, PartStarted)]
        ended = {(delta.choice, delta.part) for delta in self._delivered if isinstance(delta, PartEnded)}
        places = [(delta.choice, delta.part) for delta in started]
        out: list[Delta] = [*(PartEnded(*place) for place in places if place not in ended), restarted]
        self._delivered += out
        self._offset = len(started)
        self._end = self.text[-_MOST:]
        self._beginning = [] if self._end else None
        return out

    def joined(self, response: ChatResponse, endpoint: Endpoint) -> tuple[Choice, ...]:
        """Return the choice of all streams together; state is the last one's alone."""
        assembler = Assembler()
        assembler.extend(self._delivered)
        choice = assembler.response().choices[0]
        earlier = self._offset or 0
        parts = [
            part.model_copy(update={"provider_state": None}) if number < earlier else part
            for number, part in enumerate(choice.message.parts)
        ]
        message = choice.message.model_copy(update={"parts": tuple(parts)})
        last = response.choices[0] if response.choices else choice
        whole = replace(response, choices=(replace(last, message=message),), provider_state=None)
        stamp(whole, endpoint.dialect, endpoint.origin)
        return whole.choices

    def _moved(self, delta: Delta) -> Delta | None:
        """Move a delta behind the parts that were delivered before; the second stream has no beginning of its own."""
        if self._offset is None:
            return delta
        if isinstance(delta, Started):
            return None
        moved: Any = delta
        return replace(moved, part=moved.part + self._offset) if hasattr(delta, "part") else delta

    def _pass(self, delta: Delta, out: list[Delta]) -> None:
        """Pass a delta on, or hold it back: from the first open call on, and as long as nothing is said."""
        place = (getattr(delta, "choice", 0), getattr(delta, "part", -1))
        if isinstance(delta, PartStarted) and isinstance(delta.value, ToolCall):
            self._open_calls.add(place)
        elif isinstance(delta, PartEnded):
            self._open_calls.discard(place)
        self._held.append(delta)
        says = not isinstance(delta, _QUIET)
        if not self._open_calls and (self.has_spoken or says):
            self.has_spoken = True
            out += self._held
            self._held = []

    # -- the overlap: a model that goes on likes to repeat the last words ----------------------------------------------

    def _rid_of_overlap(self, delta: Delta | None) -> list[Delta]:
        if delta is None:
            return []
        beginning = self._beginning
        if beginning is None:
            return [delta]
        if isinstance(delta, TextDelta):
            beginning.append(delta)
            text = "".join(one.text for one in beginning)
            return self._beginning_text() if not _may_repeat(self._end, text) else []
        if beginning or isinstance(delta, Finished):
            return [*self._beginning_text(), delta]
        return [delta]

    def _beginning_text(self) -> list[Delta]:
        """Return the text that was looked at, without what it repeats."""
        beginning, self._beginning = self._beginning, None
        if not beginning:
            return []
        text = "".join(one.text for one in beginning)
        rest = text[repeated(self._end, text) :]
        if self._end[-1:].isspace():
            rest = rest.lstrip()
        return [replace(beginning[0], text=rest)] if rest else []


def _may_repeat(end: str, text: str) -> bool:
    """Tell whether more of a text must be seen before it is known what it repeats."""
    bare = text.lstrip()
    if not bare:
        return True
    return any(end.startswith(bare, start) for start in range(len(end))) and len(bare) < len(end)


def repeated(end: str, text: str) -> int:
    """Return how many characters at the start of a text repeat the end of another."""
    gap = len(text) - len(bare := text.lstrip())
    bare_end = end.rstrip()
    for size in range(min(len(bare_end), len(bare)), _LEAST - 1, -1):
        if bare_end.endswith(bare[:size]):
            return gap + size
    return 0
