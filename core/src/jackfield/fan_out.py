"""Fan-out: one request to many models, side by side; the answers as they end, or one stream of tagged deltas.

Written once, as tasks over the async client; the sync client runs the same in a thread of its own. Whoever is not
waited for any more is cancelled, and its connection closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from .conversation import ChatResponse
from .deltas import Delta
from .errors import InvalidInput, JackfieldError, RequestTimeout

if TYPE_CHECKING:
    from .async_client import AsyncClient

Until: TypeAlias = Literal["all", "first"] | int


@dataclass(slots=True)
class Leg:
    """What became of one model: `outcome` is `ok`, `error`, `deadline` or `cancelled`; `seconds` since the start.

    `index` counts the models as they were named. `response` is there where it is ok, `error` where it is not.
    """

    index: int
    model: str
    outcome: str
    seconds: float
    response: ChatResponse | None = None
    error: JackfieldError | None = None


@dataclass(slots=True)
class Tagged:
    """A delta of one of the models."""

    index: int
    model: str
    delta: Delta


def wanted(models: Sequence[str], until: Until) -> int:
    """Return how many good answers are waited for.

    Raises:
        InvalidInput: there is no model, or `until` is none of "all", "first" and a number of them.
    """
    if isinstance(models, str) or not models or not all(isinstance(name, str) for name in models):
        raise InvalidInput(f"models: a list of names is needed, not {models!r:.80}", param="models")
    if until == "all":
        return len(models)
    if until == "first":
        return 1
    if isinstance(until, bool) or not isinstance(until, int) or not 1 <= until <= len(models):
        raise InvalidInput(f"until is {until!r}; it may be 'all', 'first' or 1 to {len(models)}", param="until")
    return until


class AsyncFanOut:
    """The answers of many models. Iterate for each `Leg` as it ends, or `deltas()` for every delta as it comes.

    `.legs` has all of them at the end, in the order of the models. Leave the `async with` block to cancel.
    """

    def __init__(
        self,
        client: AsyncClient,
        models: Sequence[str],
        messages: Any,
        until: Until,
        deadline: float | None,
        parameters: dict[str, Any],
    ) -> None:
        self._wanted = wanted(models, until)
        self._models = list(models)
        self._client = client
        self._messages = messages
        self._deadline = deadline
        self._parameters = parameters
        self._is_all = until == "all"
        self._ended: dict[int, Leg] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._queue: asyncio.Queue[Leg | Tagged | Exception] = asyncio.Queue()
        self._began = 0.0

    @property
    def legs(self) -> list[Leg]:
        """The legs that have ended, in the order of the models."""
        return [self._ended[index] for index in sorted(self._ended)]

    async def __aiter__(self) -> AsyncIterator[Leg]:
        async for item in self._run(False):
            if isinstance(item, Leg):
                yield item

    async def deltas(self) -> AsyncIterator[Tagged]:
        """Give every delta of every model as it comes; the legs are in `.legs`."""
        async for item in self._run(True):
            if isinstance(item, Tagged):
                yield item

    async def items(self, stream: bool) -> AsyncIterator[Leg | Tagged]:
        """Give both: deltas, where they are asked for, and legs as they end."""
        async for item in self._run(stream):
            yield item

    async def _run(self, stream: bool) -> AsyncIterator[Leg | Tagged]:
        if self._tasks:
            raise JackfieldError("a fan-out is iterated over once")
        self._began = time.monotonic()
        self._tasks = [asyncio.create_task(self._leg(index, model, stream)) for index, model in enumerate(self._models)]
        good = given = 0
        try:
            while given < len(self._models):
                try:
                    item = await self._next()
                except TimeoutError:
                    async for leg in self._stop("deadline"):
                        yield leg
                    return
                yield item
                if isinstance(item, Leg):
                    given += 1
                    good += item.outcome == "ok"
                    if good >= self._wanted and not self._is_all:
                        async for leg in self._stop("cancelled"):
                            yield leg
                        return
        finally:
            await self.close()

    async def _next(self) -> Leg | Tagged:
        """Wait for the next item.

        Raises:
            TimeoutError: the deadline has passed.
            Exception: a bug ended a leg.
        """
        left = None if self._deadline is None else max(self._deadline - self._since(), 0.0)
        item = await asyncio.wait_for(self._queue.get(), left)
        if isinstance(item, Exception):
            raise item
        return item

    async def _leg(self, index: int, model: str, stream: bool) -> None:
        try:
            if stream:
                async with self._client.stream(model, self._messages, **self._parameters) as deltas:
                    async for delta in deltas:
                        self._queue.put_nowait(Tagged(index, model, delta))
                response = deltas.response
            else:
                response = await self._client.chat(model, self._messages, **self._parameters)
            self._end(Leg(index, model, "ok", self._since(), response))
        except JackfieldError as error:
            self._end(Leg(index, model, "error", self._since(), error=error))
        except Exception as bug:
            self._queue.put_nowait(bug)

    def _end(self, leg: Leg) -> None:
        self._ended[leg.index] = leg
        self._queue.put_nowait(leg)

    def _since(self) -> float:
        return time.monotonic() - self._began

    async def _stop(self, outcome: str) -> AsyncIterator[Leg]:
        """Cancel who is left, and give their legs; what had ended meanwhile is given as it is."""
        await self.close()
        while not self._queue.empty():
            if isinstance(item := self._queue.get_nowait(), Leg):
                yield item
        for index, model in enumerate(self._models):
            if index not in self._ended:
                why = "another answer was enough" if outcome == "cancelled" else f"{self._deadline:g} s are over"
                error = RequestTimeout(f"the fan-out has ended: {why}")
                leg = self._ended[index] = Leg(index, model, outcome, self._since(), error=error)
                yield leg

    async def close(self) -> None:
        """Cancel who is left; returns when their connections are closed."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
