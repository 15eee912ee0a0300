"""Normalize: usage metadata, of whole answers and of streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Facts, Request, Usage, hookimpl
from jackfield.usage import Item

#: Where the searches that ran are put beside what Google counts: its usage has no member for them.
SEARCHES = "webSearchQueries"
#: google.ai.generativelanguage Modality by number, as `$alt=json;enum-encoding=int` gives it.
_MODALITIES = ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")
#: What Vertex calls the tier that served (google-genai 3.4.0, types.TrafficType).
_TRAFFIC = {
    "ON_DEMAND": "standard", "ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex",
    "PROVISIONED_THROUGHPUT": "provisioned",
}  # fmt: skip
_NUMBERED = ("TRAFFIC_TYPE_UNSPECIFIED", "ON_DEMAND", "PROVISIONED_THROUGHPUT")
_SEARCH = frozenset({"web_search"})


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read usage metadata: thoughts and the prompts of Google's own tools are counted beside the totals."""
    counts: dict[str, int] = {}
    thoughts = _count(raw.get("thoughtsTokenCount"))
    for name, one, other in (
        ("input", _count(raw.get("promptTokenCount")), _count(raw.get("toolUsePromptTokenCount"))),
        ("output", _count(raw.get("candidatesTokenCount")), thoughts),
    ):
        if one is not None or other is not None:
            counts[name] = (one or 0) + (other or 0)
    if thoughts is not None:
        counts["output.reasoning"] = thoughts
    if (cached := _count(raw.get("cachedContentTokenCount"))) is not None:
        counts["input.cache_read"] = cached
    for parent, holders in _DETAILS:
        for holder in holders:
            if rows := raw.get(holder):
                _add_modalities(rows, parent, counts)
    searches = raw.get(SEARCHES)
    # an empty query was never run
    count = sum(1 for query in searches if query) if isinstance(searches, list) else None
    others = () if count is None else (Item(_SEARCH, count, unit="search"),)
    tier = tier_of(raw)
    served = {} if tier is None else {"tier": _TRAFFIC.get(tier, tier.lower())}
    return Usage(counts, others, served)


_DETAILS = (
    ("input", ("promptTokensDetails", "toolUsePromptTokensDetails")), ("output", ("candidatesTokensDetails",)),
)  # fmt: skip


def tier_of(raw: Mapping[str, Any]) -> str | None:
    """Return Google's word for the tier that served."""
    found = raw.get("serviceTier") or raw.get("trafficType")
    if isinstance(found, int) and 0 <= found < len(_NUMBERED):
        return _NUMBERED[found]
    return found if isinstance(found, str) and found else None


def _add_modalities(rows: Any, parent: str, counts: dict[str, int]) -> None:
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        word = row.get("modality")
        if isinstance(word, int) and 0 <= word < len(_MODALITIES):
            word = _MODALITIES[word]
        if isinstance(word, str) and word not in ("TEXT", "MODALITY_UNSPECIFIED"):
            name = f"{parent}.{word.lower()}"
            counts[name] = counts.get(name, 0) + (_count(row.get("tokenCount")) or 0)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def usage_body(usage: Usage | None) -> dict[str, Any] | None:
    """Write usage metadata; None where nothing is known."""
    if usage is None:
        return None
    counts = usage.counts
    into, out = usage.input_tokens, usage.output_tokens
    reasoning = counts.get("output.reasoning")
    body: dict[str, Any] = {}
    if into is not None:
        body["promptTokenCount"] = into
    if out is not None:
        body["candidatesTokenCount"] = max(0, out - (reasoning or 0))
    if reasoning is not None:
        body["thoughtsTokenCount"] = reasoning
    if "input.cache_read" in counts:
        body["cachedContentTokenCount"] = counts["input.cache_read"]
    if into is not None and out is not None:
        body["totalTokenCount"] = into + out
    for parent, (holder, *_) in _DETAILS:
        known = {word: counts[name] for word in _MODALITIES[2:] if (name := f"{parent}.{word.lower()}") in counts}
        if known:
            body[holder] = [{"modality": word, "tokenCount": count} for word, count in known.items()]
    return body
