"""What was asked: pages, single requests, sums and deletion over the history.

A page is read from an index in its order: 1,000,000 rows cost what the page has, plus those that other filters skip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from jackfield import InvalidInput

from .clock import Period, at, stamp
from .filters import GROUPS, Filter, Group, conditions, cursor_of, equals, page_query
from .money import NANO
from .storage import Store
from .tables import REQUESTS

__all__ = ["Page", "Recorded", "Requests", "Total"]

_C = REQUESTS.c
_TOKENS = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
_ALL = Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request as it was recorded; on a page without `attempts`, `asked` and `answered`.

    `cost` is nano-units of `currency`; None is unknown, which is not 0.
    """

    id: str
    started: datetime
    status: int
    route: str
    key_id: str | None
    project_id: str | None
    user: str | None
    user_agent: str | None
    provider: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cost: int | None
    currency: str | None
    first_delta_ms: int | None
    total_ms: int | None
    sandboxed: bool
    error_class: str | None
    content: str
    attempts: list[dict[str, Any]] | None = None
    asked: str | None = None
    answered: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Requests, the newest first, and the cursor of the next page; None on the last."""

    rows: tuple[Recorded, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The sums of one group in one period: `by` has a value for each thing that was grouped by.

    `cost` sums the known costs in nano-units of `currency`; `unpriced` counts the requests without one.
    """

    begins: datetime | None
    by: tuple[str | None, ...]
    currency: str | None
    requests: int
    failed: int
    unpriced: int
    cost: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int


class Requests:
    """Reads the history of a store; every method raises StoreUnavailable where it does not answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, wanted: Filter = _ALL, *, limit: int = 50, cursor: str | None = None) -> Page:
        """Return up to 1,000 requests, the newest first, from where `next` of another page points.

        Raises:
            InvalidCursor: the cursor is none of ours.
        """
        limit = min(max(limit, 1), 1000)
        async with self._store.reading() as connection:
            found = (await connection.execute(page_query(wanted, limit, cursor))).all()
        rows = tuple(_recorded(row) for row in found[:limit])
        return Page(rows, cursor_of(found[limit - 1]) if len(found) > limit else None)

    async def one(self, request_id: str) -> Recorded | None:
        """Return one request with all that was recorded of it."""
        async with self._store.reading() as connection:
            row = (await connection.execute(select(*REQUESTS.columns).where(equals("id", request_id)))).one_or_none()
        return None if row is None else _recorded(row)

    async def totals(
        self, wanted: Filter = _ALL, *, by: Sequence[Group] = (), period: Period | None = None
    ) -> list[Total]:
        """Return sums by period, group and currency, the oldest period first. Sandboxed answers count where asked for.

        Raises:
            InvalidInput: there is no such group or period.
        """
        if unknown := [name for name in by if name not in GROUPS]:
            raise InvalidInput(f"requests are not grouped by {unknown[0]!r}; they are by {', '.join(GROUPS)}")
        begins = [] if period is None else [self._begin(period).label("begins")]
        groups = [*begins, *(_C[name] for name in by), _C.currency]
        # By name: PostgreSQL takes an expression with bound values for another each time that it stands somewhere.
        names = [column.name for column in groups]
        query = (
            select(
                *groups,
                func.count().label("requests"),
                func.count(_C.error_class).label("failed"),
                (func.count() - func.count(_C.cost)).label("unpriced"),
                # In two parts, since SQLite refuses a sum that runs over; a token count is bounded when it is written.
                func.coalesce(func.sum(_C.cost // NANO), 0).label("units"),
                func.coalesce(func.sum(_C.cost % NANO), 0).label("rest"),
                *(func.coalesce(func.sum(_C[name]), 0).label(f"sum_{name}") for name in _TOKENS),
            )
            .where(*conditions(wanted))
            .group_by(*names)
            .order_by(*names)
        )
        async with self._store.reading() as connection:
            found = (await connection.execute(query)).mappings().all()
        return [
            Total(
                begins=datetime.fromisoformat(f"{row['begins']}T00:00:00+00:00") if begins else None,
                by=tuple(row[name] for name in by),
                currency=row["currency"],
                requests=row["requests"],
                failed=row["failed"],
                unpriced=row["unpriced"],
                cost=int(row["units"]) * NANO + int(row["rest"]),
                **{name: int(row[f"sum_{name}"]) for name in _TOKENS},
            )
            for row in found
        ]

    async def delete_before(self, moment: datetime, *, batch: int = 5000) -> int:
        """Delete what began before a time, a batch in each transaction so that nobody waits long; return how many."""
        return await self._delete(_C.started < stamp(moment), batch)

    async def delete_user(self, user: str, *, batch: int = 5000) -> int:
        """Delete all requests of a user, whatever they hold; return how many."""
        return await self._delete(equals("user", user), batch)

    async def _delete(self, condition: ColumnElement[bool], batch: int) -> int:
        return await self._store.delete(_C.id, select(_C.id).where(condition).order_by(_C.started, _C.id), batch)

    def _begin(self, period: Period) -> ColumnElement[Any]:
        """The date on which a row's period begins, as text."""
        steps = {"day": (), "week": ("weekday 0", "-6 days"), "month": ("start of month",), "year": ("start of year",)}
        if period not in steps:
            raise InvalidInput(f"there is no period {period!r}; there are {', '.join(steps)}")
        if self._store.kind == "postgresql":
            moment = func.timezone("UTC", func.to_timestamp(_C.started // 1_000_000))
            return func.to_char(func.date_trunc(period, moment), "YYYY-MM-DD")
        return func.date(_C.started // 1_000_000, "unixepoch", *steps[period])


def _recorded(row: Row[Any]) -> Recorded:
    values = dict(row._mapping)
    return Recorded(**{**values, "started": at(values["started"])})
