"""Organisations, their projects and their users. A name is unique where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Table, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from jackfield import InvalidInput

from .clock import at, new_id, now
from .storage import Store
from .tables import ORGANISATIONS, PROJECTS, USERS

__all__ = ["Organisation", "Project", "Role", "Teams", "User", "add", "checked_name", "checked_role"]

#: What one may do, from the least to the most: look, call, manage.
Role = Literal["viewer", "member", "admin"]

_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A customer or a company; what is one's own is never seen by another."""

    id: str
    name: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What keys, budgets and credentials belong to."""

    id: str
    organisation_id: str
    name: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person; `disabled` since then, with every key."""

    id: str
    organisation_id: str
    name: str
    role: Role
    created: datetime
    disabled: datetime | None


class Teams:
    """Who there is. Every method raises StoreUnavailable where the database does not answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add_organisation(self, name: str) -> Organisation:
        """Add an organisation.

        Raises:
            InvalidInput: the name is taken, or is none.
        """
        async with self._store.writing() as connection:
            row = await add(connection, ORGANISATIONS, name=checked_name(name))
        return Organisation(**_read(row))

    async def add_project(self, organisation_id: str, name: str) -> Project:
        """Add a project.

        Raises:
            InvalidInput: the name is taken or is none, or there is no such organisation.
        """
        async with self._store.writing() as connection:
            row = await add(connection, PROJECTS, organisation_id=organisation_id, name=checked_name(name))
        return Project(**_read(row))

    async def add_user(self, organisation_id: str, name: str, role: Role = "member") -> User:
        """Add a user.

        Raises:
            InvalidInput: the name is taken or is none, the role is none, or there is no such organisation.
        """
        values = {"organisation_id": organisation_id, "name": checked_name(name), "role": checked_role(role)}
        async with self._store.writing() as connection:
            row = await add(connection, USERS, **values)
        return User(**_read(row), disabled=None)

    async def organisations(self) -> list[Organisation]:
        """List the organisations, the oldest first."""
        return [Organisation(**row) for row in await self._list(ORGANISATIONS, None)]

    async def projects(self, organisation_id: str) -> list[Project]:
        """List the projects of an organisation, the oldest first."""
        return [Project(**row) for row in await self._list(PROJECTS, organisation_id)]

    async def project(self, name: str, organisation_id: str) -> Project | None:
        """Return a project by its id, or by its name in an organisation: elsewhere others give names."""
        named = and_(PROJECTS.c.name == name, PROJECTS.c.organisation_id == organisation_id)
        async with self._store.reading() as connection:
            rows = (
                (await connection.execute(select(PROJECTS).where(or_(PROJECTS.c.id == name, named)))).mappings().all()
            )
        found = [row for row in rows if row["id"] == name] or rows
        return Project(**_read(dict(found[0]))) if found else None

    async def users(self, organisation_id: str) -> list[User]:
        """List the users of an organisation, the oldest first."""
        return [User(**row) for row in await self._list(USERS, organisation_id)]

    async def user(self, user_id: str) -> User | None:
        """Return a user."""
        async with self._store.reading() as connection:
            row = (await connection.execute(select(USERS).where(USERS.c.id == user_id))).mappings().one_or_none()
        return None if row is None else User(**_read(dict(row)))

    async def set_role(self, user_id: str, role: Role) -> None:
        """Give a user another role; a key never has a higher one than its user.

        Raises:
            InvalidInput: there is no such user or role.
        """
        await self._change(user_id, role=checked_role(role))

    async def disable(self, user_id: str) -> None:
        """Refuse a user's keys from now on.

        Raises:
            InvalidInput: there is no such user.
        """
        await self._change(user_id, disabled=now())

    async def _list(self, table: Table, organisation_id: str | None) -> list[dict[str, Any]]:
        query = select(table).order_by(table.c.id)
        if organisation_id is not None:
            query = query.where(table.c.organisation_id == organisation_id)
        async with self._store.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_read(dict(row)) for row in rows]

    async def _change(self, user_id: str, **values: Any) -> None:
        async with self._store.writing() as connection:
            changed = (await connection.execute(update(USERS).where(USERS.c.id == user_id).values(**values))).rowcount
        if not changed:
            raise InvalidInput(f"there is no user {user_id!r}")


async def add(connection: AsyncConnection, table: Table, **values: Any) -> dict[str, Any]:
    """Insert a row with a new id and this time.

    Raises:
        InvalidInput: its name is taken, or what it belongs to is not there.
    """
    row = {"id": new_id(), **values, "created": now()}
    try:
        await connection.execute(insert(table).values(**row))
    except IntegrityError:
        what = f"{table.name} cannot take {values.get('name')!r}: the name is taken, or what it belongs to is not there"
        raise InvalidInput(what) from None
    return row


def checked_name(name: str) -> str:
    """Return a name that can be shown and stored.

    Raises:
        InvalidInput: it is empty, long, or has characters that are not printed.
    """
    if not (0 < len(name.strip()) <= _LENGTH and name.isprintable()):
        raise InvalidInput(f"the name {name[:50]!r} is none; 1 to {_LENGTH} printable characters are", param="name")
    return name.strip()


def checked_role(role: str) -> str:
    """Return a role.

    Raises:
        InvalidInput: it is none.
    """
    if role not in get_args(Role):
        raise InvalidInput(f"there is no role {role[:50]!r}; there are {', '.join(get_args(Role))}", param="role")
    return role


def _read(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: at(row[name]) for name in ("created", "disabled") if row.get(name) is not None}
    return {**row, **times}
