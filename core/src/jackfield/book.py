"""PriceBook: prices that a user sets, over those of the catalogs. The same form serves a file and an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from .errors import ConfigurationError
from .pricing import Priced, Sheet
from .rates import Rule


@dataclass(frozen=True, slots=True)
class Entry:
    """Rules for the models that a pattern names; `extends` lays them on what is known, else they take its place."""

    pattern: str
    rules: tuple[Rule, ...]
    extends: bool
    currency: str = "USD"


class PriceBook:
    """Prices by `provider/model`, in which `*` stands for anything; later entries win.

    A value is one rule, a list of rules, or a table of `rules`, `extends` and `currency`. Rules that only multiply, as
    a discount does, extend what is known unless they say otherwise. `who` is told as the rung that found the price.

    Raises:
        ConfigurationError: an entry has another form; the message names it.
    """

    def __init__(self, table: Mapping[str, Any], who: str) -> None:
        self._who = who
        self._entries = [_read(pattern, value, who) for pattern, value in table.items()]
        self._found: dict[tuple[str, str, int], Priced | None] = {}

    def apply(self, provider: str, model: str, found: Priced | None) -> Priced | None:
        """Return the price of a model after this book; what the layers below found goes in."""
        if not self._entries:
            return found
        key = (provider, model, id(found))
        if key not in self._found:
            self._found[key] = self._apply(provider, model, found)
        return self._found[key]

    def _apply(self, provider: str, model: str, found: Priced | None) -> Priced | None:
        name = f"{provider}/{model}"
        for entry in self._entries:
            if not fnmatchcase(name, entry.pattern):
                continue
            if not entry.extends:
                found = Priced(Sheet(provider, model, entry.rules, entry.currency, self._who), self._who)
            elif found is not None:
                rules = (*found.sheet.rules, *entry.rules)
                found = Priced(replace(found.sheet, rules=rules, _plans={}), found.rung)
        return found


def _read(pattern: str, value: Any, who: str) -> Entry:
    table: Mapping[str, Any] = value if isinstance(value, Mapping) else {"rules": value}
    if "rules" not in table:
        table = {"rules": [table]}
    try:
        if unknown := set(table) - {"rules", "extends", "currency"}:
            raise ValueError(f"an entry has no member {sorted(unknown)[0]!r}")
        rules = tuple(Rule.read(rule) for rule in table["rules"])
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{who}: {pattern}: {error}") from None
    extends = bool(table.get("extends", not any(rule.rates for rule in rules)))
    return Entry(pattern, rules, extends, str(table.get("currency", "USD")))
