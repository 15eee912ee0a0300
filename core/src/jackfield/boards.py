"""Boards: what is installed, registered and configured, and the boards that were opened of it, each once."""

from __future__ import annotations

import importlib
import os
import threading
import warnings
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .admission import Admission
from .catalog import ProviderInfo, read_provider, read_toml
from .configuration import read_configuration
from .discovery import Found, Installed, describe, discover, installed, pick, unknown
from .errors import ConfigurationError, InvalidInput, PluginError

if TYPE_CHECKING:  # what a board runs on is imported when one is opened: a list of what is installed needs none of it
    from .board import Board, DialectInfo
    from .book import PriceBook
    from .registration import Kind

_MOST_NAMES = 10_000


class Boards:
    """What is installed, registered and configured; boards are opened once and kept.

    `config` is the user's own configuration, of the form of jackfield.toml. `environ` says which plugins are admitted
    (`JACKFIELD_PLUGINS`) or left out (`JACKFIELD_DISABLE`), as does the table `plugins` of the configuration. Safe to
    share between threads.
    """

    def __init__(self, config: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self.config = config or {}
        self._admission = Admission(self._environ, self.config)
        #: The file that the configuration was read from.
        self.source: Path | None = None
        #: Prices of the configuration, over those of every catalog.
        self.book = _book(self.config)
        self._installed: Installed | None = None
        self._found: dict[str, dict[str, list[Found]]] = {}
        self._registered: dict[tuple[str, str], tuple[Any, Mapping[str, Any] | Path | None]] = {}
        self._infos: dict[str, ProviderInfo] = {}
        self._dialects: dict[str, DialectInfo] = {}
        self._boards: dict[tuple[str, str], Board] = {}
        self._named: dict[str, tuple[Board, str]] = {}
        self._lock = threading.RLock()
        #: Grows with every registration and every reload; what was opened under another one is out of date.
        self.generation = 0

    @classmethod
    def of(
        cls, config: Mapping[str, Any] | str | Path | None = None, environ: Mapping[str, str] | None = None
    ) -> Boards:
        """Make boards of a configuration: a table, a file, or the file that `JACKFIELD_CONFIG` names.

        Raises:
            ConfigurationError: the file cannot be read, or is wrong; the message has file, line and key.
        """
        if config is None:
            config = (os.environ if environ is None else environ).get("JACKFIELD_CONFIG") or {}
        if not isinstance(config, str | Path):
            return cls(config, environ)
        found = cls(read_configuration(Path(config)), environ)
        found.source = Path(config)
        return found

    def reload(self, check: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        """Read the configuration's file again; where it is wrong by now, what is in force stays in force.

        `check` may refuse it too, for the tables that an application has in it. Exchanges that are under way end as
        they began.

        Raises:
            ConfigurationError: the file cannot be read, or is wrong, or there is none.
        """
        if self.source is None:
            raise ConfigurationError("no configuration file is in force; name one by config= or in JACKFIELD_CONFIG")
        fresh = Boards(read_configuration(self.source), self._environ)
        fresh._registered = self._registered
        for name in fresh.config.get("providers", {}):
            if fresh._admission.denied(name) is None:
                fresh.info(name)
        if check is not None:
            check(fresh.config)
        with self._lock:
            self.config, self.book, self._admission = fresh.config, fresh.book, fresh._admission
            self._found.clear()
            self._forget()

    def register(self, kind: Kind, name: str, plugin: Any, data: Mapping[str, Any] | Path | None = None) -> None:
        """Add a plugin by hand: a module or an object, and its catalog as a table or the folder where it lies.

        A provider whose plugin is None is its catalog alone: the modules that the catalog names are left out too.
        """
        with self._lock:
            self._registered[(kind, name)] = (plugin, data)
            self._forget()

    def _forget(self) -> None:
        """Let everything be read and opened anew."""
        self._infos.clear()
        self._dialects.clear()
        self._boards.clear()
        self._named = {}
        self.generation += 1

    def providers(self) -> list[str]:
        """The names of all providers: installed, registered and configured."""
        return self._names("provider", self.config.get("providers", {}))

    def dialects(self) -> list[str]:
        """The names of all dialects."""
        return self._names("dialect")

    def found(self, kind: str, name: str) -> Found | None:
        """Return what is installed under a name."""
        return pick(self._discovered(kind), name)

    def brought_by(self, kind: str, name: str) -> list[str]:
        """Name every distribution, with its version, that brings the plugin of a name: two are a conflict."""
        return sorted({row.who for row in self._discovered(kind).get(name, ())})

    def info(self, name: str) -> ProviderInfo:
        """Read the catalog of a provider; none of its code runs.

        Raises:
            UnknownProvider: nothing has this name.
            ConfigurationError: its catalog cannot be read.
        """
        with self._lock:
            if (known := self._infos.get(name)) is None:
                try:
                    known = self._read(name)
                    known.check()
                except (TypeError, AttributeError, LookupError, ValueError) as error:
                    raise ConfigurationError(
                        f"its catalog or its configuration is wrong: {error}", provider=name
                    ) from error
                self._infos[name] = known
            return known

    def dialect_info(self, name: str) -> DialectInfo:
        """Read the dialect.toml of a dialect; none of its code runs.

        Raises:
            UnknownDialect: nothing has this name.
        """
        from .board import DialectInfo

        with self._lock:
            if (known := self._dialects.get(name)) is None:
                registered = self._registered.get(("dialect", name))
                if registered is not None:
                    data = registered[1]
                    tables = (
                        read_toml(data / "dialect.toml") if isinstance(data, Path) else {"dialects": {name: data or {}}}
                    )
                elif (found := self.found("dialect", name)) is not None:
                    tables = read_toml(found.folder / "dialect.toml")
                else:
                    raise self._unknown("dialect", name, self.dialects())
                known = self._dialects[name] = DialectInfo(name, tables.get("dialects", {}).get(name, {}))
            return known

    def open(self, provider: str, dialect: str | None = None) -> Board:
        """Open the board of a provider in a dialect, its main one unless another is named.

        Raises:
            UnknownProvider, UnknownDialect: nothing has this name.
            PluginError: a plugin cannot be imported or breaks its contract.
        """
        from .board import Board

        with self._lock:
            info = self.info(provider)
            if not (name := dialect or info.dialect):
                raise ConfigurationError("its catalog names no dialect; give provider.dialect", provider=provider)
            if (board := self._boards.get((provider, name))) is None:
                plugins = [self._plugin("dialect", name), *self._provider_plugins(info, name), *self._extensions()]
                board = self._boards[(provider, name)] = Board(self.dialect_info(name), info, plugins, self.book)
            return board

    def board_of(self, model: str) -> tuple[Board, str]:
        """Open the board that a model is asked through, for those who send nothing; give the model's own name with it.

        Raises:
            UnknownProvider, InvalidInput: the name leads to no model.
        """
        named = self._named  # what is found is of this generation, whatever another thread reads meanwhile
        if (known := named.get(model)) is None:
            provider, name = self.resolve(model)
            known = self.open(provider, self.info(provider).model(name).dialect), name
            if len(named) < _MOST_NAMES:  # names come from callers
                named[model] = known
        return known

    def dialect(self, name: str) -> Board:
        """Open a board for a dialect without a provider, for those who serve it or parse it.

        Raises:
            UnknownDialect: nothing has this name.
        """
        if (known := self._boards.get(("", name))) is not None:
            return known
        from .board import Board

        with self._lock:
            if (board := self._boards.get(("", name))) is None:
                board = self._boards[("", name)] = Board(self.dialect_info(name), None, [self._plugin("dialect", name)])
            return board

    def resolve(self, name: str, more: Collection[str] = ()) -> tuple[str, str]:
        """Split `provider/model`; a provider alone means its default model, a bare model the one provider that has it.

        Where several have it, the one that is no host of others' models is meant.

        `more` are names of providers that the caller configured beside those of `config`.

        Raises:
            UnknownProvider: the name does not lead to a provider.
            InvalidInput: it is no name, or leads to several.
        """
        if not isinstance(name, str) or not name:
            raise InvalidInput(f"model: a name is needed, such as provider/model, not {name!r:.60}", param="model")
        provider, slash, model = name.partition("/")
        known = self.providers()
        if provider in known:
            if model or slash:
                return provider, model
            if (default := self.info(provider).default_model) is not None:
                return provider, default
            raise InvalidInput(f"{provider} has no default model; write {provider}/MODEL")
        if slash and provider not in more:
            if len(owners := [other for other in known if self._is_called(other, provider)]) == 1:
                return owners[0], model
            rung = self._holders(name, known)
            if len(rung) == 1:
                return rung[0], name
            raise self._unknown("provider", provider, known)
        holders = self._holders(name, known)
        if len(makers := [holder for holder in holders if not self.info(holder).hosts] or holders) == 1:
            return makers[0], name
        if holders:
            raise InvalidInput(f"{' and '.join(holders)} both have {name}; write {holders[0]}/{name}")
        raise self._unknown("provider", provider, known)

    def _holders(self, model: str, providers: Collection[str]) -> list[str]:
        return [name for name in providers if self._holds(name, model)]

    def _holds(self, name: str, model: str) -> bool:
        try:
            return self.info(name).model(model).rung in ("id", "alias")
        except Exception:  # a catalog that cannot be read holds nothing, and spoils no search in the others
            return False

    def _is_called(self, name: str, alias: str) -> bool:
        try:
            return alias in self.info(name).aliases
        except Exception:  # as with models: a catalog that cannot be read has no aliases
            return False

    def _discovered(self, kind: str) -> dict[str, list[Found]]:
        with self._lock:
            if (found := self._found.get(kind)) is None:
                found = self._found[kind] = discover(kind, self._admission, self._everything())
            return found

    def _everything(self) -> Installed:
        if self._installed is None:
            self._installed = installed()
        return self._installed

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
        if self._admission.denied(name) is not None or name not in self.config.get("providers", {}):
            raise self._unknown("provider", name, self.providers())
        return read_provider(name, None, user)

    def _unknown(self, kind: str, name: str, known: Collection[str]) -> ConfigurationError:
        """Make the error for a name that nobody has, or that is not let in."""
        error = unknown(kind, name, [other for other in known if other != name])
        brought = [row.distribution.name for row in self._everything()[kind].get(name, ())] or [""]
        if (why := self._admission.refused(name, brought[0])) is not None:
            error.message = f"the {kind} {name!r} {why}"
        return error

    def _plugin(self, kind: Kind, name: str) -> tuple[str, Any, Kind]:
        if (registered := self._registered.get((kind, name))) is not None:
            return f"{name} ({kind}, registered by hand)", registered[0], kind
        found = self.found(kind, name)
        if found is None:
            raise self._unknown(kind, name, self._names(kind))
        return f"{found.who} ({kind} {name})", found.load(), kind

    def _provider_plugins(self, info: ProviderInfo, dialect: str) -> list[tuple[str, Any, Kind]]:
        plugins: list[tuple[str, Any, Kind]] = []
        if ("provider", info.name) in self._registered:
            if self._registered[("provider", info.name)][0] is None:
                return plugins
            plugins.append(self._plugin("provider", info.name))
        elif self.found("provider", info.name) is not None:
            plugins.append(self._plugin("provider", info.name))
        if module := info.for_dialect(dialect).get("plugin"):
            who = f"{info.distribution} ({module})"
            try:
                plugins.append((who, importlib.import_module(module), "provider"))
            except (Exception, SystemExit) as error:
                raise PluginError(f"{who} cannot be imported: {describe(error)}") from error
        return plugins

    def _extensions(self) -> list[tuple[str, Any, Kind]]:
        order = list(self.config.get("extensions", {}).get("order", ()))
        names = self._names("extension")
        names.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
        found = []
        for name in names:
            try:
                found.append(self._plugin("extension", name))
            except PluginError as error:
                # a broken extension is named, and breaks nobody's board
                warnings.warn(str(error), stacklevel=2)
        return found


def _book(config: Mapping[str, Any]) -> PriceBook | None:
    if not (prices := config.get("prices")):
        return None
    from .book import PriceBook

    return PriceBook(prices, "the configuration")
