"""Who calls: an identity for the text of a key, from a bounded cache or from the database.

A key that is not found is no caller (None, which is 401). A database that does not answer says nothing about a key
(StoreUnavailable, which is 503), and callers that are known go on for a bounded time.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import get_args

from sqlalchemy import select

from .clock import now
from .errors import StoreUnavailable
from .secret import Secret, is_key
from .storage import Store
from .tables import KEYS, PROJECTS, USERS
from .teams import Role

__all__ = ["Identities", "Identity"]

_RANK = {role: rank for rank, role in enumerate(get_args(Role))}
#: How long a database that did not answer is not asked again, in seconds.
_PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A caller: the key, whose it is, and what it may do. `expires` is in microseconds since 1970."""

    key_id: str
    prefix: str
    name: str
    project_id: str
    organisation_id: str
    user_id: str | None
    role: Role
    models: tuple[str, ...]
    routes: tuple[str, ...]
    expires: int | None
    #: The key whose budgets and limits it has, where it was rotated.
    root_id: str | None = None

    @property
    def payer_id(self) -> str:
        """The key that is charged."""
        return self.root_id or self.key_id

    def may(self, role: Role) -> bool:
        """Whether it may do what takes this role."""
        return _RANK[self.role] >= _RANK[role]

    def allows_model(self, model: str) -> bool:
        """Whether a pattern allows a model, written `provider/model`; no pattern allows none."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)

    def allows_route(self, path: str) -> bool:
        """Whether a pattern allows the path of a request; no pattern allows none."""
        return "*" in self.routes or any(fnmatchcase(path, pattern) for pattern in self.routes)


class Identities:
    """Finds callers. A found or a missing key counts for `fresh` seconds, which is how long a revoked one may go on.

    While the database is down, a key that was found counts for `stale` seconds after it was read. `size` bounds either
    cache; `wait` seconds bound the wait for the database.
    """

    def __init__(
        self,
        store: Store,
        secret: Secret,
        *,
        size: int = 10_000,
        fresh: float = 10.0,
        stale: float = 300.0,
        wait: float = 2.0,
    ) -> None:
        self._store = store
        self._secret = secret
        self._size = size
        self._fresh = fresh
        self._stale = stale
        self._wait = wait
        # By the mark of a key. Callers that are none have a cache of their own, so that they push out nobody else.
        self._found: OrderedDict[bytes, tuple[Identity, float]] = OrderedDict()
        self._missing: OrderedDict[bytes, float] = OrderedDict()
        self._flights: dict[bytes, asyncio.Task[Identity | None]] = {}
        self._down_until = 0.0

    async def find(self, key: str) -> Identity | None:
        """Return who sends a key; None where nobody has it, or has it any more.

        Raises:
            StoreUnavailable: the database does not answer, and the key was not read lately.
        """
        if not is_key(key):
            return None
        mark = self._secret.mark(key)
        moment = time.monotonic()
        identity, read = self._found.get(mark, (None, 0.0))
        if identity is None or moment - read >= self._fresh:
            if moment - self._missing.get(mark, -self._fresh) < self._fresh:
                return None
            try:
                identity = await self._read(key, mark, moment)
            except StoreUnavailable:
                if identity is None or moment - read >= self._stale:
                    raise
        return None if identity is None or (identity.expires is not None and identity.expires <= now()) else identity

    def forget(self) -> None:
        """Read every key anew; for the process that has revoked one."""
        self._found.clear()
        self._missing.clear()

    async def _read(self, key: str, mark: bytes, moment: float) -> Identity | None:
        """Read a key; many that ask for one at once share one query."""
        if moment < self._down_until:
            raise StoreUnavailable("the store did not answer a moment ago", retry_after=_PAUSE)
        flight = self._flights.get(mark)
        if flight is None:
            flight = self._flights[mark] = asyncio.create_task(self._load(self._secret.hash_key(key)), name="identity")
            flight.add_done_callback(lambda done: self._landed(mark, done))
        try:
            async with asyncio.timeout(self._wait):
                return await asyncio.shield(flight)
        except TimeoutError:
            self._down_until = time.monotonic() + _PAUSE
            raise StoreUnavailable(f"the store did not answer within {self._wait} s") from None
        except StoreUnavailable:
            self._down_until = time.monotonic() + _PAUSE
            raise

    def _landed(self, mark: bytes, flight: asyncio.Task[Identity | None]) -> None:
        del self._flights[mark]
        if flight.cancelled() or flight.exception() is not None:
            return
        identity, moment = flight.result(), time.monotonic()
        self._found.pop(mark, None)
        self._missing.pop(mark, None)
        if identity is not None:
            self._found[mark] = (identity, moment)
            if len(self._found) > self._size:
                self._found.popitem(last=False)
        else:
            self._missing[mark] = moment
            if len(self._missing) > self._size:
                self._missing.popitem(last=False)

    async def _load(self, digest: str) -> Identity | None:
        query = (
            select(KEYS, PROJECTS.c.organisation_id, USERS.c.role.label("user_role"), USERS.c.disabled)
            .join(PROJECTS, PROJECTS.c.id == KEYS.c.project_id)
            .join(USERS, USERS.c.id == KEYS.c.user_id, isouter=True)
            .where(KEYS.c.hash == digest)
        )
        async with self._store.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or not hmac.compare_digest(row.hash, digest) or row.revoked is not None:
            return None
        if row.disabled is not None:
            return None
        return Identity(
            key_id=row.id,
            prefix=row.prefix,
            name=row.name,
            project_id=row.project_id,
            organisation_id=row.organisation_id,
            user_id=row.user_id,
            role=min(row.role, row.user_role or row.role, key=_RANK.__getitem__),
            models=tuple(row.models),
            routes=tuple(row.routes),
            expires=row.expires,
            root_id=row.root_id,
        )
