"""Prints an answer as it comes: what is said on standard output, what is thought on standard error."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from jackfield import (
    ChatResponse,
    Choice,
    Delta,
    Media,
    Message,
    RefusalDelta,
    Restarted,
    TextDelta,
    ThinkingDelta,
    ToolCall,
)

from ._terminal import dimmed, harmless


class Printer:
    """Writes the first choice, delta by delta, and ends its last line whatever happens."""

    def __init__(self, thinking: bool) -> None:
        self._shows_thinking = thinking
        self._thinking = False
        self._last = "\n"

    def write(self, delta: Delta) -> None:
        """Write what a delta says, at once."""
        match delta:
            case TextDelta(choice=0, text=text) | RefusalDelta(choice=0, text=text) if text:
                self._end_thinking()
                sys.stdout.write(harmless(text, sys.stdout))
                sys.stdout.flush()
                self._last = text[-1]
            case ThinkingDelta(choice=0, text=text) if text and self._shows_thinking:
                self._end_line()
                self._thinking = True
                sys.stderr.write(dimmed(harmless(text, sys.stderr)))
                sys.stderr.flush()
            case Restarted():
                self._end_thinking()
                self._end_line()
                sys.stderr.write(dimmed(f"{delta.provider} goes on ({delta.mode}): {delta.reason}") + "\n")
            case _:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, BrokenPipeError):
            self._end_thinking()
            self._end_line()

    def _end_thinking(self) -> None:
        if self._thinking:
            self._thinking = False
            sys.stderr.write("\n")
            sys.stderr.flush()

    def _end_line(self) -> None:
        if self._last != "\n":
            self._last = "\n"
            sys.stdout.write("\n")
            sys.stdout.flush()


def write_others(response: ChatResponse) -> None:
    """Write what is no stream of text: tool calls, the other choices, and where media are to be had."""
    _write_calls(response.message)
    for choice in response.choices[1:]:
        _write_choice(choice)
    media = sum(isinstance(part, Media) for choice in response.choices for part in choice.message.parts)
    if media:
        sys.stderr.write(f"the answer holds {media} media that cannot be printed; --json gives them as base64\n")


def answer_of(message: Message) -> str:
    """Return what a message says and calls, as lines."""
    said = [message.text] if message.text else [part.text for part in message.parts if part.type == "refusal"]
    return "\n".join([*said, *map(_call, message.tool_calls)])


def _write_choice(choice: Choice) -> None:
    text = harmless(answer_of(choice.message), sys.stdout)
    sys.stdout.write(f"\n[{choice.index}]\n{text}\n")


def _write_calls(message: Message) -> None:
    for call in message.tool_calls:
        sys.stdout.write(harmless(_call(call), sys.stdout) + "\n")


def _call(call: ToolCall) -> str:
    return f"{call.name}({call.arguments})"
