"""xAI: its catalog, and what only xAI counts so.

In chat completions its reasoning stands beside `completion_tokens`, as the total shows; in responses inside of the
output (recorded, xai/chat-completions and xai/responses). Both state the cost, in ticks of 1e-10 US dollars.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from jackfield import Usage, hookimpl

__all__ = ["usage_items"]

_TICKS = Decimal(10) ** 10


@hookimpl(wrapper=True)
def usage_items(raw: Mapping[str, Any]) -> Generator[Any, Usage, Usage]:
    """Count reasoning into the output where it stands beside it; read the cost."""
    usage = yield
    counts = dict(usage.counts)
    into, out, thought = (counts.get(name) for name in ("input", "output", "output.reasoning"))
    if None not in (into, out) and thought and raw.get("total_tokens") == into + out + thought:  # type: ignore[operator]
        counts["output"] = out + thought  # type: ignore[operator]
    ticks = raw.get("cost_in_usd_ticks")
    stated = str(Decimal(ticks) / _TICKS) if type(ticks) is int and ticks >= 0 else usage.stated_cost
    return replace(usage, counts=counts, stated_cost=stated)
