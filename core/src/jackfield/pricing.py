"""Sheets and the costs that follow from them: exact, explained line by line, unknown where it is unknown.

Amounts are computed as decimals in a context that traps every inexact step; what has no exact decimal form (a price per
3 units) is rounded once, to 12 places, and said so. Rules are read from top to bottom: each whose condition holds
updates the rates (the later wins, per selector) or multiplies them (by the most specific selector of the rule; factors
of different rules multiply).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from typing import TYPE_CHECKING, Any, Literal, Self

from .rates import EXACT, Rate, Rule, read_amount
from .usage import Item, Tags, Usage, tags

Status = Literal["stated", "priced", "estimated", "default", "partial", "unknown"]

_ROUNDED = Context(prec=60, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0)
_FINEST = Decimal("1e-12")
#: Sets of facts for which the rates of a sheet are kept.
_MOST = 256


class Table:
    """The rates in force. An item has the rate of the largest selector within its tags; on a tie, the dearer one."""

    __slots__ = ("_found", "_rows")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rows = _resolve(rules)
        self._found: dict[tuple[Tags, str], tuple[str, Rate, Decimal | None] | None] = {}

    def find(self, item: Item) -> tuple[str, Rate, Decimal | None] | None:
        """Return selector, rate and exact price of one unit, where it has one; None for an item without a rate."""
        key = (item.tags, item.unit)
        try:
            return self._found[key]
        except KeyError:
            row = next((row for row in self._rows if row[0] <= item.tags and row[2].unit == item.unit), None)
            rate = None if row is None else row[2]
            each = None if rate is None or not rate.is_plain else rate.each()
            found = self._found[key] = None if row is None else (row[1], row[2], each)
            return found


@dataclass(frozen=True, slots=True)
class Sheet:
    """The prices of one model, and where they were read."""

    provider: str
    model: str
    rules: tuple[Rule, ...]
    currency: str = "USD"
    source: str | None = None
    as_of: str | None = None
    notes: tuple[str, ...] = ()
    _plans: dict[tuple[tuple[str, str], ...], _Plan] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The name of what it prices."""
        return f"{self.provider}/{self.model}"

    def table(self, facts: Mapping[str, str], at: datetime, input_tokens: int) -> Table:
        """Return the rates in force; made once for each set of rules that hold."""
        key = tuple(facts.items())
        if (plan := self._plans.get(key)) is None:
            plan = _Plan([rule for rule in self.rules if rule.suits(facts)])
            if len(self._plans) < _MOST:
                self._plans[key] = plan
        return plan.always or plan.table(at, input_tokens)


class _Plan:
    """The rules that suit some facts: most hold always, the others now and then."""

    __slots__ = ("_moving", "_rules", "_tables", "always")

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._moving = [rule for rule in rules if rule.moves]
        self._tables: dict[tuple[bool, ...], Table] = {}
        self.always = None if self._moving else Table(rules)

    def table(self, at: datetime, input_tokens: int) -> Table:
        """Return the rates in force at a time, for a request of that size."""
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        holding = tuple([rule.holds(at, input_tokens) for rule in self._moving])
        if (known := self._tables.get(holding)) is None:
            resting = {id(rule) for rule, holds in zip(self._moving, holding, strict=True) if not holds}
            known = self._tables[holding] = Table([rule for rule in self._rules if id(rule) not in resting])
        return known


@dataclass(frozen=True, slots=True)
class Priced:
    """A sheet, and the rung of the name ladder that found it: `id`, `alias`, `family`, `default`, or who set it."""

    sheet: Sheet
    rung: str


@dataclass(slots=True)
class Line:
    """One priced item; `amount` is None where no rate applies."""

    selector: str
    count: int
    unit: str
    rate: Rate | None
    amount: Decimal | None
    exact: bool = True


class _Reckoned:
    """Room for what reckons a cost later, which is no part of it."""

    __slots__ = ("_reckon",)
    _reckon: Callable[[], Cost] | None

    def __reduce__(self) -> tuple[Any, ...]:
        return Cost, tuple([getattr(self, slot) for slot in Cost.__slots__])


@dataclass(slots=True)
class Cost(_Reckoned):
    """What a call cost. `total` is None where it is unknown, and covers the priced lines where it is partial."""

    total: Decimal | None
    status: Status
    currency: str = "USD"
    lines: tuple[Line, ...] = ()
    sheet: str | None = None
    rung: str | None = None
    notes: tuple[str, ...] = ()
    exact: bool = True

    @staticmethod
    def later(reckon: Callable[[], Cost]) -> Cost:
        """Return one that is reckoned when something of it is read: most answers are never asked what they cost."""
        due: Cost = object.__new__(_Due)
        object.__setattr__(due, "_reckon", reckon)
        return due

    def __str__(self) -> str:
        return "unknown" if self.total is None else f"{self.total.normalize():f} {self.currency}"

    def explain(self) -> str:
        """Say where the amount comes from, a line for each priced item."""
        rows = [f"{self} ({self.status})"]
        rows += [_explained(line) for line in self.lines]
        if self.sheet is not None:
            rows.append(f"by the sheet {self.sheet}, found by its {self.rung}")
        return "\n".join([*rows, *self.notes])


