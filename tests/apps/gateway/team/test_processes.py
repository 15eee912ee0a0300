"""Several processes on one address over PostgreSQL and Redis: they count together, and one that dies is replaced."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import asyncpg
import httpx
import pytest

from jackfield_gateway.state import Budgets, Keys, Requests, nanos, new_id, open_store, read_secret
from tests.apps.gateway.state.servers import postgresql, redis_server
from tests.apps.gateway.team.conftest import HI, MODEL
from tests.apps.gateway.test_serve import serving
from tests.core.server import Server, completion, whole

pytestmark = [pytest.mark.needs("module:asyncpg"), pytest.mark.slow]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
COST = (Decimal("0.15") * 1000 + Decimal("0.60") * 500) / 1_000_000


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    async def create(server: str) -> str:
        name = f"test_{new_id()}"
        connection = await asyncpg.connect(f"{server}/postgres")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        return f"{server}/{name}"

    with postgresql() as server:
        yield asyncio.run(create(server))


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with redis_server() as (url, _):
        yield url


def children(pid: int) -> list[int]:
    """Return the processes below one that serve: each has the listening socket of the parent."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
            found.append(int(child))
    return found


def test_workers_share_limits_budgets_and_history(tmp_path: Path, upstream: Server, database: str, redis: str) -> None:
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=USAGE)))
    secret = read_secret(tmp_path / "gateway.secret")

    async def prepare() -> tuple[str, str]:
        store = await open_store(database)
        first = await Keys(store, secret).first()
        assert first is not None
        await Budgets(store).set("key", first.key.id, "month", nanos("5"))
        await store.close()
        return first.text, first.key.id

    key, key_id = asyncio.run(prepare())
    (config := tmp_path / "jackfield.toml").write_text(
        f'[providers.openai.settings]\nbase_url = {{ default = "{upstream.url}" }}\n'
        f'[gateway]\nstore = "{database}"\nsecret_file = "{tmp_path / "gateway.secret"}"\nlimits_url = "{redis}"\n'
        '[[gateway.limits]]\nscope = "key"\nrequests = 40\n'
    )
    statuses: list[int] = []
    with serving(tmp_path, "--workers", "2", JACKFIELD_CONFIG=str(config), OPENAI_API_KEY="sk") as (address, process):

        def ask() -> int:
            headers = {"authorization": f"Bearer {key}"}
            body = {"model": MODEL, "messages": HI, "max_tokens": 600}
            with httpx.Client(timeout=20) as client:  # a connection of its own, which either process may take
                return client.post(f"{address}/v1/chat/completions", json=body, headers=headers).status_code

        until = time.monotonic() + 20
        while len(children(process.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        before = children(process.pid)
        assert len(before) == 2
        statuses += [ask() for _ in range(10)]
        os.kill(before[0], signal.SIGKILL)
        until = time.monotonic() + 20
        while (now := children(process.pid)) == before or len(now) < 2:
            assert time.monotonic() < until, "the one that died is replaced"
            time.sleep(0.1)
        assert set(now) & set(before) == {before[1]}
        time.sleep(1.0)
        statuses += [ask() for _ in range(45)]
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert statuses.count(429) >= 10, "forty a minute, whichever process is asked"
    assert statuses.count(200) >= 38
    assert set(statuses) == {200, 429}
    assert "a worker ended with -9" in err
    assert "Traceback" not in err

    async def found() -> tuple[int, int, int]:
        store = await open_store(database)
        [state] = await Budgets(store).list("key", key_id)
        page = await Requests(store).page(limit=1000)
        await store.close()
        return state.spent, state.leased, len([row for row in page.rows if row.status == 200])

    spent, leased, rows = asyncio.run(found())
    assert spent % nanos(COST) == 0
    assert statuses.count(200) - 10 <= spent // nanos(COST) <= statuses.count(200), "one group at most was lost"
    assert statuses.count(200) - 10 <= rows <= statuses.count(200)
    assert leased <= nanos("0.06"), "who ended well has given back what it had leased"
    assert re.search(r"shown only now", err) is None
