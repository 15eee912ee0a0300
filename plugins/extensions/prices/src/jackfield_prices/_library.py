"""The price list in a form that is read quickly: built once from the package, kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import Priced, Rule, Sheet

from ._adapt import clauses_of, read_times, rules_of

#: Our names of providers that genai-prices calls otherwise.
_PROVIDERS = {
    "amazon": "aws",
    "microsoft": "azure",
    "xai": "x-ai",
    "moonshot": "moonshotai",
    "meta-ai": "meta",
    "voyage": "voyageai",
}
#: What may follow the beginning of a name without making it another model: a date, a version, an alias of today's.
_REST = re.compile(r"(-\d{4}-?\d{2}-?\d{2}|-latest|-v\d+(:\d+)?|@[\w-]+)*")
_FORMAT = 1

#: Of each provider its models: the names that they answer to, and their rules as a catalog has them.
Data = dict[str, list[dict[str, Any]]]


class Library:
    """Finds sheets by provider and model; a model's rules are read when it is asked for."""

    def __init__(self, data: Data, source: str) -> None:
        self.data = data
        self._source = source
        self._found: dict[tuple[str, str], Priced | None] = {}

    @property
    def count(self) -> int:
        """How many models it has."""
        return sum(map(len, self.data.values()))

    def find(self, provider: str, model: str) -> Priced | None:
        """Return the sheet of a model; None for one that the list does not name."""
        key = (provider, model)
        if key not in self._found:
            self._found[key] = self._find(provider, model)
        return self._found[key]

    def _find(self, provider: str, model: str) -> Priced | None:
        rows = self.data.get(_PROVIDERS.get(provider, provider), ())
        name = model.lower()
        row = next((row for row in rows if name == row["id"] or name in row["names"]), None)
        if row is None:
            row = next((row for row in rows if any(_begins(name, start) for start in row["names"])), None)
        if row is None or not row["rules"]:
            return None
        rules = tuple(Rule.read(read_times(rule)) for rule in row["rules"])
        note = f"price from {self._source} (MIT)"
        return Priced(Sheet(provider, row["id"], rules, source=self._source, notes=(note,)), "genai-prices")


def _begins(name: str, start: str) -> bool:
    return start.endswith("*") and name.startswith(start[:-1]) and bool(_REST.fullmatch(name[len(start) - 1 :]))


@cache
def library() -> Library:
    """Return the list: from the cache where it is, else built, and put there if that is possible."""
    if (kept := read(refreshed_path())) is not None:
        return kept
    path = bundled_path()
    if (known := read(path)) is not None:
        return known
    from genai_prices.data_snapshot import get_snapshot

    built = Library(adapted(get_snapshot().providers), f"genai-prices {version('genai-prices')}")
    with contextlib.suppress(OSError):  # a cache that cannot be written costs a little time, and nothing else
        write(path, built.data, built._source)
    return built


def adapted(providers: list[Any]) -> Data:
    """Return a list of genai-prices in our form."""
    return {
        provider.id: [
            {"id": model.id.lower(), "names": clauses_of(model.match), "rules": rules_of(model)}
            for model in provider.models
        ]
        for provider in providers
    }


def read(path: Path) -> Library | None:
    """Read a list; None where there is none, or none that can be read."""
    try:
        kept = from_json(path.read_bytes())
        return Library(kept["data"], kept["source"]) if kept["format"] == _FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, data: Data, source: str) -> None:
    """Write a list in one piece, so that nobody reads half of it.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(to_json({"format": _FORMAT, "source": source, "data": data}))
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jackfield"


def bundled_path() -> Path:
    """Return where the list of the installed version is kept."""
    return _folder() / f"genai-prices-{version('genai-prices')}.json"


def refreshed_path() -> Path:
    """Return where a list that was fetched is kept; it goes before the installed one."""
    return _folder() / "genai-prices-refreshed.json"
