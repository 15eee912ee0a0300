"""Relays: what a caller wrote in the dialect that a provider speaks goes on as it came, and so does its answer.

The requests of one shape differ in nothing but text. The first of them takes the long way: it is parsed, fitted and
translated. Where that leaves its text alone, what it became is the form of all that follow, and only their text is put
into it. So a relayed request is what the long way makes of it, and nobody has to know which parameters a model takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from .conversation import ChatRequest
from .errors import ProviderError
from .exchange import Exchange
from .operations import Adjustment, Request, Response
from .wire import Endpoint, HTTPRequest, HTTPResponse

if TYPE_CHECKING:
    from .board import Board
    from .book import PriceBook
    from .catalog import ModelInfo
    from .flows import Flow
    from .relay_hooks import Relay

#: Shapes whose form is kept, those that have none among them; beyond that all are forgotten.
_MOST: Final = 2_000
#: Bytes of a shape that has a form: tools and schemas stand in it, which are as large as a caller likes.
_LARGEST: Final = 16_384


@dataclass(frozen=True, slots=True)
class Form:
    """What the requests of a shape become at an endpoint. `asked` and `request` (fitted) are without their messages.

    `notes` are whoever's that asks: what it knows of all requests of this form.
    """

    asked: ChatRequest
    request: ChatRequest
    board: Board
    endpoint: Endpoint
    model: ModelInfo
    http_request: HTTPRequest
    adjustments: tuple[Adjustment, ...]
    notes: dict[str, Any] = field(default_factory=dict)


class RelayedExchange(Exchange):
    """An exchange whose request is a form with text in it; `answer` is the provider's own, where it is relayed."""

    def __init__(
        self, form: Form, relay: Relay, at: datetime, book: PriceBook | None, parse: Callable[[], Request]
    ) -> None:
        self._parse = parse
        self.board, self.endpoint, self.model, self.request = form.board, form.endpoint, form.model, form.request
        self.adjustments, self.at, self.book = form.adjustments, at, book
        self.earlier, self.keys, self.unfetched = (), None, ()
        shaped = form.http_request
        self.http_request = HTTPRequest(
            shaped.method, shaped.url, shaped.headers, {**shaped.body, **relay.said}
        ).encode()
        self.answer: HTTPResponse | None = None
        self.restart()

    def _read_whole(self, answer: HTTPResponse) -> Response:
        is_good = answer.status < 400 and not self.facts.sandboxed
        try:
            response = self.board.relay_response(self.request, answer) if is_good else None
        except ProviderError as error:
            self.complete(error, answer)
            raise
        if response is not None:
            self.answer = answer
            return self._finish(response)
        asked = self._parse()  # ids that an answer leaves out are made of what was said
        assert isinstance(asked, ChatRequest)
        self.request = self.request.model_copy(update={"messages": asked.messages})
        return super()._read_whole(answer)


class Relaying:
    """Finds the forms of shapes. A base of both clients."""

    if TYPE_CHECKING:
        _book: PriceBook | None

        def _route(self, name: str) -> tuple[Board, Endpoint, str]: ...
        def _flow(self, exchange: Exchange) -> Flow[Response]: ...
        def exchange(self, request: Request) -> Exchange:
            """See `ClientBase.exchange`."""

    #: By dialect, model and shape: the route that it was found for, and the form, or None where it has none.
    _forms: dict[tuple[str, str, bytes], tuple[Any, Form | None]]

    def form(self, board: Board, relay: Relay, parse: Callable[[], Request]) -> Form | None:
        """Return what requests of a shape become; None where they cannot be relayed.

        `board` is that of the caller's dialect, `parse` gives the request at hand, parsed.

        Raises:
            JackfieldError: the request is wrong, or cannot be asked.
        """
        if len(relay.shape) > _LARGEST:
            return None
        route = self._route(relay.model)
        key = board.dialect.name, relay.model, hashlib.blake2b(relay.shape).digest()
        found, form = self._forms.get(key, (None, None))
        if found is not route:  # it is another one once the configuration has been read again
            form = self._found(route, board, relay, parse) if route[0].relays_for(board) else None
            if len(self._forms) >= _MOST:
                self._forms.clear()
            self._forms[key] = route, form
        return form

    def _found(self, route: Any, board: Board, relay: Relay, parse: Callable[[], Request]) -> Form | None:
        request = parse()
        if not isinstance(request, ChatRequest) or request.stream or request.provider_options or request.serving:
            return None
        exchange = self.exchange(request)
        bare = exchange.request
        if exchange.keys is not None or exchange.unfetched or not isinstance(bare, ChatRequest):
            return None
        sent = exchange.http_request
        body = from_json(sent.body) if sent.headers.get("content-type") == "application/json" else None
        if not isinstance(body, dict) or any(body.pop(name, None) != text for name, text in relay.said.items()):
            return None
        return Form(
            asked=request.model_copy(update={"messages": ()}),
            request=bare.model_copy(update={"messages": ()}),
            board=exchange.board,
            endpoint=exchange.endpoint,
            model=exchange.model,
            http_request=HTTPRequest(sent.method, sent.url, sent.headers, body),
            adjustments=exchange.adjustments,
        )

    def _relayed(
        self, form: Form, relay: Relay, parse: Callable[[], Request]
    ) -> tuple[RelayedExchange, Flow[Response]]:
        exchange = RelayedExchange(form, relay, datetime.now(UTC), self._book, parse)
        return exchange, self._flow(exchange)


class Relays(Relaying):
    """Relays, in the colour that waits."""

    def relay(self, form: Form, relay: Relay, parse: Callable[[], Request]) -> tuple[Response, HTTPResponse | None]:
        """Send a request of a form; return what is known of its answer, without choices, and the answer as it came.

        Where the answer is None, the format would write it otherwise, and the response is a whole one. `parse` gives
        the request at hand, parsed.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        exchange, flow = self._relayed(form, relay, parse)
        return self._run(exchange, flow), exchange.answer

    if TYPE_CHECKING:

        def _run(self, exchange: Exchange, flow: Flow[Response]) -> Response: ...


class AsyncRelays(Relaying):
    """Relays, in the async colour."""

    async def relay(
        self, form: Form, relay: Relay, parse: Callable[[], Request]
    ) -> tuple[Response, HTTPResponse | None]:
        """Send a request of a form, and wait for its answer. See `Relays.relay`."""
        exchange, flow = self._relayed(form, relay, parse)
        return await self._run(exchange, flow), exchange.answer

    if TYPE_CHECKING:

        async def _run(self, exchange: Exchange, flow: Flow[Response]) -> Response: ...
