"""Token counts of Cohere's chat format: what is billed, which is less than what the model saw.

`tokens` counts the templates that Cohere puts around a prompt, `billed_units` does not, and what is paid is the total.
Tokens of images and of reasoning are billed like others; tokens read from a cache are a share of what the model saw,
templates included (480 were cached of a prompt with 265 billed), so beside billed totals they say nothing.
"""

from typing import Any

from tests.recordings.oracle.words import number, usage_words

__all__ = ["read_usage"]


def read_usage(usage: dict[str, Any]) -> dict[str, int | None]:
    """Return the counts that were sent; a count that was not is None, and zero is a count."""
    seen, billed = usage.get("tokens") or {}, usage.get("billed_units") or {}
    totals = billed or seen
    into, out = number(totals.get("input_tokens")), number(totals.get("output_tokens"))
    return usage_words(
        input_tokens=into,
        output_tokens=out,
        cached_tokens=None if billed else number(usage.get("cached_tokens")),
        input_image_tokens=_share(seen.get("image_tokens"), into),
        reasoning_tokens=_share(seen.get("reasoning_tokens"), out),
    )


def _share(count: Any, total: int | None) -> int | None:
    """Return a part of a total; what is greater is no part of it."""
    part = number(count)
    return part if part is not None and total is not None and part <= total else None
