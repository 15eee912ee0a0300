"""Chunks of a stream with text before thinking: the format reads thinking first, so they are cut where both meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import Delta, Event, ProviderError, StreamDecoder


class InOrder:
    """A decoder that is fed a chunk in as many pieces as its content has runs of text and of thinking."""

    framing: str | None = None

    def __init__(self, inner: StreamDecoder) -> None:
        self._inner = inner
        self.close = inner.close

    def feed(self, event: Event) -> list[Delta]:
        """Read one chunk.

        Raises:
            ProviderError: it is an error, or not of the format.
        """
        if b'"thinking"' not in event.data:
            return self._inner.feed(event)
        out: list[Delta] = []
        for piece in _cut(event):
            try:
                out += self._inner.feed(piece)
            except ProviderError as error:
                error.deltas = [*out, *error.deltas]
                raise
        return out


def _cut(event: Event) -> Iterator[Event]:
    """Cut a chunk of one choice; what stands beside its content goes with the last piece."""
    try:
        chunk = from_json(event.data)
        (choice,) = chunk["choices"]
        runs = [list(run) for _, run in groupby(choice["delta"]["content"], lambda piece: piece["type"] == "thinking")]
    except (ValueError, TypeError, LookupError):
        runs = []  # what is wrong with it is the decoder's to say
    if len(runs) < 2 or (len(runs) == 2 and runs[0][0]["type"] == "thinking"):
        yield event
        return
    head = {name: chunk[name] for name in ("id", "model", "created") if name in chunk}
    for run in runs[:-1]:
        yield replace(event, data=_chunk(head, {"index": choice.get("index"), "delta": {"content": run}}))
    delta = {**choice["delta"], "content": runs[-1]}
    yield replace(event, data=_chunk(chunk, {**choice, "delta": delta}))


def _chunk(chunk: dict[str, Any], choice: dict[str, Any]) -> bytes:
    return to_json({**chunk, "choices": [choice]})
