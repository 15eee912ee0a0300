"""Usage objects, in both directions. What a cache gave or took stands beside the input there, and inside it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Facts, Item, Request, Usage, hookimpl

_BESIDE = (
    ("input.cache_read", "cache_read_input_tokens"), ("input.cache_write", "cache_creation_input_tokens"),
)  # fmt: skip
_WRITTEN = (
    ("input.cache_write.5m", "ephemeral_5m_input_tokens"), ("input.cache_write.1h", "ephemeral_1h_input_tokens"),
)  # fmt: skip
_RAN = (("web_search", "web_search_requests"), ("web_fetch", "web_fetch_requests"))
#: What of the service decides prices, by our names (anthropic 2.11.0, types/beta/beta_usage.py).
_FACTS = (("tier", "service_tier"), ("speed", "speed"), ("region", "inference_geo"))
_UNITS = {"web_search": "search"}
_TAGS = {name: frozenset({name}) for name, _ in _RAN}


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read a usage object."""
    counts: dict[str, int] = {}
    if type(value := raw.get("input_tokens")) is int and value >= 0:
        counts["input"] = value
    for name, key in _BESIDE:
        if type(value := raw.get(key)) is int and value >= 0:
            counts[name] = value
            counts["input"] = counts.get("input", 0) + value
    if written := raw.get("cache_creation"):
        _count(written, _WRITTEN, counts)
    if type(value := raw.get("output_tokens")) is int and value >= 0:
        counts["output"] = value
    if made := raw.get("output_tokens_details"):
        _count(made, (("output.reasoning", "thinking_tokens"),), counts)
    others: tuple[Item, ...] = ()
    if ran := raw.get("server_tool_use"):
        found: dict[str, int] = {}
        _count(ran, _RAN, found)
        others = tuple(Item(_TAGS[name], count, unit=_UNITS.get(name, "request")) for name, count in found.items())
    told = {name: value for name, key in _FACTS if type(value := raw.get(key)) is str and value}
    return Usage(counts, others, told)


def _count(holder: Any, rows: tuple[tuple[str, str], ...], counts: dict[str, int]) -> None:
    if isinstance(holder, Mapping):
        for name, key in rows:
            if type(value := holder.get(key)) is int and value >= 0:
                counts[name] = value


def usage_body(usage: Usage | None, tier: str | None = None) -> dict[str, Any]:
    """Write a usage object; the format cannot leave out input and output, so what is not known is 0."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    counts = usage.counts
    beside = {key: counts[name] for name, key in _BESIDE if name in counts}
    body: dict[str, Any] = {"input_tokens": max(0, counts.get("input", 0) - sum(beside.values())), **beside}
    if written := {key: counts[name] for name, key in _WRITTEN if name in counts}:
        body["cache_creation"] = written
    body["output_tokens"] = counts.get("output", 0)
    if "output.reasoning" in counts:
        body["output_tokens_details"] = {"thinking_tokens": counts["output.reasoning"]}
    if ran := {key: item.count for name, key in _RAN for item in usage.others if item.tags == _TAGS[name]}:
        body["server_tool_use"] = ran
    body |= {key: usage.facts[name] for name, key in _FACTS if name in usage.facts}
    if tier is not None:
        body.setdefault("service_tier", tier)
    return body
