"""The panel: what every family of routes asks providers through, so that each question is held to what its caller may,
watched and recorded."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from jackfield import (
    AsyncClient,
    Board,
    ChatRequest,
    ChatResponse,
    Fallback,
    HTTPResponse,
    InvalidInput,
    JackfieldError,
    PermissionDenied,
    Relay,
    Request,
    Response,
)
from jackfield.fetching import FetchLimits

from ._call import Asker
from ._measures import Measure, relayed
from ._records import Entry, RecentRecords, Records
from ._settings import Settings
from ._watch import Streaming, Watch

if TYPE_CHECKING:
    from ._guard import Guard
    from ._lending import Lending
    from ._retrieval import Retriever

Q = TypeVar("Q", bound=Request)
HTTPAnswer: TypeAlias = tuple[Response, HTTPResponse]
#: Members by which hosts of many models are asked for another one than `model`.
_MODELS = frozenset({"fallbacks", "model", "models", "preset", "route"})
_STEERING = _MODELS | {"provider"}
#: No model has a longer name; what is kept by name is bounded by it.
_LONGEST = 300


class Panel:
    """A client, its boards, and what is recorded of what it asks."""

    def __init__(
        self,
        client: AsyncClient,
        records: Records | None = None,
        retriever: Retriever | None = None,
        media: FetchLimits | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.client = client
        self.boards = client.boards
        self.records: Records = records or RecentRecords()
        self.retriever = retriever
        self.media = media or FetchLimits()
        self.settings = settings or Settings()
        #: Who holds callers to limits and budgets, and who has keys of projects; None: nobody.
        self.guard: Guard | None = None
        self.lending: Lending | None = None
        #: How many questions are under way.
        self.running = 0
        #: Who is told of every question that has ended.
        self.observers: list[Callable[[Entry], None]] = []
        self._names: dict[str, str] = {}
        self._generation = -1

    @property
    def keeps_content(self) -> bool:
        """Whether the records keep what was said."""
        return self.settings.content != "off"

    def use(self, settings: Settings) -> None:
        """Take other settings."""
        self.settings = settings
        if self.guard is not None:
            self.guard.use(settings)

    async def send(self, asker: Asker, request: Request) -> Response:
        """Ask anything, and wait for the whole answer.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        request, _, models = self._course(asker, request, None)
        client = await self.client_of(asker)
        return await self._watched(asker, request, models, lambda: client.send(request))

    async def chat(
        self, asker: Asker, request: ChatRequest, fallbacks: Fallback | Sequence[str] | None = None
    ) -> ChatResponse:
        """Ask for a whole answer, of other models too where one fails.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        asked, others, models = self._course(asker, request, fallbacks)
        client = await self.client_of(asker)
        ask = lambda: client.chat(asked, fallbacks=others or None)  # noqa: E731
        return cast(ChatResponse, await self._watched(asker, asked, models, ask))

    async def relay(self, asker: Asker, board: Board, relay: Relay, parse: Callable[[], Request]) -> HTTPAnswer | None:
        """Ask in the caller's own words, where a provider speaks its dialect and nobody else wants to know them.

        Return what is known of the answer, and the answer in the dialect; None: `parse` the request, and `send` it.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        if asker.own or self.keeps_content or relay.model in self.settings.aliases:
            return None
        self.admit(asker, (relay.model,))
        client = await self.client_of(asker)
        try:
            form = client.form(board, relay, parse)
        except JackfieldError:  # the long way has the better words for it, and a record
            return None
        if form is None:
            return None
        asked = form.asked
        models = self._held((asked.model,))
        answer: HTTPResponse | None = None

        async def ask() -> Response:
            nonlocal answer
            response, answer = await client.relay(form, relay, parse)
            return response

        response = await self._watched(asker, asked, models, ask, relayed(form, relay))
        return response, board.render_response(asked, response) if answer is None else answer

    def admit(self, asker: Asker, models: Sequence[str], fallbacks: Fallback | Sequence[str] | None = None) -> None:
        """Check that a key may ask models, and those that may be asked in their place.

        Raises:
            PermissionDenied: it may not ask one of them; the message names it.
            InvalidInput: a name is longer than any model's.
        """
        names = (*models, *_names_of(fallbacks))
        if (long := next((name for name in names if len(name) > _LONGEST), None)) is not None:
            raise InvalidInput(f"model: a name has up to {_LONGEST} characters, not {len(long)}", param="model")
        if asker.allows_model is None:
            return
        for name in names:
            alias = self.settings.aliases.get(name)
            if alias is not None and asker.allows_model(name):
                continue
            for one in (name,) if alias is None else (*alias.models, *alias.fallbacks):
                if not asker.allows_model(full := self._full(one)):
                    raise PermissionDenied(f"the key may not ask {full}", status=403)

    async def _watched(
        self,
        asker: Asker,
        request: Request,
        models: Sequence[str],
        ask: Callable[[], Awaitable[Response]],
        measure: Measure | None = None,
    ) -> Response:
        watch = Watch(self, asker, request)
        await watch.enter(models, measure)
        try:
            response = await ask()
        except JackfieldError as error:
            watch.failed(error)
            raise
        except BaseException:  # the caller went away, or there is a bug; either way what was reserved goes back
            watch.left()
            raise
        watch.answered(response)
        return response

    async def beside(
        self, asker: Asker, request: ChatRequest, models: Sequence[str]
    ) -> list[ChatResponse | JackfieldError]:
        """Ask many models the same, side by side; return what became of each, in their order.

        Raises:
            JackfieldError: the key may not ask one of them, or a limit or a budget has no room for all.
        """
        self.admit(asker, models)
        request = self._bounded(asker, request)
        client = await self.client_of(asker)
        watches = [Watch(self, asker, request.model_copy(update={"model": model})) for model in models]
        found: list[ChatResponse | JackfieldError] = []
        try:
            await self._entered(watches, models)
            async with client.fan_out(models, request) as legs:
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

    async def _entered(self, watches: Sequence[Watch], models: Sequence[str]) -> None:
        """Have all of them let in, or none."""
        try:
            for watch, model in zip(watches, models, strict=True):
                await watch.enter([self._full(model)])
        except JackfieldError as error:
            for watch in watches:
                watch.failed(error)
            raise

    async def stream(
        self, asker: Asker, request: ChatRequest, fallbacks: Fallback | Sequence[str] | None = None
    ) -> Streaming:
        """Make ready to ask for a stream; `Streaming.begin` asks.

        Raises:
            JackfieldError: the key may not ask the model, or no provider has it.
        """
        request, fallbacks, models = self._course(asker, request, fallbacks)
        return Streaming(await self.client_of(asker), Watch(self, asker, request), request, fallbacks, models)

    def _course(
        self, asker: Asker, request: Q, fallbacks: Fallback | Sequence[str] | None
    ) -> tuple[Q, Fallback | Sequence[str] | None, list[str]]:
        """Return what is asked in the place of an alias, and the full names of all that may answer.

        Raises:
            PermissionDenied: the key may not ask one of them.
        """
        self.admit(asker, [request.model], fallbacks)
        if (alias := self.settings.aliases.get(request.model)) is not None:
            request = request.model_copy(update={"model": self.drawn(request.model)})
            fallbacks = fallbacks or alias.fallbacks
        if any(name in self.settings.aliases for name in _names_of(fallbacks)):
            drawn = tuple(self.drawn(name) for name in _names_of(fallbacks))
            fallbacks = replace(fallbacks, models=drawn) if isinstance(fallbacks, Fallback) else drawn
        models = self._held((request.model, *_names_of(fallbacks)))
        return self._bounded(asker, request), fallbacks, models

    def _held(self, names: Sequence[str]) -> list[str]:
        """Return the full names of models that the guard has to hear of; none where there is nothing to hold to."""
        return [] if self.guard is None or self.guard.is_idle else [self._full(name) for name in names]

    def drawn(self, name: str) -> str:
        """Return the model that an alias means this time; any other name means itself."""
        alias = self.settings.aliases.get(name)
        return name if alias is None else random.choices(alias.models, alias.weights or None)[0]

    def through(self, asker: Asker, name: str, drawn: str) -> tuple[Asker, Sequence[str]]:
        """Return who asks a model that was drawn for an alias, and what may answer in its place.

        A key that may ask the alias may ask what it leads to.
        """
        if (alias := self.settings.aliases.get(name)) is None:
            return asker, ()
        if (allows := asker.allows_model) is not None and allows(name):
            led = frozenset(self._full(one) for one in (drawn, *alias.fallbacks))
            asker = replace(asker, allows_model=lambda model: model in led or allows(model))
        return asker, alias.fallbacks

    async def client_of(self, asker: Asker) -> AsyncClient:
        """Return the client that has the keys of this asker: its own, its project's, else those of the gateway."""
        client = self.client if self.lending is None else await self.lending.client(self.client, asker.project)
        if not asker.own:
            return client
        return client.on_behalf({provider: {"api_key": key} for provider, key in asker.own.items()})

    def _bounded(self, asker: Asker, request: Q) -> Q:
        """Return a request without what could lead a provider to a model that was neither allowed nor paid for."""
        left = _STEERING if asker.allows_model is not None else _MODELS
        is_free = asker.allows_model is None and (self.guard is None or self.guard.is_idle)
        if is_free or not request.provider_options:
            return request
        options = {
            name: {member: value for member, value in given.items() if member not in left}
            for name, given in request.provider_options.items()
        }
        return request.model_copy(update={"provider_options": options})

    def _full(self, name: str) -> str:
        """Return `provider/model` of a name.

        Raises:
            JackfieldError: no provider has it.
        """
        if self._generation != self.boards.generation:
            self._names, self._generation = {}, self.boards.generation
        if (known := self._names.get(name)) is None:
            known = "/".join(self.boards.resolve(name))
            if len(self._names) < 10_000:
                self._names[name] = known
        return known


def _names_of(fallbacks: Fallback | Sequence[str] | None) -> Sequence[str]:
    return fallbacks.models if isinstance(fallbacks, Fallback) else fallbacks or ()
