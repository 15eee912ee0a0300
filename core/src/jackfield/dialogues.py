"""Dialogues: what takes several turns, written once, as generators that yield what they need and are given it.

A driver (here, in both colours) asks the client for each `Ask`, and carries out the calls of each `Calls`; it sends
back the answer, or the results in the order of the calls. Errors of the client are thrown into the dialogue.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from .conversation import ChatRequest
from .deltas import Delta
from .errors import JackfieldError
from .messages import ToolResult

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .client import Client

R = TypeVar("R")
#: So many functions run at once in the threads of the sync client.
_MOST_THREADS: Final = 16


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the model; gives its answer."""

    request: ChatRequest


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a function: `work` does it, and may give an awaitable; `settle` makes a result of what came of it."""

    work: Callable[[], Any]
    settle: Callable[[Any, Exception | None], ToolResult]
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class Calls:
    """Carry out calls side by side; gives their results in the same order."""

    jobs: tuple[Job, ...]


Dialogue: TypeAlias = Generator[Ask | Calls, Any, R]


class Outcome(Generic[R]):
    """What a dialogue comes to, once it has ended."""

    value: R

    def step(self, dialogue: Dialogue[R], given: Any, fault: JackfieldError | None) -> Ask | Calls | None:
        """Go one step on with what was given, or with the error that came instead; None where it has ended."""
        try:
            return dialogue.throw(fault) if fault is not None else dialogue.send(given)
        except StopIteration as stop:
            self.value = stop.value
            return None


def hold(client: Client, dialogue: Dialogue[R], fallbacks: Any) -> R:
    """Hold a dialogue over a sync client and return what it comes to."""
    outcome: Outcome[R] = Outcome()
    given: Any = None
    fault: JackfieldError | None = None
    while True:
        step = outcome.step(dialogue, given, fault)
        if step is None:
            return outcome.value
        fault = None
        try:
            given = client.chat(step.request, fallbacks=fallbacks) if isinstance(step, Ask) else _carried_out(step.jobs)
        except JackfieldError as error:
            fault = error


async def hold_async(client: AsyncClient, dialogue: Dialogue[R], fallbacks: Any) -> R:
    """Hold a dialogue over an async client and return what it comes to."""
    outcome: Outcome[R] = Outcome()
    given: Any = None
    fault: JackfieldError | None = None
    while True:
        step = outcome.step(dialogue, given, fault)
        if step is None:
            return outcome.value
        fault = None
        try:
            if isinstance(step, Ask):
                given = await client.chat(step.request, fallbacks=fallbacks)
            else:
                given = await _carried_out_async(step.jobs)
        except JackfieldError as error:
            fault = error


def stream(
    client: Client, dialogue: Dialogue[R], fallbacks: Any, outcome: Outcome[R]
) -> Generator[Delta | ToolResult, None, None]:
    """Hold a dialogue, and give the deltas of every turn and the results between them."""
    given: Any = None
    fault: JackfieldError | None = None
    while True:
        step = outcome.step(dialogue, given, fault)
        if step is None:
            return
        fault = None
        try:
            if isinstance(step, Ask):
                with client.stream(streamed(step.request), fallbacks=fallbacks) as deltas:
                    yield from deltas
                given = deltas.response
            else:
                given = _carried_out(step.jobs)
                yield from given
        except JackfieldError as error:
            fault = error


async def stream_async(
    client: AsyncClient, dialogue: Dialogue[R], fallbacks: Any, outcome: Outcome[R]
) -> AsyncGenerator[Delta | ToolResult, None]:
    """Hold a dialogue, and give the deltas of every turn and the results between them."""
    given: Any = None
    fault: JackfieldError | None = None
    while True:
        step = outcome.step(dialogue, given, fault)
        if step is None:
            return
        fault = None
        try:
            if isinstance(step, Ask):
                async with client.stream(streamed(step.request), fallbacks=fallbacks) as deltas:
                    async for delta in deltas:
                        yield delta
                given = deltas.response
            else:
                given = await _carried_out_async(step.jobs)
                for result in given:
                    yield result
        except JackfieldError as error:
            fault = error


def streamed(request: ChatRequest) -> ChatRequest:
    """Return the request for a stream."""
    return request.model_copy(update={"stream": True})


def _carried_out(jobs: tuple[Job, ...]) -> list[ToolResult]:
    """Carry out calls: one alone where it was asked for, several in threads, which see the caller's context."""
    if len(jobs) == 1 and not jobs[0].is_async:
        return [_settled(jobs[0])]
    with ThreadPoolExecutor(min(len(jobs), _MOST_THREADS), "jackfield-tool") as pool:
        started = [pool.submit(contextvars.copy_context().run, _settled, job) for job in jobs]
    return [future.result() for future in started]


def _settled(job: Job) -> ToolResult:
    try:
        value = job.work()
        if inspect.isawaitable(value):
            value = asyncio.run(_awaited(value))
    except Exception as error:
        return job.settle(None, error)
    return job.settle(value, None)


async def _carried_out_async(jobs: tuple[Job, ...]) -> list[ToolResult]:
    """Carry out calls side by side: coroutines as tasks, other functions in threads, so that none blocks the loop."""
    tasks: list[Coroutine[Any, Any, ToolResult]] = [_settled_async(job) for job in jobs]
    if len(tasks) == 1:
        return [await tasks[0]]
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for result in ended:  # all have ended by now: an error that goes to the caller leaves none running
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if isinstance(result, ToolResult)]


async def _settled_async(job: Job) -> ToolResult:
    try:
        value = job.work() if job.is_async else await asyncio.to_thread(job.work)
        if inspect.isawaitable(value):
            value = await value
    except Exception as error:
        return job.settle(None, error)
    return job.settle(value, None)


async def _awaited(value: Any) -> Any:
    return await value
