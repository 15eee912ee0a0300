"""Every hook, with its contract. A plugin implements those that it needs with `@jackfield.hookimpl`.

Hooks are pure: they take values and return values. No socket, clock, environment, randomness or logging; time,
credentials and configuration are arguments. Each step has one answer: the last registered plugin that does not return
None (a provider before its dialect). An implementation may leave out parameters that it does not use, and may not give
them defaults. `@hookimpl(wrapper=True)` wraps every answer of a step, except `authorize` and `wrap_exchange`;
`@hookimpl(trylast=True)` is asked where nobody else has an answer, not even the core.
"""
# mypy: disable-error-code="empty-body"

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pluggy

if TYPE_CHECKING:
    from .catalog import ModelInfo
    from .deltas import StreamDecoder, StreamEncoder
    from .errors import JackfieldError
    from .exchange import Exchange
    from .fitting import Fitted
    from .operations import Request, Response
    from .pricing import Cost, Priced
    from .usage import Usage
    from .wire import Endpoint, Facts, HTTPRequest, HTTPResponse

#: Major and minor version of this contract. Minor: a new optional hook, field or parameter. Major: anything else.
SPEC_VERSION: Final = (1, 0)
PROJECT: Final = "jackfield"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

if TYPE_CHECKING:
    AuthFlow = Generator[Any, Any, HTTPRequest]
    FlowWrapper = Callable[[Generator[Any, Any, Response]], Generator[Any, Any, Response]]


# -- steps of an exchange: one answer ----------------------------------------------------------------------------


@hookspec(firstresult=True)
def fit_request(request: Request, model: ModelInfo) -> Fitted:
    """Fit a request to what a model takes. The core answers from the catalog; wrap this to change a request.

    Raises:
        UnsupportedFeature: the model cannot do what is asked.
    """


@hookspec(firstresult=True)
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a request into the dialect's HTTP request. Required of a dialect.

    The body is a JSON value or bytes; renames, drops and `provider_options` are applied by the board afterwards.
    None: this kind of request is not spoken here.

    Raises:
        UnsupportedFeature: the wire has no form for something that is asked.
    """


@hookspec(firstresult=True)
def authorize(http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest | AuthFlow:
    """Prove who asks, once per attempt, on the final bytes. The core answers for the catalog's auth kinds.

    `at` is the time of the attempt, for signatures that hold one. A generator may do I/O through effects (a token
    exchange) and returns the request; what it keeps for the next call it forgets by `HTTPRequest.refused`.
    """


@hookspec(firstresult=True)
def normalize_headers(head: HTTPResponse) -> Facts:
    """Read request id, limits and what was served from the head of an answer. The core knows the usual names."""


@hookspec(firstresult=True)
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize a whole answer of a good status. Required of a dialect.

    Fill what the body says, and `raw_usage`; the exchange adds provider, usage, cost and headers.

    Raises:
        ProviderError: the body is an error, or cannot be read. Anything else is a bug of the plugin.
    """


@hookspec(firstresult=True)
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read an error from an answer of a bad status, or from an error event in a stream (its status is 200).

    Refine by fields of the body, not by its prose. None: the status decides.
    """


@hookspec(firstresult=True)
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of one stream. Called once; no hook is called per delta."""


@hookspec(firstresult=True)
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage | None:
    """Read a raw usage object as inclusive counts that split into disjoint items; the same for stream and whole."""


@hookspec(firstresult=True)
def price_sheet(provider: str, model: str, facts: Mapping[str, str], at: datetime) -> Priced | None:
    """Find the sheet of a model and the rung of the ladder that found it. The core asks the catalogs."""


@hookspec(firstresult=True)
def compute_cost(usage: Usage, sheet: Priced | None, facts: Mapping[str, str], at: datetime) -> Cost:
    """Compute the cost. The core's own; wrap this for margin, discount or tax."""


# -- the serving side of a dialect -------------------------------------------------------------------------------


@hookspec(firstresult=True)
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a caller's HTTP request; `route` holds operation, stream and the path's variables.

    What it does not know it keeps in `provider_options` under the dialect's name.

    Raises:
        InvalidInput: the body is wrong; the message names the field.
    """


@hookspec(firstresult=True)
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render an answer in the dialect; the body is bytes."""


@hookspec(firstresult=True)
def render_error(error: JackfieldError) -> HTTPResponse | None:
    """Render an error in the dialect's envelope."""


@hookspec(firstresult=True)
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of one stream.

    Raises:
        UnsupportedFeature: the format has no form for what is asked, such as several choices.
    """


# -- extensions: observers, once per exchange, each called by itself ----------------------------------------------


@hookspec
def exchange_started(exchange: Exchange) -> None:
    """An exchange is about to be sent."""


@hookspec
def exchange_finished(exchange: Exchange, response: Response, cost: Cost | None) -> None:
    """An exchange has its answer."""


@hookspec
def exchange_failed(exchange: Exchange, error: JackfieldError) -> None:
    """An exchange has failed."""


@hookspec
def wrap_exchange(request: Request) -> FlowWrapper | None:
    """Give a wrapper around the flow of an exchange: a cache, limits, routing. Asked on the client's manager."""
