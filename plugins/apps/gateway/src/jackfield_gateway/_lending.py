"""Lending: the keys of providers that a project has sealed in the database, in the place of the gateway's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jackfield import AsyncClient, ProviderInfo

from .state.errors import StoreUnavailable

if TYPE_CHECKING:
    from .state import Credentials

#: How long what was read counts, and how long it does while the database is down, in seconds.
_FRESH, _STALE = 10.0, 300.0
_PAUSE = 1.0
_MOST = 10_000


#: Ways to prove who asks of which every value is a secret itself. Others name something on the gateway's own machine,
#: as a profile or a file, which is no tenant's to name.
_SECRETS = frozenset({"aws-sigv4", "bearer", "entra", "ibm-iam"})


def sealable(info: ProviderInfo) -> frozenset[str]:
    """Return the names of values that may be sealed for a provider."""
    ways = [way for way in info.auth if way.kind in _SECRETS or way.kind.startswith("header:")]
    return frozenset({"api_key", *(name for way in ways for name in way.values)})


class Lending:
    """Clients by project. A project without keys of its own has the gateway's."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._known: dict[str, tuple[float, AsyncClient | None]] = {}
        self._down_until = 0.0

    async def client(self, client: AsyncClient, project: str | None) -> AsyncClient:
        """Return the client that asks for a project.

        Raises:
            StoreUnavailable: the database does not answer, and the project's keys were not read lately.
            WrongSecret: they were sealed under a secret that is not known here; the gateway's are not used instead.
        """
        if project is None:
            return client
        moment = time.monotonic()
        read, own = self._known.get(project, (-_STALE, None))
        if moment - read >= _FRESH:
            try:
                if moment < self._down_until:
                    raise StoreUnavailable("the store did not answer a moment ago", retry_after=_PAUSE)
                boards, values = client.boards, {}
                for found in await self._credentials.all(project):
                    known = found.provider in boards.providers()
                    if known and found.values.keys() <= sealable(boards.info(found.provider)):
                        values[found.provider] = found.values
            except StoreUnavailable:
                self._down_until = max(self._down_until, moment + _PAUSE)
                if moment - read >= _STALE:
                    raise
                return own or client
            own = client.on_behalf(values) if values else None
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[project] = (moment, own)
        return own or client

    def forget(self, project: str) -> None:
        """Read the keys of a project anew."""
        self._known.pop(project, None)
