"""The keys of callers: issued once, stored as a keyed hash, revoked, rotated with an overlap.

The text of a key is in `Issued` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from jackfield import InvalidInput

from .clock import at, new_id, now, stamp
from .secret import PREFIX_LENGTH, Secret, new_key
from .storage import Store
from .tables import KEYS, ORGANISATIONS, PROJECTS, USERS
from .teams import Role, add, checked_name, checked_role

__all__ = ["Issued", "Key", "Keys"]

_ALL = ("*",)
_SHOWN = [column for column in KEYS.columns if column.name != "hash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is known of a key; `prefix` is the beginning of its text. Empty `models` or `routes` allow none."""

    id: str
    prefix: str
    name: str
    project_id: str
    user_id: str | None
    role: Role
    models: tuple[str, ...]
    routes: tuple[str, ...]
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    successor_id: str | None
    #: The key that it was rotated from first, whose budgets and limits it has; None: its own.
    root_id: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key with its text, which cannot be had a second time."""

    key: Key
    text: str = field(repr=False)


class Keys:
    """Issues and ends keys. Every method raises StoreUnavailable where the database does not answer."""

    def __init__(self, store: Store, secret: Secret) -> None:
        self._store = store
        self._secret = secret

    async def create(
        self,
        project_id: str,
        name: str,
        *,
        role: Role = "member",
        user_id: str | None = None,
        models: Sequence[str] = _ALL,
        routes: Sequence[str] = _ALL,
        expires: datetime | None = None,
    ) -> Issued:
        """Issue a key of a project; `models` and `routes` are patterns as fnmatch has them.

        Raises:
            InvalidInput: the name or the role is none, or there is no such project or user.
        """
        values = {
            "name": checked_name(name),
            "project_id": project_id,
            "user_id": user_id,
            "role": checked_role(role),
            "models": list(models),
            "routes": list(routes),
            "expires": None if expires is None else stamp(expires),
        }
        async with self._store.writing() as connection:
            if user_id is not None:
                query = select(USERS.c.id).join(PROJECTS, PROJECTS.c.organisation_id == USERS.c.organisation_id)
                if await connection.scalar(query.where(USERS.c.id == user_id, PROJECTS.c.id == project_id)) is None:
                    raise InvalidInput(f"there is no user {user_id!r} in the organisation of project {project_id!r}")
            return await self._issue(connection, values)

    async def list(
        self, *, project_id: str | None = None, organisation_id: str | None = None, ended: bool = False
    ) -> list[Key]:
        """List keys, the oldest first; those that are revoked or expired where `ended` says so."""
        query = select(*_SHOWN).order_by(KEYS.c.id)
        if project_id is not None:
            query = query.where(KEYS.c.project_id == project_id)
        if organisation_id is not None:
            query = query.join(PROJECTS, PROJECTS.c.id == KEYS.c.project_id)
            query = query.where(PROJECTS.c.organisation_id == organisation_id)
        if not ended:
            query = query.where(KEYS.c.revoked.is_(None), or_(KEYS.c.expires.is_(None), KEYS.c.expires > now()))
        async with self._store.reading() as connection:
            return [_key(dict(row)) for row in (await connection.execute(query)).mappings()]

    async def one(self, key_id: str) -> Key | None:
        """Return what is known of a key, be it in force or not."""
        async with self._store.reading() as connection:
            row = (await connection.execute(select(*_SHOWN).where(KEYS.c.id == key_id))).mappings().one_or_none()
        return None if row is None else _key(dict(row))

    async def revoke(self, key_id: str) -> None:
        """Refuse a key from now on; one that is revoked stays so, since then.

        Raises:
            InvalidInput: there is no such key.
        """
        since = func.coalesce(KEYS.c.revoked, now())
        async with self._store.writing() as connection:
            found = await connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(revoked=since))
        if not found.rowcount:
            raise _unknown(key_id)

    async def rotate(self, key_id: str, *, overlap: timedelta = timedelta(hours=24)) -> Issued:
        """Issue a key with the same rights; the old one is taken for as long as `overlap`, and no longer than before.

        Raises:
            InvalidInput: there is no such key, or it has ended, or has been rotated already.
        """
        async with self._store.writing() as connection:
            query = select(*_SHOWN).where(KEYS.c.id == key_id).with_for_update()
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                raise _unknown(key_id)
            ends, moment = row["expires"], now()
            if row["revoked"] is not None or (ends is not None and ends <= moment):
                raise InvalidInput(f"the key {key_id!r} has ended; create a new one")
            if row["successor_id"] is not None:
                raise InvalidInput(f"the key {key_id!r} has been rotated already, to {row['successor_id']!r}")
            names = ("name", "project_id", "user_id", "role", "models", "routes", "expires")
            values = {name: row[name] for name in names}
            issued = await self._issue(connection, {**values, "root_id": row["root_id"] or key_id})
            last = moment + max(overlap, timedelta(0)) // timedelta(microseconds=1)
            values = {"successor_id": issued.key.id, "expires": last if ends is None else min(ends, last)}
            await connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(**values))
        return issued

    async def first(self) -> Issued | None:
        """Issue the key of an administrator where there is no key at all: once, whoever asks at the same time."""
        try:
            async with self._store.writing() as connection:
                if await connection.scalar(select(func.count()).select_from(ORGANISATIONS)):
                    return None
                organisation = await add(connection, ORGANISATIONS, name="default")
                project = await add(connection, PROJECTS, organisation_id=organisation["id"], name="default")
                values = {
                    "name": "first", "project_id": project["id"], "user_id": None, "role": "admin", "models": ["*"],
                    "routes": ["*"], "expires": None,
                }  # fmt: skip
                return await self._issue(connection, values)
        except InvalidInput:
            return None  # another process was first: the name is taken

    async def _issue(self, connection: AsyncConnection, values: dict[str, Any]) -> Issued:
        text = new_key()
        row = {"id": new_id(), "prefix": text[:PREFIX_LENGTH], **values, "created": now()}
        try:
            await connection.execute(insert(KEYS).values(**row, hash=self._secret.hash_key(text)))
        except IntegrityError:
            raise InvalidInput(f"there is no project {values['project_id']!r}") from None
        return Issued(_key({"revoked": None, "successor_id": None, "root_id": None, **row}), text)


def _key(row: dict[str, Any]) -> Key:
    times = {name: None if row[name] is None else at(row[name]) for name in ("created", "expires", "revoked")}
    return Key(**{**row, **times, "models": tuple(row["models"]), "routes": tuple(row["routes"])})


def _unknown(key_id: str) -> InvalidInput:
    return InvalidInput(f"there is no key {key_id[:100]!r}; `list` names them by id")
