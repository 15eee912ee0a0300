"""The ledger: money is reserved before a call and charged after it, so that no budget is passed.

A process leases a little of a budget in a transaction and reserves from it in memory. Charges are committed in groups.
The end of a process loses one group at most; what it had leased is free again when the lease expires.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import and_, or_, select

from jackfield import InvalidInput

from .budgets import Span, period_of
from .clock import new_id, now, within
from .errors import BudgetExceeded, StoreUnavailable
from .leases import Charge, charge, give_back
from .money import Payer, amount
from .purses import Purse
from .storage import Store
from .tables import BUDGETS

__all__ = ["Ledger", "Payer", "Reservation"]

_LOG = logging.getLogger(__name__)
#: Charges in one transaction, and those that may wait for a database that is down before nobody is let in any more.
_GROUP = 500
_WAITING = 100_000
_PAYERS = 10_000
#: So many charges are reckoned together.
_TOGETHER = 64
_LENGTH = 200


@dataclass(slots=True)
class Reservation:
    """Money that is kept for one call until it is settled or released, whichever comes first."""

    request_id: str
    payer: Payer
    estimate: int
    purses: tuple[Purse, ...] = field(repr=False)
    is_open: bool = True


class Ledger:
    """Reserves and charges, in one event loop; closed at the end.

    A group is committed `group_seconds` after its first charge; a lease lasts for `lease_seconds`; changes of budgets
    count within `fresh` seconds. Close it when no call is open any more.
    """

    def __init__(
        self, store: Store, *, group_seconds: float = 0.25, lease_seconds: float = 30.0, fresh: float = 5.0
    ) -> None:
        self._store = store
        self._holder = new_id()
        self._group_seconds = group_seconds
        self._lease_seconds = lease_seconds
        self._fresh = fresh
        self._purses: dict[tuple[str, int], Purse] = {}
        self._current: dict[str, Purse] = {}
        self._budgets: OrderedDict[Payer, tuple[list[tuple[str, Span]], float]] = OrderedDict()
        self._pending: list[tuple[Reservation, int]] = []
        self._unreckoned: deque[tuple[Reservation, Callable[[], int]]] = deque()
        self._committing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._closed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        #: Charges that are in the database, of those made here.
        self.committed = 0

    @property
    def waiting(self) -> int:
        """Charges that are not in the database yet."""
        return len(self._pending) + len(self._unreckoned)

    async def reserve(self, payer: Payer, estimate: int, request_id: str | None = None) -> Reservation:
        """Keep money for a call that may cost that many nano-dollars, in every budget of the payer.

        It waits only where a lease has to be taken. `request_id` keeps a call from being charged twice.

        Raises:
            BudgetExceeded: a budget has less left; nothing is kept in any.
            StoreUnavailable: a lease is needed, and the database does not answer.
            InvalidInput: the request id is no short text.
            ValueError: the estimate is negative.
        """
        if (found := self.reserve_now(payer, estimate, request_id)) is not None:
            return found
        estimate, budgets = amount(estimate), await self._budgets_of(payer)
        purses = tuple([self._purse(budget, now()) for budget in budgets])
        kept: list[Purse] = []
        self.reckon()
        try:
            for purse in purses:
                if not purse.keep(estimate, time.monotonic()):
                    await self._lease(purse, estimate)
                kept.append(purse)
        except BaseException:
            for purse in kept:
                purse.reserved -= estimate
            raise
        return Reservation(request_id or new_id(), payer, estimate, purses)

    async def _lease(self, purse: Purse, estimate: int) -> None:
        try:
            await purse.lease(estimate)
        except BudgetExceeded:
            if not self._unreckoned:
                raise
            self.reckon()  # what has ended meanwhile may have cost less than was kept for it
            purse.ask_again()
            await purse.lease(estimate)

    def reserve_now(self, payer: Payer, estimate: int, request_id: str | None = None) -> Reservation | None:
        """Keep money as `reserve` does, without waiting; None where it has to wait, and then nothing is kept.

        Raises:
            StoreUnavailable: too many charges wait for the database already.
            InvalidInput: the request id is no short text.
            ValueError: the estimate is negative.
        """
        estimate = amount(estimate)
        if request_id is not None and not (0 < len(request_id) <= _LENGTH and request_id.isprintable()):
            raise InvalidInput(f"the request id {request_id[:50]!r} is none; up to {_LENGTH} printable characters are")
        if self._closed.is_set():
            raise StoreUnavailable("the ledger is closed")
        if self.waiting >= _WAITING:
            raise StoreUnavailable(f"{self.waiting} charges wait for the store; no more are taken")
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="ledger")
        budgets, read = self._budgets.get(payer, (None, 0.0))
        moment = time.monotonic()
        if budgets is None or moment - read >= self._fresh:
            return None
        stamped = now()
        purses = tuple([self._purse(budget, stamped) for budget in budgets])
        for index, purse in enumerate(purses):
            if not purse.keep(estimate, moment):
                for kept in purses[:index]:
                    kept.reserved -= estimate
                if not self._unreckoned:
                    return None
                self.reckon()  # those may have cost less than what is kept for them
                return self.reserve_now(payer, estimate, request_id)
        return Reservation(request_id or new_id(), payer, estimate, purses)

    def settle(self, reservation: Reservation, cost: int) -> None:
        """Charge what the call cost, in nano-dollars, be it more or less than was kept; the first time counts.

        Raises:
            ValueError: the cost is negative; the reservation stays open.
        """
        cost = amount(cost)
        if not reservation.is_open:
            return
        reservation.is_open = False
        for purse in reservation.purses:
            purse.spend(reservation.estimate, cost)
        self._pending.append((reservation, cost))
        self._wake.set()

    def settle_later(self, reservation: Reservation, reckon: Callable[[], int]) -> None:
        """Charge what `reckon` gives, in nano-dollars, and nothing where that is 0; the first time counts.

        It is asked with others at once, before anybody is refused and before a group is committed, and now where a
        lease is nearly used up; until then what was reserved stays so. Where it fails, what was reserved is charged.
        """
        if not reservation.is_open:
            return
        self._unreckoned.append((reservation, reckon))
        most = _TOGETHER * reservation.estimate  # calls may cost more than was reserved, so there has to be room
        if len(self._unreckoned) >= _TOGETHER or not most or any([one.free < most for one in reservation.purses]):
            self.reckon()
        self._wake.set()

    def reckon(self) -> None:
        """Ask what calls cost that were settled for later."""
        while self._unreckoned:
            reservation, reckon = self._unreckoned.popleft()
            try:
                cost = amount(reckon())
            except Exception:  # a bug, or a plugin's: the answer was given, and is not free
                _LOG.exception("what a call cost could not be reckoned; what was reserved for it is charged")
                cost = reservation.estimate
            if cost:
                self.settle(reservation, cost)
            else:
                self.release(reservation)

    def release(self, reservation: Reservation) -> None:
        """Give back what was kept for a call that costs nothing; the first time counts."""
        if reservation.is_open:
            reservation.is_open = False
            for purse in reservation.purses:
                purse.reserved -= reservation.estimate

    def forget(self) -> None:
        """Look for everybody's budgets anew; for the process that has set one."""
        self._budgets.clear()

    async def flush(self) -> None:
        """Commit every charge that was made so far.

        Raises:
            StoreUnavailable: the database does not answer; the charges wait.
        """
        async with self._committing:
            self.reckon()
            left = len(self._pending)
            while left:  # what is charged meanwhile belongs to the next group
                group = self._pending[: min(_GROUP, left)]
                left -= len(group)
                used = {purse.slot: purse for one, _ in group for purse in one.purses}
                charges = [_charge(*one) for one in group]
                async with _locked(used):
                    started = time.monotonic()
                    leased = await charge(self._store, self._holder, charges, self._lease_seconds)
                    del self._pending[: len(group)]
                    self.committed += len(group)
                    for one, cost in group:
                        for purse in one.purses:
                            purse.unsettled -= cost
                    for slot, purse in used.items():
                        purse.renew(leased[slot], started)

    async def close(self, *, seconds: float = 10.0) -> None:
        """Commit every charge and give back every lease, for that long at most; what is left is told.

        Raises:
            StoreUnavailable: the database does not answer, and charges are lost; they are in the log.
        """
        self._closed.set()
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)
            self._task.cancel()
        try:
            async with asyncio.timeout(seconds):
                await self.flush()
                if self._purses:
                    await give_back(self._store, self._holder, dict.fromkeys(self._purses, 0), 0)
        except (StoreUnavailable, TimeoutError) as error:
            self.reckon()
            for one, cost in self._pending:
                _LOG.error("lost charge: %s", _charge(one, cost)._asdict())
            raise StoreUnavailable(f"the ledger closed with {len(self._pending)} charges lost: {error}") from error

    async def _run(self) -> None:
        """Commit groups, renew the leases that are used, and give back those that are not."""
        pause = 0.0
        while not self._closed.is_set():
            await within(self._wake.wait(), self._lease_seconds / 4)
            if self._wake.is_set():
                await within(self._closed.wait(), pause or self._group_seconds)
            self._wake.clear()
            try:
                await self.flush()
                await self._tend()
                pause = 0.0
            except StoreUnavailable as error:
                if not pause:
                    _LOG.warning("%d charges wait: %s", self.waiting, error)
                pause = min(max(2 * pause, 0.5), 5.0)
                self._wake.set()
            except Exception:  # a bug, which must not end the charging of others
                _LOG.exception("%d charges wait", self.waiting)
                pause = 5.0
                self._wake.set()

    async def _tend(self) -> None:
        started = time.monotonic()
        due = {slot: purse for slot, purse in self._purses.items() if purse.is_due(started)}
        for slot in [slot for slot, purse in self._purses.items() if purse.is_over(now())]:
            del self._purses[slot]
            self._current.pop(slot[0], None)
        if not due:
            return
        async with _locked(due):
            kept = {slot: purse.in_use for slot, purse in due.items()}
            for purse in due.values():
                purse.leased = min(purse.leased, purse.in_use)  # nothing is reserved from what is about to go
            leased = await give_back(self._store, self._holder, kept, self._lease_seconds)
            for slot, purse in due.items():
                purse.renew(leased[slot], started)

    def _purse(self, budget: tuple[str, Span], moment: int) -> Purse:
        budget_id, span = budget
        current = self._current.get(budget_id)
        if current is not None and not current.has_ended(moment):
            return current
        begins, ends = period_of(span, moment)
        slot = (budget_id, begins)
        if (purse := self._purses.get(slot)) is None:
            purse = self._purses[slot] = Purse(self._store, self._holder, slot, ends, self._lease_seconds)
        self._current[budget_id] = purse
        return purse

    async def _budgets_of(self, payer: Payer) -> list[tuple[str, Span]]:
        known, read = self._budgets.get(payer, (None, 0.0))
        moment = time.monotonic()
        if known is not None:
            if moment - read < self._fresh:
                return known
            self._budgets[payer] = (known, moment)  # one asks, the others go on with what is known
        subjects = (("key", payer.key_id), ("project", payer.project_id), ("organisation", payer.organisation_id))
        own = or_(*(and_(BUDGETS.c.scope == scope, BUDGETS.c.subject_id == subject) for scope, subject in subjects))
        try:
            async with self._store.reading() as connection:
                rows = await connection.execute(
                    select(BUDGETS.c.id, BUDGETS.c.period).where(own).order_by(BUDGETS.c.id)
                )
                found: list[tuple[str, Span]] = [(row.id, row.period) for row in rows]
        except StoreUnavailable:
            if known is None:
                raise
            found = known  # the leases bound what may be spent while nobody answers
        self._budgets[payer] = (found, moment)
        self._budgets.move_to_end(payer)
        if len(self._budgets) > _PAYERS:
            self._budgets.popitem(last=False)
        return found


def _charge(reservation: Reservation, cost: int) -> Charge:
    slots = [purse.slot for purse in reservation.purses]
    return Charge(reservation.request_id, *reservation.payer, cost, slots)


@contextlib.asynccontextmanager
async def _locked(purses: Mapping[tuple[str, int], Purse]) -> AsyncIterator[None]:
    """Let nobody lease meanwhile: what the database says of a lease has to be taken over in the order it was said."""
    async with contextlib.AsyncExitStack() as stack:
        for slot in sorted(purses):
            await stack.enter_async_context(purses[slot].lock)
        yield
