"""The audit log: who changed what, and from where. Rows are added; the database refuses to change or delete one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from jackfield import InvalidInput

from .clock import at, new_id, now
from .entries import clean
from .storage import Store
from .tables import AUDIT

__all__ = ["Audit", "Audited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One change. `actor` is the id of the key that made it, or `command line`; `details` holds no secret."""

    id: str
    at: datetime
    actor: str
    organisation_id: str | None
    action: str
    subject: str
    details: Mapping[str, Any] | None
    address: str | None


class Audit:
    """Adds and reads. Every method raises StoreUnavailable where the database does not answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(
        self,
        actor: str,
        action: str,
        subject: str,
        *,
        organisation_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        address: str | None = None,
    ) -> None:
        """Write down that something was changed."""
        row = {
            "id": new_id(), "at": now(), "actor": actor, "organisation_id": organisation_id, "action": action,
            "subject": subject, "details": clean(details), "address": address,
        }  # fmt: skip
        async with self._store.writing() as connection:
            await connection.execute(insert(AUDIT).values(**row))

    async def page(
        self, *, limit: int = 50, cursor: str | None = None, organisation_id: str | None = None
    ) -> tuple[list[Audited], str | None]:
        """Return up to 1,000 changes, the newest first, and the cursor of the next page.

        Raises:
            InvalidInput: the cursor is none of ours.
        """
        limit = min(max(limit, 1), 1000)
        query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit + 1)
        if organisation_id is not None:
            query = query.where(AUDIT.c.organisation_id == organisation_id)
        if cursor is not None:
            if len(cursor) != 32 or not cursor.isalnum() or not cursor.isascii():
                raise InvalidInput("cursor: none of ours; take `next` of another page", param="cursor")
            query = query.where(AUDIT.c.id < cursor)
        async with self._store.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        found = [Audited(**{**row, "at": at(row["at"])}) for row in rows[:limit]]
        return found, found[-1].id if len(rows) > limit else None
