"""Price lists of the services whose APIs the gateway serves: rows to be shown, and sheets to be computed with."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from jackfield import Priced, Rule, Sheet

_FOLDER = "price_lists"


@dataclass(frozen=True)
class PriceList:
    """One list: its rows as they were printed, and which model answers where a caller names a provider alone."""

    name: str
    title: str
    source: str
    rows: tuple[Mapping[str, Any], ...]
    defaults: Mapping[str, str] = field(default_factory=dict)
    flat: str = "all"

    def find(self, provider: str, model: str) -> Priced | None:
        """Return the sheet of a model: its own row, or else the provider's row for any model (rung `default`).

        A list of one provider has rows without a provider; they hold for the list's own name.
        """
        for wanted in (model, "-"):
            for row in self.rows:
                if row["model"] == wanted and row.get("provider", self.name) == provider:
                    sheet = Sheet(provider, wanted, (self._rule(row),), source=self.source)
                    return Priced(sheet, "default" if wanted == "-" else "id")
        return None

    def _rule(self, row: Mapping[str, Any]) -> Rule:
        if "price" in row:
            return Rule.read({"rates": {"" if self.flat == "all" else "output": row["price"]}})
        return Rule.read({"rates": {"input": row["input"], "output": row["output"]}})


@cache
def price_list(name: str) -> PriceList:
    """Read a list.

    Raises:
        KeyError: there is none of that name.
    """
    file = files(__package__) / _FOLDER / f"{name}.toml"
    if not file.is_file():
        raise KeyError(f"there is no price list {name!r}; there are {', '.join(price_lists())}")
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return PriceList(**tables["list"], rows=tuple(tables["rows"]), defaults=tables.get("defaults", {}))


def price_lists() -> list[str]:
    """Name the lists that there are."""
    return sorted(file.name.removesuffix(".toml") for file in (files(__package__) / _FOLDER).iterdir())
