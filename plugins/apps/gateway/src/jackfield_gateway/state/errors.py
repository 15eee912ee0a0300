"""What the state refuses or cannot do. One rule: a store that is down is never a caller without a key.

* JackfieldError
  + ConfigurationError
    - WrongSchema            the database is of another release
    - WrongSecret            what is stored was sealed under another secret
  + InvalidInput
    - InvalidCursor          no page begins there
  + StoreUnavailable         the database, or Redis, does not answer
  + BudgetExceeded           no money is left for this call
  + LimitExceeded            too many calls or tokens, for now
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from jackfield import ConfigurationError, InvalidInput, JackfieldError

__all__ = [
    "BudgetExceeded", "InvalidCursor", "LimitExceeded", "StoreUnavailable", "WrongSchema", "WrongSecret",
]  # fmt: skip


class WrongSchema(ConfigurationError):
    """The tables are those of another release, or missing. Remedy: `upgrade` the database, or the gateway."""


class WrongSecret(ConfigurationError):
    """A sealed value opens under none of the secrets. Remedy: set the one it was sealed under beside the new."""


class InvalidCursor(InvalidInput):
    """The cursor is none of ours. Remedy: send `next` of a page as it came, or none for the first page."""


class StoreUnavailable(JackfieldError):
    """The store does not answer; `retry_after` is in seconds. Remedy: wait; to a caller it is 503, never 401."""

    retryable = True

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message, status=503, retry_after=retry_after)


class BudgetExceeded(JackfieldError):
    """A budget has less left than the call may cost. Remedy: raise the budget, or wait for `resets`.

    `left` is in nano-units of the currency; `resets` is None for a budget without a period.
    """

    def __init__(self, message: str, *, budget_id: str, left: int, resets: datetime | None) -> None:
        super().__init__(message, status=402)
        self.budget_id = budget_id
        self.left = left
        self.resets = resets


class LimitExceeded(JackfieldError):
    """A rate or the number of parallel calls is reached. Remedy: wait for `retry_after` seconds.

    `headers` are those that tell the caller so.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after: float, headers: Mapping[str, str]) -> None:
        super().__init__(message, status=429, retry_after=retry_after)
        self.headers = headers
