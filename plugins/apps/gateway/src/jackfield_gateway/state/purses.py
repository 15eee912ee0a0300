"""What one process has leased of one budget in one period, and reserves from without asking anybody."""

from __future__ import annotations

import asyncio
import time

from .clock import at
from .errors import BudgetExceeded
from .leases import Slot, take
from .money import decimal
from .storage import Store

__all__ = ["Purse"]

#: For this share of its life a lease is used, so that clocks and waits never stretch it; then it is renewed.
_USED = 0.8
_DUE = 0.5
#: How long a budget that has refused an amount is not asked for as much again, in seconds.
_PAUSE = 0.25


class Purse:
    """In nano-dollars: `leased` covers `reserved` (open calls) and `unsettled` (charged, not committed)."""

    __slots__ = (
        "_ends", "_holder", "_lasts", "_left", "_refused", "_refused_until", "_seconds", "_spend", "_spend_since",
        "_store", "_taken", "leased", "lock", "reserved", "slot", "unsettled",
    )  # fmt: skip

    def __init__(self, store: Store, holder: str, slot: Slot, ends: int | None, seconds: float) -> None:
        self._store = store
        self._holder = holder
        self._ends = ends
        self._seconds = seconds
        self._lasts = _USED * seconds
        self._taken = self._refused_until = float("-inf")
        self._refused = self._left = 0
        self._spend, self._spend_since = 0, time.monotonic()
        self.slot = slot
        self.lock = asyncio.Lock()
        self.leased = self.reserved = self.unsettled = 0

    @property
    def in_use(self) -> int:
        """What the lease has to cover."""
        return self.reserved + self.unsettled

    @property
    def free(self) -> int:
        """What is leased and kept for nobody."""
        return self.leased - self.reserved - self.unsettled

    def has_ended(self, stamped: int) -> bool:
        """Whether its period is over."""
        return self._ends is not None and self._ends <= stamped

    def is_over(self, stamped: int) -> bool:
        """Whether its period has ended and nothing is left in it; until then another for it would lease twice."""
        return self.has_ended(stamped) and not (self.leased or self.in_use)

    def keep(self, estimate: int, moment: float) -> bool:
        """Reserve from the lease; False where it does not cover that, or has expired at that monotonic time."""
        if moment - self._taken > self._lasts or self.free < estimate:
            return False
        self.reserved += estimate
        return True

    async def lease(self, estimate: int) -> None:
        """Lease what a call needs, and reserve it; one call after the other.

        Raises:
            BudgetExceeded: less is left.
            StoreUnavailable: the database does not answer.
        """
        async with self.lock:
            if self.keep(estimate, time.monotonic()):
                return  # another call has leased enough
            started = time.monotonic()
            if started - self._taken > self._seconds:
                self.leased = 0  # others may have it
            need = max(estimate + self.in_use - self.leased, 0)
            if started < self._refused_until and need >= self._refused:
                raise self._exceeded(need)
            taken = await take(self._store, self._holder, self.slot, need, self._a_second(), self._seconds)
            self.renew(taken.leased, started)
            self._left = taken.left or 0
            if taken.left is None:
                self.leased = self.in_use + estimate  # the budget is gone: it bounds nothing any more
            if not self.keep(estimate, time.monotonic()):
                self._refused, self._refused_until = need, time.monotonic() + _PAUSE
                raise self._exceeded(need)

    def ask_again(self) -> None:
        """Ask the database although it has just refused: less is in use now."""
        self._refused_until = float("-inf")

    def spend(self, estimate: int, cost: int) -> None:
        """Count a charge that is not committed yet, in the place of what was reserved for it."""
        self.reserved -= estimate
        self.unsettled += cost
        self._spend += cost

    def renew(self, leased: int, started: float) -> None:
        """Take over what the database says is leased, since a time before it was asked."""
        self.leased = leased
        self._taken = started

    def is_due(self, moment: float) -> bool:
        """Whether half of the lease's life is over; what is charged renews it."""
        return self.leased > 0 and moment - self._taken > _DUE * self._seconds

    def _a_second(self) -> int:
        """Return what is spent in a second, of late."""
        elapsed = time.monotonic() - self._spend_since
        rate = int(self._spend / max(elapsed, 1.0))
        if elapsed > 1.0:
            self._spend, self._spend_since = 0, time.monotonic()
        return rate

    def _exceeded(self, need: int) -> BudgetExceeded:
        free = max(self.free, 0)
        return BudgetExceeded(
            f"the budget {self.slot[0]} does not have the {decimal(need + free):f} dollars that the call may cost",
            budget_id=self.slot[0],
            left=max(self._left, 0) + free,
            resets=None if self._ends is None else at(self._ends),
        )
