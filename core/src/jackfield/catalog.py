"""Reads catalog.toml, models.toml and dialect.toml: a provider is data first.

Values of a model are merged from general to special: dialect, provider, every family that matches, the model itself,
then the same of the user's own configuration. Nothing here imports a plugin or looks at the environment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import ConfigurationError
from .limits import Limit, merge_limits, read_limits
from .rates import Rule
from .tables import Models, UserModels


@dataclass(frozen=True, slots=True)
class Setting:
    """A named value of a provider: where it may come from, and what it is otherwise.

    `cases` says what it is where another setting has a value; in it and in `default`, `{name}` is another setting.
    """

    env: tuple[str, ...] = ()
    default: str | None = None
    cases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Auth:
    """One way to prove who asks: how the values are sent, and the environment names of each value."""

    kind: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the catalogs know of a model. `rung` says how it was found: `id`, `alias`, `family` or `unknown`.

    `untaken` holds the members that a model does not take of a parameter, a message, a part or a tool, by their owner.
    """

    id: str
    provider: str = ""
    dialect: str = ""
    rung: str = "unknown"
    aliases: tuple[str, ...] = ()
    context: int | None = None
    max_output: int | None = None
    capabilities: frozenset[str] | None = None
    media: Mapping[str, tuple[str, ...]] | None = None
    operations: tuple[str, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    untaken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    #: How this model is asked to think, where its dialect has another form: see `thinking.write_thinking`.
    thinking: Mapping[str, Any] | None = None
    #: Members of the last message, where that is the assistant's and the answer shall go on from it.
    prefill: Mapping[str, Any] | None = None
    rules: tuple[Rule, ...] = ()
    currency: str = "USD"
    unpriced: str | None = None
    successor: str | None = None
    #: Days, as ISO 8601 writes them: from when on the provider advises against it, and from when on it does not answer.
    deprecated: str | None = None
    retired: str | None = None
    source: str | None = None
    checked: str | None = None


@dataclass(frozen=True)
class ProviderInfo:
    """A provider, as its catalog tells. `table` is the merged catalog, `layers` the model files, the user's last."""

    name: str
    table: Mapping[str, Any]
    layers: tuple[Models, ...] = ()
    distribution: str | None = None
    package: str | None = None

    def _own(self, key: str, default: Any = None) -> Any:
        return self.table.get("provider", {}).get(key, default)

    @property
    def title(self) -> str:
        """The name as people write it."""
        return str(self._own("title", self.name))

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names that it goes by elsewhere."""
        return tuple(self._own("aliases", ()))

    @property
    def hosts(self) -> bool:
        """Whether it serves models that others make and sell too: a bare name means the maker."""
        return bool(self._own("hosts", False))

    @property
    def dialect(self) -> str:
        """The dialect that is spoken unless a model says otherwise."""
        return str(self._own("dialect", ""))

    @property
    def default_model(self) -> str | None:
        """The model that answers where none is named."""
        return self._own("default_model")  # type: ignore[no-any-return]

    @property
    def operations(self) -> tuple[str, ...]:
        """What can be asked."""
        return tuple(self._own("operations", ("chat",)))

    @property
    def hint(self) -> str | None:
        """What to do before the first call: where keys come from, how a server of one's own is started."""
        return self._own("hint")  # type: ignore[no-any-return]

    @property
    def verified(self) -> str:
        """What the plugin was checked against: `recordings` or `documentation`."""
        return str(self._own("verified", "documentation"))

    @cached_property
    def settings(self) -> Mapping[str, Setting]:
        """The provider's settings by name."""
        return {
            name: Setting(tuple(value.get("env", ())), value.get("default"), value.get("cases", {}))
            for name, value in self.table.get("settings", {}).items()
        }

    @cached_property
    def auth(self) -> tuple[Auth, ...]:
        """The ways to prove who asks, in order of preference."""
        return tuple(
            Auth(way["kind"], {name: tuple(env) for name, env in way.get("values", {}).items()})
            for way in self.table.get("auth", ())
        )

    def check(self) -> None:
        """Read what stands beside the models, so that a wrong type shows when the catalog is read and not later.

        Raises:
            TypeError, AttributeError, KeyError: a member is of another type, or missing.
        """
        _ = self.settings, self.auth
        table = self.for_dialect(self.dialect)
        for place, text in table.get("remedies", {}).items():
            if not isinstance(text, str):
                raise TypeError(f"the remedy of {place} is no text")
        for setting in self.settings.values():
            _ = [texts.get("") for texts in setting.cases.values()]
        form = table.get("wire", {}).get("chat", {}).get("thinking", {})
        _ = [form.get(name, {}).items() for name in ("on", "always", "off")]

    def for_dialect(self, dialect: str) -> Mapping[str, Any]:
        """Return the tables that hold for one dialect: its own over the provider's."""
        return merge(self.table, self.table.get("dialects", {}).get(dialect, {}))

    def model_names(self) -> list[str]:
        """The ids of all models, without those of families."""
        return list(dict.fromkeys(name for layer in self.layers for name in layer.names))

    def model(self, name: str, dialect_table: Mapping[str, Any] | None = None, dialect: str | None = None) -> ModelInfo:
        """Return what is known of a model; a name that no catalog knows has its provider's limits and no price.

        `long_names` of the catalog is the form of names that hold the model's own: its one group is that.

        Raises:
            ConfigurationError: a table of the model cannot be read.
        """
        rung, own, tables = self._find(name)
        form = self._own("long_names") if rung in ("unknown", "family") else None
        if form and (short := re.fullmatch(str(form), name)) is not None:
            rung, own, tables = self._find(short[1])
        spoken = dialect or next((str(table["dialect"]) for table in reversed(tables) if "dialect" in table), None)
        spoken = spoken or self._by_pattern(own) or self.dialect
        return self._build(own, rung, spoken, [dialect_table or {}, self.for_dialect(spoken), *tables])

    def _find(self, name: str) -> tuple[str, str, list[dict[str, Any]]]:
        best, own, tables = "unknown", name, []
        for layer in self.layers:
            rung, found, more = layer.find(own)
            if more and (base := more[-1].get("base")):
                more = [*self._find(base)[2], *more]
            if _RUNGS.index(rung) >= _RUNGS.index(best):
                best, own = rung, found
            tables += more
        return best, own, tables

    def _by_pattern(self, model: str) -> str | None:
        for dialect, table in self.table.get("dialects", {}).items():
            if any(fnmatchcase(model, pattern) for pattern in table.get("models", ())):
                return str(dialect)
        return None

    def _build(self, own: str, rung: str, dialect: str, tables: Sequence[Mapping[str, Any]]) -> ModelInfo:
        merged: dict[str, Any] = {}
        media: dict[str, Any] = {}
        rename: dict[str, str] = {}
        drop: list[str] = []
        thinking: dict[str, Any] = {}
        prefill: Mapping[str, Any] | None = None
        prices: list[Mapping[str, Any]] = []
        try:
            for table in tables:
                media |= table.get("media", {})
                wire = table.get("wire", {}).get("chat", {})
                rename |= wire.get("rename", {})
                drop += wire.get("drop", [])
                thinking |= wire.get("thinking", {})
                prefill = wire.get("prefill", prefill)
                if table.get("replaces"):
                    prices = []
                prices += table.get("prices", [])
                merged |= {key: value for key, value in table.items() if key in _OWN_KEYS}
            rules = tuple(Rule.read(rule) for rule in prices)
            read, members = read_limits(merge_limits([table.get("limits", {}) for table in tables]))
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"the catalog is wrong about {own}: {error}", provider=self.name) from None
        capabilities = merged.get("capabilities")
        return ModelInfo(
            id=own,
            provider=self.name,
            dialect=dialect,
            rung=rung,
            aliases=tuple(merged.get("aliases", ())),
            context=merged.get("context"),
            max_output=merged.get("max_output"),
            capabilities=None if capabilities is None else frozenset(capabilities),
            media={kind: tuple(forms) for kind, forms in media.items()} if media else None,
            operations=tuple(merged.get("operations", ())) or self.operations,
            limits=read,
            untaken=members,
            rename=rename,
            drop=tuple(drop),
            thinking=thinking if thinking.keys() > {"replaces"} else None,
            prefill=prefill,
            rules=rules,
            currency=merged.get("currency", "USD"),
            unpriced=merged.get("unpriced"),
            successor=merged.get("successor"),
            deprecated=_date(merged.get("deprecated")),
            retired=_date(merged.get("retired")),
            source=merged.get("source"),
            checked=_date(merged.get("checked")),
        )


