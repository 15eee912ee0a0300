"""Amounts of money: whole nano-units of a currency, never floats.

The finest prices in use are a few thousandths of a dollar per million tokens: some nano-dollars per token. So a price
that is whole at a thousandth of a dollar per million costs a whole number of nano-dollars for any number of tokens, and
the rest is rounded once per request. A signed 64-bit column holds nine billion dollars of them.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal
from typing import NamedTuple

__all__ = ["MOST", "NANO", "TOTAL", "Payer", "amount", "decimal", "nanos"]

#: Nano-units in one unit of a currency.
NANO = 1_000_000_000
#: The most that one amount may be, a billion units; what is larger counts as this.
MOST = NANO * NANO
#: The most that a sum may be; it stays there instead of running over.
TOTAL = 9 * MOST
_CONTEXT = Context(prec=60, rounding=ROUND_CEILING)


class Payer(NamedTuple):
    """Whose budgets a call is charged to."""

    key_id: str
    project_id: str
    organisation_id: str


def nanos(value: Decimal | int | str) -> int:
    """Return an amount of a currency in nano-units, rounded up, so that what costs anything is never 0.

    Raises:
        ValueError: the amount is negative or no number.
    """
    if type(value) is not Decimal:
        value = Decimal(value)
    if value.is_nan() or value < 0:
        raise ValueError(f"{value} is no amount of money; it has to be a number from 0")
    if value >= NANO:
        return MOST
    return math.ceil(_CONTEXT.scaleb(value, 9))


def decimal(value: int) -> Decimal:
    """Return nano-units as an exact amount of the currency."""
    return _CONTEXT.scaleb(Decimal(value), -9)


def amount(value: int) -> int:
    """Return an amount in nano-units that is fit to be charged: at most `MOST`.

    Raises:
        ValueError: it is negative; a charge never gives money back.
    """
    if value < 0:
        raise ValueError(f"{value} nano-units cannot be charged; a charge is 0 or more")
    return min(value, MOST)
