"""Finds what is installed, without importing it: entry points, and the folders where packages keep their data."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import importlib_metadata

from .errors import ConfigurationError, PluginError, UnknownDialect, UnknownProvider

GROUPS: Mapping[str, str] = {
    "dialect": "jackfield.dialects",
    "provider": "jackfield.providers",
    "extension": "jackfield.extensions",
    "command": "jackfield.commands",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An installed plugin: the entry point's name and value, and the distribution that brought it."""

    name: str
    value: str
    entry_point: Any

    @property
    def who(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.entry_point.dist.name} {self.entry_point.dist.version}"

    @property
    def folder(self) -> Path:
        """The folder with the package's data, found without importing it: the outer one, unless an inner has its own.

        Raises:
            PluginError: there is no such package.
        """
        package, *inner = self.value.partition(":")[0].split(".")
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise PluginError(f"{self.who}: the package {package} is not there; install the distribution again")
        outer = Path(next(iter(spec.submodule_search_locations)))
        return own if (own := outer.joinpath(*inner)).joinpath("catalog.toml").is_file() else outer

    def load(self) -> Any:
        """Import the plugin.

        Raises:
            PluginError: the import fails.
        """
        module, _, attribute = self.value.partition(":")
        try:
            plugin = importlib.import_module(module)
            return getattr(plugin, attribute) if attribute else plugin
        except Exception as error:
            raise PluginError(
                f"{self.who} ({self.name}) cannot be imported: {type(error).__name__}: {error}; "
                f"install another release, remove it, or leave it out with JACKFIELD_DISABLE={self.name}"
            ) from error


def discover(kind: str, admit: Collection[str] | None, leave_out: Collection[str]) -> dict[str, list[Found]]:
    """Return the installed plugins of a kind by name; two under one name are a conflict that `pick` reports."""
    found: dict[str, list[Found]] = {}
    for entry in importlib_metadata.entry_points(group=GROUPS[kind]):
        if entry.name in leave_out or (admit is not None and entry.name not in admit):
            continue
        same = found.setdefault(entry.name, [])
        if not any(other.value == entry.value and other.entry_point.dist == entry.dist for other in same):
            same.append(Found(entry.name, entry.value, entry))
    return found


def pick(found: Mapping[str, list[Found]], name: str) -> Found | None:
    """Return the plugin of that name, or None.

    Raises:
        ConfigurationError: two distributions claim it.
    """
    rows = found.get(name)
    if not rows:
        return None
    if len(names := sorted({row.who for row in rows})) > 1:
        raise ConfigurationError(f"{' and '.join(names)} both claim the name {name!r}; remove one of them")
    return rows[0]


def unknown(kind: str, name: str, known: Iterable[str]) -> ConfigurationError:
    """Make the error for a name that nobody has: the nearest names, and how to install what is missing."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names) or 'none'}."
    if kind == "provider":
        return UnknownProvider(
            f"no installed provider is named {name!r}; {hint} "
            f"A provider is a package of its own: pip install jackfield-{name}"
        )
    return UnknownDialect(
        f"no installed plugin speaks {name!r}; {hint} A dialect is a package of its own: pip install "
        f"jackfield-dialect-{name.partition('-')[0]}"
    )
