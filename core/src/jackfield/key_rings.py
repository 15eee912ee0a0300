"""Several keys of one provider: one is used until it is limited or refused, then another takes its place.

The keys themselves are never shown: an endpoint holds its credential, and its repr does not have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .errors import AuthenticationError, BillingError, JackfieldError, PermissionDenied, RateLimitError
from .wire import Endpoint

#: Seconds that a key rests where the provider names no time: after a limit, and after a refusal.
_LIMITED: Final = 15.0
_REFUSED: Final = 600.0


class KeyRing:
    """The endpoints of one model that differ in their key alone. Safe to share between threads."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = tuple(endpoints)
        self._rests_until: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self)} keys of {self._endpoints[0].provider}>"

    def __len__(self) -> int:
        return len(self._endpoints)

    def best(self, now: float) -> Endpoint:
        """Return the first endpoint whose key does not rest, or the one that rests the shortest; `now` in seconds."""
        return min(self._endpoints, key=lambda endpoint: max(now, self._rests_until.get(endpoint.credential.id, now)))

    def turn(self, used: Endpoint, error: JackfieldError, now: float) -> Endpoint | None:
        """Let a key rest that met an error, where it is the key's, and return another endpoint that can be used."""
        if isinstance(error, RateLimitError):
            rest = _LIMITED if error.retry_after is None else error.retry_after
        elif isinstance(error, AuthenticationError | BillingError | PermissionDenied):
            rest = _REFUSED
        else:
            return None
        self._rests_until[used.credential.id] = now + rest
        free = (end for end in self._endpoints if self._rests_until.get(end.credential.id, now) <= now)
        return next((endpoint for endpoint in free if endpoint.credential.id != used.credential.id), None)
