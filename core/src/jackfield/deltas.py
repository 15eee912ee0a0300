"""Deltas: the normalized units of a stream, and what keeps their order true.

Every part starts once and ends once, and its state is whole when it ends. Text, thinking and refusals of one choice do
not overlap; tool calls may. A decoder guarantees this, an encoder relies on it. `part` counts the parts of a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .conversation import FinishReason
from .errors import JackfieldError
from .messages import Citation, Part
from .usage import Usage
from .wire import Event


@dataclass(slots=True)
class Started:
    """The answer has begun. `provider_state` is of the whole answer."""

    id: str | None = None
    model: str | None = None
    created: int | None = None
    provider_state: Any = None


@dataclass(slots=True)
class PartStarted:
    """A part begins; `value` is an empty part of its kind (a tool call with id and name, a native block whole)."""

    choice: int
    part: int
    value: Part


@dataclass(slots=True)
class TextDelta:
    """More text of a text part."""

    choice: int
    part: int
    text: str


@dataclass(slots=True)
class ThinkingDelta:
    """More of a thinking part."""

    choice: int
    part: int
    text: str


@dataclass(slots=True)
class RefusalDelta:
    """More of a refusal."""

    choice: int
    part: int
    text: str


@dataclass(slots=True)
class ArgumentsDelta:
    """More of a tool call's arguments, JSON text in pieces."""

    choice: int
    part: int
    text: str


@dataclass(slots=True)
class MediaDelta:
    """More of a media part: content, and what is spoken in it."""

    choice: int
    part: int
    data: bytes = b""
    transcript: str = ""


@dataclass(slots=True)
class CitationDelta:
    """A source for the text part."""

    choice: int
    part: int
    citation: Citation


@dataclass(slots=True)
class LogprobsDelta:
    """More log probabilities of a choice, as lists by what they belong to (`content`, `refusal`)."""

    choice: int
    logprobs: Mapping[str, Any]


@dataclass(slots=True)
class PartEnded:
    """A part is whole. `provider_state` is its opaque state, of the kind that `ProviderState.data` holds."""

    choice: int
    part: int
    provider_state: Any = None


@dataclass(slots=True)
class UsageDelta:
    """All usage so far: `raw` as the decoder merged it, `usage` as the exchange read it."""

    raw: Mapping[str, Any] | None = None
    service_tier: str | None = None
    usage: Usage | None = None


@dataclass(slots=True)
class Finished:
    """A choice has ended. `provider_state` is of the whole choice."""

    choice: int
    reason: FinishReason
    raw: str | None = None
    detail: Any = None
    provider_state: Any = None


@dataclass(slots=True)
class Restarted:
    """Another provider goes on (`continue`) or begins again (`rerun`)."""

    provider: str
    reason: str
    mode: str


Delta = (
    Started | PartStarted | TextDelta | ThinkingDelta | RefusalDelta | ArgumentsDelta | MediaDelta | CitationDelta
    | LogprobsDelta | PartEnded | UsageDelta | Finished | Restarted
)  # fmt: skip


class StreamDecoder(Protocol):
    """Turns the events of one wire stream into deltas. `framing` names how bytes become events; None: look and see."""

    framing: str | None

    def feed(self, event: Event) -> list[Delta]:
        """Read one event.

        Raises:
            ProviderError: the event is an error in a stream that began well. Anything else is a bug of the plugin.
        """
        ...

    def close(self) -> list[Delta]:
        """Read the end of the stream; ends what is still open.

        Raises:
            StreamInterrupted: the stream is not whole.
        """
        ...


class StreamEncoder(Protocol):
    """Writes deltas as the stream of one wire format. Usage, finish reason and terminators are written by `close`."""

    status: int
    headers: Mapping[str, str]

    def encode(self, delta: Delta) -> bytes:
        """Write one delta; may be empty."""
        ...

    def keep_alive(self) -> bytes:
        """Write what tells a waiting client that the stream lives; may be empty."""
        ...

    def fail(self, error: JackfieldError) -> bytes:
        """Write the error in the stream's own way."""
        ...

    def close(self) -> bytes:
        """Write the end."""
        ...


class PartTracker:
    """Gives part boundaries to a format that has none: opens, switches and ends the parts of the choices.

    Flowing parts (text, thinking, refusal, media) end where another part of the choice begins; tool calls stay open
    until the choice does.
    """

    __slots__ = ("_calls", "_counts", "_flowing")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._flowing: dict[int, tuple[str, int, Any]] = {}
        self._calls: dict[int, list[int]] = {}

    def flow(self, choice: int, kind: str, value: Part, out: list[Delta]) -> int:
        """Return the part of that kind that is open in the choice; open it with `value` where another is."""
        current = self._flowing.get(choice)
        if current is not None and current[0] == kind:
            return current[1]
        self.end_flow(choice, out)
        part = self._next(choice)
        self._flowing[choice] = (kind, part, None)
        out.append(PartStarted(choice, part, value))
        return part

    def state(self, choice: int, state: Any) -> None:
        """Set what the open flowing part will end with."""
        if (current := self._flowing.get(choice)) is not None:
            self._flowing[choice] = (current[0], current[1], state)

    def current(self, choice: int) -> tuple[str, int, Any] | None:
        """Return kind, part and state of the flowing part that is open in the choice."""
        return self._flowing.get(choice)

    def end_flow(self, choice: int, out: list[Delta]) -> None:
        """End the flowing part of the choice, if one is open."""
        if (current := self._flowing.pop(choice, None)) is not None:
            out.append(PartEnded(choice, current[1], current[2]))

    def call(self, choice: int, value: Part, out: list[Delta]) -> int:
        """Open a part that may overlap others, such as a tool call; it ends with the choice."""
        self.end_flow(choice, out)
        part = self._next(choice)
        self._calls.setdefault(choice, []).append(part)
        out.append(PartStarted(choice, part, value))
        return part

    def whole(self, choice: int, value: Part, out: list[Delta], state: Any = None) -> None:
        """Give a part that arrives whole."""
        self.end_flow(choice, out)
        part = self._next(choice)
        out.append(PartStarted(choice, part, value))
        out.append(PartEnded(choice, part, state))

    def end(self, choice: int, out: list[Delta]) -> None:
        """End every open part of the choice."""
        self.end_flow(choice, out)
        for part in self._calls.pop(choice, ()):
            out.append(PartEnded(choice, part))

    def _next(self, choice: int) -> int:
        part = self._counts.get(choice, 0)
        self._counts[choice] = part + 1
        return part
