"""Token counts as inclusive totals: Gemini counts thoughts and the prompts of its own tools beside the two totals."""

from typing import Any

__all__ = ["read_tier", "read_usage"]

#: google.ai.generativelanguage Modality, and TrafficType of Vertex, by number
_MODALITIES = ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")
_TRAFFIC = ("TRAFFIC_TYPE_UNSPECIFIED", "ON_DEMAND", "PROVISIONED_THROUGHPUT")


def read_usage(usage: dict[str, Any], searches: int | None) -> dict[str, int | None]:
    """Return the counts that were sent; a count that was not is None, and zero is a count."""
    thoughts = _count(usage, "thoughtsTokenCount")
    given = _modalities(usage, "promptTokensDetails", "toolUsePromptTokensDetails")
    made = _modalities(usage, "candidatesTokensDetails")
    return {
        "input_tokens": _sum(_count(usage, "promptTokenCount"), _count(usage, "toolUsePromptTokenCount")),
        "output_tokens": _sum(_count(usage, "candidatesTokenCount"), thoughts),
        "cached_tokens": _count(usage, "cachedContentTokenCount"),
        "cache_write_tokens": None,
        "cache_write_5m_tokens": None,
        "cache_write_1h_tokens": None,
        "reasoning_tokens": thoughts,
        "input_audio_tokens": given.get("AUDIO"),
        "output_audio_tokens": made.get("AUDIO"),
        "input_image_tokens": given.get("IMAGE"),
        "output_image_tokens": made.get("IMAGE"),
        "input_video_tokens": given.get("VIDEO"),
        "input_document_tokens": given.get("DOCUMENT"),
        "accepted_prediction_tokens": None,
        "rejected_prediction_tokens": None,
        "web_searches": searches,
        "web_fetches": None,
    }


def read_tier(usage: dict[str, Any]) -> str | None:
    """Return the tier that served; Vertex calls it the type of traffic."""
    tier = usage.get("serviceTier") or usage.get("trafficType")
    return _named(tier, _TRAFFIC) if tier else None


def _modalities(usage: dict[str, Any], *keys: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in keys:
        for row in usage.get(key) or []:
            name = _named(row.get("modality"), _MODALITIES)
            found[name] = found.get(name, 0) + int(row.get("tokenCount") or 0)
    return found


def _named(value: Any, names: tuple[str, ...]) -> str:
    return names[value] if isinstance(value, int) and value < len(names) else str(value)


def _count(usage: dict[str, Any], key: str) -> int | None:
    value = usage.get(key)
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _sum(*counts: int | None) -> int | None:
    given = [count for count in counts if count is not None]
    return sum(given) if given else None
