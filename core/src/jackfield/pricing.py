"""Rate, Rule, Sheet and the cost that follows from them: exact, explained line by line, unknown where it is unknown.

Amounts come from strings only and are computed as decimals in a context that traps every inexact step; what has no
exact decimal form (a price per 3 units) is rounded once, to 12 places. Rules are read from top to bottom: each whose
condition holds updates the rates (the later wins, per selector) or multiplies them (by the most specific selector of
the rule; factors of different rules multiply). The form of a sheet is that of `models.prices` in a catalog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from typing import Any, Literal

from .usage import Item, Tags, Usage, tags

Status = Literal["stated", "priced", "estimated", "default", "partial", "unknown"]

_EXACT = Context(prec=60, traps=[Inexact])
_ROUNDED = Context(prec=60, rounding=ROUND_HALF_EVEN)
_MILLION = 1_000_000
_ZERO = Decimal(0)
_FINEST = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Rate:
    """A price: `amount` for every `per` units."""

    amount: Decimal
    per: int = _MILLION
    unit: str = "token"

    def each(self) -> Decimal | None:
        """Return the price of one unit; None where it has no exact decimal form."""
        try:
            return _EXACT.divide(self.amount, Decimal(self.per))
        except Inexact:
            return None

    @classmethod
    def read(cls, value: Any) -> Rate:
        """Read a rate from a catalog: a decimal string per million tokens, or a table of amount, per and unit.

        Raises:
            ValueError: the amount is no string, no number, or negative.
        """
        if isinstance(value, Mapping):
            return cls(_amount(value.get("amount")), int(value.get("per", 1)), str(value.get("unit", "token")))
        return cls(_amount(value))


@dataclass(frozen=True, slots=True)
class Rule:
    """Rates or multipliers, and when they hold. `over` counts all input tokens of the request; times are aware."""

    rates: Mapping[str, Rate] = field(default_factory=dict)
    times: Mapping[str, Decimal] = field(default_factory=dict)
    when: Mapping[str, str] = field(default_factory=dict)
    over: int | None = None
    inclusive: bool = False
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Rule:
        """Read a rule from a catalog table.

        Raises:
            ValueError: a member is unknown, an amount is broken, or a time has no zone.
        """
        if unknown := set(table) - {"rates", "times", "when", "over", "inclusive", "since", "until", "source", "note"}:
            raise ValueError(f"a price rule has no member {sorted(unknown)[0]!r}")
        for edge in ("since", "until"):
            if (instant := table.get(edge)) is not None and instant.tzinfo is None:
                raise ValueError(f"{edge} of a price rule needs a time zone")
        return cls(
            rates={name: Rate.read(value) for name, value in table.get("rates", {}).items()},
            times={name: _amount(value) for name, value in table.get("times", {}).items()},
            when=dict(table.get("when", {})),
            over=table.get("over"),
            inclusive=bool(table.get("inclusive", False)),
            since=table.get("since"),
            until=table.get("until"),
        )

    @property
    def moves(self) -> bool:
        """Whether it depends on more than facts: on the time, or on the size of the request."""
        return self.since is not None or self.until is not None or self.over is not None

    def holds(self, facts: Mapping[str, str], at: datetime, input_tokens: int) -> bool:
        """Tell whether every condition is met."""
        for name, value in self.when.items():
            if facts.get(name) != value:
                return False
        if (self.since is not None and at < self.since) or (self.until is not None and at >= self.until):
            return False
        if self.over is None:
            return True
        return input_tokens >= self.over if self.inclusive else input_tokens > self.over


class Table:
    """The rates in force. An item has the rate of the largest selector within its tags; on a tie, the dearer one."""

    __slots__ = ("_found", "_rows")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rows = _resolve(rules)
        self._found: dict[tuple[Tags, str], tuple[str, Rate, Decimal | None] | None] = {}

    def find(self, item: Item) -> tuple[str, Rate, Decimal | None] | None:
        """Return selector, rate and exact price of one unit; None for an item without a rate."""
        key = (item.tags, item.unit)
        try:
            return self._found[key]
        except KeyError:
            row = next((row for row in self._rows if row[0] <= item.tags and row[2].unit == item.unit), None)
            found = self._found[key] = None if row is None else (row[1], row[2], row[2].each())
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
    _tables: dict[tuple[Any, ...], Table] = field(default_factory=dict, repr=False, compare=False)

    def table(self, facts: Mapping[str, str], at: datetime, input_tokens: int) -> Table:
        """Return the rates in force; made once for each set of rules that hold."""
        key: tuple[Any, ...] = (None, *facts.items())
        if (known := self._tables.get(key)) is not None:
            return known
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        holding = [rule for rule in self.rules if rule.holds(facts, at, input_tokens)]
        if any(rule.moves for rule in self.rules):
            key = tuple(map(id, holding))
        if (known := self._tables.get(key)) is None:
            known = Table(holding)
            if len(self._tables) < 256:
                self._tables[key] = known
        return known


@dataclass(frozen=True, slots=True)
class Priced:
    """A sheet, and the rung of the name ladder that found it: `id`, `alias` or `family`."""

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


@dataclass(slots=True)
class Cost:
    """What a call cost. `total` is None where it is unknown, and covers the priced lines where it is partial."""

    total: Decimal | None
    status: Status
    currency: str = "USD"
    lines: tuple[Line, ...] = ()
    sheet: str | None = None
    rung: str | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "unknown" if self.total is None else f"{self.total.normalize():f} {self.currency}"


def compute_cost(usage: Usage, priced: Priced | None, facts: Mapping[str, str], at: datetime) -> Cost:
    """Price a usage. `facts` are those that were served; `at` is when the request started, an aware instant.

    A provider's own statement wins, unless it states nothing for something.
    """
    if usage.stated_cost is not None:
        stated = _amount(usage.stated_cost)
        if stated or not any(usage.counts.values()):
            return Cost(stated, "stated")
    if priced is None:
        return Cost(None, "unknown", notes=("no catalog has a price for this model",))
    items = usage.items
    if not items:
        return Cost(None, "unknown", notes=("the provider stated no usage",))
    sheet = priced.sheet
    table = sheet.table(facts, at, usage.input_tokens or 0)
    lines = []
    total, unpriced, estimated = _ZERO, 0, False
    for item in items:
        line = _line(item, table)
        lines.append(line)
        estimated = estimated or item.estimated
        if line.amount is None:
            unpriced += 1
        else:
            total = _EXACT.add(total, line.amount)
    name = f"{sheet.provider}/{sheet.model}"
    if unpriced == len(lines):
        return Cost(None, "unknown", sheet.currency, tuple(lines), name, priced.rung)
    status: Status = "partial" if unpriced else "estimated" if estimated else "priced"
    return Cost(total, status, sheet.currency, tuple(lines), name, priced.rung)


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
                rate = Rate(_EXACT.multiply(rate.amount, factor), rate.per, rate.unit)
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
    count = Decimal(item.count)
    if each is not None:
        return Line(name, item.count, item.unit, rate, _EXACT.multiply(each, count))
    amount = _ROUNDED.divide(_EXACT.multiply(rate.amount, count), Decimal(rate.per))
    return Line(name, item.count, item.unit, rate, amount.quantize(_FINEST, context=_ROUNDED))


def _amount(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise ValueError(f"an amount of money is a decimal string, not {value!r}")
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"an amount of money is a decimal string, not {value!r}") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"an amount of money is finite and not negative, not {value!r}")
    return amount
