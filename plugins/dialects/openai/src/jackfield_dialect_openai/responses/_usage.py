"""Normalize: usage objects, of whole answers and of streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Facts, Item, Request, Usage, hookimpl
from jackfield_dialect_openai.chat._usage import amount

_ROWS = (
    ("input_tokens_details", "cached_tokens", "input.cache_read"),
    ("input_tokens_details", "cache_write_tokens", "input.cache_write"),
    ("output_tokens_details", "reasoning_tokens", "output.reasoning"),
)


def usage_object(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the usage of an answer; searches, which the format counts beside it, go along.

    Raises:
        TypeError: a member is no object.
    """
    usage = body.get("usage")
    if not usage:
        return None
    if not isinstance(usage, dict):
        raise TypeError(f"usage is a JSON {type(usage).__name__}, not an object")
    if (tools := body.get("tool_usage")) and (searches := tools.get("web_search")) and searches.get("num_requests"):
        return {**usage, "web_search_requests": searches["num_requests"]}
    return usage


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read a usage object: sub-counts are inside of their totals (openai 3.51.0, types/responses/response_usage.py)."""
    counts: dict[str, int] = {}
    for name, key in (("input", "input_tokens"), ("output", "output_tokens")):
        if type(value := raw.get(key)) is int and value >= 0:
            counts[name] = value
    for holder, key, name in _ROWS:
        if isinstance(details := raw.get(holder), dict) and type(value := details.get(key)) is int and value >= 0:
            counts[name] = value
    others: tuple[Item, ...] = ()
    if type(searches := raw.get("web_search_requests")) is int and searches > 0:
        others = (Item(frozenset({"web_search"}), searches, unit="request"),)
    cost = raw.get("cost")
    return Usage(counts, others=others, stated_cost=None if cost is None else amount(cost))
