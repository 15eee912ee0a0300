"""Credentials of providers, sealed in the database: whoever reads it, or a copy of it, reads no key.

What is sealed names its project, provider and name too, so that a row that is moved to another place opens for nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic_core import from_json, to_json
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from jackfield import InvalidInput

from .clock import at, new_id, now
from .errors import WrongSecret
from .secret import Secret
from .storage import Store
from .tables import CREDENTIALS
from .teams import checked_name

__all__ = ["Credentials", "SealedCredential", "Unsealed"]

_PLACE = ("project_id", "provider", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCredential:
    """What may be shown of a credential: never a value."""

    id: str
    project_id: str
    provider: str
    name: str
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The values of a credential by their names, as `api_key`; in no repr."""

    provider: str
    name: str
    values: Mapping[str, str] = field(repr=False)


class Credentials:
    """Seals and opens. The first secret seals; the others open what was sealed under them, until `reseal` was run.

    Every method raises StoreUnavailable where the database does not answer.
    """

    def __init__(self, store: Store, secrets: Sequence[Secret]) -> None:
        if not secrets:
            raise ValueError("credentials need a secret to be sealed under")
        self._store = store
        keys = [base64.urlsafe_b64encode(secret.derive("credentials")) for secret in secrets]
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    async def put(self, project_id: str, provider: str, values: Mapping[str, str], *, name: str = "default") -> None:
        """Seal a project's credential for a provider, in place of the one of that name.

        Raises:
            InvalidInput: there is no such project, a name is none, or there is no value.
        """
        if not values or not all(isinstance(value, str) and value for value in values.values()):
            raise InvalidInput("a credential needs values, and every value some text")
        place = {"project_id": project_id, "provider": checked_name(provider), "name": checked_name(name)}
        sealed = self._fernet.encrypt(to_json({**place, "values": dict(values)})).decode("ascii")
        moment = now()
        dialect = sqlite if self._store.kind == "sqlite" else postgresql
        row = {"id": new_id(), **place, "sealed": sealed, "created": moment, "updated": moment}
        statement = dialect.insert(CREDENTIALS).values(**row)
        upsert = statement.on_conflict_do_update(index_elements=_PLACE, set_={"sealed": sealed, "updated": moment})
        try:
            async with self._store.writing() as connection:
                await connection.execute(upsert)
        except IntegrityError:
            raise InvalidInput(f"there is no project {project_id[:100]!r}") from None

    async def get(self, project_id: str, provider: str, *, name: str = "default") -> Unsealed | None:
        """Open a project's credential for a provider; None where it has none.

        Raises:
            WrongSecret: it was sealed under a secret that is not known here, or was moved or changed.
        """
        place = {"project_id": project_id, "provider": provider, "name": name}
        here = [CREDENTIALS.c[column] == value for column, value in place.items()]
        async with self._store.reading() as connection:
            sealed = await connection.scalar(select(CREDENTIALS.c.sealed).where(*here))
        return None if sealed is None else Unsealed(provider, name, self._open(sealed, place))

    async def all(self, project_id: str) -> list[Unsealed]:
        """Open one credential of each provider that a project has some for: the oldest, unless one is named default.

        Raises:
            WrongSecret: one was sealed under a secret that is not known here, or was moved or changed.
        """
        query = select(CREDENTIALS).where(CREDENTIALS.c.project_id == project_id).order_by(CREDENTIALS.c.id.desc())
        async with self._store.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        chosen = {row["provider"]: row for row in sorted(rows, key=lambda row: row["name"] == "default")}
        return [
            Unsealed(row["provider"], row["name"], self._open(row["sealed"], {name: row[name] for name in _PLACE}))
            for row in chosen.values()
        ]

    async def list(self, project_id: str) -> list[SealedCredential]:
        """List the credentials of a project, without their values."""
        shown = [column for column in CREDENTIALS.columns if column.name != "sealed"]
        query = select(*shown).where(CREDENTIALS.c.project_id == project_id).order_by(CREDENTIALS.c.id)
        async with self._store.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            SealedCredential(**{**row, "created": at(row["created"]), "updated": at(row["updated"])}) for row in rows
        ]

    async def remove(self, project_id: str, provider: str, *, name: str = "default") -> bool:
        """Remove a credential; whether there was one."""
        place = {"project_id": project_id, "provider": provider, "name": name}
        here = [CREDENTIALS.c[column] == value for column, value in place.items()]
        async with self._store.writing() as connection:
            return (await connection.execute(delete(CREDENTIALS).where(*here))).rowcount > 0

    async def reseal(self) -> int:
        """Seal everything under the first secret, after which the others may be forgotten; return how many there are.

        Raises:
            WrongSecret: one opens under none of the secrets; nothing is changed.
        """
        async with self._store.writing() as connection:
            rows = (await connection.execute(select(CREDENTIALS).with_for_update())).mappings().all()
            for row in rows:
                self._open(row["sealed"], {column: row[column] for column in _PLACE})
                sealed = self._fernet.rotate(row["sealed"].encode("ascii")).decode("ascii")
                mine = update(CREDENTIALS).where(CREDENTIALS.c.id == row["id"])
                await connection.execute(mine.values(sealed=sealed))
        return len(rows)

    def _open(self, sealed: str, place: Mapping[str, str]) -> dict[str, str]:
        who = f"{place['provider']} of project {place['project_id']}"
        try:
            opened: dict[str, Any] = from_json(self._fernet.decrypt(sealed.encode("ascii", "replace")))
        except InvalidToken:
            what = f"the credential for {who} opens under none of the secrets; set the one that it was sealed under too"
            raise WrongSecret(what) from None
        if {column: opened[column] for column in _PLACE} != dict(place):
            raise WrongSecret(f"the credential for {who} was sealed for another place; put it anew")
        values: dict[str, str] = opened["values"]
        return values
