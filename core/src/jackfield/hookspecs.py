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

from .relay_hooks import PROJECT as PROJECT

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
SPEC_VERSION: Final = (1, 1)

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

if TYPE_CHECKING:
    AuthFlow = Generator[Any, Any, HTTPRequest]
    FlowWrapper = Callable[[Generator[Any, Any, Response]], Generator[Any, Any, Response]]


# -- steps of an exchange: one answer ----------------------------------------------------------------------------


@hookspec(firstresult=True)
def fit_request(request: Request, model: ModelInfo) -> Fitted:
    """Fit a request to what a model takes. The core answers from the catalog; wrap this to change a request.

    Args:
        request: as the caller asked, its model without the provider's name.
        model: what the catalogs know of the model; its `rung` is `unknown` where that is nothing.

    Returns:
        The request to send, and an adjustment for everything that was changed in it.

    Raises:
        UnsupportedFeature: the model cannot do what is asked.
    """


@hookspec(firstresult=True)
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a request into the dialect's HTTP request. Required of a dialect.

    Renames, drops and `provider_options` are applied by the board afterwards, and the body is encoded once.

    Args:
        request: fitted to the model; match on its class, which says the operation.
        endpoint: base URL, settings and dialect; the credential in it is for `authorize`.

    Returns:
        The HTTP request without proof of who asks, its body a JSON value or bytes. None: this kind of request is not
        spoken here.

    Raises:
        UnsupportedFeature: the wire has no form for something that is asked.
    """


@hookspec(firstresult=True)
def authorize(http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest | AuthFlow:
    """Prove who asks, once per attempt, on the final bytes. The core answers for the catalog's auth kinds.

    It cannot be wrapped: a wrapper ends before a flow runs.

    Args:
        http_request: a copy of the request with its body in bytes; it may be changed.
        endpoint: its `credential` has the kind that the catalog names, and the values.
        at: the time of the attempt, aware, for signatures that hold one.

    Returns:
        The request with its proof; or a generator that does I/O through effects (a token exchange) and returns the
        request; what it keeps for the next call it forgets by `HTTPRequest.refused`. None: the next plugin is asked.

    Raises:
        ConfigurationError: the credential cannot be used; the message never holds it.
    """


@hookspec(firstresult=True)
def normalize_headers(head: HTTPResponse) -> Facts:
    """Read request id, limits and what was served from the head of an answer. The core knows the usual names.

    Args:
        head: status and headers, with names in lower case; no body yet.

    Returns:
        The facts. None: the next plugin is asked.

    Raises:
        Nothing: what cannot be read is left out.
    """


@hookspec(firstresult=True)
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize a whole answer of a good status. Required of a dialect.

    Args:
        request: as it was translated.
        response: status, headers and the body's bytes.

    Returns:
        What the body says, and `raw_usage`; the exchange adds provider, usage, cost and headers. None: this kind of
        request is not spoken here.

    Raises:
        ProviderError: the body is an error, or cannot be read. Anything else is a bug of the plugin.
    """


@hookspec(firstresult=True)
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read an error from an answer of a bad status, or from an error event in a stream (its status is 200).

    Args:
        request: as it was translated.
        response: status, headers and the body's bytes, which may be those of a proxy.

    Returns:
        The error, refined by fields of the body and not by its prose. None: the status decides.

    Raises:
        Nothing: a body that cannot be read is None.
    """


@hookspec(firstresult=True)
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of one stream. Called once; no hook is called per delta.

    Args:
        request: as it was translated.
        head: status and headers; the body follows as events.

    Returns:
        A decoder of this stream alone. None: this kind of request has no stream here.

    Raises:
        ProviderError: the head says that no stream follows. The decoder's `feed` and `close` raise it too.
    """


@hookspec(firstresult=True)
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage | None:
    """Read a raw usage object as inclusive counts that split into disjoint items; the same for stream and whole.

    Args:
        request: as it was translated.
        raw: the provider's usage object; in a stream all of it so far.
        facts: what the head said.

    Returns:
        The usage, with the cost that the provider states where it states one. None: nothing is known of it.

    Raises:
        Nothing: a count that cannot be read is unknown, which is not 0.
    """


