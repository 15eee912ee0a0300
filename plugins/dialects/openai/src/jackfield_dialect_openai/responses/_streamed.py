"""One item of a stream: as it was announced, what has come of it, and the call that is open for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import ArgumentsDelta, Delta, LogprobsDelta, PartEnded

from ._calls import call_part
from ._response import logprobs


class StreamedItem:
    """An item that is being streamed."""

    __slots__ = ("has_rows", "is_whole", "length", "part", "value")

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        #: The part of the call that is open for it, and how much of its arguments has come.
        self.part: int | None = None
        self.length = 0
        self.has_rows = False
        self.is_whole = False

    def argue(self, text: str, out: list[Delta]) -> None:
        """Give more of the arguments of its call."""
        if type(text) is not str:
            raise TypeError(f"delta is a JSON {type(text).__name__}, not a string")
        if text and self.part is not None:
            self.length += len(text)
            out.append(ArgumentsDelta(0, self.part, text))

    def end_call(self, value: Mapping[str, Any], out: list[Delta]) -> None:
        """Give what is left of its call, which is now whole or broken off."""
        call = call_part(value)
        self.argue(call.arguments[self.length :], out)
        if self.part is not None:
            out.append(PartEnded(0, self.part, call.provider_state.data if call.provider_state is not None else None))

    def give_rows(self, value: Mapping[str, Any], out: list[Delta]) -> None:
        """Give the log probabilities that stand in the whole item, unless they came with its text."""
        if not self.has_rows and (rows := logprobs(value)):
            self.has_rows = True
            out.append(LogprobsDelta(0, {"content": rows}))
