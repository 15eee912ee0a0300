"""Rate, Window and Rule: what a unit costs, and when. The form is that of `models.prices` in a catalog.

Amounts come from strings only. A rate may bill in steps, at least a floor, and by bands; a rule may hold for facts of
the service, for the size of a request, between two instants, and in hours of some days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from decimal import ROUND_CEILING, Context, Decimal, Inexact
from typing import Any, Final

EXACT: Final = Context(prec=60, traps=[Inexact])
MILLION: Final = 1_000_000
_ONE = Decimal(1)
_ZERO = Decimal(0)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Rate:
    """A price: `amount` for every `per` units.

    Quantities are rounded up to whole `step`s, at least `floor` units are billed, and where there are `bands`, each is
    `(upto, amount)`: units up to that count cost that amount, those beyond it the next one's; the last has no end.
    """

    amount: Decimal
    per: int = MILLION
    unit: str = "token"
    step: Decimal = _ONE
    floor: Decimal = _ZERO
    bands: tuple[tuple[int | None, Decimal], ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether every unit costs the same, and is billed as it is."""
        return self.step == _ONE and not self.floor and not self.bands

    def each(self) -> Decimal | None:
        """Return the price of one unit; None where it has no exact decimal form."""
        try:
            return EXACT.divide(self.amount, Decimal(self.per))
        except Inexact:
            return None

    def charge(self, count: Decimal) -> Decimal:
        """Return what a quantity costs, times `per`."""
        steps = (count / self.step).to_integral_value(rounding=ROUND_CEILING)
        billed = max(EXACT.multiply(steps, self.step), self.floor)
        if not self.bands:
            return EXACT.multiply(self.amount, billed)
        total, below = _ZERO, _ZERO
        for upto, amount in self.bands:
            end = billed if upto is None else min(billed, Decimal(upto))
            total += EXACT.multiply(amount, max(end - below, _ZERO))
            below = max(below, end)
        return total

    def times(self, factor: Decimal) -> Rate:
        """Return the rate multiplied."""
        bands = tuple((upto, EXACT.multiply(amount, factor)) for upto, amount in self.bands)
        return Rate(EXACT.multiply(self.amount, factor), self.per, self.unit, self.step, self.floor, bands)

    @classmethod
    def read(cls, value: Any) -> Rate:
        """Read a rate from a catalog: a decimal string per million tokens, or a table of amount, per, unit ...

        Raises:
            ValueError: an amount is no string, no number, or negative; or the bands do not end.
        """
        if not isinstance(value, Mapping):
            return cls(read_amount(value))
        if unknown := set(value) - {"amount", "per", "unit", "step", "floor", "bands"}:
            raise ValueError(f"a rate has no member {sorted(unknown)[0]!r}")
        bands = tuple((row.get("upto"), read_amount(row.get("amount"))) for row in value.get("bands", ()))
        if bands and ([upto for upto, _ in bands if upto is None] != [None] or bands[-1][0] is not None):
            raise ValueError("the last band of a rate, and no other, has no upto")
        return cls(
            read_amount(value["amount"] if "amount" in value or not bands else _dearest(bands)),
            int(value.get("per", 1)),
            str(value.get("unit", "token")),
            read_amount(value.get("step", "1")),
            read_amount(value.get("floor", "0")),
            bands,
        )


def _dearest(bands: tuple[tuple[int | None, Decimal], ...]) -> str:
    """Return the amount that stands for banded rates where rates are compared."""
    return str(max(amount for _, amount in bands))


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some days, in a time zone: from `start` until `end`, which may lie on the next day.

    `days` are those on which it begins; dates in `omitted` (public holidays) are none of them.
    """

    start: time
    end: time
    days: frozenset[int] = frozenset(range(7))
    zone: tzinfo = UTC
    omitted: frozenset[date] = frozenset()

    def holds(self, at: datetime) -> bool:
        """Tell whether an instant lies in it."""
        here = at.astimezone(self.zone)
        clock, day = here.time().replace(tzinfo=None), here.date()
        if self.start < self.end:
            return self.start <= clock < self.end and self._is_day(day)
        if clock >= self.start:
            return self._is_day(day)
        return clock < self.end and self._is_day(date.fromordinal(day.toordinal() - 1))

    def _is_day(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.omitted

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Window:
        """Read a window from a catalog table: start, end ("HH:MM"), days, tz, except.

        Raises:
            ValueError: a member is unknown or has another form.
        """
        if unknown := set(table) - {"start", "end", "days", "tz", "except"}:
            raise ValueError(f"a window has no member {sorted(unknown)[0]!r}")
        days = table.get("days", _DAYS)
        if strange := [day for day in days if day not in _DAYS]:
            raise ValueError(f"a window has no day {strange[0]!r}; write {', '.join(_DAYS)}")
        zone: tzinfo = UTC
        if (name := table.get("tz", "UTC")) != "UTC":
            from zoneinfo import ZoneInfo

            zone = ZoneInfo(name)
        start, end = (time.fromisoformat(str(table[name])) for name in ("start", "end"))
        return cls(start, end, frozenset(map(_DAYS.index, days)), zone, frozenset(table.get("except", ())))


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
    windows: tuple[Window, ...] = ()

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Rule:
        """Read a rule from a catalog table.

        Raises:
            ValueError: a member is unknown, an amount is broken, or a time has no zone.
        """
        if unknown := set(table) - _RULE:
            raise ValueError(f"a price rule has no member {sorted(unknown)[0]!r}")
        for edge in ("since", "until"):
            if (instant := table.get(edge)) is not None and getattr(instant, "tzinfo", None) is None:
                raise ValueError(f"{edge} of a price rule needs a time zone, as 2026-08-16T16:00:00Z has")
        return cls(
            rates={name: Rate.read(value) for name, value in table.get("rates", {}).items()},
            times={name: read_amount(value) for name, value in table.get("times", {}).items()},
            when=dict(table.get("when", {})),
            over=table.get("over"),
            inclusive=bool(table.get("inclusive", False)),
            since=table.get("since"),
            until=table.get("until"),
            windows=tuple(Window.read(window) for window in table.get("windows", ())),
        )

    @property
    def moves(self) -> bool:
        """Whether it depends on more than facts: on the time, or on the size of the request."""
        return self.since is not None or self.until is not None or self.over is not None or bool(self.windows)

    def suits(self, facts: Mapping[str, str]) -> bool:
        """Tell whether the facts of the service are those that it holds for."""
        return all(facts.get(name) == value for name, value in self.when.items())

    def holds(self, at: datetime, input_tokens: int) -> bool:
        """Tell whether it holds at a time, for a request of that size."""
        if (self.since is not None and at < self.since) or (self.until is not None and at >= self.until):
            return False
        if self.windows and not any(window.holds(at) for window in self.windows):
            return False
        if self.over is None:
            return True
        return input_tokens >= self.over if self.inclusive else input_tokens > self.over


_RULE = frozenset(
    {"rates", "times", "when", "over", "inclusive", "since", "until", "windows", "source", "note"}
)  # fmt: skip


def read_amount(value: Any) -> Decimal:
    """Read an amount of money.

    Raises:
        ValueError: it is no string, no number, or negative.
    """
    if not isinstance(value, str):
        raise ValueError(f"an amount of money is a decimal string, not {value!r}")
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"an amount of money is a decimal string, not {value!r}") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"an amount of money is finite and not negative, not {value!r}")
    return amount
