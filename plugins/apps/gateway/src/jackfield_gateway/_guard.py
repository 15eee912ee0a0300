"""The guard: how fast a caller may ask, and for how much. It is asked before a question goes out, and told its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from jackfield import (
    AsyncClient,
    Attempt,
    ChatRequest,
    Item,
    JackfieldError,
    PermissionDenied,
    Request,
    RerankRequest,
    Usage,
)

from ._call import Asker
from ._measures import Measure, measured
from ._records import Entry
from ._settings import LimitRule, Settings, Unpriced
from .state.money import Payer, nanos

if TYPE_CHECKING:
    from .state import Ledger, Limit, Permit, Reservation

#: How long a price is taken for the current one where it is reserved by, in seconds.
_FRESH = 60.0
#: Tokens of an answer that neither the request nor the catalog bounds.
_UNBOUNDED = 8192
_MOST_KNOWN = 10_000
#: A search unit, and the documents that it holds, as Cohere sells them.
_SEARCH, _SEARCHED = Item(frozenset({"search_unit"}), 1, unit="search_unit"), 100


@dataclass(frozen=True, slots=True)
class Rates:
    """What a million tokens cost at most, in nano-dollars."""

    input: int
    output: int

    def of(self, input_tokens: int, output_tokens: int) -> int:
        """Return what so many tokens cost, in nano-dollars, rounded up."""
        return -(-(self.input * input_tokens + self.output * output_tokens) // 1_000_000)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a model for a while: its rates, None where it has no price, and how long an answer may be."""

    rates: Rates | None
    output: int
    #: What a search of up to a hundred documents costs, in nano-dollars; None where it has no price.
    search: int | None = None

    def has_price(self, request: Request) -> bool:
        """Whether what is asked can be priced."""
        return self.rates is not None or (isinstance(request, RerankRequest) and self.search is not None)


@dataclass(slots=True)
class Pass:
    """A question that was let in. Tell it the end with `leave`, once."""

    measure: Measure
    permit: Permit | None = None
    reservation: Reservation | None = field(default=None, repr=False)
    #: Who is asked with the caller's own key costs the gateway nothing.
    own: Collection[str] = ()


