"""Token counts as inclusive totals: what the provider counts beside a total is added to it."""

from typing import Any

__all__ = ["read_usage"]


def read_usage(usage: dict[str, Any]) -> dict[str, int | None]:
    """Return the counts that were sent; a count that was not is None, and zero is a count."""
    given = usage.get("prompt_tokens_details") or {}
    made = usage.get("completion_tokens_details") or {}
    reasoning = _first((made, "reasoning_tokens"), (usage, "reasoning_tokens"))
    prompt, output = _first((usage, "prompt_tokens")), _first((usage, "completion_tokens"))
    total = _first((usage, "total_tokens"))
    if output is not None and reasoning is not None and reasoning > 0:
        # xai counts reasoning beside the completion; only the sum tells, since others name it the same. So does
        # vercel-gateway, of Google's models, whose total leaves it out: it alone states a market_cost.
        sums = prompt is not None and total == prompt + output + reasoning
        if sums or (reasoning > output and "market_cost" in usage):
            output += reasoning
    return {
        "input_tokens": prompt,
        "output_tokens": output,
        "cached_tokens": _first(
            (given, "cached_tokens"),
            (given, "cache_read_input_tokens"),
            (usage, "cached_tokens"),
            (usage, "prompt_cache_hit_tokens"),
            (usage, "num_cached_tokens"),
            (usage, "cache_read_input_tokens"),
        ),
        "cache_write_tokens": _first(
            (given, "cache_write_tokens"),
            (given, "cache_creation_input_tokens"),
            (usage, "cache_creation_input_tokens"),
        ),
        "reasoning_tokens": reasoning,
        "input_audio_tokens": _first((given, "audio_tokens"), (usage, "audio_prompt_tokens")),
        "output_audio_tokens": _first((made, "audio_tokens")),
        "input_image_tokens": _first((given, "image_tokens"), (usage, "image_tokens")),
        "accepted_prediction_tokens": _first((made, "accepted_prediction_tokens")),
        "rejected_prediction_tokens": _first((made, "rejected_prediction_tokens")),
    }


def _first(*places: tuple[dict[str, Any], str]) -> int | None:
    for holder, key in places:
        value = holder.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return int(value)
    return None
