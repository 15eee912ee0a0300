"""Token counts as inclusive totals: the format counts what a cache gave or took beside the input."""

from typing import Any

from tests.recordings.oracle.words import number, usage_words

__all__ = ["read_usage"]


def read_usage(usage: dict[str, Any]) -> dict[str, int | None]:
    """Return the counts that were sent; a count that was not is None, and zero is a count."""
    written = usage.get("cache_creation") or {}
    ran = usage.get("server_tool_use") or {}
    made = usage.get("output_tokens_details") or {}
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    stated = [count for name in names if (count := number(usage.get(name))) is not None]
    return usage_words(
        input_tokens=sum(stated) if stated else None,
        output_tokens=number(usage.get("output_tokens")),
        cached_tokens=number(usage.get("cache_read_input_tokens")),
        cache_write_tokens=number(usage.get("cache_creation_input_tokens")),
        cache_write_5m_tokens=number(written.get("ephemeral_5m_input_tokens")),
        cache_write_1h_tokens=number(written.get("ephemeral_1h_input_tokens")),
        reasoning_tokens=number(made.get("thinking_tokens")),
        web_searches=number(ran.get("web_search_requests")),
        web_fetches=number(ran.get("web_fetch_requests")),
    )
