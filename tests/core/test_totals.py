"""Sums of costs and usages: nothing unknown is counted as nothing."""

from __future__ import annotations

from decimal import Decimal

from jackfield import Cost, Item, Usage
from jackfield.totals import total_cost, total_usage

ONE, TWO = Cost(Decimal("0.1"), "priced"), Cost(Decimal("0.2"), "stated", notes=("said so",))
UNKNOWN = Cost(None, "unknown", notes=("no price",))


def test_costs_are_summed_exactly() -> None:
    total = total_cost([ONE, TWO, TWO])
    assert (total.total, total.status, total.currency, total.notes) == (Decimal("0.5"), "priced", "USD", ("said so",))
    assert total_cost([ONE, Cost(Decimal(1), "estimated")]).status == "estimated"


def test_what_is_unknown_is_told() -> None:
    total = total_cost([ONE, UNKNOWN, None])
    assert (total.total, total.status) == (Decimal("0.1"), "partial")
    assert total.notes == ("no price", "2 of 3 answers have no known cost")
    assert (total_cost([UNKNOWN]).total, total_cost([]).status) == (None, "unknown")
    assert total_cost([ONE, Cost(Decimal(1), "priced", "EUR")]).total is None


def test_usages_are_summed_by_selector() -> None:
    search = Item(frozenset({"search"}), 2, "search")
    total = total_usage(
        [Usage({"input": 3, "output": 1, "input.cache_read": 2}, (search,)), Usage({"input": 4}, (search,))]
    )
    assert total == Usage({"input": 7, "input.cache_read": 2}, (Item(frozenset({"search"}), 4, "search"),))
    assert total_usage([Usage({"input": 3}), None]).input_tokens is None
