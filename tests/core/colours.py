"""Both clients through one door: a method by its name, called in the colour that a test is run in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from jackfield import AsyncClient, Client

__all__ = ["COLOURS", "Asking", "asking_async", "asking_sync"]

#: Makes a client of the options, calls a method of it, and returns what comes; streams are read to their end.
Asking = Callable[..., Any]


def asking_sync(method: str, *args: Any, options: dict[str, Any], **parameters: Any) -> Any:
    with Client(**options) as client:
        found = getattr(client, method)(*args, **parameters)
        if method not in ("stream", "run_stream"):
            return found
        with found as items:
            return [*items], items


def asking_async(method: str, *args: Any, options: dict[str, Any], **parameters: Any) -> Any:
    async def run() -> Any:
        async with AsyncClient(**options) as client:
            found = getattr(client, method)(*args, **parameters)
            if method not in ("stream", "run_stream"):
                return await found
            async with found as items:
                return [item async for item in items], items

    return asyncio.run(run())


COLOURS = {"sync": asking_sync, "async": asking_async}
