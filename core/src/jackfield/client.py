"""Client: a thin synchronous driver of flows; and what both clients share: configuration, boards, endpoints."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from .accounting import Accounting
from .board import Board
from .boards import Boards
from .book import PriceBook
from .catalog import ModelInfo
from .closing import Closing
from .connections import Connections
from .conversation import ChatRequest, ChatResponse
from .counting import TokenCountResponse
from .driver import Stream, drive
from .endpoints import resolve
from .errors import Abandoned, ConfigurationError, JackfieldError, UnsupportedOperation, UnsupportedParameterWarning
from .exchange import Exchange, Unsupported
from .fallback import Fallback, Targets, fall_back
from .flows import Course, Flow, Timeout, limit_total, retry
from .operations import EmbeddingResponse, ModelsRequest, ModelsResponse, Request, Response
from .parsing import chat_request, whole_request
from .ranking import RerankResponse
from .requests import count_request, embedding_request, rerank_request
from .transport import Transport, open_transport
from .wire import Endpoint

if TYPE_CHECKING:
    from .background import FanOut, SideBySide
    from .fan_out import Until

R = TypeVar("R", bound=Response)
Fallbacks: TypeAlias = Fallback | Sequence[str] | str


class ClientBase(Connections, Accounting):
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
        self._routes: dict[str, tuple[Board, Endpoint, str]] = {}
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

    def _open(self, request: Request, route: tuple[Board, Endpoint, str]) -> Exchange:
        """Open the exchange of a request whose model is bare of its provider."""
        board, endpoint, model = route
        operations = board.model(model).operations
        if operations and request.operation not in operations:
            raise UnsupportedOperation(
                f"no {request.operation} here; there is {', '.join(operations)}; ask a provider that has it",
                provider=endpoint.provider,
                model=model,
            )
        exchange = Exchange(board, request, endpoint, datetime.now(UTC), self._unsupported, self._book)
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
        for name in names:
            self.boards.resolve(name, self._overrides)  # a name that leads nowhere is told before anything is sent
        targets = Targets(request, names, policy, self.exchange, self._known)
        course = Course(targets.open(), self._transport)
        flow = fall_back(course, targets, self._attempted)
        return course, flow if self._timeout.total is None else limit_total(flow, self._timeout.total)

    def _known(self, name: str) -> ModelInfo:
        """Return what the catalogs know of a model; `MissingCredential` where it cannot be asked."""
        board, _, model = self._route(name)
        return board.model(model)

    if TYPE_CHECKING:  # each client has it in its colour

        def _transport(self, exchange: Exchange) -> Any: ...

    def _ask(
        self, model: str | ChatRequest, messages: Any, system: str | None, parameters: Mapping[str, Any], stream: bool
    ) -> Exchange:
        """Open the exchange of a chat."""
        if isinstance(model, ChatRequest):
            return self.exchange(whole_request(model, messages, system, parameters, stream))
        route = self._route(model)
        return self._open(chat_request(route[2], messages, system, parameters, stream), route)

    def _route(self, name: str) -> tuple[Board, Endpoint, str]:
        if self._generation != self.boards.generation:
            self._generation = self.boards.generation
            self._routes = {}
        routes = self._routes  # what is found is of this generation, whatever another thread reads meanwhile
        if (known := routes.get(name)) is None:
            provider, model = self.boards.resolve(name, self._overrides)
            overrides = self._overrides.get(provider, {})
            info = self.boards.info(provider)
            dialect = str(overrides.get("dialect") or info.model(model).dialect)
            endpoint = resolve(info, dialect, overrides, self._environ)
            known = (self.boards.open(provider, dialect), endpoint, model)
            if len(routes) < 10_000:
                routes[name] = known
        return known

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
        flow = retry(exchange, self._retries, self._timeout)
        if self._timeout.total is not None:
            flow = limit_total(flow, self._timeout.total)
        return self._watched(exchange, flow)

    def _attempted(self, exchange: Exchange) -> Flow[Response]:
        """Return the flow of one of several exchanges, whose time is limited in sum."""
        return self._watched(exchange, retry(exchange, self._retries, self._timeout))

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


class Client(ClientBase, Closing):
    """Asks any installed provider.

    `providers` overrides what the environment says, by provider: base_url, api_key, dialect, headers, transport, and
    settings by name. `retries` is how often a failure that may pass is tried again, `timeout` seconds or a `Timeout`,
    `unsupported` what becomes of tuning that a model cannot take: "warn" (change it, say so on the answer, and warn
    once), "record" (the same without a warning), "error" or "pass". `transport` is a library's name or client, a
    `TransportSettings`, or a `Transport`. `config` is a table of jackfield.toml's form, or
    the path of one (also from `JACKFIELD_CONFIG`). Safe to share between threads. Close it, or use it in a `with`
    statement.
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
        exchange = self.exchange(request)
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
