"""Which requests are read: filters, and cursors that say where a page begins.

What comes from a caller is bound as a value, never written into a statement; what no row can equal matches none.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, false, or_, select

from .clock import stamp
from .errors import InvalidCursor
from .tables import PROJECTS, REQUESTS

__all__ = ["GROUPS", "Filter", "Group", "conditions", "cursor_of", "equals", "page_query"]

#: What sums are grouped by; `subfeature` of Eden's cost management is the route.
Group = Literal["key_id", "project_id", "user", "route", "provider", "model"]

_C = REQUESTS.c
GROUPS = ("key_id", "project_id", "user", "route", "provider", "model")
_LISTED = [column for column in REQUESTS.columns if column.name not in ("attempts", "asked", "answered")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which requests: all that is given must hold. `since` counts, `until` does not; `failed`: has an error."""

    since: datetime | None = None
    until: datetime | None = None
    key_id: str | None = None
    project_id: str | None = None
    user: str | None = None
    route: str | None = None
    provider: str | None = None
    model: str | None = None
    status: int | None = None
    failed: bool | None = None
    sandboxed: bool | None = None
    organisation_id: str | None = None


def page_query(wanted: Filter, limit: int, cursor: str | None = None) -> Select[Any]:
    """Return the statement that reads a page, with one row more, which tells whether there is another page."""
    query = select(*_LISTED).where(*conditions(wanted)).order_by(_C.started.desc(), _C.id.desc()).limit(limit + 1)
    if cursor is None:
        return query
    started, request_id = _position(cursor)
    # The first condition is implied, and lets either database begin in its index there.
    return query.where(_C.started <= started, or_(_C.started < started, _C.id < request_id))


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return what must hold of a row."""
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(_C.started >= stamp(wanted.since))
    if wanted.until is not None:
        found.append(_C.started < stamp(wanted.until))
    if wanted.failed is not None:
        found.append(_C.error_class.is_not(None) if wanted.failed else _C.error_class.is_(None))
    for name in (*GROUPS, "status", "sandboxed"):
        if (value := getattr(wanted, name)) is not None:
            found.append(equals(name, value))
    if wanted.organisation_id is not None:
        own = select(PROJECTS.c.id).where(PROJECTS.c.organisation_id == wanted.organisation_id)
        found.append(_C.project_id.in_(own))
    return found


def equals(name: str, value: str | int) -> ColumnElement[bool]:
    """Return the condition that a column has a value that came from a caller."""
    return _C[name] == value if _is_possible(value) else false()


def _is_possible(value: str | int) -> bool:
    """Whether a column can hold it; the database would refuse to compare the rest."""
    if isinstance(value, int):
        return abs(value) < 2**31
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value)


def cursor_of(row: Row[Any]) -> str:
    """Return where the page after this row begins."""
    return base64.urlsafe_b64encode(f"{row.started}.{row.id}".encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[int, str]:
    try:
        started, dot, request_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(".")
        if dot and _is_possible(request_id) and 0 <= int(started) < 2**63:
            return int(started), request_id
    except (binascii.Error, ValueError):
        pass
    raise InvalidCursor("no page begins at this cursor; send the `next` of a page as it came", param="cursor")
