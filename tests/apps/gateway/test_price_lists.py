"""Price lists of the services that the gateway stands for: every row can be listed and computed with."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from jackfield import Boards, Usage
from jackfield.pricing import compute_cost
from jackfield_gateway import price_list, price_lists

AT = datetime(2026, 11, 20, tzinfo=UTC)


def test_there_are_four_lists() -> None:
    assert price_lists() == ["eden", "eden-llm", "eden-text", "reseller"]
    with pytest.raises(KeyError, match="there are eden, eden-llm, eden-text, reseller"):
        price_list("other")


def test_every_row_of_the_flat_list_prices_every_token() -> None:
    listed = price_list("eden")
    assert len(listed.rows) == 40
    for row in listed.rows:
        priced = listed.find(row["provider"], row["model"])
        assert priced is not None
        found = compute_cost(Usage({"input": 600_000, "output": 400_000}), priced, {}, AT)
        assert found.total == Decimal(row["price"])
        assert found.status == ("default" if row["model"] == "-" else "priced")


def test_a_model_without_a_row_has_its_providers_or_none() -> None:
    listed = price_list("eden")
    unknown = listed.find("anthropic", "claude-opus-5")
    assert unknown is not None
    assert compute_cost(Usage({"input": 1_000_000}), unknown, {}, AT).total == 15
    assert listed.find("microsoft", "phi-4") is None


def test_the_resellers_models_have_prices_of_input_and_output() -> None:
    listed = price_list("reseller")
    assert len(listed.rows) == 9
    priced = listed.find("reseller", "gpt-4o")
    assert priced is not None
    assert compute_cost(Usage({"input": 1_000_000, "output": 1_000_000}), priced, {}, AT).total == Decimal("6.25")
    contexts = {row["model"]: row.get("context") for row in listed.rows}
    assert contexts["llama-3.3-70b-instruct"] == 131_072
    assert contexts["gpt-4.1"] is None


def test_the_default_models_are_in_the_catalogs_and_those_that_are_gone_say_so() -> None:
    boards = Boards(environ={})
    today = AT.date().isoformat()
    for provider, name in price_list("eden").defaults.items():
        model = boards.info(provider).model(name)
        assert model.rung in ("id", "alias"), f"{provider}/{name}"
        if model.retired is not None and model.retired <= today:
            assert model.successor, f"{provider}/{name} is retired and names no successor"
