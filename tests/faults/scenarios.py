"""The sixteen scenarios of an independent fault bench of gateways and clients, as servers that misbehave.

Seconds are shorter than in that bench, where limits are set accordingly; what is asked is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jackfield import ChatResponse, ContentFilterError, Timeout
from tests.core.server import DONE, USAGE, Script, Server, chunk, streamed, whole

LIMITS = Timeout(connect=1.0, first=0.6, between=0.6)
SENTENCE = "one two three four five six"


def said(text: str, *more: bytes) -> list[bytes]:
    """Write a stream that says a text word by word."""
    words = [word + " " for word in text.split(" ")]
    words[-1] = words[-1].removesuffix(" ")
    return [chunk(role="assistant", content=""), *(chunk(content=word) for word in words), *more]


def ended(text: str) -> Script:
    """Write a whole stream."""
    return streamed(*said(text, chunk(finish="stop"), USAGE, DONE))


def error(status: int, message: str = "no", headers: dict[str, str] | None = None, **members: Any) -> Script:
    """Write an error."""
    return whole({"error": {"message": message, **members}}, status, **(headers or {}))


@dataclass(frozen=True)
class Outcome:
    """What came of a scenario: the answer or the error, seconds, and how often each server was asked."""

    answer: ChatResponse | None
    error: BaseException | None
    seconds: float
    asked: dict[str, int]
    turns: list[str]


@dataclass(frozen=True)
class Scenario:
    """How the first provider (and the second) misbehaves, what is asked, and what must come of it."""

    name: str
    title: str
    first: list[Script]
    check: Callable[[Outcome], bool]
    #: What the peers did: litellm, portkey, bifrost, the openai SDK.
    peers: tuple[str, str, str, str]
    second: list[Script] = field(default_factory=lambda: [ended(SENTENCE)])
    fallbacks: tuple[str, ...] = ("beta/large",)
    timeout: Timeout = LIMITS
    calls: int = 1


def answered(by: str, text: str = SENTENCE, within: float = 5.0) -> Callable[[Outcome], bool]:
    """Ask for an answer of one provider, whole, in time."""

    def check(outcome: Outcome) -> bool:
        answer = outcome.answer
        return answer is not None and (answer.provider, answer.text) == (by, text) and outcome.seconds < within

    return check


def _waited(outcome: Outcome) -> bool:
    return answered("acme")(outcome) and 1.0 <= outcome.seconds < 2.0


def _to_larger(outcome: Outcome) -> bool:
    return answered("gamma")(outcome) and outcome.asked == {"acme": 1, "beta": 0, "gamma": 1}


def _stays(outcome: Outcome) -> bool:
    return isinstance(outcome.error, ContentFilterError) and outcome.asked["beta"] == 0


def _by_words(outcome: Outcome) -> bool:
    return answered("gamma")(outcome) and outcome.turns == ["user", "assistant", "user"]


def _is_back(outcome: Outcome) -> bool:
    return answered("acme")(outcome) and outcome.asked["beta"] == 2


def _accounted(outcome: Outcome) -> bool:
    attempts = outcome.answer.attempts if outcome.answer is not None else ()
    if not answered("beta")(outcome) or [row.provider for row in attempts] != ["acme", "acme", "beta"]:
        return False
    last = attempts[-1]
    return last.usage is not None and last.usage.output_tokens == 2 and last.cost is not None and bool(last.cost.total)


_DOWN = error(503, "down")
_CUT = streamed(*said("one two three four"), finished=False)
SCENARIOS: tuple[Scenario, ...] = (
    Scenario("S01", "429 with Retry-After", [error(429, headers={"retry_after": "1"}), ended(SENTENCE)], _waited,
             ("pass", "pass", "partial", "pass")),
    Scenario("S02", "429 for ever", [error(429)], answered("beta"), ("pass", "pass", "pass", "error")),
    Scenario("S03", "500 once", [error(500), ended(SENTENCE)], answered("acme"), ("pass", "pass", "pass", "pass")),
    Scenario("S04", "503 for ever", [_DOWN], answered("beta"), ("pass", "pass", "pass", "error")),
    Scenario("S05", "reset before headers", [[None], ended(SENTENCE)], answered("acme"),
             ("pass", "pass", "pass", "pass")),
    Scenario("S06", "no response at all", [[30.0, None]], answered("beta"), ("partial", "pass", "hang", "error")),
    Scenario("S07", "first token late", [streamed(chunk(role="assistant", content=""), 30.0)], answered("beta"),
             ("partial", "partial", "partial", "pass")),
    Scenario("S08", "cut in the middle", [_CUT], answered("beta"), ("error", "truncated", "error", "error"),
             second=[ended(" five six")]),
    Scenario("S09", "stall in the middle", [streamed(*said("one two three four"), 30.0)], answered("beta"),
             ("error", "truncated", "error", "error"), second=[ended(" five six")]),
    Scenario("S10", "malformed chunk", [streamed(*said("one two three four"), b'data: {"id": \n\n')], answered("beta"),
             ("error", "pass", "pass", "error"), second=[ended(" five six")]),
    Scenario("S11", "no [DONE]", [streamed(*said(SENTENCE, chunk(finish="stop"), USAGE))], answered("acme"),
             ("pass", "pass", "pass", "pass")),
    Scenario("S12", "context too long", [error(400, code="context_length_exceeded")], _to_larger,
             ("pass", "pass", "pass", "error"), fallbacks=("beta/large", "gamma/large")),
    Scenario("S13", "content refused", [error(400, code="content_filter")], _stays,
             ("partial", "partial", "partial", "pass")),
    Scenario("S14", "prefill refused", [_CUT], _by_words, ("error", "truncated", "error", "error"),
             second=[error(400, "it must end with a user message"), ended(" five six")], fallbacks=("gamma/large",)),
    Scenario("S15", "down, then back", [_DOWN, _DOWN, ended(SENTENCE)], _is_back, ("pass", "pass", "pass", "error"),
             calls=3),
    Scenario("S16", "the bill names who answered", [_DOWN], _accounted, ("pass", "pass", "pass", "error")),
)  # fmt: skip


def prepare(scenario: Scenario, servers: dict[str, Server]) -> None:
    """Let the servers misbehave."""
    servers["acme"].answer(*scenario.first)
    for name in ("beta", "gamma"):
        servers[name].answer(*scenario.second)
    for server in servers.values():
        server.requests.clear()
