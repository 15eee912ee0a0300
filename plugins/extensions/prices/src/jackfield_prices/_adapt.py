"""From genai-prices' form to the tables of a catalog: rates by selector, conditions as rules.

Facts of the form are those of genai-prices 0.2.3, types.py and data_units.py. A price that changes at a date is a rule
that ends there; a higher price beyond a number of input tokens holds for the whole request; of the variants for one
context the first wins, so they are written in reverse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any

_SEARCH = {"per": 1000, "unit": "search"}
#: genai-prices' price keys as selectors, with what differs from a price per million tokens.
SELECTORS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "input_mtok": ("input", {}),
    "output_mtok": ("output", {}),
    "cache_read_mtok": ("input.cache_read", {}),
    "cache_write_mtok": ("input.cache_write", {}),
    "cache_write_5m_mtok": ("input.cache_write.5m", {}),
    "cache_write_1h_mtok": ("input.cache_write.1h", {}),
    "input_audio_mtok": ("input.audio", {}),
    "input_image_mtok": ("input.image", {}),
    "input_video_mtok": ("input.video", {}),
    "cache_audio_read_mtok": ("input.audio.cache_read", {}),
    "cache_image_read_mtok": ("input.image.cache_read", {}),
    "output_audio_mtok": ("output.audio", {}),
    "output_image_mtok": ("output.image", {}),
    "output_video_mtok": ("output.video", {}),
    "output_reasoning_mtok": ("output.reasoning", {}),
    "output_citation_mtok": ("output.citation", {}),
    "web_searches_kcount": ("web_search", _SEARCH),
    "storage_searches_kcount": ("file_search", _SEARCH),
    "requests_kcount": ("request", {"per": 1000, "unit": "request"}),
    "input_mchars": ("input", {"per": 1_000_000, "unit": "character"}),
    "audio_hours": ("audio", {"per": 1, "unit": "hour"}),
    "input_audio_hours": ("input.audio", {"per": 1, "unit": "hour"}),
    "input_document_kpages": ("input.document", {"per": 1000, "unit": "page"}),
}
#: Their names of facts, and ours.
_FACTS = {"processing": "mode", "service_tier": "tier"}


def rules_of(model: Any) -> list[dict[str, Any]]:
    """Return the rules of a model as JSON values that `read_times` completes."""
    rules: list[dict[str, Any]] = []
    if not isinstance(model.prices, list):
        rules += _rules(model.prices, {})
    else:
        starts = [_start(row.constraint) for row in model.prices]
        for number, row in enumerate(model.prices):
            condition: dict[str, Any] = {}
            later = [start for start in starts[number + 1 :] if start is not None]
            if starts[number] is not None and number:
                condition["since"] = starts[number]
            if later and not _hours(row.constraint):
                condition["until"] = min(later)
            if hours := _hours(row.constraint):
                condition["windows"] = [hours]
            rules += _rules(row.prices, condition)
    for variant in reversed(model.price_variants or ()):
        condition = {"when": {_FACTS.get(name, name): value for name, value in variant.when.items()}}
        if (start := _start(variant.constraint)) is not None:
            condition["since"] = start
        rules += _rules(variant.prices, condition)
    return rules


def _rules(prices: Any, condition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    rates: dict[str, Any] = {}
    beyond: dict[int, dict[str, Any]] = {}
    for key, price in vars(prices).items():
        if price is None or key not in SELECTORS:
            continue
        selector, more = SELECTORS[key]
        rates[selector] = _rate(getattr(price, "base", price), more)
        for tier in getattr(price, "tiers", ()):
            beyond.setdefault(tier.start, {})[selector] = _rate(tier.price, more)
    if rates:
        yield {"rates": rates, **condition}
    for start, higher in sorted(beyond.items()):
        yield {"rates": higher, "over": start, **condition}


def _rate(amount: Any, more: Mapping[str, Any]) -> Any:
    return {"amount": str(amount), **more} if more else str(amount)


def _start(constraint: Any) -> str | None:
    day = getattr(constraint, "start_date", None)
    return None if day is None else datetime.combine(day, time(), UTC).isoformat()


def _hours(constraint: Any) -> dict[str, str] | None:
    if getattr(constraint, "start_time", None) is None:
        return None
    # their times are UTC where they have no zone, and none of the list has another (0.2.3)
    return {name: getattr(constraint, f"{name}_time").strftime("%H:%M:%S") for name in ("start", "end")}


def read_times(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule with its instants as such: JSON has none."""
    return {
        name: datetime.fromisoformat(value) if name in ("since", "until") else value for name, value in rule.items()
    }


def clauses_of(match: Any) -> list[str]:
    """Return the exact names, and the beginnings (ending in `*`), that a match logic accepts; the rest is too vague."""
    found: list[str] = []
    if (name := getattr(match, "equals", None)) is not None:
        found.append(name)
    elif (start := getattr(match, "starts_with", None)) is not None:
        found.append(f"{start}*")
    for inner in getattr(match, "or_", ()):
        found += clauses_of(inner)
    return found
