"""`jackfield cost`: what a usage costs of a model, line by line, or of several, the cheapest first."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from jackfield import Client, Cost, Item, Usage
from jackfield.errors import InvalidInput

from ._setup import open_boards
from ._tables import show_json, show_table


def show_cost(
    models: Sequence[str],
    counts: Mapping[str, int | None],
    searches: int | None,
    facts: Mapping[str, str | None],
    at: str | None,
    as_json: bool,
) -> int:
    """Print what a usage costs."""
    given = {name: count for name, count in counts.items() if count is not None}
    others = () if searches is None else (Item(frozenset({"web_search"}), searches, "search"),)
    if not given and not others:
        raise InvalidInput("nothing is counted; give --input, --output or another count")
    known = {name: value for name, value in facts.items() if value is not None}
    moment = _moment(at)
    with Client(boards=open_boards(), environ=os.environ) as client:
        usage = Usage(given, others)
        costs = {model: client.cost(model, usage, at=moment, facts=known) for model in models}
    if as_json:
        show_json([_row(model, cost, moment) for model, cost in costs.items()])
    elif len(costs) == 1:
        sys.stdout.write(next(iter(costs.values())).explain() + "\n")
    else:
        ordered = sorted(costs.items(), key=lambda row: (row[1].total is None, row[1].currency, row[1].total or 0))
        show_table(("model", "cost", "status"), [[model, str(cost), cost.status] for model, cost in ordered])
    return 0 if any(cost.total is not None for cost in costs.values()) else 1


def _moment(text: str | None) -> datetime:
    """Read a date or a time; without a zone it is UTC."""
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"--at {text}: a date such as 2025-05-01 is needed, or a time in ISO 8601") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _row(model: str, cost: Cost, at: datetime) -> dict[str, Any]:
    return {
        "model": model,
        "at": at.isoformat(),
        "total": _plain(cost.total),
        "currency": cost.currency,
        "status": cost.status,
        "exact": cost.exact,
        "sheet": cost.sheet,
        "rung": cost.rung,
        "lines": [
            {
                "selector": line.selector,
                "count": line.count,
                "unit": line.unit,
                "rate": None if line.rate is None else _plain(line.rate.amount),
                "per": None if line.rate is None else line.rate.per,
                "amount": _plain(line.amount),
            }
            for line in cost.lines
        ],
        "notes": list(cost.notes),
    }


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"
