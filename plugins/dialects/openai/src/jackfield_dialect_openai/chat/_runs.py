"""Calls that a host ran itself. The format has no member for them: a host's own plugin reads its rows as `Run`s.

They have no ids on the wire, so ours are minted, and no state: nothing of them goes back into a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jackfield import (
    ArgumentsDelta,
    ChatRequest,
    Data,
    Delta,
    Part,
    PartTracker,
    ToolCall,
    ToolResult,
)
from jackfield.messages import ToolKind

from ._calls import mint


@dataclass(frozen=True, slots=True)
class Run:
    """A call that the host ran: arguments as they came, and its result as a JSON value; None where there is none."""

    name: str
    arguments: str
    kind: ToolKind
    result: Any = None


#: Reads the calls that a host ran out of a whole message, or out of the piece of one.
ReadRuns = Callable[[dict[str, Any]], Iterable[Run]]


def run_parts(request: ChatRequest, choice: int, runs: Iterable[Run]) -> list[Part]:
    """Return the calls of a whole message, each with its result behind it."""
    parts: list[Part] = []
    for number, run in enumerate(runs):
        call = _call(request, choice, number, run)
        parts.append(call.model_copy(update={"arguments": run.arguments}))
        if run.result is not None:
            parts.append(_result(call, run))
    return parts


class Running:
    """The calls of one stream. A result comes with its call, or later beside the same name and arguments."""

    __slots__ = ("_open", "_read", "_request")

    def __init__(self, request: ChatRequest, read: ReadRuns) -> None:
        self._request = request
        self._read = read
        self._open: dict[int, list[tuple[Run, ToolCall] | None]] = {}

    def feed(self, index: int, delta: dict[str, Any], tracker: PartTracker, out: list[Delta]) -> bool:
        """Give the parts of the runs in a piece of a message; tell whether there were any."""
        runs = tuple(self._read(delta))
        for run in runs:
            self._add(index, run, tracker, out)
        return bool(runs)

    def _add(self, index: int, run: Run, tracker: PartTracker, out: list[Delta]) -> None:
        """Give a run's call, unless that was given before, and its result if it is there."""
        known = self._open.setdefault(index, [])
        place = _waiting(known, run)
        if place is None:
            place = len(known)
            call = _call(self._request, index, place, run)
            known.append((run, call))
            part = tracker.flow(index, f"run {place}", call, out)
            if run.arguments:
                out.append(ArgumentsDelta(index, part, run.arguments))
            tracker.end_flow(index, out)
        if run.result is not None and (waiting := known[place]) is not None:
            known[place] = None
            tracker.whole(index, _result(waiting[1], run), out)


def _waiting(known: list[tuple[Run, ToolCall] | None], run: Run) -> int | None:
    """Return the place of the last call that a result belongs to, of those that have none yet."""
    if run.result is not None:
        for place in range(len(known) - 1, -1, -1):
            held = known[place]
            if held is not None and (held[0].name, held[0].arguments) == (run.name, run.arguments):
                return place
    return None


def _call(request: ChatRequest, choice: int, number: int, run: Run) -> ToolCall:
    call_id = mint(request, choice, f"run.{number}")
    return ToolCall(id=call_id, name=run.name, kind=run.kind, executed_by="provider")


def _result(call: ToolCall, run: Run) -> ToolResult:
    return ToolResult(call_id=call.id, name=call.name, parts=(Data(value=run.result),))
