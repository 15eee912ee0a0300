"""Normalize: usage objects, of whole answers and of streams."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from jackfield import ChatRequest, Facts, Request, Usage, hookimpl
from jackfield.usage import Item

from ._rerank import SEARCH_UNITS

#: Where sub-counts stand, and what they are called there and here.
_DETAILS: Final[Mapping[str, Mapping[str, str]]] = {
    "prompt_tokens_details": {
        "cached_tokens": "input.cache_read", "cache_write_tokens": "input.cache_write",
        "cache_creation_input_tokens": "input.cache_write", "audio_tokens": "input.audio",
        "image_tokens": "input.image",
    },
    "completion_tokens_details": {
        "reasoning_tokens": "output.reasoning", "audio_tokens": "output.audio",
        "accepted_prediction_tokens": "output.accepted_prediction",
        "rejected_prediction_tokens": "output.rejected_prediction",
    },
}  # fmt: skip
#: Names that hosts use beside the details (recorded: cerebras, databricks, deepseek, mistral, together,
#: vercel-gateway).
_BESIDE = (
    ("input.cache_read", ("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens")),
    ("input.cache_write", ("cache_creation_input_tokens",)),
    ("input.image", ("image_tokens",)),
    ("output.reasoning", ("reasoning_tokens",)),
)

_BESIDE_KEYS = frozenset(key for _, keys in _BESIDE for key in keys)


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read a usage object: sub-counts are inside of their totals (openai 3.51.0, types/completion_usage.py)."""
    counts: dict[str, int] = {}
    for name, key in (("input", "prompt_tokens"), ("output", "completion_tokens")):
        if type(value := raw.get(key)) is int and value >= 0:
            counts[name] = value
    for holder, names in _DETAILS.items():
        if (details := raw.get(holder)) and isinstance(details, dict):
            for key, value in details.items():
                if (item := names.get(key)) is not None and type(value) is int and value >= counts.get(item, 0):
                    counts[item] = value
    for name, keys in () if raw.keys().isdisjoint(_BESIDE_KEYS) else _BESIDE:
        if name not in counts:
            found = next((raw[key] for key in keys if type(raw.get(key)) is int), -1)
            if found >= 0:
                counts[name] = found
    if "input" not in counts and type(total := raw.get("total_tokens")) is int and not isinstance(request, ChatRequest):
        counts["input"] = total  # where nothing is generated, some state the sum alone (recorded, voyage)
    units = raw.get("search_units")
    others = (Item(SEARCH_UNITS, units, unit="search_unit"),) if type(units) is int and units >= 0 else ()
    cost = raw.get("cost")
    return Usage(counts, others, stated_cost=None if cost is None else amount(cost))


def amount(value: Any) -> str | None:
    """Read an amount of money that a host states; what is none is as good as not stated."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        return None
    return str(value) if amount.is_finite() and amount >= 0 else None
