"""Token counts as inclusive totals: Converse counts what a cache gave or took beside the input.

Each cache count is sent under two names, which mean the same; the total that is sent with them shows that they are
beside the input.
"""

from typing import Any

from tests.recordings.oracle.words import number, usage_words

__all__ = ["read_usage"]


def read_usage(usage: dict[str, Any]) -> dict[str, int | None]:
    """Return the counts that were sent; a count that was not is None, and zero is a count."""
    fresh, read, written = (
        number(usage.get(f"{name}Tokens")) for name in ("input", "cacheReadInput", "cacheWriteInput")
    )
    stated = [count for count in (fresh, read, written) if count is not None]
    lives = {row.get("ttl"): number(row.get("inputTokens")) for row in usage.get("cacheDetails") or []}
    return usage_words(
        input_tokens=sum(stated) if stated else None,
        output_tokens=number(usage.get("outputTokens")),
        cached_tokens=read,
        cache_write_tokens=written,
        cache_write_5m_tokens=lives.get("5m"),
        cache_write_1h_tokens=lives.get("1h"),
    )
