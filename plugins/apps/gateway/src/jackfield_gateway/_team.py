"""A gateway for a team: who calls is looked up, and what is asked is paid for and kept, in one database."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from jackfield import AuthenticationError, JackfieldError, PermissionDenied

from . import state
from ._call import Call
from ._door import given_key
from ._lending import Lending
from ._records import Entry, Spent
from ._rows import row_of
from ._settings import Settings
from .state.clock import Period, within
from .state.money import decimal

if TYPE_CHECKING:
    from ._tokens import Tokens
    from .state import Group, History, Identities, Identity, Ledger, Secret, Store

_LOG = logging.getLogger(__name__)
#: Seconds between two rounds of retention.
_ROUND = 3600.0
#: Charges are kept for longer than any period of a budget.
_CHARGES = timedelta(days=400)


class Team:
    """Keys, money and history in the database that a URL names. It is opened and closed in the loop that serves.

    Raises:
        ConfigurationError: the extra `store` is not installed.
    """

    store: Store
    history: History
    identities: Identities
    ledger: Ledger
    lending: Lending
    #: The organisation whose administrators manage all of them: the first one.
    operators: str = ""

    def __init__(self, url: str, secret: Secret) -> None:
        _ = state.open_store  # what is missing is told before anything is served
        self._url = url
        self.secret = secret
        self._settings = Settings()
        self._tokens: Tokens | None = None
        self._retention: asyncio.Task[None] | None = None
        self._is_open = False

    async def open(self, settings: Settings) -> None:
        """Open the database; where it has no key, make one of an administrator, and print it this once.

        Raises:
            JackfieldError: the database cannot be opened, or what the tokens are signed with cannot be read.
        """
        self._settings = settings
        self.store = await state.open_store(self._url)
        try:
            await self._begin(settings)
        except BaseException:
            await self.store.close()
            raise

    async def _begin(self, settings: Settings) -> None:
        store = self.store
        self.history = state.History(store, hash_key=self.secret.derive("content"), row=row_of)
        self.identities = state.Identities(store, self.secret)
        self.ledger = state.Ledger(store)
        self.lending = Lending(state.Credentials(store, [self.secret]))
        teams = state.Teams(store)
        if (issued := await state.Keys(store, self.secret).first()) is not None:
            print(f"  the first key, of an administrator, shown only now: {issued.text}")
            sys.stdout.flush()
        self.operators = min(one.id for one in await teams.organisations())
        if settings.jwt is not None:
            from ._tokens import Tokens

            self._tokens = Tokens(settings.jwt, teams, self.operators)
        self._is_open = True
        self._retention = asyncio.get_running_loop().create_task(self._retain(), name="retention")

    def use(self, settings: Settings) -> None:
        """Take other settings."""
        self._settings = settings

    async def close(self) -> None:
        """Charge and write what waits, and close the database."""
        if not self._is_open:
            return
        if self._retention is not None:
            self._retention.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._retention
        try:
            await self.ledger.close()
        except JackfieldError as error:
            print(f"jackfield serve: {error}", file=sys.stderr)
        await self.history.close()
        await self.store.close()

    async def is_ready(self) -> bool:
        """Whether the database answers within a second."""
        try:
            async with asyncio.timeout(1.0):
                await state.Keys(self.store, self.secret).one("")
        except (JackfieldError, TimeoutError):
            return False
        return True

    async def refusal(self, call: Call, key_header: str) -> JackfieldError | None:
        """Return why a caller may not come in, or None; then the call knows who asks."""
        given = given_key(call.headers, key_header)
        try:
            identity = await self._find(given)
        except JackfieldError as error:
            return error
        except Exception:  # whatever is wrong with the tables, it says nothing of the key
            _LOG.exception("a key could not be looked up")
            return state.StoreUnavailable("keys cannot be looked up", retry_after=1.0)
        if identity is None:
            return AuthenticationError(f"the key is missing or wrong; send it in {key_header}", status=401)
        if not identity.allows_route(call.path):
            return PermissionDenied(f"the key {identity.name!r} may not ask {call.path:.200}", status=403)
        if call.method not in ("GET", "HEAD") and not identity.may("member"):
            return PermissionDenied(f"the key {identity.name!r} may look and ask nothing", status=403)
        call.key, call.key_name, call.project = identity.key_id, identity.name, identity.project_id
        call.organisation, call.payer, call.identity = identity.organisation_id, identity.payer_id, identity
        call.sees_all = identity.may("admin") and identity.organisation_id == self.operators
        call.allows_model = None if "*" in identity.models else identity.allows_model
        return None

    async def _find(self, given: str) -> Identity | None:
        if self._tokens is not None and given.count(".") == 2:
            return await self._tokens.find(given)
        return await self.identities.find(given)

    # -- records -----------------------------------------------------------------------------------------------------

    def record(self, entry: Entry) -> None:
        """Take an entry; never waits."""
        self.history.record(entry)

    async def spent(self, begin: date, end: date, period: Period, project: str | None = None) -> Iterable[Spent]:
        """Return what was spent; see `Records`."""
        midnight = time(tzinfo=UTC)
        wanted = state.Filter(
            since=datetime.combine(begin, midnight),
            until=None if end == date.max else datetime.combine(end + timedelta(days=1), midnight),
            project_id=project,
            sandboxed=False,
        )
        by: tuple[Group, ...] = ("key_id", "user", "route", "provider")
        found = await state.Requests(self.store).totals(wanted, by=by, period=period)
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

    async def _retain(self) -> None:
        """Delete what is older than the settings keep, a batch at a time, once an hour."""
        while True:
            try:
                moment = datetime.now(UTC)
                if (days := self._settings.retention_days) is not None:
                    count = await state.Requests(self.store).delete_before(moment - timedelta(days=days))
                    if count:
                        _LOG.info("the history lost %d requests that were older than %d days", count, days)
                await state.Budgets(self.store).delete_charges_before(moment - _CHARGES)
            except JackfieldError as error:
                _LOG.warning("nothing old was deleted: %s", error)
            await within(asyncio.Event().wait(), _ROUND)
