"""An entry of the gateway as a row of the history."""

from __future__ import annotations

from collections.abc import Mapping

from ._records import Entry
from ._written import attempt
from .state.clock import stamp
from .state.entries import Entry as Row


def row_of(entry: Entry) -> Row:
    """Return what the history keeps of an entry."""
    usage, cost = entry.usage, entry.cost
    counts: Mapping[str, int] = {} if usage is None else usage.counts
    amount = entry.nanos
    return Row(
        id=entry.id,
        started=stamp(entry.at),
        status=entry.status,
        route=entry.route,
        key_id=entry.key or None,
        project_id=entry.project,
        user=entry.user,
        user_agent=entry.user_agent,
        provider=entry.provider,
        model=entry.model,
        attempts=[attempt(row) for row in entry.attempts],
        input_tokens=counts.get("input"),
        output_tokens=counts.get("output"),
        cached_tokens=counts.get("input.cache_read"),
        reasoning_tokens=counts.get("output.reasoning"),
        cost=amount,
        currency=None if cost is None or amount is None else cost.currency,
        first_delta_ms=None if entry.first is None else round(entry.first * 1000),
        total_ms=round(entry.seconds * 1000),
        sandboxed=entry.sandboxed,
        error_class=entry.error,
        content=entry.content,
        asked=entry.asked,
        answered=entry.answered,
    )
