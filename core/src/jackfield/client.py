"""Client: a thin synchronous driver of flows; and what both clients share: configuration, boards, endpoints."""

from __future__ import annotations

import os
import random
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from .accounting import Accounting
from .board import Board
from .boards import Boards
from .book import PriceBook
from .conversation import ChatRequest, ChatResponse
from .deltas import Delta
from .endpoints import resolve
from .errors import ConfigurationError, JackfieldError, UnsupportedOperation, UnsupportedParameterWarning
from .exchange import Exchange, Unsupported
from .flows import Close, Do, Effect, Emit, Flow, Head, Now, Read, Send, Sleep, Timeout, limit_total, retry
from .operations import (
    Adjustment,
    EmbeddingRequest,
    EmbeddingResponse,
    ModelsRequest,
    ModelsResponse,
    Request,
    Response,
)
from .parsing import chat_request, validated, whole_request
from .transport import Reply, Transport, open_transport
from .wire import Endpoint

R = TypeVar("R", bound=Response)


class ClientBase(Accounting):
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
        if unsupported not in ("warn", "error", "pass"):
            raise ConfigurationError(f"unsupported is {unsupported!r}; it may be 'warn', 'error' or 'pass'")
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
        self._opening = threading.Lock()

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
                f"no {request.operation} here; there is {', '.join(operations)}",
                provider=endpoint.provider,
                model=model,
            )
        exchange = Exchange(board, request, endpoint, datetime.now(UTC), self._unsupported, self._book)
        if exchange.adjustments:
            self._warn(exchange)
        return exchange

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
        flow = exchange.board.wrap(exchange.request, flow)
        return _observed(exchange, flow) if exchange.board.observed else flow

    def _transport_for(self, provider: str, opener: Callable[[Any, Mapping[str, str]], Any]) -> Any:
        given = self._overrides.get(provider, {}).get("transport")
        key = provider if given is not None else None
        if (found := self._transports.get(key)) is None:
            with self._opening:
                if (found := self._transports.get(key)) is None:
                    given = given if given is not None else self._given_transport
                    found = self._transports[key] = opener(given, self._environ)
        return found

    def _opened(self) -> list[Any]:
        """Return the transports that were made here, not those that were given."""
        given = [self._given_transport, *(values.get("transport") for values in self._overrides.values())]
        return [found for found in self._transports.values() if not any(found is known for known in given)]


def _observed(exchange: Exchange, flow: Flow[Response]) -> Flow[Response]:
    """Tell the observers how an exchange goes."""
    observe = exchange.board.observe
    observe("exchange_started", exchange=exchange)
    try:
        response = yield from flow
    except JackfieldError as error:
        observe("exchange_failed", exchange=exchange, error=error)
        raise
    observe("exchange_finished", exchange=exchange, response=response, cost=response.cost)
    return response


class Client(ClientBase):
    """Asks any installed provider.

    `providers` overrides what the environment says, by provider: base_url, api_key, dialect, headers, transport, and
    settings by name. `retries` is how often a failure that may pass is tried again, `timeout` seconds or a `Timeout`,
    `unsupported` what becomes of tuning that a model cannot take: "warn", "error" or "pass". `transport` is a
    library's name or client, a `TransportSettings`, or a `Transport`. `config` is a table of jackfield.toml's form, or
    the path of one (also from `JACKFIELD_CONFIG`). Safe to share between threads. Close it, or use it in a `with`
    statement.
    """

    def chat(
        self, model: str | ChatRequest, messages: Any = None, *, system: str | None = None, **parameters: Any
    ) -> ChatResponse:
        """Ask, and wait for the whole answer.

        `messages` is a string, or a list of `Message` or of dicts of its shape; parameters have the unified names.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        return cast(ChatResponse, self._run(self._ask(model, messages, system, parameters, False)))

    def stream(
        self, model: str | ChatRequest, messages: Any = None, *, system: str | None = None, **parameters: Any
    ) -> Stream:
        """Ask, and iterate over the deltas as they come; `.response` is the answer once they have ended.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        exchange = self._ask(model, messages, system, parameters, True)
        return Stream(self._flow(exchange), self._transport(exchange), exchange)

    def embed(self, model: str, inputs: str | list[str], **parameters: Any) -> EmbeddingResponse:
        """Embed texts: one vector each, in order.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        texts = [inputs] if isinstance(inputs, str) else inputs
        request = validated(EmbeddingRequest, {"model": model, "inputs": texts, **parameters})
        return cast(EmbeddingResponse, self.send(request))

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
        return self._run(self.exchange(request))

    def _run(self, exchange: Exchange) -> Response:
        driver = _drive(self._flow(exchange), self._transport(exchange))
        while True:
            try:
                next(driver)
            except StopIteration as stop:
                return cast(Response, stop.value)

    def _transport(self, exchange: Exchange) -> Transport:
        return cast(Transport, self._transport_for(exchange.endpoint.provider, open_transport))

    def close(self) -> None:
        """Close the connections that this client opened."""
        for transport in self._opened():
            transport.close()
        self._transports.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _drive(flow: Flow[Response], transport: Transport) -> Generator[list[Delta], None, Response]:
    """Carry out the effects of a flow; yields what it emits and returns its response."""
    reply: Reply | None = None
    chunks: Iterator[bytes] = iter(())
    value: Any = None
    try:
        effect: Effect = next(flow)
        while True:
            try:
                if type(effect) is Read:
                    value = next(chunks, None)
                elif type(effect) is Emit:
                    value = yield effect.deltas
                elif type(effect) is Send:
                    if reply is not None:
                        reply.close()
                    reply = transport.send(effect.request, effect.timeout)
                    chunks, value = reply.chunks, Head(reply.status, reply.headers)
                elif type(effect) is Sleep:
                    value = random.uniform(effect.at_least, effect.at_most)
                    time.sleep(value)
                elif type(effect) is Now:
                    value = time.monotonic()
                elif type(effect) is Do:
                    value = effect.sync()
                elif type(effect) is Close and reply is not None:
                    reply.close()
                    reply = None
            except JackfieldError as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(value)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        flow.close()
        if reply is not None:
            reply.close()


class Stream:
    """Deltas of one answer, as they come. Iterate once; leave the `with` block early to cancel."""

    def __init__(self, flow: Flow[Response], transport: Transport, exchange: Exchange) -> None:
        self._exchange = exchange
        self._response: ChatResponse | None = None
        self._batches = self._read(_drive(flow, transport))
        self._deltas = chain.from_iterable(self._batches)

    def __iter__(self) -> Iterator[Delta]:
        return self._deltas

    def __next__(self) -> Delta:
        return next(self._deltas)

    def _read(self, driver: Generator[list[Delta], None, Response]) -> Generator[list[Delta], None, None]:
        self._response = cast(ChatResponse, (yield from driver))

    @property
    def sandboxed(self) -> bool:
        """Whether the sandbox answers; known once the first delta has come."""
        return self._exchange.facts.sandboxed

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """What was changed in the request so that the model takes it."""
        return self._exchange.adjustments

    @property
    def response(self) -> ChatResponse:
        """The assembled answer.

        Raises:
            JackfieldError: the stream has not been read to its end.
        """
        if self._response is None:
            raise JackfieldError("the stream has not been read to its end")
        return self._response

    def close(self) -> None:
        """Cancel: the connection is closed at once."""
        self._batches.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
