"""Fan-out: one request to many models, side by side; the answers as they end, or one stream of tagged deltas.

Written once, as tasks over the async client; the sync client runs the same in a thread of its own. Whoever is not
waited for any more is cancelled, and its connection closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .closing import AsyncClosing
from .conversation import ChatRequest, ChatResponse
from .deltas import Delta
from .errors import InvalidInput, JackfieldError, RequestTimeout
from .parsing import chat_request, whole_request

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


class AsyncFanOut(AsyncClosing):
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
        self._fallbacks = parameters.pop("fallbacks", None)
        system = parameters.pop("system", None)
        #: Checked once, for all of them.
        self._request = (
            whole_request(messages, None, system, parameters, False)
            if isinstance(messages, ChatRequest)
            else chat_request("", messages, system, parameters, False)
        )
        self._deadline = deadline
        self._is_all = until == "all"
        self._ended: dict[int, Leg] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._items: deque[Leg | Tagged | Exception] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_late = False
        self._began = 0.0

    @property
    def legs(self) -> list[Leg]:
        """The legs that have ended, in the order of the models."""
        return [self._ended[index] for index in sorted(self._ended)]

    async def __aiter__(self) -> AsyncIterator[Leg]:
        async for item in self.items(False):
            if type(item) is Leg:
                yield item

    async def deltas(self) -> AsyncIterator[Tagged]:
        """Give every delta of every model as it comes; the legs are in `.legs`."""
        async for item in self.items(True):
            if type(item) is Tagged:
                yield item

    async def items(self, stream: bool) -> AsyncIterator[Leg | Tagged]:
        """Give both: deltas, where they are asked for, and legs as they end."""
        if self._tasks:
            raise JackfieldError("a fan-out is iterated over once")
        self._began = time.monotonic()
        loop = asyncio.get_running_loop()
        alarm = None if self._deadline is None else loop.call_later(self._deadline, self._ring)
        self._tasks = [loop.create_task(self._leg(index, model, stream)) for index, model in enumerate(self._models)]
        good = given = 0
        items = self._items
        try:
            while given < len(self._models):
                if not items:
                    if self._is_late:
                        break
                    self._waiter = loop.create_future()
                    await self._waiter
                    continue
                item = items.popleft()
                if isinstance(item, Exception):
                    raise item
                yield item
                if type(item) is Leg:
                    given += 1
                    good += item.outcome == "ok"
                    if good >= self._wanted and not self._is_all:
                        break
            if given < len(self._models):
                for leg in await self._stop():
                    yield leg
        finally:
            if alarm is not None:
                alarm.cancel()
            await self.close()

    def _ring(self) -> None:
        """End it: the deadline has passed."""
        self._is_late = True
        self._wake()

    def _put(self, item: Leg | Tagged | Exception) -> None:
        self._items.append(item)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _leg(self, index: int, model: str, stream: bool) -> None:
        asked = self._request.model_copy(update={"model": model})
        try:
            if stream:
                async with self._client.stream(asked, fallbacks=self._fallbacks) as deltas:
                    async for delta in deltas:
                        self._put(Tagged(index, model, delta))
                response = deltas.response
            else:
                response = await self._client.chat(asked, fallbacks=self._fallbacks)
            self._end(Leg(index, model, "ok", self._since(), response))
        except JackfieldError as error:
            self._end(Leg(index, model, "error", self._since(), error=error))
        except Exception as bug:
            self._put(bug)

    def _end(self, leg: Leg) -> None:
        self._ended[leg.index] = leg
        self._put(leg)

    def _since(self) -> float:
        return time.monotonic() - self._began

    async def _stop(self) -> list[Leg]:
        """Cancel who is left, and return their legs; what had ended meanwhile is returned as it is."""
        await self.close()
        found = [item for item in self._items if type(item) is Leg]
        self._items.clear()
        outcome = "deadline" if self._is_late else "cancelled"
        why = f"{self._deadline:g} s are over" if self._is_late else "another answer was enough"
        for index, model in enumerate(self._models):
            if index not in self._ended:
                error = RequestTimeout(f"the fan-out has ended: {why}")
                leg = self._ended[index] = Leg(index, model, outcome, self._since(), error=error)
                found.append(leg)
        return found

    async def close(self) -> None:
        """Cancel who is left; returns when their connections are closed."""
        left = [task for task in self._tasks if not task.done()]
        for task in left:
            task.cancel()
        for task in left:
            with contextlib.suppress(asyncio.CancelledError):
                await task
