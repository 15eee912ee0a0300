"""Board: one typed façade over one plugin manager, for one provider in one dialect. Nothing else touches a hook.

A board is an override chain: the core's defaults, the dialect, the provider's own hooks, the extensions. The last
registered is asked first, and the first answer that is not None is taken.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import pluggy

from . import defaults
from .book import PriceBook
from .catalog import ModelInfo, ProviderInfo
from .deltas import StreamDecoder, StreamEncoder
from .errors import InvalidInput, JackfieldError, PluginError, UnsupportedOperation
from .fitting import Fitted
from .operations import Request, Response
from .pricing import Cost, Priced
from .registration import OBSERVERS, STEPS, Kind, check_plugin, compile_step, new_manager, refuse_names
from .usage import Usage
from .wire import Endpoint, Facts, HTTPRequest, HTTPResponse

if TYPE_CHECKING:
    from .hookspecs import AuthFlow
    from .relay_hooks import Relay


@dataclass(frozen=True, slots=True)
class Route:
    """An address of a dialect: what a server listens for."""

    method: str
    path: str
    operation: str
    stream: bool | None = None
    when: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True)
class DialectInfo:
    """A dialect, as its dialect.toml tells."""

    name: str
    table: Mapping[str, Any]

    @property
    def routes(self) -> tuple[Route, ...]:
        """Where a server that speaks it listens."""
        return tuple(
            Route(row["method"], row["path"], row["operation"], row.get("stream"), row.get("when"))
            for row in self.table.get("routes", ())
        )

    @property
    def key_header(self) -> str:
        """The header in which callers send their key."""
        return str(self.table.get("key", {}).get("header", "authorization"))


#: Steps that read or write what is said.
_CONTENT = ("fit_request", "translate_request", "normalize_response")
_MOST_MODELS = 10_000
#: Who answers on the board of a dialect alone: nothing is known of it but what the format can say.
_NOBODY = ProviderInfo("", {})


class Board:
    """The plugin manager of one provider in one dialect, with a typed method for every hook."""

    def __init__(
        self,
        dialect: DialectInfo,
        info: ProviderInfo | None,
        plugins: list[tuple[str, Any, Kind]],
        book: PriceBook | None = None,
    ) -> None:
        self.dialect = dialect
        self.book = book
        self.info = info
        self.provider = info.name if info else ""
        self._models: dict[str, ModelInfo] = {}
        manager = new_manager()
        manager.register(defaults.Defaults(self), "jackfield")
        self._who: dict[str, str] = {}
        for who, plugin, kind in plugins:
            check_plugin(plugin, kind, who)
            try:
                manager.register(plugin, who)
            except (pluggy.PluginValidationError, ValueError) as error:
                raise refuse_names(error, plugin, who) from error
            self._who[getattr(plugin, "__name__", type(plugin).__module__).partition(".")[0]] = who
        manager.check_pending()
        self._steps: Any = SimpleNamespace(**{name: compile_step(getattr(manager.hook, name)) for name in STEPS})
        self._observers = {
            name: [
                (impl.plugin_name, impl.function, impl.argnames) for impl in getattr(manager.hook, name).get_hookimpls()
            ]
            for name in OBSERVERS
        }
        self._reported: set[tuple[str, str]] = set()
        #: Whether anybody observes exchanges.
        self.observed = any(rows for name, rows in self._observers.items() if name != "wrap_exchange")

        readers = {impl.plugin_name for name in _CONTENT for impl in getattr(manager.hook, name).get_hookimpls()}
        speakers = {"jackfield", *(who for who, _, kind in plugins if kind == "dialect")}
        self._relays = readers <= speakers and not any(self._observers.values())

    def __repr__(self) -> str:
        return f"<Board {self.provider or '-'} {self.dialect.name}>"

    def model(self, name: str) -> ModelInfo:
        """Return what the catalogs know of a model."""
        if (known := self._models.get(name)) is None:
            info = self.info or _NOBODY
            known = info.model(name, self.dialect.table, self.dialect.name)
            if len(self._models) < _MOST_MODELS:  # names come from callers
                self._models[name] = known
        return known

    def fit_request(self, request: Request, model: ModelInfo) -> Fitted:
        """See `hookspecs.fit_request`."""
        try:
            found: Fitted = self._steps.fit_request(request, model)
            return found
        except Exception as error:
            self.refuse("fit_request", error)

    def translate_request(self, request: Request, endpoint: Endpoint, model: ModelInfo) -> HTTPRequest:
        """Translate, then apply the catalog's renames and drops and the caller's `provider_options`.

        Raises:
            InvalidInput: the model's name would lead out of the provider's address, where formats have it.
        """
        if "." in request.model and not {".", ".."}.isdisjoint(request.model.replace("\\", "/").split("/")):
            raise InvalidInput(f"model: {request.model!r:.60} has a step of dots; a name has none", param="model")
        try:
            found: HTTPRequest | None = self._steps.translate_request(request, endpoint)
        except Exception as error:
            self.refuse("translate_request", error)
        if found is None:
            self._not_spoken(request)
        if isinstance(found.body, dict):
            defaults.finish_body(found, request, endpoint, model)
        if endpoint.headers:
            found.headers.update(endpoint.headers)
        return found

    def authorize(self, http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest | AuthFlow:
        """See `hookspecs.authorize`."""
        try:
            found: HTTPRequest | AuthFlow = self._steps.authorize(http_request, endpoint, at)
            return found
        except Exception as error:
            self.refuse("authorize", error)

    def normalize_headers(self, head: HTTPResponse) -> Facts:
        """See `hookspecs.normalize_headers`."""
        try:
            found: Facts = self._steps.normalize_headers(head)
            return found
        except Exception as error:
            self.refuse("normalize_headers", error)

    def normalize_response(self, request: Request, response: HTTPResponse) -> Response:
        """See `hookspecs.normalize_response`."""
        try:
            found: Response | None = self._steps.normalize_response(request, response)
        except Exception as error:
            self.refuse("normalize_response", error)
        return found if found is not None else self._not_spoken(request)

    def normalize_error(self, request: Request, response: HTTPResponse) -> JackfieldError | None:
        """See `hookspecs.normalize_error`."""
        try:
            found: JackfieldError | None = self._steps.normalize_error(request, response)
            return found
        except Exception as error:
            self.refuse("normalize_error", error)

    def stream_decoder(self, request: Request, head: HTTPResponse) -> StreamDecoder:
        """See `hookspecs.stream_decoder`."""
        try:
            found: StreamDecoder | None = self._steps.stream_decoder(request, head)
        except Exception as error:
            self.refuse("stream_decoder", error)
        return found if found is not None else self._not_spoken(request)

    def usage_items(self, request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage | None:
        """See `hookspecs.usage_items`."""
        try:
            found: Usage | None = self._steps.usage_items(request, raw, facts)
            return found
        except Exception as error:
            self.refuse("usage_items", error)

    def price_sheet(self, provider: str, model: str, facts: Mapping[str, str], at: datetime) -> Priced | None:
        """See `hookspecs.price_sheet`."""
        try:
            found: Priced | None = self._steps.price_sheet(provider, model, facts, at)
        except Exception as error:
            self.refuse("price_sheet", error)
        return self.book.apply(provider, model, found) if self.book is not None else found

    def compute_cost(self, usage: Usage, sheet: Priced | None, facts: Mapping[str, str], at: datetime) -> Cost:
        """See `hookspecs.compute_cost`."""
        try:
            found: Cost = self._steps.compute_cost(usage, sheet, facts, at)
            return found
        except Exception as error:
            self.refuse("compute_cost", error)

    def parse_request(self, http_request: HTTPRequest, route: Mapping[str, str]) -> Request:
        """See `hookspecs.parse_request`."""
        try:
            found: Request | None = self._steps.parse_request(http_request, route)
        except Exception as error:
            self.refuse("parse_request", error)
        if found is None:
            raise UnsupportedOperation(f"{self.dialect.name} has no form for {route.get('operation', 'this request')}")
        return found

    def relay_request(self, http_request: HTTPRequest, route: Mapping[str, str]) -> Relay | None:
        """See `hookspecs.relay_request`."""
        try:
            found: Relay | None = self._steps.relay_request(http_request, route)
            return found
        except Exception as error:
            self.refuse("relay_request", error)

    def relay_response(self, request: Request, response: HTTPResponse) -> Response | None:
        """See `hookspecs.relay_response`."""
        try:
            found: Response | None = self._steps.relay_response(request, response)
            return found
        except Exception as error:
            self.refuse("relay_response", error)

    def relays_for(self, board: Board) -> bool:
        """Whether what callers write in the dialect of a board may be relayed here: nobody else looks into it."""
        return self._relays and board.dialect.name == self.dialect.name

    def render_response(self, request: Request, response: Response) -> HTTPResponse:
        """See `hookspecs.render_response`."""
        try:
            found: HTTPResponse | None = self._steps.render_response(request, response)
        except Exception as error:
            self.refuse("render_response", error)
        return found if found is not None else self._not_spoken(request)

    def render_error(self, error: JackfieldError) -> HTTPResponse:
        """See `hookspecs.render_error`."""
        try:
            found: HTTPResponse = self._steps.render_error(error)
            return found
        except Exception as error:
            self.refuse("render_error", error)

    def stream_encoder(self, request: Request, at: datetime) -> StreamEncoder:
        """See `hookspecs.stream_encoder`."""
        try:
            found: StreamEncoder | None = self._steps.stream_encoder(request, at)
        except Exception as error:
            self.refuse("stream_encoder", error)
        return found if found is not None else self._not_spoken(request)

    def observe(self, name: str, **values: Any) -> None:
        """Call every observer by itself: one that raises is warned about once, the others still run."""
        for who, function, argnames in self._observers[name]:
            try:
                function(*(values[argument] for argument in argnames))
            except Exception as error:
                if (key := (who, name)) not in self._reported:
                    self._reported.add(key)
                    import warnings

                    warnings.warn(f"{who}: {name} raised {type(error).__name__}: {error}", stacklevel=2)

    def wrap(self, request: Request, flow: Generator[Any, Any, Response]) -> Generator[Any, Any, Response]:
        """Put the wrappers that extensions give around the flow of an exchange; the last named is outermost."""
        for _, function, argnames in self._observers["wrap_exchange"]:
            if (wrapper := function(*((request,) if argnames else ()))) is not None:
                flow = wrapper(flow)
        return flow

    def refuse(self, name: str, error: Exception) -> NoReturn:
        """Raise an error that a hook may raise as it is; for any other, one that names the distribution at fault."""
        if isinstance(error, JackfieldError):
            raise error
        raise self.broken(name, error) from error

    def broken(self, name: str, error: Exception) -> PluginError:
        """Make the error that names the distribution whose hook raised what it may not."""
        return PluginError(
            f"{self._culprit(error)}: {name} raised {type(error).__name__}: {error}; this is a bug of the plugin",
            provider=self.provider or None,
        )

    def _culprit(self, error: Exception) -> str:
        trace, found = error.__traceback__, "jackfield"
        while trace is not None:
            package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
            found = self._who.get(package, found)
            trace = trace.tb_next
        return found

    def _not_spoken(self, request: Request) -> NoReturn:
        raise UnsupportedOperation(
            f"{self.dialect.name} has no form for {request.operation or type(request).__name__}",
            provider=self.provider or None,
            model=request.model or None,
        )
