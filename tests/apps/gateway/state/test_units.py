"""Money and time in whole numbers."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield_gateway.state.clock import Period, at, begin, end, new_id, stamp
from jackfield_gateway.state.money import MOST, amount, decimal, nanos


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("1", 1_000_000_000),
        (Decimal("0.025") / 1_000_000, 25),  # the price of one cached token of a cheap model
        (Decimal("0.0000000001"), 1),  # what costs anything is never 0
        (Decimal("1e-60"), 1),
        ("1e400", MOST),
        ("Infinity", MOST),
        (2**63, MOST),
    ],
)
def test_an_amount_in_nanos(value: Decimal | int | str, expected: int) -> None:
    assert nanos(value) == expected


@pytest.mark.parametrize("value", [-1, "-0.0000000001", "NaN", "-Infinity"])
def test_what_is_no_amount_is_refused(value: int | str) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        nanos(value)


@given(st.integers(0, MOST))
def test_nanos_are_exact_both_ways(value: int) -> None:
    assert nanos(decimal(value)) == value


@given(st.integers())
def test_a_charge_is_never_below_0_nor_too_large(value: int) -> None:
    if value < 0:
        with pytest.raises(ValueError, match="cannot be charged"):
            amount(value)
    else:
        assert 0 <= amount(value) <= MOST


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)))
def test_a_time_comes_back(moment: datetime) -> None:
    assert at(stamp(moment)) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("day", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
        ("week", datetime(2026, 2, 23, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
        ("month", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        ("year", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_period_of_the_calendar(period: Period, first: datetime, last: datetime) -> None:
    moment = stamp(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))  # a Sunday
    assert (at(begin(period, moment)), at(end(period, moment))) == (first, last)


@given(st.integers(0, 4_000_000_000_000_000))
def test_a_period_ends_where_the_next_begins(moment: int) -> None:
    for period in ("day", "week", "month", "year"):
        assert begin(period, moment) <= moment < end(period, moment)
        assert begin(period, end(period, moment)) == end(period, moment)


def test_ids_are_one_after_another_in_every_thread() -> None:
    made: list[list[str]] = [[], [], []]

    def make(ids: list[str]) -> None:
        ids.extend(new_id() for _ in range(2000))

    threads = [threading.Thread(target=make, args=(ids,)) for ids in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ids in made:
        assert ids == sorted(ids)
        assert {(len(one), one[12]) for one in ids} == {(32, "7")}
    assert len({one for ids in made for one in ids}) == 6000
