"""The transactions of the ledger: taking a lease from a budget, charging what was spent, giving back what was not.

Whoever changes a budget's money locks its balance first, and several in the order of their keys. `spent`, with all
leases that have not expired, stays within the budget, but for calls that cost more than was reserved for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import TextClause, and_, case, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from .money import TOTAL
from .storage import Store
from .tables import BALANCES, BUDGETS, LEASES

__all__ = ["Charge", "Slot", "Taken", "charge", "give_back", "take"]

#: A budget in a period.
Slot = tuple[str, int]
# What a group of charges changes is one value in each statement, a JSON array of arrays: what is bound costs every
# request, and each statement costs the group a way to the database and back.
_MEMBERS = {"sqlite": ("json_extract(value, '$[{}]')", "json_each(:rows)"),
            "postgresql": ("value ->> {}", "json_array_elements(CAST(:rows AS JSON))")}  # fmt: skip


def _of_group(pattern: str) -> dict[str, TextClause]:
    """Return a statement by the kind of database: `{0}` is the first member of a row as text, `{rows}` are the rows."""
    return {
        kind: text(pattern.format(*(member.format(index) for index in range(6)), rows=rows))
        for kind, (member, rows) in _MEMBERS.items()
    }


_SETTLE = _of_group("""
INSERT INTO settlements (request_id, key_id, project_id, organisation_id, cost, settled)
SELECT {0}, {1}, {2}, {3}, CAST({4} AS BIGINT), CAST({5} AS BIGINT)
FROM {rows} WHERE true ON CONFLICT (request_id) DO NOTHING RETURNING request_id
""")
#: Locks the balances in the order of the rows.
_SPEND = _of_group("""
INSERT INTO balances (budget_id, begins, spent) SELECT {0}, CAST({1} AS BIGINT), CAST({2} AS BIGINT)
FROM {rows} WHERE true ON CONFLICT (budget_id, begins) DO UPDATE SET spent =
CASE WHEN balances.spent > :total - excluded.spent THEN :total ELSE balances.spent + excluded.spent END
""")
_USE = _of_group("""
UPDATE leases SET expires = :expires,
amount = CASE WHEN amount > CAST({2} AS BIGINT) THEN amount - CAST({2} AS BIGINT) ELSE 0 END
FROM {rows} WHERE budget_id = {0} AND begins = CAST({1} AS BIGINT) AND holder = :holder
RETURNING budget_id, begins, amount
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a holder has leased now, and what nobody has leased; None where the budget is gone."""

    leased: int
    left: int | None


class Charge(NamedTuple):
    """What a request cost, in nano-dollars, whose it was, and the budgets that it is charged to."""

    request_id: str
    key_id: str
    project_id: str
    organisation_id: str
    cost: int
    slots: Sequence[Slot]


async def take(store: Store, holder: str, slot: Slot, need: int, spend: int, seconds: float) -> Taken:
    """Lease `need` and what lies beyond it: a hundredth of what is left, or a second's `spend`, whichever is larger.

    Never more than what is left, and nothing where that is less than `need`. The lease lasts for `seconds` from now.
    """
    budget_id, begins = slot
    async with store.writing() as connection:
        amount = await connection.scalar(select(BUDGETS.c.amount).where(BUDGETS.c.id == budget_id))
        if amount is None:
            return Taken(0, None)
        spent = await _lock(store, connection, slot)
        moment = await store.now(connection)
        here = and_(LEASES.c.budget_id == budget_id, LEASES.c.begins == begins)
        await connection.execute(delete(LEASES).where(here, LEASES.c.expires <= moment))
        outstanding = int(await connection.scalar(select(func.sum(LEASES.c.amount)).where(here)) or 0)
        left = int(amount) - spent - outstanding
        granted = min(left, max(need, left // 100, spend)) if need <= left else 0
        row = {"budget_id": budget_id, "begins": begins, "holder": holder, "amount": granted}
        statement = _dialect(store).insert(LEASES).values(**row, expires=moment + int(seconds * 1_000_000))
        update_ = {"amount": LEASES.c.amount + granted, "expires": statement.excluded.expires}
        upsert = statement.on_conflict_do_update(index_elements=["budget_id", "begins", "holder"], set_=update_)
        leased = await connection.scalar(upsert.returning(LEASES.c.amount))
    return Taken(int(leased or 0), left - granted)


async def charge(store: Store, holder: str, charges: Sequence[Charge], seconds: float) -> dict[Slot, int]:
    """Write what requests cost, each once however often it is sent; return what is leased of their budgets then.

    A lease that has expired and was taken by another is not there any more: 0.
    """
    costs: dict[str, Charge] = {}
    for one in charges:
        costs.setdefault(one.request_id, one)
    async with store.writing() as connection:
        moment = await store.now(connection)
        rows = to_json([(*one[:5], moment) for one in costs.values()]).decode()
        written = (await connection.scalars(_SETTLE[store.kind], {"rows": rows})).all()
        sums: dict[Slot, int] = {slot: 0 for one in charges for slot in one.slots}
        for request_id in written:
            one = costs[request_id]
            for slot in one.slots:
                sums[slot] += one.cost
        leased = dict.fromkeys(sums, 0)
        if sums:
            rows = to_json([(*slot, min(cost, TOTAL)) for slot, cost in sorted(sums.items())]).decode()
            await connection.execute(_SPEND[store.kind], {"rows": rows, "total": TOTAL})
            more = {"rows": rows, "holder": holder, "expires": moment + int(seconds * 1_000_000)}
            for budget_id, begins, amount in await connection.execute(_USE[store.kind], more):
                leased[budget_id, begins] = amount
    return leased


async def give_back(store: Store, holder: str, kept: Mapping[Slot, int], seconds: float) -> dict[Slot, int]:
    """Keep that much of each lease, for `seconds` from now, and give back the rest; return what is leased then."""
    leased = {}
    async with store.writing() as connection:
        moment = await store.now(connection)
        for slot, amount in sorted(kept.items()):
            await _lock(store, connection, slot)
            if amount <= 0:
                await connection.execute(delete(LEASES).where(_lease(slot, holder)))
                leased[slot] = 0
                continue
            less = case((LEASES.c.amount > amount, amount), else_=LEASES.c.amount)
            values = {"amount": less, "expires": moment + int(seconds * 1_000_000)}
            mine = update(LEASES).where(_lease(slot, holder)).values(**values)
            leased[slot] = int(await connection.scalar(mine.returning(LEASES.c.amount)) or 0)
    return leased


async def _lock(store: Store, connection: AsyncConnection, slot: Slot) -> int:
    """Lock the balance of a budget, which is made where there is none; return what is spent."""
    row = {"budget_id": slot[0], "begins": slot[1], "spent": 0}
    await connection.execute(_dialect(store).insert(BALANCES).values(**row).on_conflict_do_nothing())
    here = and_(BALANCES.c.budget_id == slot[0], BALANCES.c.begins == slot[1])
    return int(await connection.scalar(select(BALANCES.c.spent).where(here).with_for_update()) or 0)


def _lease(slot: Slot, holder: str) -> Any:
    return and_(LEASES.c.budget_id == slot[0], LEASES.c.begins == slot[1], LEASES.c.holder == holder)


def _dialect(store: Store) -> Any:
    return sqlite if store.kind == "sqlite" else postgresql