class _Due(Cost):
    """A cost that nobody has looked at. The first look reckons it, and makes it a cost like any other."""

    __slots__ = ()

    def __new__(cls, *args: Any, **values: Any) -> Self:
        return Cost(*args, **values)  # type: ignore[return-value] # for those who make one more of its class

    def __setattr__(self, name: str, value: object) -> None:
        self._look()
        setattr(self, name, value)

    def __eq__(self, other: object) -> bool:
        self._look()
        return self == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        self._look()
        return repr(self)

    if not TYPE_CHECKING:  # a checker would take every misspelt name for one of ours

        def __getattr__(self, name: str) -> Any:
            # asked only for what is not set
            if name not in Cost.__slots__:
                raise AttributeError(f"{Cost.__name__!r} object has no attribute {name!r}")
            self._look()
            return getattr(self, name)

    def _look(self) -> None:
        if (reckon := self._reckon) is None:
            return  # another thread was faster
        found = reckon()
        if type(self) is _Due:
            for slot in Cost.__slots__:
                object.__setattr__(self, slot, getattr(found, slot))
            object.__setattr__(self, "__class__", Cost)
            self._reckon = None


def _explained(line: Line) -> str:
    head = f"  {line.selector:24} {line.count:>12,} {line.unit}s"
    if line.rate is None or line.amount is None:
        return f"{head} without a rate"
    rate = line.rate
    price = " to ".join(f"{amount.normalize():f}" for amount in sorted({amount for _, amount in rate.bands}))
    price = price or f"{rate.amount.normalize():f}"
    return f"{head} at {price} per {rate.per:,} = {line.amount.normalize():f}"


def compute_cost(usage: Usage, priced: Priced | None, facts: Mapping[str, str], at: datetime) -> Cost:
    """Price a usage. `facts` are those that were served; `at` is when the request started, an aware instant.

    A provider's own statement wins, unless it states nothing for something.
    """
    if usage.stated_cost is not None:
        stated = read_amount(usage.stated_cost)
        if stated or not any(usage.counts.values()):
            return Cost(stated, "stated")
    if priced is None:
        return Cost(None, "unknown", notes=("no catalog has a price for this model",))
    items = usage.items
    if not items:
        return Cost(None, "unknown", notes=("the provider stated no usage",))
    sheet = priced.sheet
    table = sheet.table(facts, at, usage.input_tokens or 0)
    lines, total, unpriced, exact, estimated = [], _ZERO, 0, True, False
    for item in items:
        lines.append(line := _line(item, table))
        estimated = estimated or item.estimated
        if line.amount is None:
            unpriced += 1
        else:
            total = EXACT.add(total, line.amount)
            exact = exact and line.exact
    if unpriced == len(lines):
        return Cost(None, "unknown", sheet.currency, tuple(lines), sheet.name, priced.rung, sheet.notes)
    status: Status = "default" if priced.rung == "default" else "priced"
    if unpriced:
        status = "partial"
    elif estimated:
        status = "estimated"
    return Cost(total, status, sheet.currency, tuple(lines), sheet.name, priced.rung, sheet.notes, exact)


def _resolve(rules: Sequence[Rule]) -> list[tuple[Tags, str, Rate]]:
    rates: dict[str, Rate] = {}
    factors: list[list[tuple[Tags, Decimal]]] = []
    for rule in rules:
        rates.update(rule.rates)
        if rule.times:
            factors.append(sorted(((tags(name), factor) for name, factor in rule.times.items()), key=_by_size))
    resolved = []
    for name, rate in rates.items():
        selector = tags(name)
        for choices in factors if rate.unit == "token" else ():
            factor = next((factor for wanted, factor in choices if wanted <= selector), None)
            if factor is not None:
                rate = rate.times(factor)
        resolved.append((selector, name, rate))
    resolved.sort(key=lambda row: (len(row[0]), row[2].amount), reverse=True)
    return resolved


def _by_size(row: tuple[Tags, Decimal]) -> int:
    return -len(row[0])


def _line(item: Item, table: Table) -> Line:
    """Price one item."""
    if (found := table.find(item)) is None:
        return Line(".".join(sorted(item.tags)), item.count, item.unit, None, None)
    name, rate, each = found
    if each is not None:
        return Line(name, item.count, item.unit, rate, EXACT.multiply(each, item.count))
    count = Decimal(item.count)
    charge, per = rate.charge(count), Decimal(rate.per)
    try:
        return Line(name, item.count, item.unit, rate, EXACT.divide(charge, per))
    except Inexact:
        amount = _ROUNDED.divide(charge, per).quantize(_FINEST, context=_ROUNDED)
        return Line(name, item.count, item.unit, rate, amount, exact=False)
