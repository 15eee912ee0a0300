"""Usage objects, in both directions: what is billed, which is less than what the model saw.

`tokens` counts the templates around a prompt, `billed_units` does not, and Cohere charges the latter. Counts of images
and of reasoning are parts of what is billed; the count of cached tokens is a part of what was seen, so it says nothing
beside billed units (recorded: 480 cached of a prompt with 265 billed).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Facts, Request, Usage, hookimpl
from jackfield.usage import Item

#: A query with up to 100 documents, which is what a reranking costs (docs.cohere.com/docs/rate-limits, pricing).
SEARCH_UNITS = frozenset({"search_unit"})
_SHARES = (("input", "input.image", "image_tokens"), ("output", "output.reasoning", "reasoning_tokens"))


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read a usage object, or the units of an embedding."""
    counts: dict[str, int] = {}
    billed, seen = raw.get("billed_units"), raw.get("tokens")
    seen = seen if isinstance(seen, dict) else {}
    totals = billed if billed and isinstance(billed, dict) else seen
    for name in ("input", "output"):
        if (count := _count(totals.get(f"{name}_tokens"))) is not None:
            counts[name] = count
    for total, name, key in _SHARES:
        if (count := _count(seen.get(key))) is not None and count <= counts.get(total, -1):
            counts[name] = count
    if totals is seen and (count := _count(raw.get("cached_tokens"))) is not None:
        counts["input.cache_read"] = count
    units = _count(billed.get("search_units")) if isinstance(billed, dict) else None
    return Usage(counts, () if units is None else (Item(SEARCH_UNITS, units, unit="search_unit"),))


def _count(value: Any) -> int | None:
    """Read a count; the format has floats (cohere 7.3.1, types/usage_tokens.py)."""
    if type(value) is int or (type(value) is float and value.is_integer()):
        return int(value) if value >= 0 else None
    return None


def usage_body(usage: Usage | None) -> dict[str, Any]:
    """Write a usage object; empty where nothing is known, as the format does it itself."""
    if usage is None:
        return {}
    units = [item.count for item in usage.others if item.tags == SEARCH_UNITS]
    if not usage.counts:
        return {"billed_units": {"search_units": sum(units)}} if units else {}
    counts = usage.counts
    total = {f"{name}_tokens": counts[name] for name in ("input", "output") if name in counts}
    shares = {key: counts[name] for _, name, key in _SHARES if name in counts}
    body: dict[str, Any] = {"billed_units": total, "tokens": {**total, **shares}}
    if "input.cache_read" in counts:
        body["cached_tokens"] = counts["input.cache_read"]
    return body
