"""Finds what is installed, without importing it: entry points, and the folders where packages keep their data."""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import importlib_metadata

from .admission import Admission, normal_name
from .errors import ConfigurationError, PluginError, UnknownDialect, UnknownProvider

GROUPS: Mapping[str, str] = {
    "dialect": "jackfield.dialects",
    "provider": "jackfield.providers",
    "extension": "jackfield.extensions",
    "command": "jackfield.commands",
}
_KINDS = {group: kind for kind, group in GROUPS.items()}
#: How many names an error lists, so that its remedy is still read.
_NAMED = 12
_FIELD = re.compile(r"^(Name|Version): *(.+?) *$", re.MULTILINE)

#: What is installed: plugins by kind and name; two under one name are a conflict that `pick` reports.
Installed = dict[str, dict[str, list["Found"]]]


class Distribution:
    """An installed distribution. Its metadata is read when asked for; one without has still a name."""

    def __init__(self, found: Any) -> None:
        #: As importlib_metadata knows it.
        self.metadata = found

    @cached_property
    def name(self) -> str:
        """The name in its normal form, from the name of its folder where it has one."""
        # not public, but ten times cheaper than reading the metadata; without it the metadata says it
        try:
            name = getattr(self.metadata, "_normalized_name", None)
        except Exception:  # it may fall back on metadata that nobody can read
            name = None
        return normal_name(name or self._fields.get("Name") or "a distribution")

    @cached_property
    def version(self) -> str | None:
        """The version; None where the metadata cannot be read."""
        return self._fields.get("Version")

    @property
    def who(self) -> str:
        """Name and version, for messages."""
        return f"{self.name} {self.version}" if self.version else f"{self.name} (its metadata cannot be read)"

    @cached_property
    def _fields(self) -> dict[str, str]:
        try:
            text = self.metadata.read_text("METADATA") or self.metadata.read_text("PKG-INFO") or ""
        except (OSError, ValueError):
            return {}
        return dict(reversed(_FIELD.findall(text.partition("\n\n")[0])))


@dataclass(frozen=True, slots=True)
class Found:
    """An installed plugin: the entry point's name and value, and the distribution that brought it."""

    name: str
    value: str
    distribution: Distribution

    @property
    def who(self) -> str:
        """Distribution and version, for messages."""
        return self.distribution.who

    @property
    def folder(self) -> Path:
        """The folder with the package's data, found without importing it: the outer one, unless an inner has its own.

        Raises:
            PluginError: there is no such package.
        """
        package, *inner = self.value.partition(":")[0].split(".")
        try:
            spec = find_spec(package)
        except (ImportError, ValueError):
            spec = None
        if spec is None or not spec.submodule_search_locations:
            raise PluginError(f"{self.who}: the package {package} is not there; install the distribution again")
        outer = Path(next(iter(spec.submodule_search_locations)))
        return own if inner and (own := outer.joinpath(*inner)).joinpath("catalog.toml").is_file() else outer

    def load(self) -> Any:
        """Import the plugin.

        Raises:
            PluginError: the import fails, or ends the program.
        """
        module, _, attribute = self.value.partition(":")
        try:
            plugin = importlib.import_module(module)
            return getattr(plugin, attribute) if attribute else plugin
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"{self.who} ({self.name}) cannot be imported: {describe(error)}; "
                f"install another release, remove it, or leave it out with JACKFIELD_DISABLE={self.name}"
            ) from error


def describe(error: BaseException) -> str:
    """Say what an import ended in."""
    return f"it exits with {error.code!r}" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"


def installed() -> Installed:
    """Read the entry points of every distribution, once; of a distribution that is there twice, the first counts."""
    found: Installed = {kind: {} for kind in GROUPS}
    seen = set()
    for metadata in importlib_metadata.distributions():
        try:
            text = metadata.read_text("entry_points.txt")
        except (OSError, ValueError):  # a file that cannot be read hides nobody else's
            continue
        if not text or "jackfield." not in text:
            continue
        distribution = Distribution(metadata)
        if distribution.name in seen:
            continue
        seen.add(distribution.name)
        for kind, name, value in _entries(text):
            found[kind].setdefault(name, []).append(Found(name, value, distribution))
    return found


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """Read the entry points of our groups: kind, name and value, without extras."""
    kind = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            kind = _KINDS.get(line.strip("[] "))
        elif kind is not None and line[:1] not in ("", "#", ";"):
            name, equals, value = line.partition("=")
            if equals:
                yield kind, name.strip(), value.partition("[")[0].strip()


def discover(kind: str, admission: Admission, everything: Installed | None = None) -> dict[str, list[Found]]:
    """Return the plugins of a kind that are let in, by name."""
    names = (installed() if everything is None else everything)[kind]
    if not admission:
        return names
    admitted = {
        name: [row for row in rows if admission.refused(name, row.distribution.name) is None]
        for name, rows in names.items()
    }
    return {name: rows for name, rows in admitted.items() if rows}


def pick(found: Mapping[str, list[Found]], name: str) -> Found | None:
    """Return the plugin of that name, or None.

    Raises:
        ConfigurationError: two distributions claim it.
    """
    rows = found.get(name)
    if not rows:
        return None
    if len(rows) > 1 and len({row.who for row in rows}) > 1:
        raise conflict(name, rows)
    return rows[0]


def conflict(name: str, rows: Iterable[Found]) -> ConfigurationError:
    """Make the error for a name that several distributions claim."""
    return ConfigurationError(
        f"{' and '.join(sorted({row.who for row in rows}))} both claim the name {name!r}; remove one of them, or leave "
        "one out by the name of its distribution with JACKFIELD_DISABLE"
    )


def unknown(kind: str, name: str, known: Iterable[str]) -> ConfigurationError:
    """Make the error for a name that nobody has: the nearest names, and how to install what is missing."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    there = f"there are {', '.join(names[:_NAMED]) or 'none'}{rest}."
    hint = f"did you mean {' or '.join(near)}?" if near else there
    if kind == "provider":
        return UnknownProvider(
            f"no installed provider is named {name!r}; {hint} "
            f"A provider is a package of its own: pip install jackfield-{name}"
        )
    return UnknownDialect(
        f"no installed plugin speaks {name!r}; {hint} A dialect is a package of its own: pip install "
        f"jackfield-dialect-{name.partition('-')[0]}"
    )
