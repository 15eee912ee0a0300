"""Limits: requests and tokens a minute, and calls at a time, in this process and in Redis."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield import ConfigurationError
from jackfield_gateway.state import Limit, LimitExceeded, Limits, Permit, StoreUnavailable, new_id
from jackfield_gateway.state.rates import Window
from tests.apps.gateway.state.running import in_a_loop
from tests.apps.gateway.state.servers import redis_server


@pytest.fixture(params=["memory", "redis"])
def limits_url(request: pytest.FixtureRequest) -> str:
    """Where limits are counted."""
    return "memory://" if request.param == "memory" else str(request.getfixturevalue("redis_url"))


def limit(**values: Any) -> Limit:
    """A limit of a key that nobody else has."""
    return Limit(scope="key", subject=new_id(), **values)


@in_a_loop
async def test_requests_a_minute_are_counted_and_told(limits_url: str) -> None:
    limits, three = Limits(limits_url), limit(requests=3)
    for left in (2, 1, 0):
        permit = await limits.admit([three])
        assert permit.headers["x-ratelimit-limit-requests"] == "3"
        assert permit.headers["x-ratelimit-remaining-requests"] == str(left)
        assert permit.headers["x-ratelimit-reset-requests"].endswith("s")
    with pytest.raises(LimitExceeded, match="has used its 3 requests a minute") as caught:
        await limits.admit([three])
    assert (caught.value.status, caught.value.retryable) == (429, True)
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 120
    assert caught.value.headers["retry-after"] == str(int(caught.value.retry_after))
    assert caught.value.headers["x-ratelimit-remaining-requests"] == "0"
    await limits.admit([limit(requests=3)])
    await limits.close()


@in_a_loop
async def test_tokens_are_counted_as_they_are_used(limits_url: str) -> None:
    limits, thousand = Limits(limits_url), limit(tokens=1_000)
    permit = await limits.admit([thousand], tokens=100)
    assert permit.headers["x-ratelimit-remaining-tokens"] == "900"
    await permit.use(100)
    await permit.use(50)
    await permit.use(400)  # so many in all
    await permit.use(400)
    assert (await limits.admit([thousand], tokens=0)).headers["x-ratelimit-remaining-tokens"] == "600"
    with pytest.raises(LimitExceeded):
        await limits.admit([thousand], tokens=601)
    await permit.use(10**9)  # the counter is full then
    assert (await limits.admit([thousand], tokens=0)).headers["x-ratelimit-remaining-tokens"] == "0"
    with pytest.raises(LimitExceeded):
        await limits.admit([thousand], tokens=1)
    await limits.close()


@in_a_loop
async def test_a_call_that_never_fits_is_not_told_to_wait(limits_url: str) -> None:
    limits = Limits(limits_url)
    with pytest.raises(LimitExceeded, match="needs 2000 tokens") as caught:
        await limits.admit([limit(tokens=1_000)], tokens=2_000)
    assert caught.value.retryable is False
    with pytest.raises(LimitExceeded):
        await limits.admit([limit(requests=0)])
    await limits.close()


@in_a_loop
async def test_a_refused_call_uses_nothing(limits_url: str) -> None:
    limits, wide, narrow = Limits(limits_url), limit(requests=5, tokens=500, parallel=5), limit(tokens=10)
    for _ in range(10):
        with pytest.raises(LimitExceeded):
            await limits.admit([wide, narrow], tokens=11)
    permit = await limits.admit([wide], tokens=100)
    assert permit.headers["x-ratelimit-remaining-requests"] == "4"
    assert permit.headers["x-ratelimit-remaining-tokens"] == "400"
    assert await limits.running(wide) == 1
    await permit.release()
    await limits.close()


@in_a_loop
async def test_the_tightest_limit_is_told(limits_url: str) -> None:
    limits = Limits(limits_url)
    permit = await limits.admit([limit(requests=100), limit(requests=10), limit(requests=50)])
    assert permit.headers["x-ratelimit-limit-requests"] == "10"
    assert permit.headers["x-ratelimit-remaining-requests"] == "9"
    await limits.close()


@in_a_loop
async def test_limits_that_share_a_name_count_one_after_the_other(limits_url: str) -> None:
    limits, three = Limits(limits_url), limit(requests=3)
    both = [three, Limit(scope="key", subject=three.subject, requests=4)]
    for left in (2, 0):
        permit = await limits.admit(both)
        assert permit.headers["x-ratelimit-remaining-requests"] == str(left)
    with pytest.raises(LimitExceeded, match="has used its 3 requests"):
        await limits.admit(both)
    await limits.close()


def test_a_minute_slides(monkeypatch: pytest.MonkeyPatch) -> None:
    limits, hundred = Limits(), limit(tokens=100)
    for moment, tokens, left, reset in (
        (6_000_030, 40, 60, 90),  # half a minute is over
        (6_000_090, 10, 70, 90),  # of the 40 one half is less than a minute ago
        (6_000_119, 0, 90, 61),
        (6_000_140, 5, 89, 100),  # of the 10 two thirds
        (6_000_200, 90, 7, 100),  # of the 5 two thirds
        (6_000_600, 1, 99, 120),
    ):
        monkeypatch.setattr(time, "time", lambda moment=moment: float(moment))
        permit = limits.admit_now([hundred], tokens)
        assert permit is not None
        assert permit.headers["x-ratelimit-remaining-tokens"] == str(left), moment
        assert permit.headers["x-ratelimit-reset-tokens"] == f"{reset}s", moment
        assert permit.end_now(tokens)


@in_a_loop
async def test_only_so_many_calls_run_at_a_time(limits_url: str) -> None:
    limits, two = Limits(limits_url), limit(parallel=2)
    first, second = await limits.admit([two]), await limits.admit([two])
    with pytest.raises(LimitExceeded, match="2 calls of key") as caught:
        await limits.admit([two])
    assert caught.value.headers == {"retry-after": "1"}
    await first.release()
    await first.release()  # the first time counts
    third = await limits.admit([two])
    with pytest.raises(LimitExceeded):
        await limits.admit([two])
    for permit in (second, third):
        await permit.release()
    assert await limits.running(two) == 0
    await limits.close()


@in_a_loop
async def test_places_are_free_after_errors_and_cancellation(limits_url: str) -> None:
    limits, few = Limits(limits_url), limit(parallel=4)

    async def call(index: int) -> None:
        async with await limits.admit([few]):
            await asyncio.sleep(0.05)
            if index % 2:
                raise ZeroDivisionError
            await asyncio.sleep(60)

    async def refused() -> None:
        await limits.admit([few, limit(requests=0)])

    for delay in (0, 0.001, 0.02, 0.1):
        tasks = [asyncio.create_task(call(index)) for index in range(8)]
        await asyncio.sleep(delay)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(LimitExceeded):
            await refused()
        await asyncio.sleep(0.02)
        assert await limits.running(few) == 0, delay
    await limits.close()


def test_places_of_a_killed_process_are_free_when_its_leases_end(redis_url: str) -> None:
    key = new_id()
    code = (
        "import asyncio, sys\n"
        "from jackfield_gateway.state import Limit, Limits\n"
        "async def main():\n"
        "    limits = Limits(sys.argv[1], slot_seconds=0.9)\n"
        "    one = Limit(scope='key', subject=sys.argv[2], parallel=1)\n"
        "    permit = await limits.admit([one])\n"
        "    print('in', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )

    async def is_free() -> bool:
        limits = Limits(redis_url, slot_seconds=0.9)
        try:
            await (await limits.admit([Limit(scope="key", subject=key, parallel=1)])).release()
        except LimitExceeded:
            return False
        finally:
            await limits.close()
        return True

    with subprocess.Popen([sys.executable, "-c", code, redis_url, key], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        time.sleep(1.5)
        assert not asyncio.run(is_free())  # it is renewed while the process lives
        process.kill()
    time.sleep(1.0)
    assert asyncio.run(is_free())


@in_a_loop
async def test_several_processes_share_what_redis_counts(redis_url: str) -> None:
    here, there, shared = Limits(redis_url), Limits(redis_url), limit(requests=3, parallel=2)
    first, second = await here.admit([shared]), await there.admit([shared])
    with pytest.raises(LimitExceeded, match="run already"):
        await here.admit([shared])
    await first.release()
    await second.release()
    await there.admit([shared])
    with pytest.raises(LimitExceeded, match="3 requests a minute"):
        await here.admit([shared])
    await here.close()
    await there.close()


def test_a_redis_that_hangs_or_dies_refuses_or_lets_in_as_it_is_set() -> None:
    async def main(url: str, process: subprocess.Popen[bytes]) -> None:
        closed = Limits(url, wait=0.3)
        opened = Limits(url, wait=0.3, when_down="open")
        some = limit(requests=100, tokens=1_000, parallel=10)
        before: list[Permit] = [await closed.admit([some]), await opened.admit([some])]
        for stop in (signal.SIGSTOP, signal.SIGKILL):
            process.send_signal(stop)
            began = time.monotonic()
            for _ in range(20):
                with pytest.raises(StoreUnavailable) as caught:
                    await closed.admit([some])
                assert (caught.value.status, caught.value.retry_after) == (503, 1.0)
                async with await opened.admit([some], tokens=10) as permit:
                    await permit.use(50)
            assert time.monotonic() - began < 2.0  # one wait each, then nobody asks for a second
            for permit in before:
                await permit.release()
            if stop == signal.SIGSTOP:
                process.send_signal(signal.SIGCONT)
                await asyncio.sleep(1.1)
                async with await closed.admit([some]):
                    pass
        assert opened.unchecked >= 40
        await closed.close()
        await opened.close()

    with redis_server() as (url, process):
        asyncio.run(main(url, process))


def test_another_url_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="memory:// and redis://host"):
        Limits("memcached://127.0.0.1")


@given(
    st.builds(Window, st.integers(0, 10**6), st.floats(0, 60), st.integers(0, 10**6), st.floats(60, 120)),
    st.integers(0, 10**6),
)
def test_after_the_wait_there_is_room(window: Window, room: int) -> None:
    seconds = window.until_free(room)
    assert 0 <= seconds <= 120
    if window.used <= room:
        return
    rolled = max(seconds - (window.current_ends - 60), 0.0)  # of the window that follows
    if seconds <= window.current_ends - 60:
        # The two windows of the library end together; these may not, so the earlier end bounds what is left.
        left = window.previous * max(window.previous_ends - seconds, 0) / 60 + window.current
    else:
        left = window.current * max(60 - rolled, 0) / 60
    assert left <= room + 1
