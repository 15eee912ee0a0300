"""The history: written without waiting, read by page, summed, and deleted."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jackfield import InvalidInput
from jackfield_gateway.state import (
    Entry,
    Filter,
    History,
    InvalidCursor,
    Page,
    Requests,
    Store,
    new_id,
    open_store,
)
from jackfield_gateway.state.clock import at, stamp
from jackfield_gateway.state.money import MOST
from tests.apps.gateway.state.running import held, in_a_loop

NOON = stamp(datetime(2026, 11, 30, 12, tzinfo=UTC))
DAY = 86_400_000_000
#: Whatever a caller may put into a header or a query, and what was used against others.
GRAMMAR = [
    "' OR 1=1 --", "'; DROP TABLE requests; --", '" OR ""="', "%", "_", "a\0b", "\ud800", "1); SELECT pg_sleep(9)",
    "{{7*7}}", "x" * 100_000, "\U0001d4b3", "\\", "",
]  # fmt: skip


def entry(**values: Any) -> Entry:
    return Entry(**{"id": new_id(), "started": NOON, "status": 200, "route": "/v1/chat/completions", **values})


async def recorded(store: Store, *entries: Entry) -> Requests:
    """Write entries; give what reads them."""
    history = History(store)
    for one in entries:
        history.record(one)
    await history.close()
    assert (history.written, history.dropped) == (len(entries), 0)
    return Requests(store)


@in_a_loop
async def test_a_request_comes_back_as_it_was_recorded(url: str) -> None:
    store = await open_store(url)
    values: dict[str, Any] = {
        "id": new_id(), "status": 503, "route": "/v1/messages", "key_id": "k", "project_id": "p", "user": "u",
        "user_agent": "curl/8", "provider": "openai", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5,
        "cached_tokens": 3, "reasoning_tokens": 2, "cost": 1_250, "currency": "USD", "first_delta_ms": 120,
        "total_ms": 900, "sandboxed": True, "error_class": "ServerError",
        "attempts": [{"provider": "openai", "status": 503}],
    }  # fmt: skip
    requests = await recorded(store, Entry(started=NOON, asked="What?", answered="That.", **values))
    found = await requests.one(values["id"])
    assert found is not None
    assert {name: getattr(found, name) for name in values} == values
    assert (found.started, found.content, found.asked, found.answered) == (at(NOON), "off", None, None)
    assert await requests.one("another") is None
    await store.close()


@in_a_loop
async def test_what_is_unknown_stays_unknown(url: str) -> None:
    store = await open_store(url)
    requests = await recorded(store, entry(id="1"), entry(id="2", cost=0, currency="USD"))
    assert [(row.cost, row.currency) for row in (await requests.page()).rows] == [(0, "USD"), (None, None)]
    totals = await requests.totals()
    assert [(total.currency, total.requests, total.unpriced, total.cost) for total in totals] in (
        [(None, 1, 1, 0), ("USD", 1, 0, 0)],
        [("USD", 1, 0, 0), (None, 1, 1, 0)],
    )
    await store.close()


@in_a_loop
async def test_content_is_kept_as_it_is_asked_for(url: str) -> None:
    store = await open_store(url)
    history = History(store, content="hashed", hash_key=b"secret")
    for name, content in (("a", None), ("b", None), ("c", "full"), ("d", "off")):
        history.record(entry(id=name, content=content, asked="word", answered="Wörter\0"))
    await history.close()
    found = {name: await Requests(store).one(name) for name in "abcd"}
    kept = {name: (row.content, row.asked, row.answered) for name, row in found.items() if row is not None}
    assert kept["a"] == kept["b"]
    assert kept["a"][0] == "hashed"
    assert len(str(kept["a"][1])) == 64
    assert kept["c"] == ("full", "word", "Wörter")
    assert kept["d"] == ("off", None, None)
    await store.close()


def test_content_is_not_hashed_without_a_secret(tmp_path: object) -> None:
    with pytest.raises(ValueError, match="no hash_key"):
        History(None, content="hashed")  # type: ignore[arg-type] # it is refused before a store is used


@in_a_loop
async def test_a_batch_is_written_by_itself_after_a_quarter_of_a_second(url: str) -> None:
    store = await open_store(url)
    history = History(store)
    history.record(entry(id="1"))
    until = time.monotonic() + 3
    while history.waiting and time.monotonic() < until:
        await asyncio.sleep(0.02)
    assert (history.waiting, history.written) == (0, 1)
    assert await Requests(store).one("1") is not None
    await history.close()
    await store.close()


@in_a_loop
async def test_a_full_queue_drops_counts_and_tells(url: str, caplog: pytest.LogCaptureFixture) -> None:
    store = await open_store(url)
    history = History(store, capacity=10)
    with caplog.at_level(logging.WARNING):
        for _ in range(25):
            history.record(entry())
        await history.close()
    assert (history.written, history.dropped) == (10, 15)
    assert "the history dropped 15 rows, 15 in all" in caplog.text
    await store.close()


@in_a_loop
async def test_closing_writes_what_waits_and_takes_no_more(url: str) -> None:
    store = await open_store(url)
    history = History(store, seconds=30)
    for _ in range(1234):
        history.record(entry())
    await history.close()
    history.record(entry())
    assert (history.written, history.dropped, history.waiting) == (1234, 1, 0)
    assert sum(total.requests for total in await Requests(store).totals()) == 1234
    await store.close()


@in_a_loop
async def test_a_history_that_recorded_nothing_closes_at_once(url: str) -> None:
    store = await open_store(url)
    await History(store).close()
    await store.close()


@in_a_loop
async def test_rows_wait_while_the_store_is_down_and_nobody_waits_for_them(url: str) -> None:
    store = await open_store(url)
    impatient = await open_store(url, seconds=0.2)
    history = History(impatient, seconds=0.01, batch=5)
    async with held(store):
        began = time.monotonic()
        for _ in range(20):
            history.record(entry())
        assert time.monotonic() - began < 0.1
        await asyncio.sleep(0.5)
        assert (history.written, history.dropped, history.waiting) == (0, 0, 20)
    await history.close()
    await impatient.close()
    assert (history.written, history.dropped) == (20, 0)
    await store.close()


@in_a_loop
async def test_a_store_that_stays_down_does_not_hold_up_the_end(url: str, caplog: pytest.LogCaptureFixture) -> None:
    store = await open_store(url)
    impatient = await open_store(url, seconds=0.1)
    history = History(impatient)
    history.record(entry())
    async with held(store):
        await history.close(seconds=0.5)
    await impatient.close()
    assert history.dropped == 1
    assert "the history dropped 1 rows" in caplog.text
    await store.close()


@in_a_loop
async def test_one_row_that_is_refused_does_not_hold_up_the_others(url: str) -> None:
    store = await open_store(url)
    history = History(store)
    rows = [entry() for _ in range(5)]
    rows[1].started = None  # type: ignore[assignment] # what no caller may write and a bug could
    rows[2].input_tokens = "7"  # type: ignore[assignment] # the same
    rows[3].attempts = [{"at": at(NOON), "seconds": float("nan"), "cost": Decimal("0.1")}]
    for row in rows:
        history.record(row)
    await history.close()
    assert (history.written, history.dropped) == (3, 2)
    found = await Requests(store).one(rows[3].id)
    assert found is not None
    assert found.attempts == [{"at": "2026-11-30 12:00:00+00:00", "seconds": None, "cost": "0.1"}]
    await store.close()


@in_a_loop
async def test_pages_have_every_row_once_the_newest_first(url: str) -> None:
    store = await open_store(url)
    entries = [entry(started=NOON + index // 3, key_id="ab"[index % 2]) for index in range(100)]
    requests = await recorded(store, *entries)
    for wanted in (Filter(), Filter(key_id="a")):
        expected = [one for one in entries if wanted.key_id in (None, one.key_id)]
        expected.sort(key=lambda one: (one.started, one.id), reverse=True)
        pages: list[Page] = []
        while not pages or pages[-1].next:
            pages.append(await requests.page(wanted, limit=7, cursor=pages[-1].next if pages else None))
        assert [row.id for page in pages for row in page.rows] == [one.id for one in expected]
        assert len(pages) == -(-len(expected) // 7)
    await store.close()


@in_a_loop
async def test_every_filter_counts(url: str) -> None:
    store = await open_store(url)
    one: dict[str, Any] = {
        "key_id": "k", "project_id": "p", "user": "u", "route": "/r", "provider": "x", "model": "m", "status": 503,
        "sandboxed": True,
    }  # fmt: skip
    requests = await recorded(store, entry(id="other", started=NOON - DAY), entry(id="it", **one, error_class="E"))
    wanted: list[dict[str, Any]] = [
        *({name: value} for name, value in one.items()),
        one,
        {"failed": True},
        {"since": at(NOON)},
    ]
    for values in wanted:
        assert [row.id for row in (await requests.page(Filter(**values))).rows] == ["it"], values
    others: list[dict[str, Any]] = [{"until": at(NOON)}, {"failed": False}, {"sandboxed": False}, {"status": 200}]
    for values in others:
        assert [row.id for row in (await requests.page(Filter(**values))).rows] == ["other"], values
    await store.close()


@in_a_loop
async def test_nothing_that_a_caller_writes_is_taken_for_a_statement(url: str) -> None:
    store = await open_store(url)
    requests = await recorded(store, entry(user="u"), *(entry(user_agent=text, user=text) for text in GRAMMAR))
    for text in GRAMMAR:
        for name in ("key_id", "project_id", "route", "provider", "model"):
            values: dict[str, Any] = {name: text}
            assert (await requests.page(Filter(**values))).rows == ()
        assert [row.user for row in (await requests.page(Filter(user=text))).rows] in ([], [text])
        assert await requests.one(text) is None
        with pytest.raises(InvalidCursor):
            await requests.page(cursor=text or "?")
        with pytest.raises(InvalidInput):
            await requests.totals(by=[text])  # type: ignore[list-item] # from a query, it may be any text
        with pytest.raises(InvalidInput):
            await requests.totals(period=text)  # type: ignore[arg-type] # the same
    for status in (-1, 2**31, 2**63, 2**200):
        assert (await requests.page(Filter(status=status))).rows == ()
    assert len((await requests.page()).rows) == len(GRAMMAR) + 1
    await store.close()


@in_a_loop
async def test_sums_are_by_period_and_group(url: str) -> None:
    store = await open_store(url)
    sunday = stamp(datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC))
    monday = stamp(datetime(2026, 11, 30, tzinfo=UTC))
    december = stamp(datetime(2026, 12, 1, tzinfo=UTC))
    january = stamp(datetime(2027, 1, 1, tzinfo=UTC))
    requests = await recorded(
        store,
        *(
            entry(started=moment, key_id=key, cost=cost, currency="USD", input_tokens=1)
            for moment, key, cost in [
                (sunday, "a", 1), (monday, "a", 10), (monday, "b", 100), (december, "a", 1000), (january, "a", 10**4),
            ]
        ),
    )  # fmt: skip
    expected: dict[Any, list[tuple[str, int, int]]] = {
        "day": [("2026-11-29", 1, 1), ("2026-11-30", 2, 110), ("2026-12-01", 1, 1000), ("2027-01-01", 1, 10**4)],
        "week": [("2026-11-23", 1, 1), ("2026-11-30", 3, 1110), ("2026-12-28", 1, 10**4)],
        "month": [("2026-11-01", 3, 111), ("2026-12-01", 1, 1000), ("2027-01-01", 1, 10**4)],
        "year": [("2026-01-01", 4, 1111), ("2027-01-01", 1, 10**4)],
    }
    for period, rows in expected.items():
        found = await requests.totals(period=period)
        assert [(str(total.begins)[:10], total.requests, total.cost) for total in found] == rows, period
    by_key = await requests.totals(Filter(until=at(december)), by=["key_id", "route"], period="month")
    assert [(total.by, total.cost, total.input_tokens) for total in by_key] == [
        (("a", "/v1/chat/completions"), 11, 2),
        (("b", "/v1/chat/completions"), 100, 1),
    ]
    await store.close()


@in_a_loop
async def test_sums_do_not_run_over(url: str) -> None:
    store = await open_store(url)
    extreme = {"cost": 2**70, "currency": "USD", "input_tokens": 2**70, "output_tokens": -(2**70), "total_ms": 2**70}
    requests = await recorded(store, *(entry(**extreme) for _ in range(12)))
    (total,) = await requests.totals()
    assert (total.cost, total.input_tokens, total.output_tokens) == (12 * MOST, 12 * 10**12, 0)
    await store.close()


@in_a_loop
async def test_old_rows_are_deleted_in_batches(url: str) -> None:
    store = await open_store(url)
    requests = await recorded(store, *(entry(started=NOON + index, user="ab"[index % 2]) for index in range(50)))
    assert await requests.delete_before(at(NOON) + timedelta(microseconds=40), batch=7) == 40
    assert await requests.delete_before(at(NOON), batch=7) == 0
    assert await requests.delete_user("a", batch=2) == 5
    assert {row.user for row in (await requests.page()).rows} == {"b"}
    await store.close()


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text() | st.integers() | st.none() | st.dictionaries(st.text(), st.text()), max_size=4), st.text())
def test_any_text_and_number_from_outside_makes_a_row(url: str, values: list[Any], text: str) -> None:
    async def main() -> None:
        store = await open_store(url)
        history = History(store)
        number = next((value for value in values if isinstance(value, int)), None)
        history.record(
            entry(model=text, user_agent=text, attempts=[{"said": values}], cached_tokens=number, first_delta_ms=number)
        )
        await history.close()
        await store.close()
        assert (history.written, history.dropped) == (1, 0)

    asyncio.run(main())