@hookspec(firstresult=True)
def price_sheet(provider: str, model: str, facts: Mapping[str, str], at: datetime) -> Priced | None:
    """Find the sheet of a model and the rung of the ladder that found it. The core asks the catalogs.

    Args:
        provider: the provider's name.
        model: as the answer names it, or the request where the answer does not.
        facts: what was served (tier, region) by name.
        at: when the exchange started, aware.

    Returns:
        The sheet and who found it. None: the next plugin is asked, and where nobody has one, the cost is unknown.

    Raises:
        Nothing: a model without a price has none.
    """


@hookspec(firstresult=True)
def compute_cost(usage: Usage, sheet: Priced | None, facts: Mapping[str, str], at: datetime) -> Cost:
    """Compute the cost. The core's own; wrap this for margin, discount or tax.

    Args:
        usage: what was counted.
        sheet: the prices; None where nobody has any.
        facts: what was served, by name.
        at: when the exchange started, aware.

    Returns:
        The cost; its total is None where it is unknown, never 0.

    Raises:
        Nothing: what cannot be priced is unknown.
    """


# -- the serving side of a dialect -------------------------------------------------------------------------------


@hookspec(firstresult=True)
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a caller's HTTP request.

    Args:
        http_request: as it was received, its body in bytes.
        route: operation, stream and the variables of the path, of the route that matched.

    Returns:
        The request; what the dialect does not know of it is kept in `provider_options` under the dialect's name. None:
        the dialect has no form for this operation.

    Raises:
        InvalidInput: the body is wrong; the message names the field.
    """


@hookspec(firstresult=True)
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render an answer in the dialect.

    Args:
        request: as it was parsed.
        response: from any provider.

    Returns:
        The HTTP response, its body in bytes. None: the dialect has no form for it.

    Raises:
        UnsupportedFeature: the format has no form for something in the answer.
    """


@hookspec(firstresult=True)
def render_error(error: JackfieldError) -> HTTPResponse | None:
    """Render an error in the dialect's envelope.

    Args:
        error: any of the tree.

    Returns:
        The HTTP response. None: the core writes plain JSON.

    Raises:
        Nothing: there is nobody left to tell.
    """


@hookspec(firstresult=True)
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of one stream.

    Args:
        request: as it was parsed.
        at: now, aware, for formats that hold a time.

    Returns:
        An encoder of this stream alone. None: the dialect has no stream for this operation.

    Raises:
        UnsupportedFeature: the format has no form for what is asked, such as several choices.
    """


from .relay_hooks import relay_request as relay_request  # noqa: E402, the order here is that of the documentation
from .relay_hooks import relay_response as relay_response  # noqa: E402

# -- extensions: observers, once per exchange, each called by itself ----------------------------------------------


@hookspec
def exchange_started(exchange: Exchange) -> None:
    """Observe that an exchange is about to be sent.

    Args:
        exchange: its request, endpoint and HTTP request; the endpoint holds the credential of its own provider.

    Raises:
        Nothing: an exception is warned about once and changes nothing.
    """


@hookspec
def exchange_finished(exchange: Exchange, response: Response, cost: Cost | None) -> None:
    """Observe that an exchange has its answer.

    Args:
        exchange: as it was sent.
        response: the answer, whole, also after a stream.
        cost: what it cost; None for operations that have none.

    Raises:
        Nothing: an exception is warned about once and changes nothing.
    """


@hookspec
def exchange_failed(exchange: Exchange, error: JackfieldError) -> None:
    """Observe that an exchange has failed, after the last attempt, or that its caller left before its end.

    Args:
        exchange: as it was sent.
        error: what the caller is told; `Abandoned`, which nobody is told, where the caller left. Its `response` is what
            had come.

    Raises:
        Nothing: an exception is warned about once and changes nothing.
    """


@hookspec
def wrap_exchange(request: Request) -> FlowWrapper | None:
    """Give a wrapper around the flow of an exchange: a cache, limits, routing.

    It cannot itself be wrapped.

    Args:
        request: as it is to be sent.

    Returns:
        A function that takes the flow and returns a flow, both generators of effects that return the answer. None:
        this exchange goes on as it is.

    Raises:
        JackfieldError: the exchange is not to be sent; the caller is told.
    """
