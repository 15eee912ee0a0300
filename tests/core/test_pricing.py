"""Costs: exact, explained by lines, unknown where unknown."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from jackfield import Boards, Cost, Item, PluginError, Priced, Rate, Rule, Sheet, Usage
from jackfield.pricing import compute_cost
from jackfield.usage import tags

AT = datetime(2026, 11, 20, tzinfo=UTC)


def _sheet(*rules: dict[str, Any]) -> Priced:
    return Priced(Sheet("acme", "large", tuple(Rule.read(rule) for rule in rules)), "id")


def _total(usage: dict[str, int], *rules: dict[str, Any], at: datetime = AT, **facts: str) -> Decimal | None:
    return compute_cost(Usage(usage), _sheet(*rules), facts, at).total


BASE = {"rates": {"input": "2.50", "input.cache_read": "1.25", "output": "10", "input.audio": "40"}}


def test_cached_and_audio_tokens_are_priced_once() -> None:
    usage = {"input": 10_000, "input.cache_read": 4_000, "output": 1_000}
    assert _total(usage, BASE) == Decimal("0.030")
    cost = compute_cost(Usage(usage), _sheet(BASE), {}, AT)
    assert [(line.selector, line.count, line.amount) for line in cost.lines] == [
        ("input", 6_000, Decimal("0.015")),
        ("input.cache_read", 4_000, Decimal("0.005")),
        ("output", 1_000, Decimal("0.01")),
    ]
    assert (cost.status, cost.sheet, cost.rung) == ("priced", "acme/large", "id")


def test_a_missing_selector_falls_back_to_its_parent() -> None:
    assert _total({"input": 10, "input.cache_write": 4, "output": 8, "output.reasoning": 6}, BASE) == Decimal(
        "0.000105"
    )


def test_cached_audio_is_split_by_rule_and_marked() -> None:
    cost = compute_cost(
        Usage({"input": 1000, "input.cache_read": 900, "input.audio": 500, "output": 0}), _sheet(BASE), {}, AT
    )
    assert cost.status == "estimated"
    assert sum(line.count for line in cost.lines) == 1000


def test_a_breakdown_that_exceeds_its_parent_never_bills_more_than_the_parent() -> None:
    cost = compute_cost(Usage({"output": 18, "output.reasoning": 95}), _sheet(BASE), {}, AT)
    assert (cost.total, cost.status) == (Decimal("0.00018"), "estimated")


def test_tiers_multiply_and_later_rates_win() -> None:
    rules: list[dict[str, Any]] = [
        BASE,
        {"when": {"tier": "flex"}, "times": {"": "0.5"}},
        {"when": {"region": "eu"}, "times": {"": "1.1"}},
        {"when": {"tier": "priority"}, "rates": {"output": "17"}},
    ]
    usage = {"input": 1_000_000, "output": 1_000_000}
    assert _total(usage, *rules) == Decimal("12.5")
    assert _total(usage, *rules, tier="flex") == Decimal("6.25")
    assert _total(usage, *rules, tier="flex", region="eu") == Decimal("6.875")
    assert _total(usage, *rules, tier="priority") == Decimal("19.5")


def test_within_a_rule_the_most_specific_factor_counts() -> None:
    rule = {"times": {"": "3", "input": "2", "output": "1.5"}}
    assert _total({"input": 1_000_000, "output": 1_000_000}, BASE, rule) == Decimal("20")


@pytest.mark.parametrize(("inclusive", "tokens", "price"), [
    (False, 272_000, "0.68"), (False, 272_001, "1.360005"), (True, 272_000, "1.36"), (True, 271_999, "0.6799975"),
])  # fmt: skip
def test_a_cliff_reprices_the_whole_request(inclusive: bool, tokens: int, price: str) -> None:
    cliff = {"over": 272_000, "inclusive": inclusive, "times": {"input": "2"}}
    assert _total({"input": tokens}, BASE, cliff) == Decimal(price)


def test_an_old_call_has_the_old_price() -> None:
    edge = datetime(2025, 6, 10, tzinfo=UTC)
    rules = [{"until": edge, "rates": {"input": "10"}}, {"since": edge, "rates": {"input": "2"}}]
    assert _total({"input": 1_000_000}, *rules, at=datetime(2025, 6, 9, 23, 59, 59, tzinfo=UTC)) == 10
    assert _total({"input": 1_000_000}, *rules, at=edge) == 2


def test_unknown_is_none_and_never_zero() -> None:
    cost = compute_cost(Usage({"input": 5}), None, {}, AT)
    assert (cost.total, cost.status) == (None, "unknown")
    assert compute_cost(Usage({}), _sheet(BASE), {}, AT).total is None
    only_output = _sheet({"rates": {"output": "1"}})
    assert compute_cost(Usage({"input": 5}), only_output, {}, AT).status == "unknown"
    partial = compute_cost(Usage({"input": 5, "output": 1_000_000}), only_output, {}, AT)
    assert (partial.status, partial.total) == ("partial", Decimal(1))
    assert [line.amount for line in partial.lines] == [None, Decimal(1)]


def test_a_price_of_zero_that_is_said_is_a_price() -> None:
    cost = compute_cost(Usage({"input": 5}), _sheet({"rates": {"": "0"}}), {}, AT)
    assert (cost.total, cost.status) == (Decimal(0), "priced")


def test_a_stated_cost_wins_unless_it_is_nothing_for_something() -> None:
    assert compute_cost(Usage({"input": 5}, stated_cost="0.25"), _sheet(BASE), {}, AT).total == Decimal("0.25")
    assert compute_cost(Usage({"input": 5}, stated_cost="0"), _sheet(BASE), {}, AT).status == "priced"


def test_searches_and_odd_units_are_priced_by_their_own_unit() -> None:
    sheet = _sheet({"rates": {"web_search": {"amount": "10", "per": 1000, "unit": "search"}, "input": "1"}})
    usage = Usage({"input": 1_000_000}, others=(Item(tags("web_search"), 3, "search"),))
    assert compute_cost(usage, sheet, {}, AT).total == Decimal("1.03")
    third = _sheet({"rates": {"page": {"amount": "1", "per": 3, "unit": "page"}}})
    cost = compute_cost(Usage({}, others=(Item(tags("page"), 1, "page"),)), third, {}, AT)
    assert cost.total == Decimal("0.333333333333")


@pytest.mark.parametrize(("value", "message"), [
    (0.5, "decimal string"), ("cheap", "decimal string"), ("-1", "not negative"), ("NaN", "finite"),
    (None, "decimal string"),
])  # fmt: skip
def test_amounts_are_decimal_strings(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rate.read(value)


def test_a_rule_with_an_unknown_member_or_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no member 'rate'"):
        Rule.read({"rate": {"input": "1"}})
    with pytest.raises(ValueError, match="since of a price rule needs a time zone"):
        Rule.read({"since": datetime(2025, 1, 1)})


_AMOUNTS = st.decimals("0", "999", places=6, allow_nan=False, allow_infinity=False)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), _AMOUNTS, _AMOUNTS, _AMOUNTS)
def test_every_cost_equals_the_fractions(
    fresh: int, cached: int, out: int, one: Decimal, two: Decimal, three: Decimal
) -> None:
    rates = {"input": str(one), "input.cache_read": str(two), "output": str(three)}
    usage = {"input": fresh + cached, "input.cache_read": cached, "output": out}
    total = _total(usage, {"rates": rates})
    exact = (Fraction(one) * fresh + Fraction(two) * cached + Fraction(three) * out) / 1_000_000
    if any(usage.values()):
        assert total is not None
        assert Fraction(total) == exact
        assert Usage(usage).total_tokens == fresh + cached + out


@given(st.dictionaries(st.sampled_from([
    "input.cache_read", "input.cache_write", "input.cache_write.1h", "input.audio", "input.image",
]), st.integers(0, 2000)), st.integers(0, 3000))  # fmt: skip
def test_items_are_disjoint_and_add_up_to_the_total(subs: dict[str, int], total: int) -> None:
    items = Usage({**subs, "input": total}).items
    assert sum(item.count for item in items) == total
    assert all(item.count > 0 for item in items)


def test_a_cost_that_is_reckoned_later_is_like_any_other() -> None:
    reckoned = []

    def reckon() -> Cost:
        reckoned.append(1)
        return compute_cost(Usage({"input": 4, "output": 2}), _sheet(BASE), {}, AT)

    whole = compute_cost(Usage({"input": 4, "output": 2}), _sheet(BASE), {}, AT)
    looks: list[Callable[[Cost], object]] = [
        lambda cost: cost, repr, str, Cost.explain, asdict, to_jsonable_python, copy, deepcopy, replace,
        lambda cost: pickle.loads(pickle.dumps(cost)), lambda cost: (cost.total, cost.exact),  # noqa: S301
    ]  # fmt: skip
    for look in looks:
        later = Cost.later(reckon)
        assert look(later) == look(whole)
        assert later == whole
        with pytest.raises(AttributeError, match="has no attribute 'amount'"):
            later.amount  # type: ignore[attr-defined]  # noqa: B018
        assert pickle.loads(pickle.dumps(deepcopy(later))) == whole  # noqa: S301
    assert len(reckoned) == len(looks)
    values = {name: getattr(whole, name) for name in Cost.__slots__}
    assert (Cost.later(reckon), whole) == (Cost.later(reckon), replace(Cost.later(reckon), **values))
    changed = Cost.later(reckon)
    with pytest.raises(AttributeError, match="has no attribute 'amount'"):
        changed.amount  # type: ignore[attr-defined]  # noqa: B018
    changed.status = "estimated"
    assert (changed.status, changed.total) == ("estimated", whole.total)


def test_a_bug_that_shows_when_a_cost_is_read_names_its_hook() -> None:
    board = Boards(environ={}).open("openai")
    broken: Any = {"input": "many"}
    cost = board.compute_cost(Usage(broken), _sheet(BASE), {}, AT)
    with pytest.raises(PluginError, match="compute_cost raised"):
        cost.total  # noqa: B018
