"""Charges that are reckoned many at once: nobody is refused for it, and no budget is passed."""

from __future__ import annotations

from functools import partial

import pytest

from jackfield_gateway.state import BudgetExceeded, Budgets, Ledger, open_store
from tests.apps.gateway.state.books import charged, state
from tests.apps.gateway.state.running import in_a_loop
from tests.apps.gateway.state.settling import PAYER


@in_a_loop
async def test_what_is_reckoned_later_is_charged_before_a_group_is_committed(url: str) -> None:
    store = await open_store(url)
    await Budgets(store).set("key", "key", "total", 1_000_000)
    ledger = Ledger(store, group_seconds=0.02)
    for cost in (30, 0, 12):
        ledger.settle_later(await ledger.reserve(PAYER, 50), partial(int, cost))
    assert ledger.waiting == 3
    await ledger.flush()
    assert await charged(store) == (2, 42)
    assert ledger.waiting == 0
    await ledger.close()
    assert (await state(store)).leased == 0
    await store.close()


@in_a_loop
async def test_nobody_is_refused_for_what_others_turned_out_not_to_cost(url: str) -> None:
    store = await open_store(url)
    await Budgets(store).set("key", "key", "total", 1_000)
    ledger = Ledger(store, group_seconds=30)
    for _ in range(5):  # each keeps nearly all that there is, and costs next to nothing
        kept = await ledger.reserve(PAYER, 900)
        ledger.settle_later(kept, lambda: 1)
    with pytest.raises(BudgetExceeded):
        await ledger.reserve(PAYER, 996)
    assert (await ledger.reserve(PAYER, 995)).estimate == 995
    await ledger.flush()
    assert await charged(store) == (5, 5)
    await store.close()


@in_a_loop
async def test_what_cannot_be_reckoned_is_charged_as_it_was_reserved(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_store(url)
    await Budgets(store).set("key", "key", "total", 1_000_000)
    ledger = Ledger(store)
    ledger.settle_later(await ledger.reserve(PAYER, 70), lambda: 1 // 0)
    kept = await ledger.reserve(PAYER, 50)
    ledger.settle_later(kept, lambda: -1)  # no cost either
    await ledger.flush()
    assert await charged(store) == (2, 120)
    assert "could not be reckoned" in caplog.text
    ledger.settle_later(kept, lambda: 5)  # the first time counts
    await ledger.flush()
    assert await charged(store) == (2, 120)
    await ledger.close()
    await store.close()


@in_a_loop
async def test_nobody_who_asks_for_the_first_time_is_refused_for_what_others_did_not_cost(url: str) -> None:
    store = await open_store(url)
    await Budgets(store).set("organisation", PAYER.organisation_id, "total", 10_000_000)
    ledger = Ledger(store, group_seconds=30)
    kept = await ledger.reserve(PAYER, 9_000_000)
    ledger.settle_later(kept, partial(int, 1))
    other = PAYER._replace(key_id="another")
    assert (await ledger.reserve(other, 5_000_000)).estimate == 5_000_000
    await ledger.close()
    await store.close()


@in_a_loop
async def test_calls_that_cost_more_than_was_kept_are_counted_before_a_budget_is_passed(url: str) -> None:
    store = await open_store(url)
    await Budgets(store).set("key", "key", "total", 1_000)
    ledger = Ledger(store, group_seconds=30)
    for _ in range(4):
        ledger.settle_later(await ledger.reserve(PAYER, 10), partial(int, 300))
    with pytest.raises(BudgetExceeded):
        await ledger.reserve(PAYER, 10)
    await ledger.close()
    await store.close()
