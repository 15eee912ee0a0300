"""What calls cost, before and after them: one way from usage to cost, for answers and for those who only reckon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from .messages import Text
from .pricing import Cost
from .usage import Usage

if TYPE_CHECKING:
    from .board import Board
    from .boards import Boards
    from .book import PriceBook

#: How many bytes of text a token is: at least, and at most. A rough bound that holds for prose, code and CJK alike.
_BYTES = (2, 6)
_PER_MESSAGE = 8


def cost_of(
    board: Board,
    usage: Usage,
    models: tuple[str | None, str],
    facts: dict[str, str],
    at: datetime,
    book: PriceBook | None = None,
) -> Cost:
    """Price a usage. `models` are the one that was served, where the provider said so, and the one that was asked for.

    What was served decides, as far as a catalog knows it; facts that the usage itself states win over others.
    """
    served, asked = models
    facts.update(usage.facts)
    if facts.get("tier") == "batch":  # some providers call it a tier; rules speak of the mode
        facts["mode"] = "batch"
    name = served if served and served != asked and board.model(served).rung in ("id", "alias") else asked
    priced = board.price_sheet(board.provider, name, facts, at)
    if priced is None and name != asked:
        priced = board.price_sheet(board.provider, asked, facts, at)
    if book is not None:
        priced = book.apply(board.provider, name, priced)
    return board.compute_cost(usage, priced, facts, at)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a call may cost, before it is made: the least and the most, each with its lines."""

    low: Cost
    high: Cost

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


class Accounting:
    """Costs of models by name; nothing is sent, and no key is needed. A base of both clients."""

    boards: Boards
    _book: PriceBook | None

    def cost(
        self,
        model: str,
        usage: Usage | Mapping[str, int],
        *,
        at: datetime | None = None,
        facts: Mapping[str, str] | None = None,
        use_stated: bool = True,
    ) -> Cost:
        """Price a usage of a model, at a time (now unless given), for facts such as tier, mode and region.

        With `use_stated=False` the sheets decide, even where the usage has a cost that the provider stated.

        Raises:
            UnknownProvider, InvalidInput: the name leads to no model.
        """
        board, name = self.boards.board_of(model)
        counted = usage if isinstance(usage, Usage) else Usage(dict(usage))
        if not use_stated:
            counted = replace(counted, stated_cost=None)
        return cost_of(board, counted, (None, name), dict(facts or {}), at or datetime.now(UTC), self._book)

    def estimate(self, model: str, messages: Any, *, max_tokens: int | None = None, **parameters: Any) -> Estimate:
        """Give the range of what a chat may cost: input by the size of its text, output up to `max_tokens`.

        The most is unknown where neither `max_tokens` nor the catalog bounds the answer. Media are not counted, and a
        note says so.
        """
        from .parsing import chat_request

        board, name = self.boards.board_of(model)
        request = chat_request(name, messages, None, parameters, False)
        parts = [part for message in request.messages for part in message.parts]
        size = len(to_json([part.text for part in parts if isinstance(part, Text)])) + (
            len(to_json(request.tools)) if request.tools else 0
        )
        most = max_tokens or board.model(name).max_output
        now, turns = datetime.now(UTC), _PER_MESSAGE * len(request.messages)
        low = {"input": size // _BYTES[1], "output": 1}
        high = {"input": size // _BYTES[0] + turns, "output": most or 0}
        costs = [cost_of(board, Usage(counts), (None, name), {}, now, self._book) for counts in (low, high)]
        notes = () if all(isinstance(part, Text) for part in parts) else ("what is no text is not counted",)
        for cost in costs:
            cost.notes += notes
            cost.status = "estimated" if cost.total is not None else cost.status
        if most is None:
            costs[1] = Cost(None, "unknown", notes=("nothing bounds the answer; give max_tokens",))
        return Estimate(*costs)

    def compare(
        self, models: Iterable[str], usage: Usage | Mapping[str, int], *, at: datetime | None = None
    ) -> list[tuple[str, Cost]]:
        """Price one usage of several models, the cheapest first, the unknown last; currencies are kept apart."""
        rows = [(model, self.cost(model, usage, at=at)) for model in models]
        return sorted(rows, key=lambda row: (row[1].total is None, row[1].currency, row[1].total or 0))
