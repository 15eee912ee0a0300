"""The sandbox as a transport of the clients: the same answers without a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from pathlib import Path

from jackfield import (
    AsyncReply,
    Boards,
    ConnectionFailed,
    HTTPRequest,
    Reply,
    RequestTimeout,
    Timeout,
)

from ._delivery import Answer, Cut, Wait
from ._engine import Sandbox


class SandboxTransport:
    """Answers what a `Client` sends; give it to one provider, `{"api_key": "any", "transport": SandboxTransport()}`."""

    def __init__(self, boards: Boards | None = None, scenario: str | Path | None = None) -> None:
        self._sandbox = Sandbox(boards, scenario)

    def send(self, request: HTTPRequest, timeout: Timeout) -> Reply:
        """Answer a request; returns with the first bytes of the body, as the head goes out with them."""
        answer = self._sandbox.answer(request)
        first = b""
        for step in answer.body:
            if isinstance(step, Wait) and step.is_headed:
                answer.body = chain((step,), answer.body)
                break
            if isinstance(step, Wait):
                _sleep(step, timeout.first)
            elif first := _bytes(step):
                break
        chunks = _read(answer, first, timeout)
        return Reply(answer.status, answer.headers, chunks, chunks.close)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Hold nothing, give back nothing."""


class AsyncSandboxTransport:
    """Answers what an `AsyncClient` sends."""

    def __init__(self, boards: Boards | None = None, scenario: str | Path | None = None) -> None:
        self._sandbox = Sandbox(boards, scenario)

    async def send(self, request: HTTPRequest, timeout: Timeout) -> AsyncReply:
        """Answer a request; returns with the first bytes of the body, as the head goes out with them."""
        answer = self._sandbox.answer(request)
        first = b""
        for step in answer.body:
            if isinstance(step, Wait) and step.is_headed:
                answer.body = chain((step,), answer.body)
                break
            if isinstance(step, Wait):
                await _asleep(step, timeout.first)
            elif first := _bytes(step):
                break
        chunks = _aread(answer, first, timeout)
        return AsyncReply(answer.status, answer.headers, chunks, chunks.aclose)  # type: ignore[attr-defined]

    async def aclose(self) -> None:
        """Hold nothing, give back nothing."""


def _bytes(step: bytes | Cut) -> bytes:
    if isinstance(step, Cut):
        raise ConnectionFailed("the sandbox broke the connection, as it was asked to")
    return step


def _read(answer: Answer, first: bytes, timeout: Timeout) -> Iterator[bytes]:
    if first:
        yield first
    for step in answer.body:
        if isinstance(step, Wait):
            _sleep(step, timeout.first if step.is_headed else timeout.between)
        else:
            yield _bytes(step)


async def _aread(answer: Answer, first: bytes, timeout: Timeout) -> AsyncIterator[bytes]:
    if first:
        yield first
    for step in answer.body:
        if isinstance(step, Wait):
            await _asleep(step, timeout.first if step.is_headed else timeout.between)
        else:
            yield _bytes(step)


def _limited(wait: Wait, limit: float | None) -> tuple[float, RequestTimeout | None]:
    """Return how long to wait, and the error to end with where the limit is shorter."""
    if limit is None or wait.seconds <= limit:
        return wait.seconds, None
    return limit, RequestTimeout(f"no answer in time: nothing came for {limit:g} s")


def _sleep(wait: Wait, limit: float | None) -> None:
    seconds, error = _limited(wait, limit)
    time.sleep(seconds)
    if error is not None:
        raise error


async def _asleep(wait: Wait, limit: float | None) -> None:
    seconds, error = _limited(wait, limit)
    await asyncio.sleep(seconds)
    if error is not None:
        raise error
