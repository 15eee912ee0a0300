"""AsyncClient: a thin asynchronous driver of the same flows."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from .client import ClientBase, Fallbacks
from .closing import AsyncClosing
from .conversation import ChatRequest, ChatResponse
from .deltas import Delta
from .driver import StreamBase
from .errors import JackfieldError
from .exchange import Exchange
from .flows import Close, Course, Do, Effect, Emit, Flow, Head, Now, Read, Send, Sleep
from .operations import (
    EmbeddingRequest,
    EmbeddingResponse,
    ModelsRequest,
    ModelsResponse,
    Request,
    Response,
)
from .parsing import validated
from .transport import AsyncReply, AsyncTransport, open_async_transport
from .turns import AsyncTurns

if TYPE_CHECKING:
    from .fan_out import AsyncFanOut, Until


class AsyncClient(ClientBase, AsyncTurns, AsyncClosing):
    """Asks any installed provider, in the async colour: the same arguments and methods as `Client`."""

    async def chat(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> ChatResponse:
        """Ask, and wait for the whole answer. See `Client.chat`."""
        if fallbacks is not None:
            course, flow = self._fall_back(model, messages, system, fallbacks, parameters, False)
            return cast(ChatResponse, await self._run(course.exchange, flow, course))
        exchange = self._ask(model, messages, system, parameters, False)
        return cast(ChatResponse, await self._run(exchange, self._flow(exchange)))

    def stream(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> AsyncStream:
        """Ask, and iterate over the deltas as they come. See `Client.stream`."""
        if fallbacks is not None:
            course, flow = self._fall_back(model, messages, system, fallbacks, parameters, True)
            return AsyncStream(flow, self._transport(course.exchange), course.exchange, course)
        exchange = self._ask(model, messages, system, parameters, True)
        return AsyncStream(self._flow(exchange), self._transport(exchange), exchange)

    def fan_out(
        self,
        models: Sequence[str],
        messages: Any,
        *,
        until: Until = "all",
        deadline: float | None = None,
        **parameters: Any,
    ) -> AsyncFanOut:
        """Ask many models the same, side by side. See `Client.fan_out`."""
        from .fan_out import AsyncFanOut

        return AsyncFanOut(self, models, messages, until, deadline, parameters)

    async def embed(self, model: str, inputs: str | list[str], **parameters: Any) -> EmbeddingResponse:
        """Embed texts: one vector each, in order. See `Client.embed`."""
        texts = [inputs] if isinstance(inputs, str) else inputs
        request = validated(EmbeddingRequest, {"model": model, "inputs": texts, **parameters})
        return cast(EmbeddingResponse, await self.send(request))

    async def models(self, provider: str) -> ModelsResponse:
        """Ask a provider which models it serves. See `Client.models`."""
        return cast(ModelsResponse, await self.send(ModelsRequest(model=f"{provider}/")))

    async def send(self, request: Request) -> Response:
        """Send any request, and wait for the whole answer. See `Client.send`."""
        exchange = self._fetching_exchange(request)
        return await self._run(exchange, self._flow(exchange))

    async def _run(self, exchange: Exchange, flow: Flow[Response], course: Course | None = None) -> Response:
        stream = AsyncStream(flow, self._transport(exchange), exchange, course)
        try:
            async for _ in stream:
                pass
            return stream.response
        finally:
            await stream.close()

    def _transport(self, exchange: Exchange) -> AsyncTransport:
        return cast(AsyncTransport, self._transport_for(exchange.endpoint.provider, open_async_transport))

    async def close(self) -> None:
        """Close the connections that this client opened."""
        for transport in self._released():
            await transport.aclose()


class AsyncStream(StreamBase, AsyncClosing):
    """Deltas of one answer, as they come. Iterate once; leave the `async with` block early to cancel."""

    def __init__(
        self, flow: Flow[Response], transport: AsyncTransport, exchange: Exchange, course: Course | None = None
    ) -> None:
        super().__init__(exchange, course)
        self._flow = flow
        self._transport = transport
        self._reply: AsyncReply | None = None
        self._deltas = self._run()

    def __aiter__(self) -> AsyncIterator[Delta]:
        return self._deltas

    async def __anext__(self) -> Delta:
        return await anext(self._deltas)

    async def batches(self) -> AsyncIterator[list[Delta]]:
        """Give the deltas as they arrived: one list for each piece read from the network."""
        flow = self._flow
        value: Any = None
        try:
            effect: Effect = next(flow)
            while True:
                try:
                    if type(effect) is Read:
                        assert self._reply is not None
                        value = await anext(self._reply.chunks, None)
                    elif type(effect) is Emit:
                        value = yield effect.deltas
                    else:
                        value = await self._carry_out(effect)
                except JackfieldError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as stop:
            self._response = stop.value
        finally:
            flow.close()
            await self._close_reply()

    async def _carry_out(self, effect: Effect) -> Any:
        if type(effect) is Send:
            await self._close_reply()
            if self._course is not None:
                self._transport = self._course.transport(self._course.exchange)
            self._reply = await self._transport.send(effect.request, effect.timeout)
            return Head(self._reply.status, self._reply.headers)
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
            await self._close_reply()
        return None

    async def _close_reply(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            await reply.aclose()

    async def _run(self) -> AsyncIterator[Delta]:
        async for deltas in self.batches():
            for delta in deltas:
                yield delta

    async def close(self) -> None:
        """Cancel: the connection is closed at once."""
        await self._deltas.aclose()  # type: ignore[attr-defined]
        self._flow.close()
        await self._close_reply()
