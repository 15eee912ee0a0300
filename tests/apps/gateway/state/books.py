"""What a test reads of the money in a database."""

from __future__ import annotations

from sqlalchemy import func, select

from jackfield_gateway.state import Budgets, BudgetState, Store
from jackfield_gateway.state.tables import SETTLEMENTS


async def state(store: Store) -> BudgetState:
    """The only budget, as it stands."""
    (found,) = await Budgets(store).list()
    return found


async def charged(store: Store) -> tuple[int, int]:
    """How many calls were charged, and what they cost together."""
    async with store.reading() as connection:
        row = (await connection.execute(select(func.count(), func.sum(SETTLEMENTS.c.cost)))).one()
    return int(row[0]), int(row[1] or 0)
