"""Level 3: prices are there or said to be missing, dated and sourced, exact, and add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from jackfield import Usage
from jackfield.errors import ConfigurationError
from jackfield.pricing import compute_cost

from ._report import Findings
from ._subject import AT, ProviderSubject

_CALLS = (Usage({"input": 1000, "output": 10}), Usage({"input": 500, "output": 7, "input.cache_read": 100}))


class Money(ProviderSubject):
    """What a call costs."""

    def test_prices_are_there_or_said_to_be_missing(self) -> None:
        """Every model has a price, or says why it has none; an unknown price is never nothing."""
        findings = Findings("test_prices_are_there_or_said_to_be_missing")
        info = self.info()
        if not info.model_names():
            pytest.skip(f"{self.name} names no models")
        for name in info.model_names():
            try:
                model = info.model(name)
            except ConfigurationError as error:
                findings.add("catalog", name, str(error))
                continue
            findings.unless(model.rules or model.unpriced, "catalog", name, "has neither prices nor `unpriced`")
        findings.check()

    def test_prices_say_where_they_are_from(self) -> None:
        """A priced model names its source and the day on which that was read."""
        findings = Findings("test_prices_say_where_they_are_from")
        priced = [model for model in map(self.info().model, self.info().model_names()) if model.rules]
        if not priced:
            pytest.skip(f"{self.name} has no prices")
        for model in priced:
            findings.unless(model.source, "catalog", model.id, "its prices have no source")
            try:
                date.fromisoformat(str(model.checked))
            except ValueError:
                findings.add(
                    "catalog", model.id, f"the date of its prices is {model.checked!r}; write checked = YYYY-MM-DD"
                )
        findings.check()

    def test_costs_add_up(self) -> None:
        """Two calls cost what both cost together, and no amount is a float."""
        findings = Findings("test_costs_add_up")
        board = self.board()
        seen = 0
        for model in self.models():
            if not model.rules or any(rule.over is not None for rule in model.rules):
                continue
            if any(not rate.is_plain for rule in model.rules for rate in rule.rates.values()):
                continue
            seen += 1
            if (sheet := board.price_sheet(self.name, model.id, {}, AT)) is None:
                findings.add("price_sheet", model.id, "the catalog has prices, and no sheet was found")
                continue
            one, other = (compute_cost(usage, sheet, {}, AT).total for usage in _CALLS)
            names = {name for usage in _CALLS for name in usage.counts}
            both = Usage({name: sum(usage.counts.get(name, 0) for usage in _CALLS) for name in names})
            total = compute_cost(both, sheet, {}, AT).total
            if one is None or other is None or total is None:
                continue
            findings.unless(isinstance(total, Decimal), "compute_cost", model.id, f"{total!r} is no Decimal")
            findings.unless(one + other == total, "compute_cost", model.id, f"{one} and {other} make {total}")
        if not seen:
            pytest.skip(f"{self.name} has no plain prices")
        findings.check()

    def test_costs_go_through_the_board(self) -> None:
        """The board's own cost of a call is the catalog's, unless a hook says why: it is never negative."""
        findings = Findings("test_costs_go_through_the_board")
        board = self.board()
        priced = [model for model in self.models() if model.rules]
        if not priced:
            pytest.skip(f"{self.name} has no prices")
        for model in priced:
            sheet = board.price_sheet(self.name, model.id, {}, AT)
            cost = board.compute_cost(_CALLS[0], sheet, {}, AT)
            findings.unless(cost.total is None or cost.total >= 0, "compute_cost", model.id, f"costs {cost.total}")
            if cost.total is None:
                findings.unless(cost.notes or cost.lines, "compute_cost", model.id, "is unknown without a word why")
        findings.check()
