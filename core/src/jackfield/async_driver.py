"""The asynchronous driver of flows, and the stream that it feeds; the synchronous ones are in `driver`."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from typing import Any, cast

from .closing import AsyncClosing
from .deltas import Delta
from .driver import StreamBase
from .errors import JackfieldError
from .exchange import Exchange
from .flows import Close, Course, Do, Effect, Emit, Flow, Head, Now, Read, Send, Sleep
from .operations import Response
from .transport import AsyncReply, AsyncTransport


async def drive(flow: Flow[Response], transport: AsyncTransport, course: Course | None = None) -> Response:
    """Carry out the effects of a flow and return its response; what it emits is for nobody. See `driver.drive`."""
    effects = Effects(transport, course)
    try:
        effect = next(flow)
        while True:
            try:
                if type(effect) is Read:
                    assert effects.reply is not None
                    value = await anext(effects.reply.chunks, None)
                else:
                    value = await effects.carry_out(effect)
            except JackfieldError as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(value)
    except StopIteration as stop:
        return cast(Response, stop.value)
    finally:
        flow.close()
        if effects.reply is not None:
            await effects.close()


class Effects:
    """Carries out what a flow asks for, and holds the answer that is being read."""

    __slots__ = ("_course", "_transport", "reply")

    def __init__(self, transport: AsyncTransport, course: Course | None) -> None:
        self._transport = transport
        self._course = course
        self.reply: AsyncReply | None = None

    async def carry_out(self, effect: Effect) -> Any:
        """Return what comes of an effect other than to read or to emit, which are its driver's own."""
        if type(effect) is Send:
            if self.reply is not None:
                await self.close()
            if self._course is not None:
                self._transport = self._course.transport(self._course.exchange)
            self.reply = reply = await self._transport.send(effect.request, effect.timeout)
            return Head(reply.status, reply.headers)
        if type(effect) is Sleep:
            waited = random.uniform(effect.at_least, effect.at_most)
            import asyncio

            await asyncio.sleep(waited)
            return waited
        if type(effect) is Now:
            return time.monotonic()
        if type(effect) is Do:
            return await effect.async_()
        if type(effect) is Close:
            await self.close()
        return None

    async def close(self) -> None:
        """Close the answer, read or not."""
        reply, self.reply = self.reply, None
        if reply is not None:
            await reply.aclose()


class AsyncStream(StreamBase, AsyncClosing):
    """Deltas of one answer, as they come. Iterate once; leave the `async with` block early to cancel."""

    def __init__(
        self, flow: Flow[Response], transport: AsyncTransport, exchange: Exchange, course: Course | None = None
    ) -> None:
        super().__init__(exchange, course)
        self._flow = flow
        self._effects = Effects(transport, course)
        self._deltas = self._run()

    def __aiter__(self) -> AsyncIterator[Delta]:
        return self._deltas

    async def __anext__(self) -> Delta:
        return await anext(self._deltas)

    async def batches(self) -> AsyncIterator[list[Delta]]:
        """Give the deltas as they arrived: one list for each piece read from the network."""
        flow, effects = self._flow, self._effects
        value: Any = None
        try:
            effect: Effect = next(flow)
            while True:
                try:
                    if type(effect) is Read:
                        assert effects.reply is not None
                        value = await anext(effects.reply.chunks, None)
                    elif type(effect) is Emit:
                        value = yield effect.deltas
                    else:
                        value = await effects.carry_out(effect)
                except JackfieldError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as stop:
            self._response = stop.value
        finally:
            flow.close()
            await effects.close()

    async def _run(self) -> AsyncIterator[Delta]:
        async for deltas in self.batches():
            for delta in deltas:
                yield delta

    async def close(self) -> None:
        """Cancel: the connection is closed at once."""
        await self._deltas.aclose()  # type: ignore[attr-defined]
        self._flow.close()
        await self._effects.close()
