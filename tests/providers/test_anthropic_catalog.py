"""What the package for Anthropic knows of its models, held against the recordings and against bills done by hand."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jackfield import (
    Board,
    Boards,
    Bytes,
    ChatRequest,
    Cost,
    Endpoint,
    Exchange,
    Media,
    Message,
    Reasoning,
    ResponseFormat,
    Tool,
    UnsupportedFeature,
)
from tests.recordings import loader

FOLDER = Path(__file__).parents[2] / "plugins" / "providers" / "anthropic"
DATA = FOLDER / "src" / "jackfield_anthropic"
DIALECT = "anthropic-messages"
AT = datetime(2026, 11, 20, tzinfo=UTC)
MODELS: list[dict[str, Any]] = tomllib.loads((DATA / "models.toml").read_text("utf-8"))["models"]
NAMED = {name: model for model in MODELS if "id" in model for name in (model["id"], *model.get("aliases", ()))}
#: Names in recorded requests that Anthropic itself refused.
REFUSED = {"bad model", "claude-does-not-exist", "this-model-does-not-exist-12345"}


@pytest.fixture(scope="module")
def board() -> Board:
    return Boards(environ={}).open("anthropic")


def opened(board: Board, model: str, at: datetime = AT, **values: Any) -> Exchange:
    """Open an exchange with a model."""
    request = ChatRequest(model=model, **{"messages": "hi", **values})
    return Exchange(board, request, Endpoint("anthropic", DIALECT, "https://any.invalid"), at)


def body_of(board: Board, model: str, **values: Any) -> dict[str, Any]:
    """Return what a model is sent."""
    found: dict[str, Any] = opened(board, model, **values).http_request.json()
    return found


def test_keys_and_address() -> None:
    catalog = tomllib.loads((DATA / "catalog.toml").read_text("utf-8"))
    assert [row["kind"] for row in catalog["auth"]] == ["header:x-api-key", "bearer"]
    assert [*catalog["auth"][0]["values"].values()] == [["ANTHROPIC_API_KEY"]]
    assert [*catalog["auth"][1]["values"].values()] == [["ANTHROPIC_AUTH_TOKEN"]]
    assert catalog["settings"]["base_url"]["default"] == "https://api.anthropic.com"
    assert catalog["provider"]["default_model"] in NAMED
    assert (FOLDER / "README.md").is_file()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.get("id") or model.get("match")))
def test_an_entry_says_what_was_read_and_prices_are_decimal_strings(model: dict[str, Any]) -> None:
    assert ("id" in model) != ("match" in model)
    assert model["source"].strip()
    assert type(model["checked"]) is date
    assert model.get("successor", "claude-sonnet-5") in NAMED
    assert ("successor" in model) is ("retired" in model)
    for rule in model["prices"] if "id" in model else model.get("prices", ()):
        for rate in rule.get("rates", {}).values():
            amount = rate["amount"] if isinstance(rate, dict) else rate
            assert isinstance(amount, str)
            assert Decimal(amount) >= 0


def test_names_are_unique() -> None:
    names = [name for model in MODELS for name in (model.get("id", model.get("match")), *model.get("aliases", ()))]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_model_has_context_output_and_the_price_of_a_cache_where_it_has_one(board: Board, name: str) -> None:
    model = board.model(name)
    assert model.context
    assert model.max_output
    rates = NAMED[name]["prices"][0]["rates"]
    if "input.cache_read" in rates:
        base = Decimal(rates["input"])
        assert Decimal(rates["input.cache_write.1h"]) == 2 * base
        assert Decimal(rates["input.cache_write"]) in (base * Decimal("1.25"), base * Decimal("1.2"))
        assert Decimal(rates["input.cache_read"]) < base


def cost(board: Board, model: str, at: datetime = AT, **usage: Any) -> Cost:
    """Return what an answer with this usage costs."""
    exchange = opened(board, model, at)
    body = {"id": "x", "type": "message", "model": model, "content": [], "usage": {"output_tokens": 0, **usage}}
    exchange.receive_head(200, {})
    exchange.receive_data(json.dumps(body).encode())
    exchange.receive_eof()
    found = exchange.response.cost
    assert found is not None
    return found


CACHED: dict[str, Any] = {
    "input_tokens": 20_000,
    "cache_read_input_tokens": 50_000,
    "cache_creation_input_tokens": 30_000,
    "cache_creation": {"ephemeral_5m_input_tokens": 20_000, "ephemeral_1h_input_tokens": 10_000},
    "output_tokens": 5000,
}
MILLION = {"input_tokens": 1_000_000, "output_tokens": 100_000}
OFTEN = {"web_search_requests": 3, "web_fetch_requests": 4}


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        ("claude-sonnet-4-5", CACHED, "0.285"),
        ("claude-sonnet-4-5", {**CACHED, "service_tier": "batch"}, "0.1425"),
        ("claude-sonnet-4-5", {"input_tokens": 10_000, "output_tokens": 1000, "server_tool_use": OFTEN}, "0.075"),
        ("claude-opus-4-6", {"input_tokens": 100_000, "output_tokens": 10_000, "inference_geo": "us"}, "0.825"),
        ("claude-opus-4-6", {"input_tokens": 100_000, "output_tokens": 10_000, "inference_geo": "global"}, "0.75"),
        ("claude-opus-5", {**MILLION, "speed": "fast"}, "15"),
        ("claude-opus-5", {**MILLION, "speed": "standard"}, "7.5"),
        ("claude-fable-5-1", {"input_tokens": 0, "cache_read_input_tokens": 1_000_000}, "0.25"),
        ("claude-haiku-5-5", {"input_tokens": 100_000, "output_tokens": 1000}, "0.0105"),
        ("claude-haiku-5-5", {"input_tokens": 100_001, "output_tokens": 0}, "0.0500005"),
        ("claude-haiku-5-5", {**MILLION, "service_tier": "batch"}, "0.375"),
        ("claude-3-5-haiku-latest", {"input_tokens": 50_000, "output_tokens": 2000}, "0.048"),
    ],
)
def test_bills_done_by_hand(board: Board, model: str, usage: dict[str, Any], expected: str) -> None:
    found = cost(board, model, **usage)
    assert found.total == Decimal(expected)
    assert found.status == "priced"


def test_the_price_of_long_prompts_has_a_history(board: Board) -> None:
    usage: dict[str, Any] = {"input_tokens": 300_000, "output_tokens": 10_000}
    assert cost(board, "claude-opus-4-6", datetime(2026, 3, 12, tzinfo=UTC), **usage).total == Decimal("3.375")
    assert cost(board, "claude-opus-4-6", **usage).total == Decimal("1.75")
    assert cost(board, "claude-sonnet-4-20250514", datetime(2025, 9, 1, tzinfo=UTC), **usage).total == Decimal("2.025")


def test_the_price_of_an_unknown_model_is_unknown(board: Board) -> None:
    usage: dict[str, Any] = {**MILLION, "server_tool_use": {"web_search_requests": 0}}
    assert cost(board, "claude-opus-9", **usage).total is None


@pytest.mark.parametrize(
    ("model", "reasoning", "members"),
    [
        ("claude-sonnet-4-5", Reasoning(effort="high"), {"thinking": {"type": "enabled", "budget_tokens": 16_384}}),
        ("claude-sonnet-4-5", Reasoning(budget=10), {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        ("claude-sonnet-4-5", Reasoning(enabled=False), {"thinking": {"type": "disabled"}}),
        ("claude-opus-4-6", Reasoning(budget=2000), {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (
            "claude-opus-4-6",
            Reasoning(effort="xhigh"),
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
        ),
        (
            "claude-opus-5",
            Reasoning(budget=20_000),
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
        ),
        ("claude-opus-5", Reasoning(enabled=False), {"thinking": {"type": "disabled"}}),
        (
            "claude-fable-5",
            Reasoning(enabled=False),
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        ),
        ("claude-3-5-haiku-latest", Reasoning(effort="high"), {}),
    ],
)
def test_reasoning_takes_the_form_that_the_model_takes(
    board: Board, model: str, reasoning: Reasoning, members: dict[str, Any]
) -> None:
    body = body_of(board, model, reasoning=reasoning)
    assert {name: body[name] for name in ("thinking", "output_config") if name in body} == members


@pytest.mark.parametrize(
    ("model", "taken"),
    [("claude-sonnet-4-5", True), ("claude-opus-4-6", True), ("claude-opus-4-7", False), ("claude-sonnet-5", False)],
)
def test_sampling_is_left_out_and_recorded_where_a_model_refuses_it(board: Board, model: str, taken: bool) -> None:
    exchange = opened(board, model, temperature=0.3, top_k=3)
    assert ("temperature" in exchange.http_request.json()) is taken
    left = {adjustment.parameter for adjustment in exchange.adjustments}
    assert left == (set() if taken else {"temperature", "top_k"})
    thinking = opened(board, model, temperature=0.3, reasoning="high")
    assert "temperature" not in thinking.http_request.json()


def test_max_tokens_is_never_missing(board: Board) -> None:
    assert body_of(board, "claude-opus-5")["max_tokens"] == 128_000
    assert body_of(board, "claude-3-haiku-20240307")["max_tokens"] == 4096
    assert body_of(board, "claude-opus-9")["max_tokens"] == 4096
    assert body_of(board, "claude-opus-5", max_tokens=3)["max_tokens"] == 3


SCHEMA = ResponseFormat.model_validate({"schema": {"type": "object"}})
PDF = Message(role="user", parts=(Media(kind="document", source=Bytes(data=b"%PDF"), mime="application/pdf"),))


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ("claude-sonnet-4-0", {"response_format": SCHEMA}),
        ("claude-sonnet-5-5", {"tools": (Tool(name="f"),), "tool_choice": "required"}),
        ("claude-3-haiku-20240307", {"messages": (PDF,)}),
        ("claude-2.1", {"tools": (Tool(name="f"),)}),
        ("claude-sonnet-5", {"n": 2}),
    ],
)
def test_what_a_model_cannot_do_is_refused_before_it_is_asked(board: Board, model: str, values: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeature):
        opened(board, model, **values)


def _recorded() -> Iterator[loader.Exchange]:
    for api in ("messages", "models", "count-tokens"):
        yield from loader.exchanges("anthropic", api)


@pytest.mark.needs("recordings")
def test_every_recorded_model_is_known() -> None:
    asked = {str((recorded.request_json or {}).get("model")) for recorded in _recorded()} - {"None"}
    assert asked & REFUSED
    assert {name for name in asked - REFUSED if name not in NAMED} == set()


@pytest.mark.needs("recordings")
def test_the_recorded_lists_of_models_bear_out_the_entries(board: Board) -> None:
    """What Anthropic says of a model's output, efforts and thinking is what its entry says."""
    told: dict[str, dict[str, Any]] = {}
    for recorded in _recorded():
        if "/models" in recorded.url and not recorded.is_error:
            body = json.loads(recorded.response_bytes)
            told |= {row["id"]: row for row in body.get("data", [body]) if row.get("capabilities")}
    assert len(told) > 10
    for name, row in told.items():
        model, said = board.model(name), row["capabilities"]
        limit = model.limits["reasoning"]
        types, efforts = said["thinking"]["types"], said["effort"]
        assert name in NAMED
        assert model.max_output == row["max_tokens"], name
        assert limit.budget is types["enabled"]["supported"], name
        assert bool(limit.efforts) is types["adaptive"]["supported"], name
        if limit.efforts:
            words = {
                word for word in ("low", "medium", "high", "xhigh", "max") if efforts.get(word, {}).get("supported")
            }
            # older lists do not speak of xhigh
            assert words <= set(limit.efforts), name
            assert "xhigh" not in efforts or words == set(limit.efforts) - {"none"}, name
        schemas = model.limits.get("response_format")
        assert (schemas is None or "schema" in (schemas.allowed or ())) is said["structured_outputs"]["supported"], name