_RUNGS = ("unknown", "family", "alias", "id")
_OWN_KEYS = frozenset(
    {"aliases", "context", "max_output", "capabilities", "operations", "successor", "deprecated", "retired",
     "source", "checked", "currency", "unpriced"}
)  # fmt: skip


def _date(value: Any) -> str | None:
    return None if value is None else str(value)


def merge(general: Mapping[str, Any], special: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two tables, member by member; lists and plain values of the special one replace."""
    merged = dict(general)
    for key, value in special.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigurationError: the file is missing, or not TOML; the message has the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path.parent.name}/{path.name} is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{path.parent.name}/{path.name} cannot be read: {error}") from None


def read_provider(
    name: str, folder: Path | None, user: Mapping[str, Any], distribution: str | None = None, package: str | None = None
) -> ProviderInfo:
    """Read a provider from the folder of its package and from the user's configuration, either of which may be absent.

    Raises:
        ConfigurationError: a file cannot be read, or the catalog's name is not the entry point's.
    """
    table: dict[str, Any] = {}
    layers: list[Models] = []
    if folder is not None:
        table = read_toml(folder / "catalog.toml")
        if (own := table.get("provider", {}).get("name")) != name:
            raise ConfigurationError(
                f"the catalog of {distribution} names itself {own!r}, its entry point {name!r}; make both equal"
            )
        if "models" in table:
            layers.append(Models((folder / "catalog.toml").read_text(encoding="utf-8"), f"{name}/catalog.toml"))
        for place in (*table.get("include", ()), "models.toml"):
            if (file := folder / place).is_file():
                layers.append(Models(file.read_text(encoding="utf-8"), f"{name}/{place}"))
    if user:
        table = merge(table, {key: value for key, value in user.items() if key != "models"})
        if models := user.get("models"):
            layers.append(UserModels(models, name))
    return ProviderInfo(name, table, tuple(layers), distribution, package)
