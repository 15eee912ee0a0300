"""Boards: one typed façade over one plugin manager for every provider and dialect, opened when it is asked for.

A board is an override chain: the core's defaults, the dialect, the provider's own hooks, the extensions. Pluggy asks
the last registered first and stops at the first answer. Nothing outside of `Board` touches a hook.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import pluggy

from . import defaults
from .catalog import ModelInfo, ProviderInfo, read_provider, read_toml
from .deltas import StreamDecoder, StreamEncoder
from .discovery import Found, discover, pick, unknown
from .errors import InvalidInput, JackfieldError, PluginError, UnsupportedOperation
from .fitting import Fitted
from .operations import Request, Response
from .pricing import Cost, Priced
from .registration import OBSERVERS, STEPS, Kind, check_plugin, compile_step, new_manager
from .usage import Usage
from .wire import Endpoint, Facts, HTTPRequest, HTTPResponse

if TYPE_CHECKING:
    from .hookspecs import AuthFlow


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


class Board:
    """The plugin manager of one provider in one dialect, with a typed method for every hook."""

    def __init__(
        self, dialect: DialectInfo, info: ProviderInfo | None, plugins: list[tuple[str, Any, Kind]]
    ) -> None:
        self.dialect = dialect
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
                raise PluginError(f"{who} does not fit the hook specs: {error}") from error
            self._who[getattr(plugin, "__name__", type(plugin).__module__).partition(".")[0]] = who
        manager.check_pending()
        self._manager = manager
        self._steps = SimpleNamespace(**{name: compile_step(getattr(manager.hook, name)) for name in STEPS})
        self._observers = {
            name: [(impl.plugin_name, impl.function, impl.argnames) for impl in getattr(manager.hook, name).get_hookimpls()]
            for name in OBSERVERS
        }
        self._reported: set[tuple[str, str]] = set()
        #: Whether anybody observes exchanges.
        self.observed = any(rows for name, rows in self._observers.items() if name != "wrap_exchange")

    def __repr__(self) -> str:
        return f"<Board {self.provider or '-'} {self.dialect.name}>"

    def model(self, name: str) -> ModelInfo:
        """Return what the catalogs know of a model."""
        if (known := self._models.get(name)) is None:
            if self.info is None:
                known = ModelInfo(name, dialect=self.dialect.name)
            else:
                known = self.info.model(name, self.dialect.table, self.dialect.name)
            self._models[name] = known
        return known

    def fit_request(self, request: Request, model: ModelInfo) -> Fitted:
        """See `hookspecs.fit_request`."""
        try:
            return self._steps.fit_request(request, model)  # type: ignore[no-any-return]
        except Exception as error:
            raise self.judged("fit_request", error)

    def translate_request(self, request: Request, endpoint: Endpoint, model: ModelInfo) -> HTTPRequest:
        """Translate, then apply the catalog's renames and drops and the caller's `provider_options`."""
        try:
            found = self._steps.translate_request(request, endpoint)
        except Exception as error:
            raise self.judged("translate_request", error)
        if found is None:
            self._not_spoken(request)
        http_request: HTTPRequest = found
        if isinstance(http_request.body, dict):
            defaults.finish_body(http_request, request, endpoint, model)
        if endpoint.headers:
            http_request.headers.update(endpoint.headers)
        return http_request

    def authorize(self, http_request: HTTPRequest, endpoint: Endpoint) -> HTTPRequest | AuthFlow:
        """See `hookspecs.authorize`."""
        try:
            return self._steps.authorize(http_request, endpoint)  # type: ignore[no-any-return]
        except Exception as error:
            raise self.judged("authorize", error)

    def normalize_headers(self, head: HTTPResponse) -> Facts:
        """See `hookspecs.normalize_headers`."""
        try:
            return self._steps.normalize_headers(head)  # type: ignore[no-any-return]
        except Exception as error:
            raise self.judged("normalize_headers", error)

    def normalize_response(self, request: Request, response: HTTPResponse) -> Response:
        """See `hookspecs.normalize_response`."""
        try:
            found = self._steps.normalize_response(request, response)
        except Exception as error:
            raise self.judged("normalize_response", error)
        return found if found is not None else self._not_spoken(request)

    def normalize_error(self, request: Request, response: HTTPResponse) -> JackfieldError | None:
        """See `hookspecs.normalize_error`."""
        try:
            return self._steps.normalize_error(request, response)  # type: ignore[no-any-return]
        except Exception as error:
            raise self.judged("normalize_error", error)

    def stream_decoder(self, request: Request, head: HTTPResponse) -> StreamDecoder:
        """See `hookspecs.stream_decoder`."""
        try:
            found = self._steps.stream_decoder(request, head)
        except Exception as error:
            raise self.judged("stream_decoder", error)
        return found if found is not None else self._not_spoken(request)

    def usage_items(self, request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage | None:
        """See `hookspecs.usage_items`."""
        try:
            return self._steps.usage_items(request, raw, facts)  # type: ignore[no-any-return]
        except Exception as error:
            raise self.judged("usage_items", error)

    def price_sheet(self, provider: str, model: str, facts: Mapping[str, str], at: datetime) -> Priced | None:
        """See `hookspecs.price_sheet`."""
        try:
            return self._steps.price_sheet(provider, model, facts, at)
        except Exception as error:
            raise self.judged("price_sheet", error)

    def compute_cost(self, usage: Usage, sheet: Priced | None, facts: Mapping[str, str], at: datetime) -> Cost:
        """See `hookspecs.compute_cost`."""
        try:
            return self._steps.compute_cost(usage, sheet, facts, at)
        except Exception as error:
            raise self.judged("compute_cost", error)

    def parse_request(self, http_request: HTTPRequest, route: Mapping[str, str]) -> Request:
        """See `hookspecs.parse_request`."""
        try:
            found = self._steps.parse_request(http_request, route)
        except Exception as error:
            raise self.judged("parse_request", error)
        if found is None:
            raise UnsupportedOperation(f"{self.dialect.name} has no form for {route.get('operation', 'this request')}")
        return found  # type: ignore[no-any-return]

    def render_response(self, request: Request, response: Response) -> HTTPResponse:
        """See `hookspecs.render_response`."""
        try:
            found = self._steps.render_response(request, response)
        except Exception as error:
            raise self.judged("render_response", error)
        return found if found is not None else self._not_spoken(request)

    def render_error(self, error: JackfieldError) -> HTTPResponse:
        """See `hookspecs.render_error`."""
        try:
            return self._steps.render_error(error)  # type: ignore[no-any-return]
        except Exception as error:
            raise self.judged("render_error", error)

    def stream_encoder(self, request: Request, at: datetime) -> StreamEncoder:
        """See `hookspecs.stream_encoder`."""
        try:
            found = self._steps.stream_encoder(request, at)
        except Exception as error:
            raise self.judged("stream_encoder", error)
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

    def judged(self, name: str, error: Exception) -> JackfieldError:
        """Return an error that a hook may raise; for any other, one that names the distribution at fault."""
        if isinstance(error, JackfieldError):
            return error
        broken = PluginError(
            f"{self._culprit(error)}: {name} raised {type(error).__name__}: {error}; this is a bug of the plugin",
            provider=self.provider or None,
        )
        broken.__cause__ = error
        return broken

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


class Boards:
    """What is installed, registered and configured; boards are opened once and kept.

    `config` is the user's own configuration, of the form of jackfield.toml. `environ` says which plugins are admitted
    (`JACKFIELD_PLUGINS`) or left out (`JACKFIELD_DISABLE`). Safe to share between threads.
    """

    def __init__(self, config: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> None:
        env = os.environ if environ is None else environ
        self._admit: Collection[str] | None = _names(env["JACKFIELD_PLUGINS"]) if "JACKFIELD_PLUGINS" in env else None
        self._leave_out = _names(env.get("JACKFIELD_DISABLE", ""))
        self.config = config or {}
        self._found: dict[str, dict[str, list[Found]]] = {}
        self._registered: dict[tuple[str, str], tuple[Any, Mapping[str, Any] | Path | None]] = {}
        self._infos: dict[str, ProviderInfo] = {}
        self._dialects: dict[str, DialectInfo] = {}
        self._boards: dict[tuple[str, str], Board] = {}
        self._lock = threading.RLock()

    def register(self, kind: Kind, name: str, plugin: Any, data: Mapping[str, Any] | Path | None = None) -> None:
        """Add a plugin by hand: a module or an object, and its catalog as a table or the folder where it lies."""
        self._registered[(kind, name)] = (plugin, data)
        self._infos.clear()
        self._dialects.clear()
        self._boards.clear()

    def providers(self) -> list[str]:
        """The names of all providers: installed, registered and configured."""
        return self._names("provider", self.config.get("providers", {}))

    def dialects(self) -> list[str]:
        """The names of all dialects."""
        return self._names("dialect")

    def found(self, kind: str, name: str) -> Found | None:
        """Return what is installed under a name."""
        return pick(self._discovered(kind), name)

    def info(self, name: str) -> ProviderInfo:
        """Read the catalog of a provider; none of its code runs.

        Raises:
            UnknownProvider: nothing has this name.
            ConfigurationError: its catalog cannot be read.
        """
        with self._lock:
            if (known := self._infos.get(name)) is None:
                known = self._infos[name] = self._read(name)
            return known

    def dialect_info(self, name: str) -> DialectInfo:
        """Read the dialect.toml of a dialect; none of its code runs.

        Raises:
            UnknownDialect: nothing has this name.
        """
        with self._lock:
            if (known := self._dialects.get(name)) is None:
                registered = self._registered.get(("dialect", name))
                if registered is not None:
                    data = registered[1]
                    tables = read_toml(data / "dialect.toml") if isinstance(data, Path) else {"dialects": {name: data or {}}}
                elif (found := self.found("dialect", name)) is not None:
                    tables = read_toml(found.folder / "dialect.toml")
                else:
                    raise unknown("dialect", name, self.dialects())
                known = self._dialects[name] = DialectInfo(name, tables.get("dialects", {}).get(name, {}))
            return known

    def open(self, provider: str, dialect: str | None = None) -> Board:
        """Open the board of a provider in a dialect, its main one unless another is named.

        Raises:
            UnknownProvider, UnknownDialect: nothing has this name.
            PluginError: a plugin cannot be imported or breaks its contract.
        """
        info = self.info(provider)
        name = dialect or info.dialect
        with self._lock:
            if (board := self._boards.get((provider, name))) is None:
                plugins = [self._plugin("dialect", name), *self._provider_plugins(info, name), *self._extensions()]
                board = self._boards[(provider, name)] = Board(self.dialect_info(name), info, plugins)
            return board

    def dialect(self, name: str) -> Board:
        """Open a board for a dialect without a provider, for those who serve it or parse it.

        Raises:
            UnknownDialect: nothing has this name.
        """
        with self._lock:
            if (board := self._boards.get(("", name))) is None:
                board = self._boards[("", name)] = Board(self.dialect_info(name), None, [self._plugin("dialect", name)])
            return board

    def resolve(self, name: str, more: Collection[str] = ()) -> tuple[str, str]:
        """Split `provider/model`; a provider alone means its default model, a bare model the one provider that has it.

        `more` are names of providers that the caller configured beside those of `config`.

        Raises:
            UnknownProvider: the name does not lead to a provider.
        """
        provider, slash, model = name.partition("/")
        known = self.providers()
        if provider in known:
            if model or slash:
                return provider, model
            if (default := self.info(provider).default_model) is not None:
                return provider, default
            raise InvalidInput(f"{provider} has no default model; write {provider}/MODEL")
        if slash and provider not in more:
            rung = self._holders(name, known)
            if len(rung) == 1:
                return rung[0], name
            raise unknown("provider", provider, known)
        holders = self._holders(name, known)
        if len(holders) == 1:
            return holders[0], name
        if holders:
            raise InvalidInput(f"{' and '.join(holders)} both have {name}; write {holders[0]}/{name}")
        raise unknown("provider", provider, known)

    def _holders(self, model: str, providers: Collection[str]) -> list[str]:
        return [name for name in providers if self.info(name).model(model).rung in ("id", "alias")]

    def _discovered(self, kind: str) -> dict[str, list[Found]]:
        with self._lock:
            if (found := self._found.get(kind)) is None:
                found = self._found[kind] = discover(kind, self._admit, self._leave_out)
            return found

    def _names(self, kind: str, more: Collection[str] = ()) -> list[str]:
        registered = (name for registered_kind, name in self._registered if registered_kind == kind)
        return sorted({*self._discovered(kind), *registered, *more})

    def _read(self, name: str) -> ProviderInfo:
        user = self.config.get("providers", {}).get(name, {})
        if (registered := self._registered.get(("provider", name))) is not None:
            data = registered[1]
            if isinstance(data, Path):
                return read_provider(name, data, user, name)
            return read_provider(name, None, {**(data or {}), **user}, name)
        if (found := self.found("provider", name)) is not None:
            return read_provider(name, found.folder, user, found.who, found.value)
        if user:
            return read_provider(name, None, user)
        raise unknown("provider", name, self.providers())

    def _plugin(self, kind: Kind, name: str) -> tuple[str, Any, Kind]:
        if (registered := self._registered.get((kind, name))) is not None:
            return f"{name} (registered by hand)", registered[0], kind
        found = self.found(kind, name)
        if found is None:
            raise unknown(kind, name, self._names(kind))
        return f"{found.who} ({kind} {name})", found.load(), kind

    def _provider_plugins(self, info: ProviderInfo, dialect: str) -> list[tuple[str, Any, Kind]]:
        plugins: list[tuple[str, Any, Kind]] = []
        if ("provider", info.name) in self._registered:
            if self._registered[("provider", info.name)][0] is not None:
                plugins.append(self._plugin("provider", info.name))
        elif self.found("provider", info.name) is not None:
            plugins.append(self._plugin("provider", info.name))
        if module := info.for_dialect(dialect).get("plugin"):
            import importlib

            plugins.append((f"{info.distribution} ({module})", importlib.import_module(module), "provider"))
        return plugins

    def _extensions(self) -> list[tuple[str, Any, Kind]]:
        order = list(self.config.get("extensions", {}).get("order", ()))
        names = self._names("extension")
        names.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
        return [self._plugin("extension", name) for name in names]


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
