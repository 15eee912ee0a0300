"""An entry of the gateway as a row of the history."""

from __future__ import annotations

from collections.abc import Mapping

from ._records import Entry
from ._written import attempt
from .state.clock import stamp
from .state.entries import Content, Row, written


def row_of(entry: Entry, content: Content, hash_key: bytes) -> Row:
    """Return what the history keeps of an entry; `content` holds where it says nothing of it."""
    usage, cost, amount = entry.usage, entry.cost, entry.nanos
    counts: Mapping[str, int] = {} if usage is None else usage.counts
    return written(
        entry.id,
        stamp(entry.at),
        entry.status,
        entry.user_agent,
        entry.key or None,
        entry.project,
        entry.user,
        entry.route,
        entry.provider,
        entry.model,
        [attempt(row) for row in entry.attempts],
        counts.get("input"),
        counts.get("output"),
        counts.get("input.cache_read"),
        counts.get("output.reasoning"),
        amount,
        None if cost is None or amount is None else cost.currency,
        None if entry.first is None else round(entry.first * 1000),
        round(entry.seconds * 1000),
        entry.sandboxed,
        entry.error,
        entry.content or content,
        entry.asked,
        entry.answered,
        hash_key,
    )
