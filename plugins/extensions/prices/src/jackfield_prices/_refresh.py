"""Fetches the newest price list, on request only, and keeps the last good one."""

from __future__ import annotations

from datetime import UTC, datetime

from jackfield import ConfigurationError

from ._library import Library, adapted, library, refreshed_path, write

#: A list that has lost more than this part of its models is broken, whatever it says.
_LOST = 0.1


def refresh(url: str | None = None) -> int:
    """Fetch the newest list and use it from now on; return how many models it has.

    `url` is the list's address, that of the genai-prices project unless given. Nothing else ever goes to the network.

    Raises:
        ConfigurationError: the list cannot be fetched or read, or has shrunk; the one in use stays.
        OSError: the cache folder cannot be written; the one in use stays.
    """
    from genai_prices.update_prices import DEFAULT_UPDATE_URL, UpdatePrices

    address = url or DEFAULT_UPDATE_URL
    known = library()
    try:
        snapshot = UpdatePrices(url=address).fetch()
        data = adapted(snapshot.providers) if snapshot is not None else {}
    except Exception as error:  # whatever a server can answer with
        raise ConfigurationError(f"the price list at {address} is refused: {error}; the one in use stays") from error
    fresh = Library(data, f"genai-prices, fetched {datetime.now(UTC):%Y-%m-%d}")
    if fresh.count < known.count * (1 - _LOST):
        raise ConfigurationError(
            f"the price list at {address} is refused: it has {fresh.count} models, where {known.count} are known; "
            "the one in use stays"
        )
    write(refreshed_path(), data, fresh._source)
    library.cache_clear()
    return fresh.count
