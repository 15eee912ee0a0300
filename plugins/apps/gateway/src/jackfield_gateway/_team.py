"""A gateway for a team: who calls is looked up, and what is asked is kept, in one database."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from jackfield import AuthenticationError, JackfieldError, PermissionDenied

from . import state
from ._call import Call
from ._door import given_key
from ._records import Entry, Spent
from ._written import attempt
from .state.clock import Period, new_id, stamp
from .state.entries import Entry as Row
from .state.money import decimal, nanos

if TYPE_CHECKING:
    from .state import Group, History, Identities, Secret, Store


class Team:
    """Keys and history in the database that a URL names. It is opened and closed in the loop that serves.

    Raises:
        ConfigurationError: the extra `store` is not installed.
    """

    def __init__(self, url: str, secret: Secret) -> None:
        _ = state.open_store  # what is missing is told before anything is served
        self._url = url
        self._secret = secret
        self._store: Store | None = None
        self._history: History | None = None
        self._identities: Identities | None = None

    async def open(self) -> None:
        """Open the database; where it has no key, make one of an administrator, and print it this once.

        Raises:
            JackfieldError: the database cannot be opened.
        """
        self._store = store = await state.open_store(self._url)
        self._history = state.History(store, hash_key=self._secret.derive("content"))
        self._identities = state.Identities(store, self._secret)
        if (issued := await state.Keys(store, self._secret).first()) is not None:
            print(f"  the first key, of an administrator, shown only now: {issued.text}")
            sys.stdout.flush()

    async def close(self) -> None:
        """Write what waits, and close the database."""
        if self._history is not None:
            await self._history.close()
        if self._store is not None:
            await self._store.close()

    async def refusal(self, call: Call, key_header: str) -> JackfieldError | None:
        """Return why a caller may not come in, or None; then the call knows who asks."""
        assert self._identities is not None
        try:
            identity = await self._identities.find(given_key(call.headers, key_header))
        except JackfieldError as error:
            return error
        if identity is None:
            return AuthenticationError(f"the key is missing or wrong; send it in {key_header}", status=401)
        if not identity.allows_route(call.path):
            return PermissionDenied(f"the key {identity.name!r} may not ask {call.path:.200}", status=403)
        if call.method not in ("GET", "HEAD") and not identity.may("member"):
            return PermissionDenied(f"the key {identity.name!r} may look and ask nothing", status=403)
        call.key, call.project, call.sees_all = identity.key_id, identity.project_id, identity.may("admin")
        call.allows_model = None if "*" in identity.models else identity.allows_model
        return None

    # -- records -----------------------------------------------------------------------------------------------------

    def record(self, entry: Entry) -> None:
        """Take an entry; never waits."""
        assert self._history is not None
        self._history.record(_row(entry))

    async def spent(self, begin: date, end: date, period: Period, project: str | None = None) -> Iterable[Spent]:
        """Return what was spent; see `Records`."""
        assert self._store is not None
        midnight = time(tzinfo=UTC)
        wanted = state.Filter(
            since=datetime.combine(begin, midnight),
            until=None if end == date.max else datetime.combine(end + timedelta(days=1), midnight),
            project_id=project,
            sandboxed=False,
        )
        by: tuple[Group, ...] = ("key_id", "user", "route", "provider")
        found = await state.Requests(self._store).totals(wanted, by=by, period=period)
        return [
            Spent(
                row.begins.date() if row.begins is not None else begin,
                row.by[0] or "",
                row.by[1],
                row.by[2] or "",
                row.by[3] or "",
                decimal(row.cost) if row.currency in (None, "USD") else decimal(0),
                row.requests,
            )
            for row in found
        ]


def _row(entry: Entry) -> Row:
    usage, cost = entry.usage, entry.cost
    counts = {} if usage is None else usage.counts
    priced: dict[str, Any] = {}
    if cost is not None and cost.total is not None:
        priced = {"cost": nanos(cost.total), "currency": cost.currency}
    return Row(
        id=new_id(),
        started=stamp(entry.at),
        status=entry.status,
        route=entry.route,
        key_id=entry.key or None,
        project_id=entry.project,
        user=entry.user,
        user_agent=entry.user_agent,
        provider=entry.provider,
        model=entry.model,
        attempts=[attempt(row) for row in entry.attempts],
        input_tokens=None if usage is None else usage.input_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        cached_tokens=counts.get("input.cache_read"),
        reasoning_tokens=counts.get("output.reasoning"),
        first_delta_ms=None if entry.first is None else round(entry.first * 1000),
        total_ms=round(entry.seconds * 1000),
        sandboxed=entry.sandboxed,
        error_class=entry.error,
        **priced,
    )
