"""Models: the `[[models]]` tables of a catalog, parsed one by one and only those that are asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from .errors import ConfigurationError

_BLOCK = re.compile(r"^\[\[models\]\][^\n]*\n", re.MULTILINE)
_NAME = re.compile(r"^(id|match)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.MULTILINE)
_ALIASES = re.compile(r"^aliases\s*=\s*\[(.*?)\]", re.MULTILINE | re.DOTALL)
_STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'")


class Models:
    """The `[[models]]` tables of one file, parsed one by one and only those that are asked for."""

    def __init__(self, text: str, where: str) -> None:
        self._where = where
        self._blocks = _BLOCK.split(text)[1:]
        self._parsed: dict[int, dict[str, Any]] = {}

    @cached_property
    def _index(self) -> tuple[dict[str, int], dict[str, int], list[tuple[str, int]]]:
        ids: dict[str, int] = {}
        aliases: dict[str, int] = {}
        families: list[tuple[str, int]] = []
        for number, block in enumerate(self._blocks):
            head = block.partition("\n[[")[0]
            for kind, double, single in _NAME.findall(head):
                if kind == "id":
                    ids[double or single] = number
                else:
                    families.append((double or single, number))
            if found := _ALIASES.search(head):
                aliases |= {double or single: number for double, single in _STRING.findall(found[1])}
        return ids, aliases, families

    def find(self, name: str) -> tuple[str, str, list[dict[str, Any]]]:
        """Return the rung, the model's own id, and its tables from general to special."""
        ids, aliases, families = self._index
        number, rung = ids.get(name), "id"
        if number is None:
            number, rung = aliases.get(name), "alias"
        special = [] if number is None else [self._table(number)]
        own = str(special[0].get("id", name)) if special else name
        general = [self._table(row) for pattern, row in families if fnmatchcase(own, pattern) and row != number]
        if not special:
            rung = "family" if general else "unknown"
        return rung, own, general + special

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give every table, families too."""
        return (self._table(number) for number in range(len(self._blocks)))

    @property
    def names(self) -> list[str]:
        """The ids, in the order of the file."""
        return [*self._index[0]]

    def _table(self, number: int) -> dict[str, Any]:
        if (table := self._parsed.get(number)) is None:
            try:
                table = tomllib.loads("[[models]]\n" + self._blocks[number])["models"][0]
            except (tomllib.TOMLDecodeError, IndexError) as error:
                raise ConfigurationError(f"model {number + 1} of {self._where} cannot be read: {error}") from None
            self._parsed[number] = table
        return table


class UserModels(Models):
    """The models of the user's configuration, parsed already."""

    def __init__(self, tables: Sequence[Mapping[str, Any]], name: str) -> None:
        super().__init__("", name)
        self._blocks = [""] * len(tables)
        # prices of one's own take the place of the catalog's; what extends it, such as a discount, comes on top
        self._parsed = {
            number: {**table, "replaces": "prices" in table and not table.get("extends")}
            for number, table in enumerate(tables)
        }

    @cached_property
    def _index(self) -> tuple[dict[str, int], dict[str, int], list[tuple[str, int]]]:
        tables = self._parsed.items()
        ids = {str(table["id"]): number for number, table in tables if "id" in table}
        aliases = {str(alias): number for number, table in tables for alias in table.get("aliases", ())}
        return ids, aliases, [(str(table["match"]), number) for number, table in tables if "match" in table]