class Guard:
    """Holds callers to the limits of the settings, and to the budgets of the ledger where there is one.

    Raises:
        ConfigurationError: limits in Redis need what is not installed, or the URL is none.
    """

    def __init__(self, client: AsyncClient, settings: Settings, ledger: Ledger | None = None) -> None:
        from .state import Limits

        self.client = client
        self.limits = Limits(settings.limits_url, when_down=settings.limits_down)
        self.ledger = ledger
        self._leaving: set[asyncio.Task[None]] = set()
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Take other settings; what was let in goes on as it began, and what has ended costs what it did."""
        if self.ledger is not None:
            self.ledger.reckon()
        self.settings = settings
        self._known: dict[str, tuple[float, Known]] = {}
        self._limits_of: dict[tuple[str, str | None, tuple[str, ...]], list[Limit]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing that anybody could be held to."""
        return self.ledger is None and not self.settings.limits

    async def enter(
        self, asker: Asker, request: Request, models: Sequence[str], request_id: str, measure: Measure | None = None
    ) -> Pass:
        """Let a question in that one of `models` answers, each written `provider/model`; `measure`, where it is known.

        Raises:
            LimitExceeded: a limit of the key, the project or the model is reached.
            BudgetExceeded: less is left than the answer may cost.
            PermissionDenied: the model has no price, and a budget counts.
            StoreUnavailable: what counts does not answer.
        """
        found = Pass(measure or measured(request))
        if self.settings.limits and (wanted := self._wanted(asker, tuple(models))):
            least = found.measure.least
            try:
                permit = self.limits.admit_now(wanted, least) or await self.limits.admit(wanted, least)
            except JackfieldError as error:
                asker.tell(getattr(error, "headers", {}))
                raise
            found.permit = permit
            asker.add(permit.heads)
        paid = [model for model in models if model.partition("/")[0] not in asker.own] if asker.own else models
        if (ledger := self.ledger) is not None and paid:
            found.own = asker.own
            try:
                most, unpriced = self._most(found.measure, request, paid)
                payer = Payer(asker.payer or asker.key, asker.project or "", asker.organisation or "")
                kept = ledger.reserve_now(payer, most, request_id) or await ledger.reserve(payer, most, request_id)
                found.reservation = kept
                if unpriced is not None and kept.purses and self.settings.unpriced.policy == "block":
                    ledger.release(kept)
                    what = f"{unpriced} has no price, and a budget counts"
                    remedy = "give it one under [prices], or set gateway.unpriced"
                    raise PermissionDenied(f"{what}; {remedy}", status=403, param="model")
            except BaseException:
                self._end(found, None)
                raise
        return found

    def leave(self, entered: Pass, entry: Entry) -> None:
        """Charge a question that has ended, and let the next one take its place."""
        if entered.reservation is not None and self.ledger is not None:
            self.ledger.settle_later(entered.reservation, partial(self._charge, entered, entry))
        self._end(entered, None if entry.usage is None else entry.usage.total_tokens)

    async def close(self) -> None:
        """Wait until every end has been told."""
        while self._leaving:
            await asyncio.wait(self._leaving)
        await self.limits.close()

    # -- limits ------------------------------------------------------------------------------------------------------

    def _wanted(self, asker: Asker, models: tuple[str, ...]) -> list[Limit]:
        """Return the limits of all that may answer, each once."""
        key = (asker.payer or asker.key, asker.project, models)
        if (known := self._limits_of.get(key)) is None:
            names = [self._canonical(model) for model in models]
            limits = [_limit(rule, asker, name) for rule in self.settings.limits for name in names]
            known = list(_tightest([one for one in limits if one is not None]))
            if len(self._limits_of) < _MOST_KNOWN:
                self._limits_of[key] = known
        return known

    def _canonical(self, model: str) -> str:
        """Return the one name under which a model is counted, whatever of its names is asked for."""
        provider, _, name = model.partition("/")
        found = self.client.boards.info(provider).model(name)
        return f"{provider}/{found.id}" if found.rung in ("id", "alias") else model

    def _end(self, entered: Pass, tokens: int | None) -> None:
        """Give back a place, and count what was used: at once in memory, beside the request where Redis is asked."""
        if (permit := entered.permit) is None:
            return
        if permit.end_now(tokens):
            return
        task = asyncio.get_running_loop().create_task(_released(permit, tokens), name="limits")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    # -- money -------------------------------------------------------------------------------------------------------

    def _most(self, measure: Measure, request: Request, models: Sequence[str]) -> tuple[int, str | None]:
        """Return what an answer costs at most, in nano-dollars, and the first model that has no price."""
        most, unpriced = 0, None
        for model in models:
            known = self._known_of(model)
            if known.rates is not None:
                most = max(most, known.rates.of(measure.most, _output(request, known.output)))
            elif isinstance(request, RerankRequest) and known.search is not None:
                most = max(most, known.search * -(-len(request.documents) // _SEARCHED))
            if unpriced is None and not known.has_price(request):
                unpriced = model
        return most, unpriced

    def _known_of(self, model: str) -> Known:
        moment = time.monotonic()
        read, known = self._known.get(model, (-_FRESH, None))
        if known is None or moment - read >= _FRESH:
            provider, _, name = model.partition("/")
            output = self.client.boards.info(provider).model(name).max_output or _UNBOUNDED
            search = self.client.cost(model, Usage({}, (_SEARCH,)))
            priced = search.total is not None and search.currency == "USD"
            known = Known(self._priced(model), output, nanos(search.total or 0) if priced else None)
            if len(self._known) < _MOST_KNOWN or model in self._known:
                self._known[model] = (moment, known)
        return known

    def _priced(self, model: str) -> Rates | None:
        """Return the dearest rates that a model has, of short and of long questions."""
        found: list[Rates] = []
        for size in (1_000, 1_000_000):
            into = self.client.cost(model, Usage({"input": size})).total
            both = self.client.cost(model, Usage({"input": size, "output": size}))
            if into is None or both.total is None or both.currency != "USD":
                return _estimated(self.settings.unpriced)
            found.append(Rates(nanos(into * 1_000_000 / size), nanos((both.total - into) * 1_000_000 / size)))
        return Rates(max(one.input for one in found), max(one.output for one in found))

    def _charge(self, entered: Pass, entry: Entry) -> int:
        """Return what a question is charged, in nano-dollars: what each attempt cost, also of those that failed."""
        if entry.sandboxed:
            return 0
        tries: Sequence[Entry | Attempt] = entry.attempts
        if entry.cost is not None and not any([one.cost is not None for one in tries]):
            tries = (entry,)
        total = 0
        for one in tries:
            if one.provider in entered.own:
                continue
            if one.cost is not None and one.cost.total is not None and one.cost.currency == "USD":
                known = entry.nanos if one.cost is entry.cost else None  # the last try has the cost of the whole
                total += nanos(max(one.cost.total, Decimal(0))) if known is None else known
            elif one.usage is not None and (rates := _estimated(self.settings.unpriced)) is not None:
                total += rates.of(one.usage.input_tokens or 0, one.usage.output_tokens or 0)
        return total


def _output(request: Request, most: int) -> int:
    """Return how many tokens an answer has at most."""
    if not isinstance(request, ChatRequest):
        return 0
    return max(min(request.max_tokens or most, most), 0) * (request.n or 1)


def _limit(rule: LimitRule, asker: Asker, model: str) -> Limit | None:
    from .state import Limit

    subject = {"key": asker.payer or asker.key, "project": asker.project, "model": model}[rule.scope]
    names = (subject, *((asker.key, asker.key_name) if rule.scope == "key" else ()))
    if subject is None or not any(name is not None and fnmatchcase(name, rule.match) for name in names):
        return None
    return Limit(scope=rule.scope, subject=subject, requests=rule.requests, tokens=rule.tokens, parallel=rule.parallel)


def _tightest(limits: Sequence[Limit]) -> Iterator[Limit]:
    """Give one limit for each that is held to several, the least of every kind: a call counts once."""
    from .state import Limit

    for name in dict.fromkeys(limit.name for limit in limits):
        same = [limit for limit in limits if limit.name == name]
        yield Limit(
            scope=same[0].scope,
            subject=same[0].subject,
            requests=_least([limit.requests for limit in same]),
            tokens=_least([limit.tokens for limit in same]),
            parallel=_least([limit.parallel for limit in same]),
        )


def _least(amounts: Sequence[int | None]) -> int | None:
    return min([amount for amount in amounts if amount is not None], default=None)


async def _released(permit: Permit, tokens: int | None) -> None:
    try:
        if tokens is not None:
            await permit.use(tokens)
    finally:
        await permit.release()


def _estimated(unpriced: Unpriced) -> Rates | None:
    if unpriced.policy != "estimate":
        return None
    return Rates(nanos(unpriced.input), nanos(unpriced.output))
