"""AsyncClient: a thin asynchronous driver of the same flows."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, cast

from .async_driver import AsyncStream, drive
from .client import ClientBase, Fallbacks
from .closing import AsyncClosing
from .conversation import ChatRequest, ChatResponse
from .counting import TokenCountResponse
from .exchange import Exchange
from .flows import Course, Flow
from .operations import EmbeddingResponse, ModelsRequest, ModelsResponse, Request, Response
from .ranking import RerankResponse
from .relaying import AsyncRelays
from .requests import count_request, embedding_request, rerank_request
from .transport import AsyncTransport, open_async_transport
from .turns import AsyncTurns

if TYPE_CHECKING:
    from .fan_out import AsyncFanOut, Until


class AsyncClient(ClientBase, AsyncTurns, AsyncRelays, AsyncClosing):
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

    async def embed(self, model: str, inputs: str | Sequence[str], **parameters: Any) -> EmbeddingResponse:
        """Embed texts: one vector each, in order. See `Client.embed`."""
        return cast(EmbeddingResponse, await self.send(embedding_request(model, inputs, parameters)))

    async def rerank(self, model: str, query: str, documents: Sequence[str], **parameters: Any) -> RerankResponse:
        """Put documents in the order in which they answer a query. See `Client.rerank`."""
        return cast(RerankResponse, await self.send(rerank_request(model, query, documents, parameters)))

    async def count_tokens(
        self, model: str | ChatRequest, messages: Any = None, *, system: str | None = None, **parameters: Any
    ) -> TokenCountResponse:
        """Ask the provider how many tokens a conversation has. See `Client.count_tokens`."""
        return cast(TokenCountResponse, await self.send(count_request(model, messages, system, parameters)))

    async def models(self, provider: str) -> ModelsResponse:
        """Ask a provider which models it serves. See `Client.models`."""
        return cast(ModelsResponse, await self.send(ModelsRequest(model=f"{provider}/")))

    async def send(self, request: Request) -> Response:
        """Send any request, and wait for the whole answer. See `Client.send`."""
        exchange = self._fetching_exchange(request)
        return await self._run(exchange, self._flow(exchange))

    def _run(
        self, exchange: Exchange, flow: Flow[Response], course: Course | None = None
    ) -> Coroutine[Any, Any, Response]:
        return drive(flow, self._transport(exchange), course)

    def _transport(self, exchange: Exchange) -> AsyncTransport:
        return cast(AsyncTransport, self._transport_for(exchange.endpoint.provider, open_async_transport))

    async def close(self) -> None:
        """Close the connections that this client opened."""
        for transport in self._released():
            await transport.aclose()
