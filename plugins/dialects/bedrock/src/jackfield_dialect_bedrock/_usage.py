"""Usage objects, in both directions. What a cache gave or took stands beside the input there, and inside it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Facts, Request, Usage, hookimpl

_BESIDE = (("input.cache_read", "cacheReadInputTokens"), ("input.cache_write", "cacheWriteInputTokens"))
_LIVES = {"5m": "input.cache_write.5m", "1h": "input.cache_write.1h"}


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read a usage object. Each count of a cache comes under two names, of which one is in Amazon's model."""
    counts: dict[str, int] = {}
    if type(value := raw.get("inputTokens")) is int and value >= 0:
        counts["input"] = value
    for name, key in _BESIDE:
        if type(value := raw.get(key)) is int and value >= 0:
            counts[name] = value
            counts["input"] = counts.get("input", 0) + value
    if details := raw.get("cacheDetails"):
        for row in details if isinstance(details, list) else ():
            found = _LIVES.get(str(row.get("ttl"))) if isinstance(row, Mapping) else None
            if found is not None and type(value := row.get("inputTokens")) is int and value >= 0:
                counts[found] = value
    if type(value := raw.get("outputTokens")) is int and value >= 0:
        counts["output"] = value
    return Usage(counts)


def usage_body(usage: Usage | None) -> dict[str, Any]:
    """Write a usage object; the format cannot leave out input and output, so what is not known is 0."""
    counts: Mapping[str, int] = {} if usage is None else usage.counts
    into, out = counts.get("input", 0), counts.get("output", 0)
    beside = {key: counts[name] for name, key in _BESIDE if name in counts}
    body: dict[str, Any] = {"inputTokens": max(0, into - sum(beside.values())), "outputTokens": out}
    body |= {"totalTokens": into + out, **beside}
    if written := [{"ttl": ttl, "inputTokens": counts[name]} for ttl, name in _LIVES.items() if name in counts]:
        body["cacheDetails"] = written
    return body
