"""A whole answer as deltas of varied size, which assemble to it again."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from jackfield import (
    ArgumentsDelta,
    ChatResponse,
    Delta,
    LogprobsDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    unroll,
)

from ._text import pieces

_SAMPLES = 1200


def deltas(response: ChatResponse) -> Iterator[Delta]:
    """Unroll an answer and cut what flows in it into pieces, the same at every time."""
    rng = Random(response.id)
    for delta in unroll(response):
        match delta:
            case TextDelta() | ThinkingDelta() | RefusalDelta() | ArgumentsDelta():
                for piece in pieces(delta.text, rng):
                    yield type(delta)(delta.choice, delta.part, piece)
            case MediaDelta():
                for at in range(0, len(delta.data), _SAMPLES):
                    yield MediaDelta(delta.choice, delta.part, delta.data[at : at + _SAMPLES])
                for piece in pieces(delta.transcript, rng):
                    yield MediaDelta(delta.choice, delta.part, transcript=piece)
            case LogprobsDelta():
                for name, rows in delta.logprobs.items():
                    for row in rows:
                        yield LogprobsDelta(delta.choice, {name: [row]})
            case _:
                yield delta
