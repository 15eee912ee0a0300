"""Values of ours as the APIs of the gateway write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jackfield import Adjustment, Attempt, Cost, JackfieldError

from ._call import Header

SANDBOX: Header = (b"x-jackfield-sandbox", b"1")


def cost_number(cost: Cost | None) -> float | None:
    """Write a cost in US dollars as a number; None where it is unknown, or in another currency."""
    if cost is None or cost.total is None or cost.currency != "USD":
        return None
    return float(cost.total)


def attempt(row: Attempt) -> dict[str, Any]:
    """Write one try at an answer."""
    usage = row.usage
    return {
        "provider": row.provider,
        "model": row.model,
        "outcome": row.outcome,
        "reason": row.reason,
        "status": row.status,
        "wait": row.wait,
        "input_tokens": None if usage is None else usage.input_tokens,
        "output_tokens": None if usage is None else usage.output_tokens,
        "cost": cost_number(row.cost),
    }


def marks(sandboxed: bool, adjustments: Sequence[Adjustment]) -> list[Header]:
    """Return the headers that say who answered, and what the model could not take."""
    told: list[Header] = [SANDBOX] if sandboxed else []
    if adjustments:
        names = ", ".join(dict.fromkeys(adjustment.parameter for adjustment in adjustments))
        told.append((b"x-jackfield-adjusted", names.encode("latin-1", "replace")))
    return told


def waits(error: JackfieldError) -> list[Header]:
    """Return the header that says how long to wait, where an error knows."""
    return [] if error.retry_after is None else [(b"retry-after", f"{error.retry_after:.0f}".encode())]
