"""The data of the package for Google: form and sources, and what follows from them for limits and costs."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from jackfield import Board, Boards, ChatRequest, Endpoint, Exchange, Rule, Usage
from jackfield.usage import Item
from tests.recordings import loader

FOLDER = Path(__file__).parents[2] / "plugins" / "providers" / "google" / "src" / "jackfield_google"
MODELS: list[dict[str, Any]] = tomllib.loads((FOLDER / "models.toml").read_text("utf-8"))["models"]
NAMED = [model for model in MODELS if "id" in model]
NAMES = {name for model in NAMED for name in (model["id"], *model.get("aliases", ()))}
AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def board() -> Board:
    return Boards(environ={}).open("google")


def cost(board: Board, model: str, facts: dict[str, str], counts: dict[str, int], at: datetime = AT) -> Decimal | None:
    """Price counts."""
    usage = Usage(counts)
    return board.compute_cost(usage, board.price_sheet("google", model, facts, at), facts, at).total


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.get("id") or model["match"])
def test_every_entry_says_where_it_was_read(model: dict[str, Any]) -> None:
    assert ("id" in model) != ("match" in model)
    assert model["source"]
    assert isinstance(model["checked"], date)
    assert date(2025, 1, 1) < model["checked"] <= date(2026, 11, 20)
    for rule in model.get("prices", ()):
        Rule.read(rule)
    if "retired" in model:
        assert model["successor"] in NAMES


def test_no_name_stands_twice() -> None:
    names = [name for model in NAMED for name in (model["id"], *model.get("aliases", ()))]
    assert len(names) == len(set(names))


def test_every_family_has_a_model() -> None:
    for model in MODELS:
        if "match" in model:
            assert any(fnmatchcase(known["id"], model["match"]) for known in NAMED), model["match"]


@pytest.mark.parametrize("model", NAMED, ids=lambda model: model["id"])
def test_every_model_can_be_read_and_is_priced(board: Board, model: dict[str, Any]) -> None:
    found = board.model(model["id"])
    assert found.rung == "id"
    assert found.context
    counts = {"input": 1000} if "embedding" in found.operations else {"input": 1000, "output": 1000}
    assert cost(board, model["id"], {}, counts) is not None


@pytest.mark.parametrize(
    ("model", "facts", "counts", "dollars"),
    [
        # the whole request is repriced, not the part beyond 200000
        ("gemini-2.5-pro", {}, {"input": 250_000, "input.cache_read": 100_000, "output": 5_000}, "0.475"),
        ("gemini-2.5-pro", {}, {"input": 200_000, "output": 0}, "0.25"),
        ("gemini-2.5-flash", {}, {"input": 100_000, "input.audio": 50_000, "output": 3_000}, "0.0725"),
        ("gemini-2.5-flash", {"mode": "batch"}, {"input": 100_000, "input.cache_read": 100_000}, "0.003"),
        ("gemini-3.1-pro-preview", {"tier": "flex"}, {"input": 100_000, "input.cache_read": 100_000}, "0.02"),
        ("gemini-3.5-flash", {"tier": "priority"}, {"input": 1_000_000, "output": 0}, "2.7"),
        ("gemini-3.5-flash-lite", {"tier": "flex"}, {"input": 1_000_000, "input.cache_read": 1_000_000}, "0.02"),
        ("gemini-flash-latest", {}, {"input": 1_000_000, "output": 1_000_000}, "4.5"),
        ("gemini-2.5-flash-image", {}, {"input": 300, "output": 1290, "output.image": 1290}, "0.03879"),
    ],
)
def test_a_call_costs_what_the_lists_say(
    board: Board, model: str, facts: dict[str, str], counts: dict[str, int], dollars: str
) -> None:
    assert cost(board, model, facts, counts) == Decimal(dollars)


def test_announced_prices_begin_on_their_day(board: Board) -> None:
    for model, day, before, after in (
        ("gemini-3.8-flash", datetime(2027, 1, 1, tzinfo=UTC), "0.75", "1.5"),
        ("gemini-4-argon", datetime(2026, 12, 1, tzinfo=UTC), "2", "4"),
    ):
        assert cost(board, model, {}, {"input": 1_000_000}) == Decimal(before)
        assert cost(board, model, {}, {"input": 1_000_000}, day) == Decimal(after)


def test_searches_are_priced_where_each_is_billed(board: Board) -> None:
    usage = Usage({"input": 0, "output": 0}, (Item(frozenset({"web_search"}), 3, unit="search"),))
    for model, total, status in (("gemini-3.5-flash", "0.042", "priced"), ("gemini-2.5-flash", None, "unknown")):
        found = board.compute_cost(usage, board.price_sheet("google", model, {}, AT), {}, AT)
        assert (found.status, found.total) == (status, None if total is None else Decimal(total))


@pytest.mark.parametrize(
    ("model", "reasoning", "sent"),
    [
        ("gemini-2.5-flash", "high", {"thinkingBudget": 16_384}),
        ("gemini-2.5-flash", False, {"thinkingBudget": 0}),
        ("gemini-2.5-pro", False, {"thinkingBudget": 128}),
        ("gemini-2.5-pro", 50_000, {"thinkingBudget": 32_768}),
        ("gemini-3.5-flash", "minimal", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.8-flash", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", False, {"thinkingLevel": "LOW"}),
        ("gemini-3.5-flash", "max", {"thinkingLevel": "HIGH"}),
    ],
)
def test_each_generation_is_asked_to_think_in_its_own_way(
    board: Board, model: str, reasoning: Any, sent: dict[str, Any]
) -> None:
    request = ChatRequest(model=model, messages="?", reasoning=reasoning)
    exchange = Exchange(board, request, Endpoint("google", "gemini", "https://g.invalid/v1beta"), AT)
    assert exchange.http_request.json()["generationConfig"]["thinkingConfig"] == sent


def test_the_newest_take_no_sampling(board: Board) -> None:
    for model, taken in (("gemini-3.8-flash", False), ("gemini-3.5-flash-lite", False), ("gemini-3.5-flash", True)):
        request = ChatRequest(model=model, messages="?", temperature=0.5)
        exchange = Exchange(board, request, Endpoint("google", "gemini", "https://g.invalid/v1beta"), AT)
        assert ("generationConfig" in exchange.http_request.json()) is taken
        assert [row.parameter for row in exchange.adjustments] == ([] if taken else ["temperature"])


def test_the_default_model_is_still_sold(board: Board) -> None:
    assert board.info is not None
    model = board.model(str(board.info.default_model))
    assert model.rung == "id"
    assert model.retired is None


@pytest.mark.needs("recordings")
def test_every_recorded_model_is_known(board: Board) -> None:
    seen: set[str] = set()
    for recorded in loader.exchanges("google", "generate-content"):
        found = re.search(r"/models/([^/:]+):\w*[gG]enerateContent", recorded.url)
        if found and not recorded.is_error:
            seen.add(found[1])
    unknown = {name for name in seen if board.model(name).rung not in ("id", "alias")}
    assert seen
    assert not unknown
