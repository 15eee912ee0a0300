"""Rounds: who waits is called back once, in time, and nobody who fails takes the others along."""

from __future__ import annotations

import asyncio
from typing import Any

from jackfield_gateway._rounds import Rounds


def test_who_waits_is_called_once_and_who_leaves_is_not() -> None:
    called: list[str] = []

    async def main() -> None:
        rounds = Rounds(asyncio.get_running_loop())
        rounds.enter("a", 0.0, lambda: called.append("a"))
        rounds.enter("b", 0.0, lambda: called.append("b"))
        rounds.enter("c", 0.05, lambda: called.append("c"))
        rounds.leave("b")
        rounds.leave("nobody")
        while "c" not in called:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 10))
    assert called == ["a", "c"]


def test_one_that_fails_or_sends_others_away_stops_nothing() -> None:
    called: list[str] = []
    told: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, what: told.append(what["exception"]))
        rounds = Rounds(loop)

        def fail() -> None:
            rounds.leave("beside")
            raise ValueError("a bug")

        rounds.enter("failing", 0.0, fail)
        rounds.enter("beside", 0.0, lambda: called.append("beside"))
        rounds.enter("behind", 0.0, lambda: called.append("behind"))
        rounds.enter("later", 0.05, lambda: called.append("later"))
        while "later" not in called:
            await asyncio.sleep(0.01)
        rounds.enter("last", 0.0, lambda: called.append("last"))
        while "last" not in called:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 10))
    assert [str(error) for error in told] == ["a bug"]
    assert called == ["behind", "later", "last"]


def test_nothing_runs_while_nobody_waits() -> None:
    async def main() -> None:
        rounds = Rounds(asyncio.get_running_loop())
        rounds.enter("a", 0.0, lambda: None)
        while rounds._due:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert rounds._timer is None

    asyncio.run(asyncio.wait_for(main(), 10))
