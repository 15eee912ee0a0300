"""The last line of an answer: tokens, money, time, and whatever was not as it was asked for."""

from __future__ import annotations

import sys

from jackfield import ChatResponse, Cost

from ._terminal import dimmed

_USUAL = ("stop", "stop_sequence", "tool_calls")
_ABOUT = {"partial": "at least ", "estimated": "about ", "default": "about "}


def write_summary(model: str, response: ChatResponse, seconds: float) -> None:
    """Write the line on standard error."""
    sys.stdout.flush()
    sys.stderr.write(dimmed(summary(model, response, seconds)) + "\n")


def summary(model: str, response: ChatResponse, seconds: float) -> str:
    """Say in one line what an answer took."""
    facts = [_tokens(response), cost_in_words(response.cost), f"{seconds:.1f} s"]
    notes = [", ".join(facts)]
    if response.sandboxed:
        notes.append("made up by the sandbox")
    if response.finish_reason not in _USUAL:
        notes.append(f"finish reason {response.finish_reason}")
    if len(response.attempts) > 1:
        notes.append(f"{len(response.attempts)} attempts")
    notes += [f"{change.parameter} {change.action}: {change.reason}" for change in response.adjustments]
    return f"{model}: " + "; ".join(notes)


def _tokens(response: ChatResponse) -> str:
    usage = response.usage
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return "unknown tokens"
    into, out = (["unknown", str(count)][count is not None] for count in (usage.input_tokens, usage.output_tokens))
    return f"{into} tokens in, {out} out"


def cost_in_words(cost: Cost | None) -> str:
    """Say an amount, and how certain it is."""
    if cost is None or cost.total is None:
        return "unknown cost"
    return f"{_ABOUT.get(cost.status, '')}{cost}"
