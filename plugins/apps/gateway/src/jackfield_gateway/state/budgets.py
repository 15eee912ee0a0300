"""Budgets: how much a key, a project or an organisation may spend, in all or in each period. All are in US dollars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import delete, func, insert, select, update

from jackfield import InvalidInput

from .clock import Period, at, begin, end, new_id, now, stamp
from .money import amount as checked_amount
from .storage import Store
from .tables import BALANCES, BUDGETS, LEASES, SETTLEMENTS

__all__ = ["Budget", "BudgetState", "Budgets", "Scope", "Span", "period_of"]

#: Whose a budget is.
Scope = Literal["key", "project", "organisation"]
#: How often it begins anew; `total` never does.
Span = Literal["total", "day", "week", "month", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A budget; `amount` is in nano-dollars."""

    id: str
    scope: Scope
    subject_id: str
    period: Span
    amount: int
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """Where a budget stands, in nano-dollars: `leased` is what processes may spend and have not said to have spent.

    `left` is what none has; it is below 0 where calls cost more than was reserved for them. `resets` is None for
    `total`.
    """

    budget: Budget
    spent: int
    leased: int
    left: int
    resets: datetime | None


class Budgets:
    """Sets and shows budgets. Every method raises StoreUnavailable where the database does not answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def set(self, scope: Scope, subject_id: str, period: Span, amount: int) -> Budget:
        """Set the budget of that subject and period, in place of the one that it had; what was spent stays spent.

        Gateways count with it within seconds.

        Raises:
            InvalidInput: there is no such scope or period.
            ValueError: the amount is negative.
        """
        for value, allowed in ((scope, Scope), (period, Span)):
            if value not in get_args(allowed):
                raise InvalidInput(f"a budget has no {value!r}; there are {', '.join(get_args(allowed))}")
        amount = checked_amount(amount)
        key = {"scope": scope, "subject_id": subject_id, "period": period}
        async with self._store.writing() as connection:
            same = [BUDGETS.c[name] == value for name, value in key.items()]
            if not (await connection.execute(update(BUDGETS).where(*same).values(amount=amount))).rowcount:
                await connection.execute(insert(BUDGETS).values(id=new_id(), **key, amount=amount, created=now()))
            return _budget((await connection.execute(select(BUDGETS).where(*same))).mappings().one())

    async def remove(self, budget_id: str) -> None:
        """Remove a budget, with what it has spent.

        Raises:
            InvalidInput: there is no such budget.
        """
        async with self._store.writing() as connection:
            if not (await connection.execute(delete(BUDGETS).where(BUDGETS.c.id == budget_id))).rowcount:
                raise InvalidInput(f"there is no budget {budget_id[:100]!r}")
            await connection.execute(delete(BALANCES).where(BALANCES.c.budget_id == budget_id))
            await connection.execute(delete(LEASES).where(LEASES.c.budget_id == budget_id))

    async def list(self, scope: Scope | None = None, subject_id: str | None = None) -> list[BudgetState]:
        """List budgets, and where they stand in the period that it is."""
        query = select(BUDGETS).order_by(BUDGETS.c.id)
        if scope is not None:
            query = query.where(BUDGETS.c.scope == scope)
        if subject_id is not None:
            query = query.where(BUDGETS.c.subject_id == subject_id)
        states = []
        async with self._store.reading() as connection:
            moment = await self._store.now(connection)
            for row in (await connection.execute(query)).mappings().all():
                budget = _budget(row)
                begins, ends = period_of(budget.period, moment)
                here = (BALANCES.c.budget_id == budget.id, BALANCES.c.begins == begins)
                spent = int(await connection.scalar(select(BALANCES.c.spent).where(*here)) or 0)
                live = (LEASES.c.budget_id == budget.id, LEASES.c.begins == begins, LEASES.c.expires > moment)
                leased = int(await connection.scalar(select(func.sum(LEASES.c.amount)).where(*live)) or 0)
                left, resets = budget.amount - spent - leased, None if ends is None else at(ends)
                states.append(BudgetState(budget=budget, spent=spent, leased=leased, left=left, resets=resets))
        return states

    async def delete_charges_before(self, moment: datetime, *, batch: int = 5000) -> int:
        """Delete the rows of requests that were charged before a time, in batches; return how many.

        What budgets have spent stays. A request that is so old could be charged again.
        """
        rows = SETTLEMENTS.c
        query = select(rows.request_id).where(rows.settled < stamp(moment)).order_by(rows.settled)
        return await self._store.delete(rows.request_id, query, batch)


def period_of(span: Span, moment: int) -> tuple[int, int | None]:
    """Return when the period that a time lies in begins and ends; `total` began in 1970 and ends never."""
    if span == "total":
        return 0, None
    period: Period = span
    return begin(period, moment), end(period, moment)


def _budget(row: Any) -> Budget:
    return Budget(**{**row, "created": at(row["created"])})
