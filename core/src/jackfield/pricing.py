"""Rate, Rule, Sheet and the cost that follows from them: exact, explained line by line, unknown where it is unknown.

Amounts come from strings only and are computed as decimals in a context that traps every inexact step. Rules are read
from top to bottom: each whose condition holds updates the rates (the later wins, per selector) or multiplies them (by
the most specific selector of the rule; factors of different rules multiply).
The form of a sheet is that of `models.prices` in a catalog.
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


@dataclass(frozen=True, slots=True)
class Rate:
    """A price: `amount` for every `per` units."""

    amount: Decimal
    per: int = _MILLION
    unit: str = "token"

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

    def holds(self, facts: Mapping[str, str], at: datetime, input_tokens: int) -> bool:
        """Tell whether every condition is met."""
        if self.since is not None and at < self.since or self.until is not None and at >= self.until:
            return False
        if self.over is not None and not (input_tokens >= self.over if self.inclusive else input_tokens > self.over):
            return False
        return all(facts.get(name) == value for name, value in self.when.items())


@dataclass(frozen=True, slots=True)
class Sheet:
    """The prices of one model, and where they were read."""

    provider: str
    model: str
    rules: tuple[Rule, ...]
    currency: str = "USD"
    source: str | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A sheet, and the rung of the name ladder that found it: `id`, `alias` or `family`."""

    sheet: Sheet
    rung: str


@dataclass(frozen=True, slots=True)
class Line:
    """One priced item; `amount` is None where no rate applies."""

    selector: str
    count: int
    unit: str
    rate: Rate | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost. `total` is None where it is unknown, and covers the priced lines where it is partial."""

    total: Decimal | None
    status: Status
    currency: str = "USD"
    lines: tuple[Line, ...] = ()
    sheet: str | None = None
    rung: str | None = None
    exact: bool = True
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
    table = rates_at(priced.sheet.rules, facts, at, usage.input_tokens or 0)
    lines = [_line(item, table) for item in items if item.count]
    total, exact = _sum([line.amount for line in lines if line.amount is not None])
    name = f"{priced.sheet.provider}/{priced.sheet.model}"
    if lines and all(line.amount is None for line in lines):
        return Cost(None, "unknown", priced.sheet.currency, tuple(lines), name, priced.rung)
    status: Status = "priced"
    if any(line.amount is None for line in lines):
        status = "partial"
    elif any(item.estimated for item in items):
        status = "estimated"
    return Cost(total, status, priced.sheet.currency, tuple(lines), name, priced.rung, exact)


def rates_at(
    rules: Sequence[Rule], facts: Mapping[str, str], at: datetime, input_tokens: int
) -> list[tuple[Tags, str, Rate]]:
    """Resolve rules to the rates in force, most specific selector first."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    rates: dict[str, Rate] = {}
    factors: list[list[tuple[Tags, Decimal]]] = []
    for rule in rules:
        if rule.holds(facts, at, input_tokens):
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


def _line(item: Item, table: list[tuple[Tags, str, Rate]]) -> Line:
    """Price one item by the largest selector within its tags; on a tie the dearer rate stands first."""
    for selector, name, rate in table:
        if selector <= item.tags and rate.unit == item.unit:
            return Line(name, item.count, item.unit, rate, _times(rate, item.count))
    return Line(".".join(sorted(item.tags)), item.count, item.unit, None, None)


def _times(rate: Rate, count: int) -> Decimal:
    amount = _EXACT.multiply(rate.amount, Decimal(count))
    if rate.per == _MILLION:
        return amount.scaleb(-6, _EXACT)
    try:
        return _EXACT.divide(amount, Decimal(rate.per))
    except Inexact:
        return _ROUNDED.divide(amount, Decimal(rate.per)).quantize(Decimal("1e-12"), context=_ROUNDED)


def _sum(amounts: list[Decimal]) -> tuple[Decimal, bool]:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total, True


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
