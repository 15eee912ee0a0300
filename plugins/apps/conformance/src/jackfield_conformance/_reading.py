"""Feeds the bytes of an answer to an exchange, and writes what came out in words that two readings can share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jackfield import (
    Bytes,
    ChatResponse,
    Delta,
    Exchange,
    Finished,
    JackfieldError,
    Media,
    Part,
    PartEnded,
    PartStarted,
    Started,
    Text,
    Thinking,
    ToolCall,
)


@dataclass(frozen=True)
class Answer:
    """Bytes of an answer as they are on the wire, and what they answer."""

    name: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    status: int = 200
    stream: bool = False


@dataclass
class Reading:
    """What came of an answer: deltas, and either a response or an error."""

    deltas: list[Delta] = field(default_factory=list)
    response: ChatResponse | None = None
    error: BaseException | None = None

    @property
    def outcome(self) -> str:
        """Say in a word or two what came."""
        if self.error is not None:
            return f"{type(self.error).__name__}: {self.error}"[:200]
        return "an answer"


def read(exchange: Exchange, answer: Answer, pieces: Iterable[bytes] | None = None) -> Reading:
    """Feed an answer, in pieces where they are given; every error is a result."""
    exchange.restart()
    found = Reading()
    try:
        exchange.receive_head(answer.status, answer.headers)
        for piece in (answer.body,) if pieces is None else pieces:
            found.deltas += exchange.receive_data(piece)
        found.deltas += exchange.receive_eof()
        exchange.check()
        response = exchange.response
        assert isinstance(response, ChatResponse)
        found.response = response
    except Exception as error:  # a bug of the plugin is a finding too
        found.error = error
        if isinstance(error, JackfieldError) and isinstance(error.response, ChatResponse):
            found.response = error.response
    return found


def cut(body: bytes, size: int) -> Iterator[bytes]:
    """Cut bytes into pieces of a size."""
    return (body[start : start + size] for start in range(0, len(body), size))


def said(response: ChatResponse) -> list[dict[str, Any]]:
    """Write what each choice says: its text, thinking, calls and media; how many parts hold it is left open."""
    return [
        {
            "index": choice.index,
            "text": choice.message.text,
            "thinking": "".join(part.text for part in choice.message.parts if isinstance(part, Thinking)),
            "refusal": "".join(part.text for part in choice.message.parts if part.type == "refusal"),
            "calls": [
                (part.id, part.name, part.arguments, part.kind)
                for part in choice.message.parts
                if isinstance(part, ToolCall)
            ],
            "media": [
                (part.kind, part.source.data if isinstance(part.source, Bytes) else repr(part.source))
                for part in choice.message.parts
                if isinstance(part, Media)
            ],
            "finish_reason": choice.finish_reason,
        }
        for choice in response.choices
    ]


def described(response: ChatResponse) -> dict[str, Any]:
    """Write an answer so that a stream and the same answer whole are equal: what it says, and what it consumed."""
    usage = response.usage
    return {
        "choices": said(response),
        "raw_finish_reasons": [choice.raw_finish_reason for choice in response.choices],
        "states": [[_state(part) for part in choice.message.parts] for choice in response.choices],
        "citations": [
            [citation.url for part in choice.message.parts if isinstance(part, Text) for citation in part.citations]
            for choice in response.choices
        ],
        "usage": None if usage is None else {name: count for name, count in usage.counts.items() if count},
    }


def _state(part: Part) -> Any:
    """Return the opaque state of a part; none, and one that says nothing, are the same."""
    return part.provider_state.data or None if part.provider_state is not None else None


def broken_order(deltas: list[Delta]) -> list[str]:
    """Name what is wrong with the order of a whole stream's deltas."""
    opened: dict[tuple[int, int], Part] = {}
    counts: dict[int, int] = {}
    finished: set[int] = set()
    wrong: list[str] = []
    for number, delta in enumerate(deltas):
        match delta:
            case Started() if number and any(isinstance(other, PartStarted) for other in deltas[:number]):
                wrong.append("Started comes after the first part")
            case PartStarted(choice=choice, part=part, value=value):
                if part != counts.get(choice, 0):
                    wrong.append(f"part {part} of choice {choice} is not the next one")
                if choice in finished:
                    wrong.append(f"part {part} starts after choice {choice} has finished")
                flowing = [other for (owner, _), other in opened.items() if owner == choice]
                if not isinstance(value, ToolCall) and any(not isinstance(other, ToolCall) for other in flowing):
                    wrong.append(f"part {part} of choice {choice} overlaps another that is no tool call")
                counts[choice] = part + 1
                opened[choice, part] = value
            case PartEnded(choice=choice, part=part):
                if opened.pop((choice, part), None) is None:
                    wrong.append(f"part {part} of choice {choice} ends without having started, or twice")
            case Finished(choice=choice):
                if any(owner == choice for owner, _ in opened):
                    wrong.append(f"choice {choice} finishes before its parts")
                if choice in finished:
                    wrong.append(f"choice {choice} finishes twice")
                finished.add(choice)
            case _ if hasattr(delta, "part"):
                if (getattr(delta, "choice", 0), delta.part) not in opened:
                    wrong.append(f"{type(delta).__name__} of part {delta.part} stands outside of its part")
    wrong += [f"part {part} of choice {choice} never ends" for choice, part in opened]
    return wrong
