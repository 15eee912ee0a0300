"""A history of 1,000,000 requests: every page is read from an index, in its order."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from jackfield_gateway.state import Filter, Requests, Store, open_store
from jackfield_gateway.state.clock import stamp
from jackfield_gateway.state.filters import page_query
from tests.apps.gateway.state.running import in_a_loop

_ROWS = 1_000_000
_FIRST = stamp(datetime(2026, 1, 1, tzinfo=UTC))
#: One in 20 seconds or so, of 200 keys, 20 projects, 50 users, 8 providers and 40 models; one in 1,000 failed.
_FILL = """
INSERT INTO requests (id, started, status, key_id, project_id, "user", route, provider, model, input_tokens,
    output_tokens, cost, currency, sandboxed, error_class, content)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)
SELECT CAST(10000000 + n AS TEXT), :first + 20000000 * CAST(n AS BIGINT), CASE n % 1000 WHEN 0 THEN 503 ELSE 200 END,
    'key-' || (n % 200), 'project-' || (n % 20), 'user-' || (n % 50), '/v1/chat/completions', 'provider-' || (n % 8),
    'model-' || (n % 40), n % 4000, n % 900, CAST(n % 4000 AS BIGINT) * 150, 'USD', 1 = 0,
    CASE n % 1000 WHEN 0 THEN 'ServerError' END, 'off'
FROM numbers
"""
_WANTED = {
    "none": Filter(),
    "key": Filter(key_id="key-7"),
    "project": Filter(project_id="project-3"),
    "user": Filter(user="user-11"),
    "provider and model": Filter(provider="provider-3", model="model-11"),
    "status": Filter(status=503),
    "failed": Filter(failed=True),
    "failed of a project": Filter(failed=True, project_id="project-0"),
    "key in two months": Filter(
        key_id="key-7", since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 5, 1, tzinfo=UTC)
    ),
    "nobody": Filter(key_id="key-777"),
}
#: Of these there are few, and they have no index of their own: in the worst case all rows are skipped.
_SKIPPED = {
    "no such model": Filter(provider="provider-3", model="model-777"),
    "no such status": Filter(status=418),
}


async def _plan(store: Store, query: Any) -> str:
    prefix = "EXPLAIN QUERY PLAN" if store.kind == "sqlite" else "EXPLAIN"
    async with store.reading() as connection:
        statement = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        rows = (await connection.execute(text(f"{prefix} {statement}".replace(":", "\\:")))).all()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.slow
@in_a_loop
async def test_a_filtered_page_of_a_million_rows_comes_from_an_index(url: str) -> None:
    store = await open_store(url, seconds=300)
    began = time.monotonic()
    async with store.writing() as connection:
        await connection.execute(text(_FILL), {"rows": _ROWS, "first": _FIRST})
        await connection.execute(text("ANALYZE"))
    print(f"\n{store.kind}: {_ROWS:,} rows in {time.monotonic() - began:.1f} s")
    requests = Requests(store)
    for name, wanted in _WANTED.items():
        plan = await _plan(store, page_query(wanted, 50))
        if store.kind == "sqlite":
            assert "USING INDEX ix_requests_" in plan, (name, plan)
            assert "TEMP B-TREE" not in plan, (name, plan)
        else:
            assert "Index Scan" in plan or "Bitmap Index Scan" in plan, (name, plan)
            assert "Seq Scan" not in plan, (name, plan)
        began = time.monotonic()
        first = await requests.page(wanted)
        middle = time.monotonic()
        second = await requests.page(wanted, cursor=first.next)
        print(f"  {name}: {(middle - began) * 1000:.0f} ms, the next {(time.monotonic() - middle) * 1000:.0f} ms")
        assert (len(first.rows), len(second.rows)) == ((50, 50) if name != "nobody" else (0, 0)), name
    for name, wanted in _SKIPPED.items():
        if store.kind == "sqlite":  # PostgreSQL may as well look through the table, with several hands
            plan = await _plan(store, page_query(wanted, 50))
            assert "USING INDEX ix_requests_started" in plan, (name, plan)
            assert "TEMP B-TREE" not in plan, (name, plan)
        began = time.monotonic()
        assert (await requests.page(wanted)).rows == ()
        print(f"  {name}: {(time.monotonic() - began) * 1000:.0f} ms")
    began = time.monotonic()
    totals = await requests.totals(by=["key_id", "model"], period="month")
    print(f"  sums by key, model and month: {len(totals)} rows in {(time.monotonic() - began) * 1000:.0f} ms")
    assert sum(total.requests for total in totals) == _ROWS
    began = time.monotonic()
    assert await requests.delete_before(datetime(2026, 1, 2, tzinfo=UTC)) == 86_400 // 20 - 1
    print(f"  a day deleted in {(time.monotonic() - began) * 1000:.0f} ms")
    await store.close()
