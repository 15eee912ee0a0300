"""The prices of a model that are in force now, per selector."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from jackfield import Item, ModelInfo, Rate, Sheet
from jackfield.usage import tags

_MILLION = 1_000_000


def rates_of(model: ModelInfo, at: datetime) -> dict[str, Rate]:
    """Return the rates that hold for a small request of the usual tier, by selector."""
    table = Sheet(model.provider, model.id, model.rules).table({}, at, 0)
    rates = {}
    for rule in model.rules:
        for selector, rate in rule.rates.items():
            if (found := table.find(Item(tags(selector), 1, rate.unit))) is not None and found[0] == selector:
                rates[selector] = found[1]
    return rates


def price(rates: Mapping[str, Rate], selector: str) -> str | None:
    """Return a price as a person reads it: per million tokens, or with its unit where it is no token's."""
    if (rate := rates.get(selector)) is not None:
        return shown(rate)
    other = (rate for name, rate in rates.items() if rate.unit != "token" and name.startswith(f"{selector}."))
    return next(map(shown, other), None)


def shown(rate: Rate) -> str:
    """Write a rate; US dollars per million tokens go without saying."""
    if rate.unit == "token":
        return _plain(rate.amount * _MILLION / rate.per)
    return f"{_plain(rate.amount)} per {rate.per} {rate.unit}{'s' if rate.per > 1 else ''}"


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
