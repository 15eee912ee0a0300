"""Sums over several answers: what they cost and used together. Nothing unknown is counted as nothing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .pricing import Cost, Status
from .rates import EXACT
from .usage import Item, Usage

#: From certain to uncertain: a sum is as certain as its least certain amount.
_ORDER: tuple[Status, ...] = ("stated", "priced", "default", "estimated", "partial")


def total_cost(costs: Iterable[Cost | None]) -> Cost:
    """Return the sum of costs; `partial` where some are unknown, `unknown` where all are, or currencies differ."""
    rows = [Cost(None, "unknown") if cost is None else cost for cost in costs]
    known = [cost for cost in rows if cost.total is not None]
    notes = tuple(dict.fromkeys(note for cost in rows for note in cost.notes))
    if not known:
        return Cost(None, "unknown", notes=notes)
    if len({cost.currency for cost in known}) > 1:
        return Cost(None, "unknown", notes=(*notes, "amounts in several currencies have no sum"))
    total = Decimal(0)
    for cost in known:
        total = EXACT.add(total, cost.total or Decimal(0))
    status = max((cost.status for cost in known), key=_ORDER.index)
    if len(known) < len(rows):
        status = "partial"
        notes = (*notes, f"{len(rows) - len(known)} of {len(rows)} answers have no known cost")
    lines = tuple(line for cost in known for line in cost.lines)
    return Cost(total, status, known[0].currency, lines, notes=notes, exact=all(cost.exact for cost in known))


def total_usage(usages: Iterable[Usage | None]) -> Usage:
    """Return the sum of usages. A count that one of them leaves out has no sum; sub-counts of the others are added."""
    rows = list(usages)
    counts: dict[str, int] = {}
    others: dict[tuple[frozenset[str], str, bool], int] = {}
    for usage in rows:
        for name, count in usage.counts.items() if usage is not None else ():
            counts[name] = counts.get(name, 0) + count
        for item in usage.others if usage is not None else ():
            key = (item.tags, item.unit, item.estimated)
            others[key] = others.get(key, 0) + item.count
    for name in ("input", "output"):
        if any(usage is None or name not in usage.counts for usage in rows):
            counts.pop(name, None)
    items = tuple(Item(tags, count, unit, estimated) for (tags, unit, estimated), count in others.items())
    return Usage(counts, items)
