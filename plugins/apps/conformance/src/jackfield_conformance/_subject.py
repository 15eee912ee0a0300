"""What is tested: a provider or a dialect, its board, its models, and an endpoint with a key that must never show."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from inspect import isgenerator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from jackfield import Board, Boards, ChatRequest, Endpoint, Exchange, ModelInfo, ProviderInfo
from jackfield.discovery import installed
from jackfield.endpoints import resolve
from jackfield.errors import ConfigurationError

T = TypeVar("T")

AT = datetime(2026, 1, 15, 12, 0, 30, tzinfo=UTC)
#: The value of every key; it may stand in a header or a query, and nowhere else.
SECRET = "kit-secret-0a1b2c3d4e5f"  # noqa: S105  made up
#: Answers and states of an endpoint that is none of ours.
ELSEWHERE = "0123456789abcdef"


def once(make: Callable[[Any], T]) -> Callable[[Any], T]:
    """Make something of a class once, and remember it."""
    made: dict[object, T] = {}

    def remembered(subject: Any) -> T:
        if subject not in made:
            made[subject] = make(subject)
        return made[subject]

    return remembered


class Subject:
    """What every kit class may say of what it tests, and what the checks ask of that.

    `name` is the name of the provider or dialect. `plugin` is its module; where nothing is installed under the name,
    it is registered with the catalog that lies beside it, or with `data`. `companions` are further plugins that are
    not installed, as `(kind, name, plugin, data)`. `environ` holds values for settings that have no default.
    """

    name: ClassVar[str]
    plugin: ClassVar[Any] = None
    data: ClassVar[Any] = None
    companions: ClassVar[tuple[tuple[Any, str, Any, Any], ...]] = ()
    environ: ClassVar[Mapping[str, str]] = {}
    kind: ClassVar[Any] = "provider"

    @classmethod
    def boards(cls) -> Boards:
        """Return what is installed and registered, without extensions, and without anybody's environment."""
        return _boards(cls)

    @classmethod
    def roots(cls) -> set[str]:
        """Name the packages whose code is tested."""
        plugins = [cls.plugin, *(row[2] for row in cls.companions)]
        names = {getattr(plugin, "__name__", type(plugin).__module__) for plugin in plugins if plugin is not None}
        for kind in ("provider", "dialect"):
            for row in installed()[kind].get(cls.name, ()):
                names.add(row.value)
        return {name.partition(":")[0].partition(".")[0] for name in names}


@once
def _boards(subject: type[Subject]) -> Boards:
    extensions = ",".join(sorted(installed()["extension"]))
    boards = Boards(environ={"JACKFIELD_DISABLE": extensions})
    rows = list(subject.companions)
    plugin = subject.plugin
    if (plugin is not None or subject.data is not None) and boards.found(subject.kind, subject.name) is None:
        folder = Path(file).parent if (file := getattr(plugin, "__file__", None)) else None
        rows.append((subject.kind, subject.name, plugin, subject.data if subject.data is not None else folder))
    for row in rows:
        boards.register(*row)
    return boards


@contextmanager
def registered() -> Iterator[None]:
    """Skip a test over what `test_registers` reports."""
    try:
        yield
    except ConfigurationError as error:
        pytest.skip(f"not registered, see test_registers: {error}")


def declares(model: ModelInfo, needs: str | None, media: tuple[str, str] | None = None) -> bool:
    """Tell whether the catalog declares for a model a capability, and a form of a kind of media."""
    if needs is not None and needs not in (model.capabilities or ()):
        return False
    return media is None or media[1] in (model.media or {}).get(media[0], ())


class ProviderSubject(Subject):
    """A provider in one of its dialects.

    `model` is the one that is asked where nothing special is needed; without it the catalog's default. `dialect` is
    the main one unless it is named. `cassettes` is the folder with recorded exchanges. `answers_as_dialect=False`: it
    wraps the answers of its dialect in a form of its own, so that only recorded ones show how they are read.
    """

    model: ClassVar[str | None] = None
    dialect: ClassVar[str | None] = None
    cassettes: ClassVar[Path | None] = None
    answers_as_dialect: ClassVar[bool] = True

    @classmethod
    def info(cls) -> ProviderInfo:
        """Return what the catalog says; skips the test where the provider cannot be registered at all."""
        with registered():
            return cls.boards().info(cls.name)

    @classmethod
    def spoken(cls) -> str:
        """Return the name of the dialect that is tested."""
        if cls.dialect is not None:
            return cls.dialect
        info = cls.info()
        return info.model(cls.model).dialect if cls.model is not None else info.dialect

    @classmethod
    def board(cls) -> Board:
        """Return the provider's board; skips the test where it does not open."""
        with registered():
            return cls.boards().open(cls.name, cls.spoken())

    @classmethod
    def endpoint(cls) -> Endpoint:
        """Return an endpoint whose key is `SECRET`."""
        return _endpoint(cls)

    @classmethod
    def models(cls) -> list[ModelInfo]:
        """Return the models that can be asked for a chat in this dialect: the one named first, then the default."""
        return _models(cls)

    @classmethod
    def model_for(cls, needs: str | None = None, media: tuple[str, str] | None = None) -> ModelInfo:
        """Return the first model that declares what a scenario needs; skips the test where none does."""
        if (found := next((model for model in cls.models() if declares(model, needs, media)), None)) is not None:
            return found
        what = needs if media is None else f"{media[0]} by {media[1]}"
        pytest.skip(f"no model of {cls.name} in {cls.spoken()} declares {what or 'chat'}")

    @classmethod
    def opened(cls, request: ChatRequest, origin: str | None = None) -> Exchange:
        """Open the exchange of a request."""
        endpoint = cls.endpoint()
        if origin is not None:
            endpoint = replace(endpoint, origin=origin)
        return Exchange(cls.board(), request, endpoint, AT)


@once
def _endpoint(subject: type[ProviderSubject]) -> Endpoint:
    info = subject.info()
    environ = dict.fromkeys((name for way in info.auth for names in way.values.values() for name in names), SECRET)
    for name, setting in info.settings.items():
        if setting.env and setting.default is None and not setting.cases:
            environ[setting.env[0]] = "https://kit.invalid" if "url" in name or "endpoint" in name else "kit"
    return resolve(info, subject.spoken(), {}, {**environ, **subject.environ})


@once
def _models(subject: type[ProviderSubject]) -> list[ModelInfo]:
    info, board, dialect = subject.info(), subject.board(), subject.spoken()
    names = list(dict.fromkeys([name for name in (info.default_model,) if name is not None] + info.model_names()))
    spoken = [name for name in names if info.model(name).dialect == dialect]
    if subject.model is not None:
        spoken.insert(0, subject.model)
    elif not spoken:  # a dialect that is chosen by hand: it may be named for some models only
        patterns = info.table.get("dialects", {}).get(dialect, {}).get("models", ("*",))
        spoken = [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)] or ["kit-model"]
    models = [board.model(name) for name in dict.fromkeys(spoken)]
    return [model for model in models if "chat" in model.operations and not model.retired] or models[:1]


def signed(exchange: Exchange) -> Any:
    """Return the authorized request of an exchange; None where that takes a flow."""
    found = exchange.sign(AT)
    return None if isgenerator(found) else found


def modules_of(roots: set[str]) -> Iterator[Any]:
    """Yield the modules of packages that have been imported."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in roots and module is not None:
            yield module
