"""Reads a user's jackfield.toml, and refuses one that is wrong with file, line and key before anything runs on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .admission import Admission
from .book import PriceBook
from .catalog import read_toml
from .errors import ConfigurationError
from .limits import read_limits
from .rates import Rule


def read_configuration(path: Path) -> dict[str, Any]:
    """Read a configuration file.

    Raises:
        ConfigurationError: it is missing, not TOML, or holds prices or limits of another form; the message has the
            line where the wrong entry begins, and its key.
    """
    table = read_toml(path)
    for key, needle, check in _entries(table):
        try:
            check()
        except (ValueError, TypeError, AttributeError, ConfigurationError) as error:
            reason = error.message if isinstance(error, ConfigurationError) else str(error)
            raise ConfigurationError(f"{path}:{_line(path, needle)}: {key}: {reason}") from None
    return table


def _entries(table: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Give what can be checked: its key, what to look for in the file, and the check."""
    for name in ("extensions", "prices", "providers"):
        yield name, name, lambda name=name: _table(table.get(name, {}))
    yield "plugins", "[plugins]", lambda: Admission({}, table)
    for pattern, value in table.get("prices", {}).items():
        yield f"prices.{pattern}", pattern, lambda pattern=pattern, value=value: PriceBook({pattern: value}, "prices")
    for provider, values in table.get("providers", {}).items():
        yield f"providers.{provider}", f"{provider} =", lambda values=values: _table(values)
        for key in sorted(values.keys() - _MEMBERS):
            yield f"providers.{provider}.{key}", key, lambda key=key: _unknown(key)
        at = f"providers.{provider}.models"
        yield at, at, lambda values=values: _tables(values.get("models", []))
        for model in values.get("models", ()):
            name = str(model.get("id") or model.get("match") or "?")
            yield f"{at} {name}.prices", name, lambda model=model: [Rule.read(rule) for rule in model.get("prices", ())]
            yield f"{at} {name}.limits", name, lambda model=model: read_limits(model.get("limits", {}))


#: What the table of a provider may hold: the same as its catalog.
_MEMBERS = frozenset(
    {
        "auth",
        "dialects",
        "headers",
        "limits",
        "models",
        "provider",
        "regions",
        "remedies",
        "settings",
        "wire",
    }
)


def _unknown(key: str) -> None:
    raise ValueError(f"a provider has no member {key!r}; what says how it is reached stands in its table `provider`")


def _table(value: Any) -> None:
    if not isinstance(value, dict):
        raise TypeError(f"a table is needed, not {value!r:.60}")


def _tables(value: Any) -> None:
    if not isinstance(value, list):
        raise TypeError(f"a list of tables is needed, [[...]], not {value!r:.60}")
    for row in value:
        _table(row)


def _line(path: Path, needle: str) -> int:
    """Return the line on which an entry begins; the first, where it cannot be found again."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if needle in line:
            return number
    return 1
