"""Client: a thin synchronous driver of flows; and what both clients share: configuration, boards, endpoints."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from .accounting import Accounting
from .board import Board
from .boards import Boards
from .book import PriceBook
from .closing import Closing
from .connections import Connections
from .conversation import ChatRequest, ChatResponse
from .counting import TokenCountResponse
from .driver import Stream, drive
from .errors import Abandoned, ConfigurationError, JackfieldError, UnsupportedOperation, UnsupportedParameterWarning
from .exchange import Exchange, Unsupported
from .fallback import Fallback, Targets, fall_back
from .flows import Course, Flow, Timeout, limit_total, retry
from .media import fetched_first
from .operations import EmbeddingResponse, ModelsRequest, ModelsResponse, Request, Response
from .parsing import chat_request, whole_request
from .ranking import RerankResponse
from .relaying import Relaying, Relays
from .requests import count_request, embedding_request, rerank_request
from .routing import Routing
from .transport import Transport, open_transport
from .turns import Turns
from .wire import Endpoint

if TYPE_CHECKING:
    from .background import FanOut, SideBySide
    from .fan_out import Until
    from .fetching import FetchLimits

R = TypeVar("R", bound=Response)
Fallbacks: TypeAlias = Fallback | Sequence[str] | str


class ClientBase(Connections, Routing, Relaying, Accounting):
    """What both clients share: configuration, boards, endpoints, and the making of flows."""

    def __init__(
        self,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        retries: int = 2,
        timeout: float | Timeout | None = None,
        unsupported: Unsupported = "warn",
        transport: Any = None,
        *,
        config: Mapping[str, Any] | str | Path | None = None,
        boards: Boards | None = None,
        environ: Mapping[str, str] | None = None,
        prices: Mapping[str, Any] | None = None,
        media: FetchLimits | bool = True,
    ) -> None:
        if unsupported not in ("warn", "record", "error", "pass"):
            raise ConfigurationError(f"unsupported is {unsupported!r}; it may be 'warn', 'record', 'error' or 'pass'")
        self._environ = os.environ if environ is None else environ
        self._overrides = {name: dict(values) for name, values in (providers or {}).items()}
        self.boards = boards = Boards.of(config, self._environ) if boards is None else boards
        self._book = PriceBook(prices, "prices=") if prices else None
        self._retries = retries
        self._timeout = Timeout.of(timeout)
        self._unsupported = unsupported
        self._given_transport = transport
        self._media = media
        self._routes, self._rings, self._forms = {}, {}, {}
        self._generation = boards.generation
        self._warned: set[tuple[str, str, str]] = set()
        self._transports: dict[str | None, Any] = {}
        self._opening = threading.RLock()  # a fan-out is opened with the transport that it shares

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(self._overrides) or 'the environment'}>"

    def exchange(self, request: Request) -> Exchange:
        """Open the exchange of a request without sending anything; for those who bring their own I/O.

        Raises:
            JackfieldError: no such provider, no key, or the model cannot do what is asked.
        """
        route = self._route(request.model)
        bare = request if request.model == route[2] else request.model_copy(update={"model": route[2]})
        return self._open(bare, route)

    def _fetching_exchange(self, request: Request) -> Exchange:
        """Open the exchange of a request whose flow will fetch what the model does not take by its address."""
        route = self._route(request.model)
        bare = request if request.model == route[2] else request.model_copy(update={"model": route[2]})
        return self._open(bare, route, self._media is not False)

    def _open(self, request: Request, route: tuple[Board, Endpoint, str], fetches: bool = False) -> Exchange:
        """Open the exchange of a request whose model is bare of its provider."""
        board, endpoint, model = route
        operations = board.model(model).operations
        if operations and request.operation not in operations:
            what = f"no {request.operation} here; there is {', '.join(operations)}; ask a provider that has it"
            raise UnsupportedOperation(what, provider=endpoint.provider, model=model)
        if (ring := self._rings.get((endpoint.provider, model)) if self._rings else None) is not None:
            endpoint = ring.best(time.monotonic())
        exchange = Exchange(board, request, endpoint, datetime.now(UTC), self._unsupported, self._book, fetches=fetches)
        exchange.keys = ring
        if exchange.adjustments and self._unsupported != "record":
            self._warn(exchange)
        return exchange

    def _fall_back(
        self,
        model: str | ChatRequest,
        messages: Any,
        system: str | None,
        fallbacks: Fallbacks,
        parameters: Mapping[str, Any],
        stream: bool,
    ) -> tuple[Course, Flow[Response]]:
        """Open the exchange of a chat that other models may answer, and the flow that has the answer."""
        if isinstance(model, ChatRequest):
            request = whole_request(model, messages, system, parameters, stream)
        else:
            request = chat_request(model, messages, system, parameters, stream)
        policy = Fallback.of(fallbacks)
        names = (request.model, *policy.models)
        for name in names:  # one that leads nowhere is told before anything is sent
            self.boards.resolve(name, self._overrides)
        targets = Targets(request, names, policy, self._fetching_exchange, self._known)
        course = Course(targets.open(), self._transport)
        flow = fall_back(course, targets, self._attempted)
        return course, flow if self._timeout.total is None else limit_total(flow, self._timeout.total)

    if TYPE_CHECKING:  # each client has it in its colour

        def _transport(self, exchange: Exchange) -> Any: ...

    def _ask(
        self, model: str | ChatRequest, messages: Any, system: str | None, parameters: Mapping[str, Any], stream: bool
    ) -> Exchange:
        """Open the exchange of a chat."""
        if isinstance(model, ChatRequest):
            return self._fetching_exchange(whole_request(model, messages, system, parameters, stream))
        route = self._route(model)
        return self._open(chat_request(route[2], messages, system, parameters, stream), route, self._media is not False)

    def _warn(self, exchange: Exchange) -> None:
        for adjustment in exchange.adjustments:
            key = (exchange.endpoint.provider, exchange.request.model, adjustment.parameter)
            if key not in self._warned:
                self._warned.add(key)
                warnings.warn(
                    f"{key[0]}/{key[1]}: {adjustment.parameter} was {adjustment.action}: {adjustment.reason}",
                    UnsupportedParameterWarning,
                    stacklevel=5,
                )

    def _flow(self, exchange: Exchange) -> Flow[Response]:
        flow = self._tried(exchange)
        if self._timeout.total is not None:
            flow = limit_total(flow, self._timeout.total)
        return self._watched(exchange, flow)

    def _attempted(self, exchange: Exchange) -> Flow[Response]:
        """Return the flow of one of several exchanges, whose time is limited in sum."""
        return self._watched(exchange, self._tried(exchange))

    def _tried(self, exchange: Exchange) -> Flow[Response]:
        flow = retry(exchange, self._retries, self._timeout)
        if not exchange.unfetched:
            return flow
        return fetched_first(exchange, None if isinstance(self._media, bool) else self._media, flow)

    def _watched(self, exchange: Exchange, flow: Flow[Response]) -> Flow[Response]:
        flow = exchange.board.wrap(exchange.request, flow)
        return _observed(exchange, flow) if exchange.board.observed else flow


def _observed(exchange: Exchange, flow: Flow[Response]) -> Flow[Response]:
    """Tell the observers how an exchange goes."""
    observe = exchange.board.observe
    observe("exchange_started", exchange=exchange)
    try:
        response = yield from flow
    except JackfieldError as error:
        observe("exchange_failed", exchange=exchange, error=error)
        raise
    except GeneratorExit:
        left = exchange.complete(Abandoned("the caller left before the answer's end"))
        left.response = exchange.partial()
        observe("exchange_failed", exchange=exchange, error=left)
        raise
    observe("exchange_finished", exchange=exchange, response=response, cost=response.cost)
    return response


class Client(ClientBase, Turns, Relays, Closing):
    """Asks any installed provider.

    `providers` overrides what the environment says, by provider: base_url, api_key (or api_keys: another is used
    where one is limited or refused), dialect, headers, transport, and settings by name. `retries` is how often a
    failure that may pass is tried again, `timeout` seconds or a `Timeout`, `unsupported` what becomes of tuning that a
    model cannot take: "warn" (change it, say so on the answer, and warn once), "record" (the same without a warning),
    "error" or "pass". `transport` is a library's name or client, a `TransportSettings`, or a `Transport`. `media`
    bounds what is fetched from public addresses for models that take content alone (`FetchLimits`); False: nothing is.
    `config` is a table of jackfield.toml's form, or the path of one (also from `JACKFIELD_CONFIG`). Safe to share
    between threads. Close it, or use it in a `with` statement.
    """

    _side_by_side: SideBySide | None = None

    def chat(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> ChatResponse:
        """Ask, and wait for the whole answer.

        `messages` is a string, or a list of `Message` or of dicts of its shape; parameters have the unified names.
        `fallbacks` are up to five models that are asked in turn where one fails; `.attempts` tells what became of each.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        if fallbacks is not None:
            course, flow = self._fall_back(model, messages, system, fallbacks, parameters, False)
            return cast(ChatResponse, self._run(course.exchange, flow, course))
        exchange = self._ask(model, messages, system, parameters, False)
        return cast(ChatResponse, self._run(exchange, self._flow(exchange)))

    def stream(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> Stream:
        """Ask, and iterate over the deltas as they come; `.response` is the answer once they have ended.

        `fallbacks` are asked in turn where a model fails. Once something has been delivered, `Restarted` says that
        another goes on or begins again, as `Fallback.on_interruption` has it.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        if fallbacks is not None:
            course, flow = self._fall_back(model, messages, system, fallbacks, parameters, True)
            return Stream(flow, self._transport(course.exchange), course.exchange, course)
        exchange = self._ask(model, messages, system, parameters, True)
        return Stream(self._flow(exchange), self._transport(exchange), exchange)

    def fan_out(
        self,
        models: Sequence[str],
        messages: Any,
        *,
        until: Until = "all",
        deadline: float | None = None,
        **parameters: Any,
    ) -> FanOut:
        """Ask many models the same, side by side. Iterate for each `Leg` as it ends, or over `.deltas()`.

        `until` says how many good answers are waited for: "all", "first" or a number; the rest is cancelled, and its
        connections closed. `deadline` is in seconds, for all of them. A model that fails is a leg with its error.

        Raises:
            InvalidInput: there is no model, `until` is no number of them, or a message or a parameter is wrong.
        """
        from .background import FanOut, SideBySide
        from .fan_out import AsyncFanOut

        with self._opening:
            if self._side_by_side is None:
                self._side_by_side = SideBySide(self)
        beside = self._side_by_side
        return FanOut(beside.background, AsyncFanOut(beside.client, models, messages, until, deadline, parameters))

    def embed(self, model: str, inputs: str | Sequence[str], **parameters: Any) -> EmbeddingResponse:
        """Embed texts: one vector each, in order.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        return cast(EmbeddingResponse, self.send(embedding_request(model, inputs, parameters)))

    def rerank(self, model: str, query: str, documents: Sequence[str], **parameters: Any) -> RerankResponse:
        """Put documents in the order in which they answer a query. `top_n` and `return_documents` are parameters.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        return cast(RerankResponse, self.send(rerank_request(model, query, documents, parameters)))

    def count_tokens(
        self, model: str | ChatRequest, messages: Any = None, *, system: str | None = None, **parameters: Any
    ) -> TokenCountResponse:
        """Ask the provider how many tokens a conversation has; it takes what `chat` takes, and generates nothing.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        return cast(TokenCountResponse, self.send(count_request(model, messages, system, parameters)))

    def models(self, provider: str) -> ModelsResponse:
        """Ask a provider which models it serves.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        return cast(ModelsResponse, self.send(ModelsRequest(model=f"{provider}/")))

    def send(self, request: Request) -> Response:
        """Send any request, and wait for the whole answer.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        exchange = self._fetching_exchange(request)
        return self._run(exchange, self._flow(exchange))

    def _run(self, exchange: Exchange, flow: Flow[Response], course: Course | None = None) -> Response:
        driver = drive(flow, self._transport(exchange), course)
        while True:
            try:
                next(driver)
            except StopIteration as stop:
                return cast(Response, stop.value)

    def _transport(self, exchange: Exchange) -> Transport:
        return cast(Transport, self._transport_for(exchange.endpoint.provider, open_transport))

    def close(self) -> None:
        """Close the connections that this client opened."""
        if self._side_by_side is not None:
            self._side_by_side.close()
            self._side_by_side = None
        for transport in self._released():
            transport.close()
