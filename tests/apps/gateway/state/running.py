"""Tests that are coroutines: each in an event loop of its own, and never for ever; and a database that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

from sqlalchemy import text

from jackfield_gateway.state import Store
from jackfield_gateway.state.tables import METADATA

__all__ = ["held", "in_a_loop"]

P = ParamSpec("P")


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a coroutine function as a test that may take a minute."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


@asynccontextmanager
async def held(store: Store) -> AsyncIterator[None]:
    """Hold all tables, so that nobody else can write: to them, the database is one that does not answer."""
    async with store.writing() as connection:  # on SQLite that is enough
        if store.kind == "postgresql":
            for table in METADATA.tables:
                await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
