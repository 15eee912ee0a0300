"""Perplexity: its catalog, and what only Perplexity counts so.

Reasoning and citations stand beside `completion_tokens`; each answer costs a fee that depends on how much was searched,
and states what it cost (recorded, perplexity/chat-completions; specs of its API as quoted there).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from jackfield import Item, Usage, hookimpl

__all__ = ["usage_items"]


@hookimpl(wrapper=True)
def usage_items(raw: Mapping[str, Any]) -> Generator[Any, Usage, Usage]:
    """Count what stands beside the output into it, and the request itself; read the cost."""
    usage = yield
    counts = dict(usage.counts)
    for name, key in (("output.reasoning", "reasoning_tokens"), ("output.citation", "citation_tokens")):
        if type(count := raw.get(key)) is int and count > 0:
            counts[name] = count
            counts["output"] = counts.get("output", 0) + count
    others = (*usage.others, Item(frozenset({"request"}), 1, "request"))
    if type(searches := raw.get("num_search_queries")) is int and searches > 0:
        others += (Item(frozenset({"web_search"}), searches, "search"),)
    facts = dict(usage.facts)
    if isinstance(size := raw.get("search_context_size"), str):
        facts["search"] = size
    cost = raw.get("cost")
    total = cost.get("total_cost") if isinstance(cost, Mapping) else None
    stated = str(total) if isinstance(total, int | float) and not isinstance(total, bool) else usage.stated_cost
    return replace(usage, counts=counts, others=others, facts=facts, stated_cost=stated)
