"""The panel: what every family of routes asks providers through, so that each question is watched and recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jackfield import (
    AsyncClient,
    AsyncStream,
    ChatRequest,
    ChatResponse,
    Delta,
    Fallback,
    JackfieldError,
    PermissionDenied,
    Request,
    Response,
)
from jackfield.errors import status_of
from jackfield.fetching import FetchLimits

from ._call import Asker
from ._records import Entry, RecentRecords, Records

if TYPE_CHECKING:
    from ._retrieval import Retriever


class Panel:
    """A client, its boards, and what is recorded of what it asks."""

    def __init__(
        self,
        client: AsyncClient,
        records: Records | None = None,
        retriever: Retriever | None = None,
        media: FetchLimits | None = None,
    ) -> None:
        self.client = client
        self.boards = client.boards
        self.records: Records = records or RecentRecords()
        self.retriever = retriever
        self.media = media or FetchLimits()

    async def send(self, asker: Asker, request: Request) -> Response:
        """Ask anything, and wait for the whole answer.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        self.admit(asker, [request.model])
        request = _bounded(asker, request)
        return await self._watched(asker, request, self.client.send(request))

    async def chat(
        self, asker: Asker, request: ChatRequest, fallbacks: Fallback | Sequence[str] | None = None
    ) -> ChatResponse:
        """Ask for a whole answer, of other models too where one fails.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        self.admit(asker, [request.model], fallbacks)
        request = _bounded(asker, request)
        asked = self.client.chat(request, fallbacks=fallbacks or None)
        return cast(ChatResponse, await self._watched(asker, request, asked))

    def admit(self, asker: Asker, models: Sequence[str], fallbacks: Fallback | Sequence[str] | None = None) -> None:
        """Check that a key may ask models, and those that may be asked in their place.

        Raises:
            PermissionDenied: it may not ask one of them; the message names it.
        """
        if asker.allows_model is None:
            return
        others = fallbacks.models if isinstance(fallbacks, Fallback) else fallbacks or ()
        for name in (*models, *others):
            full = "/".join(self.boards.resolve(name))
            if not asker.allows_model(full):
                raise PermissionDenied(f"the key may not ask {full}", status=403)

    async def _watched(self, asker: Asker, request: Request, asked: Awaitable[Response]) -> Response:
        watch = _Watch(self, asker, request)
        try:
            response = await asked
        except JackfieldError as error:
            watch.failed(error)
            raise
        except asyncio.CancelledError:
            watch.left()
            raise
        watch.answered(response)
        return response

    async def beside(
        self, asker: Asker, request: ChatRequest, models: Sequence[str]
    ) -> list[ChatResponse | JackfieldError]:
        """Ask many models the same, side by side; return what became of each, in their order."""
        self.admit(asker, models)
        request = _bounded(asker, request)
        watches = [_Watch(self, asker, request.model_copy(update={"model": model})) for model in models]
        found: list[ChatResponse | JackfieldError] = []
        try:
            async with self.client.fan_out(models, request) as legs:
                async for leg in legs:
                    if leg.response is not None:
                        watches[leg.index].answered(leg.response)
                    elif leg.error is not None:
                        watches[leg.index].failed(leg.error)
                for leg in legs.legs:
                    found.append(leg.response or leg.error or JackfieldError("no answer"))
        finally:
            for watch in watches:
                watch.left()
        return found

    def stream(
        self, asker: Asker, request: ChatRequest, fallbacks: Fallback | Sequence[str] | None = None
    ) -> Streaming:
        """Ask for a stream.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        self.admit(asker, [request.model], fallbacks)
        request = _bounded(asker, request)
        watch = _Watch(self, asker, request)
        try:
            stream = self.client.stream(request, fallbacks=fallbacks or None)
        except JackfieldError as error:
            watch.failed(error)
            raise
        return Streaming(stream, watch)


Q = TypeVar("Q", bound=Request)
#: A longer name of a user is nobody's.
_LONGEST = 500
#: Members by which hosts of many models are asked for another one than `model`.
_STEERING = frozenset({"fallbacks", "model", "models", "preset", "provider", "route"})


def _bounded(asker: Asker, request: Q) -> Q:
    """Return a request without what could lead a provider to a model that the key may not ask."""
    if asker.allows_model is None or not request.provider_options:
        return request
    options = {
        name: {member: value for member, value in given.items() if member not in _STEERING}
        for name, given in request.provider_options.items()
    }
    return request.model_copy(update={"provider_options": options})


class Streaming:
    """A stream that is under way. Iterate once over `batches`; `close` it in any case."""

    def __init__(self, stream: AsyncStream, watch: _Watch) -> None:
        self.stream = stream
        self._watch = watch
        self._batches = stream.batches()
        self._first: list[Delta] = []

    async def begin(self) -> None:
        """Wait for the first deltas: an error until then is an answer of its own.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        try:
            self._first = await anext(self._batches, self._first)
        except JackfieldError as error:
            self._watch.failed(error)
            raise
        self._watch.first = time.monotonic()

    async def batches(self) -> AsyncIterator[list[Delta]]:
        """Give the deltas as they arrive.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        try:
            yield self._first
            async for deltas in self._batches:
                yield deltas
        except JackfieldError as error:
            self._watch.failed(error)
            raise
        self._watch.answered(self.stream.response)

    async def close(self) -> None:
        """End it: where it is not at its end, the provider's connection is closed at once."""
        await self._batches.aclose()  # type: ignore[attr-defined]
        await self.stream.close()
        self._watch.left(self.stream.provider, self.stream.model, self.stream.sandboxed)


class _Watch:
    """One question, recorded once, when it has ended in whatever way."""

    def __init__(self, panel: Panel, asker: Asker, request: Request) -> None:
        self._records = panel.records
        self._asker = asker
        self._request = request
        self._at = datetime.now(UTC)
        self._began = time.monotonic()
        self._is_open = True
        self.first: float | None = None

    def answered(self, response: Response) -> None:
        last = response.attempts[-1].model if response.attempts else response.model
        self._end(
            response.provider,
            last,
            usage=response.usage,
            cost=response.cost,
            attempts=response.attempts,
            sandboxed=response.sandboxed,
        )

    def failed(self, error: JackfieldError) -> None:
        had = error.response
        more = {} if had is None else {"usage": had.usage, "cost": had.cost, "sandboxed": had.sandboxed}
        name = type(error).__name__
        self._end(error.provider, error.model, status=status_of(error), error=name, attempts=error.attempts, **more)

    def left(self, provider: str | None = None, model: str | None = None, sandboxed: bool = False) -> None:
        """The caller went away in the middle."""
        self._end(provider, model, status=499, error="Gone", sandboxed=sandboxed)

    def _end(self, provider: str | None, model: str | None, **values: Any) -> None:
        """Record it; what answered is known better than what was asked for."""
        if not self._is_open:
            return
        self._is_open = False
        asker, asked = self._asker, self._request.model
        named, _, bare = asked.partition("/")
        user = asker.user or getattr(self._request, "user", None)
        entry = Entry(
            at=self._at,
            route=asker.route,
            provider=provider or named,
            model=model or bare or asked,
            key=asker.key,
            project=asker.project,
            user=user and user[:_LONGEST],
            user_agent=asker.user_agent,
            seconds=time.monotonic() - self._began,
            first=None if self.first is None else self.first - self._began,
            **values,
        )
        self._records.record(entry)
