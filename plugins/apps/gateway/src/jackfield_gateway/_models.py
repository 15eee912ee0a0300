"""What the catalogs know of every model, as rows that lists of models are made of; read once for each generation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from jackfield import Boards, Item, JackfieldError, ModelInfo, Sheet
from jackfield.usage import tags


@dataclass(frozen=True, slots=True)
class Row:
    """A model: `id` is `provider/model`; prices are US dollars per million tokens, None where they are unknown."""

    id: str
    provider: str
    title: str
    context: int | None
    max_output: int | None
    capabilities: frozenset[str]
    media: frozenset[str]
    input: Decimal | None
    output: Decimal | None
    checked: str | None


class ModelRows:
    """The rows of all installed providers."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards
        self._generation = -1
        self._rows: list[Row] = []

    async def all(self) -> list[Row]:
        """Return every model that a catalog names; they are read in a thread, as that takes half a second."""
        if self._generation != (generation := self._boards.generation):
            self._rows = await asyncio.to_thread(lambda: list(self._read()))
            self._generation = generation
        return self._rows

    def _read(self) -> Iterator[Row]:
        for provider in self._boards.providers():
            try:
                info = self._boards.info(provider)
                names = info.model_names()
            except JackfieldError:  # `jackfield doctor` tells whose fault it is
                continue
            for name in names:
                try:
                    yield _row(info.title, info.model(name))
                except JackfieldError:
                    continue


def _row(title: str, model: ModelInfo) -> Row:
    rates = _rates(model)
    return Row(
        id=f"{model.provider}/{model.id}",
        provider=model.provider,
        title=title,
        context=model.context,
        max_output=model.max_output,
        capabilities=model.capabilities or frozenset(),
        media=frozenset(model.media or ()),
        input=rates.get("input"),
        output=rates.get("output"),
        checked=model.checked,
    )


def _rates(model: ModelInfo) -> dict[str, Decimal]:
    """Return what plain input and output cost now."""
    if not model.rules or model.currency != "USD":
        return {}
    table = Sheet(model.provider, model.id, model.rules).table({}, datetime.now(UTC), 0)
    found = {}
    for selector in ("input", "output"):
        row = table.find(Item(tags(selector), 1, "token"))
        if row is not None and row[1].is_plain:
            found[selector] = row[1].amount * 1_000_000 / row[1].per
    return found
