"""The neutral words that oracles answer with: every key of an answer, and what an absent member looks like."""

from typing import Any

__all__ = ["choice_words", "number", "parsed_arguments", "text_or_none", "usage_words"]

_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "input_document_tokens",
    "input_video_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "web_searches",
    "web_fetches",
)


def choice_words(**members: Any) -> dict[str, Any]:
    """Return a choice that holds only the members given."""
    return {
        "text": None,
        "thinking": None,
        "refusal": None,
        "tool_calls": [],
        "provider_calls": [],
        "provider_results": [],
        "states": [],
        "media": [],
        "audio": None,
        "citations": [],
        "finish_reason": "unknown",
        "raw_finish_reason": None,
        "finish_detail": None,
        "logprobs": None,
        **members,
    }


def usage_words(**counts: int | None) -> dict[str, int | None]:
    """Return usage that states only the counts given; a name that is no count is a KeyError."""
    for name in counts:
        if name not in _COUNTS:
            raise KeyError(name)
    return {name: counts.get(name) for name in _COUNTS}


def number(value: Any) -> int | None:
    """Return a count as a whole number, or None where there is none."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def text_or_none(value: Any) -> str | None:
    """Return a text that says something."""
    return value if isinstance(value, str) and value else None


def parsed_arguments(text: str, loads: Any) -> Any:
    """Parse a call's arguments: blank ones are an empty object, ones that are cut off stay text."""
    if not text.strip():
        return {}
    value = loads(text)
    return text if value is None else value
