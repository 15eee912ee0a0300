"""What providers price by: windows, steps, floors, bands, fees, edges; and whose price has the last word."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield import (
    Boards,
    Client,
    ConfigurationError,
    Item,
    PriceBook,
    Priced,
    Rate,
    Reply,
    Rule,
    Sheet,
    Usage,
    Window,
)
from jackfield.pricing import compute_cost
from tests.core.conftest import acme

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def cost_of(usage: Usage, *rules: dict[str, Any], at: datetime = AT, rung: str = "id", **facts: str) -> Any:
    sheet = Sheet("acme", "large", tuple(Rule.read(rule) for rule in rules))
    return compute_cost(usage, Priced(sheet, rung), facts, at)


PEAK = [
    {"start": "01:00", "end": "04:00", "days": ["mon", "tue", "wed", "thu", "fri"], "except": [date(2026, 10, 1)]},
    {"start": "22:00", "end": "02:00", "days": ["fri"]},
]


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-11-11T01:00", True), ("2026-11-11T03:59:59", True), ("2026-11-11T04:00", False),
        ("2026-11-11T00:59:59", False), ("2026-11-14T02:30", False), ("2026-10-01T02:00", False),
        ("2026-11-13T23:00", True), ("2026-11-14T01:59", True), ("2026-11-14T02:00", False),
        ("2026-11-15T01:00", False), ("2026-11-12T23:00", False),
    ],
)  # fmt: skip
def test_a_window_holds_in_its_hours_of_its_days(at: str, inside: bool) -> None:
    found = cost_of(
        Usage({"input": 1_000_000, "output": 0}),
        {"rates": {"input": "1"}},
        {"times": {"": "2"}, "windows": PEAK},
        at=datetime.fromisoformat(at).replace(tzinfo=UTC),
    )
    assert found.total == (2 if inside else 1)


def test_a_window_counts_in_its_own_zone() -> None:
    window = Window.read({"start": "09:00", "end": "10:00", "tz": "Asia/Shanghai"})
    assert window.holds(datetime(2026, 11, 11, 1, 30, tzinfo=UTC))
    assert not window.holds(datetime(2026, 11, 11, 9, 30, tzinfo=UTC))


def test_what_is_billed_in_steps_is_rounded_up_and_not_less_than_the_floor() -> None:
    rate = {"amount": "0.111", "per": 3600, "unit": "second", "step": "15", "floor": "10"}
    seconds = {0: "0", 1: "15", 10: "15", 15: "15", 16: "30"}
    for count, billed in seconds.items():
        usage = Usage({}, others=(Item(frozenset({"audio"}), count, "second"),))
        found = cost_of(usage, {"rates": {"audio": rate}})
        expected = max(Fraction(billed), Fraction(10)) * Fraction("0.111") / 3600
        assert abs(Fraction(found.total) - expected) <= Fraction(1, 10**12)
    floor = {"amount": "1", "per": 1, "unit": "second", "floor": "10"}
    assert cost_of(Usage({}, others=(Item(frozenset({"a"}), 3, "second"),)), {"rates": {"a": floor}}).total == 10


def test_bands_are_graduated() -> None:
    bands = [{"upto": 100, "amount": "3"}, {"upto": 300, "amount": "2"}, {"amount": "1"}]
    rule = {"rates": {"input": {"per": 1, "bands": bands}}, "times": {"": "2"}}
    for count, expected in {50: 150, 100: 300, 200: 500, 300: 700, 1000: 1400}.items():
        assert cost_of(Usage({"input": count}), rule).total == expected * 2
    with pytest.raises(ValueError, match="last band"):
        Rate.read({"per": 1, "bands": [{"upto": 5, "amount": "1"}]})


def test_an_edge_may_belong_to_the_longer_side() -> None:
    rules: list[dict[str, Any]] = [{"rates": {"input": "1"}}, {"over": 100, "inclusive": True, "times": {"": "2"}}]
    assert cost_of(Usage({"input": 100}), *rules).total == Decimal("0.0002")
    rules[1]["inclusive"] = False
    assert cost_of(Usage({"input": 100}), *rules).total == Decimal("0.0001")


def test_a_fee_depends_on_a_fact() -> None:
    fee = {"amount": "10", "per": 1000, "unit": "request"}
    rule = {"rates": {"request": fee}, "when": {"search": "medium"}}
    usage = Usage({"input": 1000}, others=(Item(frozenset({"request"}), 1, "request"),))
    assert cost_of(usage, {"rates": {"input": "3"}}, rule, search="medium").total == Decimal("0.013")
    found = cost_of(usage, {"rates": {"input": "3"}}, rule, search="low")
    assert (found.total, found.status) == (Decimal("0.003"), "partial")


def test_a_wildcard_says_so_and_an_inexact_amount_says_so() -> None:
    assert cost_of(Usage({"input": 5}), {"rates": {"": "1"}}, rung="default").status == "default"
    third = {"rates": {"input": {"amount": "1", "per": 3}}}
    found = cost_of(Usage({"input": 1}), third)
    assert (found.total, found.exact) == (Decimal("0.333333333333"), False)
    assert cost_of(Usage({"input": 3}), third).exact


def test_a_cost_explains_itself() -> None:
    usage = Usage({"input": 10_000, "input.cache_read": 4_000, "output": 1_000})
    found = cost_of(usage, {"rates": {"input": "2.50", "input.cache_read": "1.25"}})
    assert found.explain().splitlines() == [
        "0.02 USD (partial)",
        "  input                           6,000 tokens at 2.5 per 1,000,000 = 0.015",
        "  input.cache_read                4,000 tokens at 1.25 per 1,000,000 = 0.005",
        "  output                          1,000 tokens without a rate",
        "by the sheet acme/large, found by its id",
    ]


def test_a_book_replaces_or_extends_what_is_known() -> None:
    known = Priced(Sheet("acme", "large", (Rule.read({"rates": {"input": "10"}}),)), "id")
    book = PriceBook({"acme/*": {"times": {"": "0.9"}}, "acme/own": [{"rates": {"input": "1"}}]}, "prices=")
    assert book.apply("acme", "none", None) is None
    reduced = book.apply("acme", "large", known)
    assert reduced is not None
    assert compute_cost(Usage({"input": 1_000_000}), reduced, {}, AT).total == 9
    own = book.apply("acme", "own", known)
    assert own is not None
    assert own.rung == "prices="
    assert compute_cost(Usage({"input": 1_000_000}), own, {}, AT).total == 1
    with pytest.raises(ConfigurationError, match=r"prices=: acme/x: an amount of money is a decimal string, not 1.5"):
        PriceBook({"acme/x": {"rates": {"input": 1.5}}}, "prices=")


def _client(prices: dict[str, Any] | None = None, book: dict[str, Any] | None = None) -> Client:
    config = acme("http://acme.invalid")
    table: dict[str, Any] = {"id": "dear", "prices": [{"rates": {"input": "10", "output": "20"}}], "max_output": 100}
    config["providers"]["acme"]["models"] = [table, {"id": "free", "prices": [{"rates": {"": "0"}}]}, {"id": "odd"}]
    return Client(boards=Boards({**config, "prices": book or {}}, environ={}), environ={}, prices=prices)


def test_the_argument_wins_over_the_file_and_the_file_over_the_catalog() -> None:
    usage = {"input": 1_000_000, "output": 0}
    assert _client().cost("acme/dear", usage).total == 10
    assert _client(book={"acme/dear": {"rates": {"input": "7"}}}).cost("acme/dear", usage).total == 7
    both = _client({"acme/dear": {"rates": {"input": "3"}}}, {"acme/dear": {"rates": {"input": "7"}}})
    assert both.cost("acme/dear", usage).total == 3
    assert _client({"*": {"times": {"": "0.5"}}}).cost("acme/dear", usage).total == 5


def test_models_are_compared_the_unknown_last_and_free_is_a_price() -> None:
    rows = _client().compare(["acme/odd", "acme/dear", "acme/free"], {"input": 1_000_000, "output": 0})
    assert [(name, cost.total, cost.status) for name, cost in rows] == [
        ("acme/free", 0, "priced"), ("acme/dear", 10, "priced"), ("acme/odd", None, "unknown"),
    ]  # fmt: skip


def test_an_estimate_is_a_range_that_holds_what_comes() -> None:
    client = _client()
    found = client.estimate("acme/dear", "How are you today? " * 20)
    assert found.low.total is not None
    assert found.high.total is not None
    assert found.low.total < found.high.total
    assert found.high.lines[-1].count == 100
    assert client.estimate("acme/odd", "hi").high.total is None
    assert "give max_tokens" in client.estimate("acme/free", "hi").high.notes[0]
    assert client.estimate("acme/free", "hi", max_tokens=5).high.total == 0


counts = st.fixed_dictionaries(
    {"input": st.integers(0, 10**7), "output": st.integers(0, 10**7)},
    optional={"input.cache_read": st.integers(0, 10**4), "output.reasoning": st.integers(0, 10**4)},
)
amounts = st.decimals("0", "99", places=4).map(str)


@given(counts, st.tuples(amounts, amounts, amounts, amounts), st.sampled_from([None, "flex"]))
def test_lines_sum_to_the_total_and_nothing_is_negative(usage: Any, rates: Any, tier: str | None) -> None:
    rule = {"rates": dict(zip(("input", "input.cache_read", "output", "output.reasoning"), rates, strict=True))}
    half = {"when": {"tier": "flex"}, "times": {"": "0.5"}}
    found = cost_of(Usage(usage), rule, half, tier=tier or "default")
    if found.total is None:
        assert not any(usage.values())
        return
    assert sum((line.amount for line in found.lines), Decimal(0)) == found.total >= 0


@given(counts, counts, amounts, amounts)
def test_a_cost_is_additive_over_disjoint_usage(one: Any, other: Any, into: str, out: str) -> None:
    rule = {"rates": {"input": into, "output": out}}
    joined = {name: one.get(name, 0) + other.get(name, 0) for name in ("input", "output")}
    totals = [cost_of(Usage({name: row[name] for name in joined}), rule).total or 0 for row in (one, other, joined)]
    assert totals[0] + totals[1] == totals[2]


def test_the_host_says_the_region_and_the_region_the_price() -> None:
    answer = b'{"model": "large", "choices": [{"message": {"content": "Hi"}}], "usage": {"prompt_tokens": 1000000}}'

    class Memory:
        def send(self, request: Any, timeout: Any) -> Reply:
            return Reply(200, {"content-type": "application/json"}, iter([answer]), lambda: None)

        def close(self) -> None: ...

    config = acme("https://acme.invalid")
    config["providers"]["acme"] |= {
        "regions": {"eu.acme.invalid": "eu"},
        "models": [
            {"id": "large", "prices": [{"rates": {"": "1"}}, {"when": {"region": "eu"}, "times": {"": "1.1"}}]},
        ],
    }
    for host, expected in (("eu.acme.invalid", "1.1"), ("acme.invalid", "1")):
        providers = {"acme": {"api_key": "k", "base_url": f"https://{host}"}}
        with Client(providers, boards=Boards(config, environ={}), environ={}, transport=Memory()) as client:
            assert client.chat("acme/large", "hi").cost.total == Decimal(expected)  # type: ignore[union-attr]
