"""What calls cost by the installed catalogs, held against bills done by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from jackfield import Boards, Cost, Usage
from jackfield.usage import Item

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AUTUMN = datetime(2025, 9, 15, tzinfo=UTC)
LARGE = {"input": 100_000, "output": 10_000}
CACHED = {"input": 1_000_000, "input.cache_read": 900_000, "output": 10_000}
BOARDS = Boards(environ={})


def cost(
    provider: str, model: str, counts: dict[str, int], at: datetime = NOW, requests: int = 0, **facts: str
) -> Cost:
    """Price counts, and requests where they are billed."""
    board = BOARDS.open(provider)
    others = (Item(frozenset({"request"}), requests, unit="request"),) if requests else ()
    return board.compute_cost(Usage(counts, others), board.price_sheet(provider, model, facts, at), facts, at)


@pytest.mark.parametrize(
    ("provider", "model", "counts", "at", "expected"),
    [
        # the price over 128000 tokens rests on memory
        ("xai", "grok-4-0709", {"input": 200_000, "output": 2000}, AUTUMN, "1.26"),
        ("deepseek", "deepseek-flash", CACHED, datetime(2026, 11, 11, 2, tzinfo=UTC), "0.0474"),
        ("deepseek", "deepseek-flash", CACHED, datetime(2026, 11, 14, 2, tzinfo=UTC), "0.0237"),
        ("amazon", "amazon.nova-pro-v1:0", LARGE, NOW, "0.112"),
        ("mistral", "pixtral-large-latest", LARGE, NOW, "0.26"),
        ("groq", "llama-3.3-70b-versatile", LARGE, NOW, "0.0669"),
        ("microsoft", "gpt-4o", LARGE, NOW, "0.35"),
        ("cohere", "command-a-03-2025", LARGE, NOW, "0.35"),
        ("openrouter", "openai/gpt-4o", LARGE, NOW, "0.35"),
    ],
)
def test_bills_done_by_hand(provider: str, model: str, counts: dict[str, int], at: datetime, expected: str) -> None:
    found = cost(provider, model, counts, at)
    assert found.total == Decimal(expected)
    assert found.status == "priced"
    assert found.exact


@pytest.mark.parametrize(
    ("search", "expected"), [("low", "0.0165"), ("medium", "0.0205"), ("high", "0.0245"), (None, "0.0165")]
)
def test_a_request_of_sonar_costs_by_the_size_of_its_search(search: str | None, expected: str) -> None:
    facts = {} if search is None else {"search": search}
    found = cost("perplexity", "sonar-pro", {"input": 1000, "output": 500}, NOW, 1, **facts)
    assert found.total == Decimal(expected)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-11T00:59:59", "0.15"),
        ("2026-11-11T01:00:00", "0.3"),
        ("2026-11-11T03:59:59", "0.3"),
        ("2026-11-11T04:00:00", "0.15"),
        ("2026-11-11T06:00:00", "0.3"),
        ("2026-11-11T10:00:00", "0.15"),
        ("2026-11-15T07:00:00", "0.15"),
        ("2026-10-01T07:00:00", "0.15"),
    ],
)
def test_deepseek_has_a_peak_on_working_days(at: str, expected: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert cost("deepseek", "deepseek-flash", {"input": 1_000_000}, moment).total == Decimal(expected)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-08-16T15:59:59", "0.14"),
        ("2026-08-16T16:00:00", "0.22"),
        ("2026-08-17T02:00:00", "0.44"),
        ("2026-09-10T03:59:59", "0.44"),
        ("2026-09-10T04:00:00", "0.15"),
    ],
)
def test_deepseek_changes_its_prices_at_an_instant(at: str, expected: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert cost("deepseek", "deepseek-v4-flash", {"input": 1_000_000}, moment).total == Decimal(expected)


@pytest.mark.parametrize(("tokens", "expected"), [(199_999, "0.39999800"), (200_000, "0.8")])
def test_the_edge_of_xai_is_inclusive(tokens: int, expected: str) -> None:
    assert cost("xai", "grok-4.7", {"input": tokens}).total == Decimal(expected)


def test_a_batch_and_a_region_change_the_price() -> None:
    million = {"input": 1_000_000}
    assert cost("xai", "grok-4.3", {"input": 100_000}, mode="batch").total == Decimal("0.1")
    assert cost("mistral", "mistral-medium-3-5", million, mode="batch").total == Decimal("0.75")
    assert cost("groq", "openai/gpt-oss-120b", {**million, "input.cache_read": 1_000_000}, mode="batch").total == (
        Decimal("0.075")
    )
    assert cost("microsoft", "gpt-4o", million, region="eu").total == Decimal("2.75")


def test_what_is_free_costs_nothing_and_what_is_unknown_is_not_free() -> None:
    free = cost("openrouter", "meta-llama/llama-3.2-3b-instruct:free", LARGE)
    assert (free.total, free.status) == (Decimal(0), "priced")
    unknown = cost("groq", "groq/compound", LARGE)
    assert (unknown.total, unknown.status) == (None, "unknown")
    assert cost("xai", "grok-9", LARGE).total is None


def test_old_prices_are_kept() -> None:
    assert cost("xai", "grok-4.20", LARGE, datetime(2026, 4, 29, tzinfo=UTC)).total == Decimal("0.26")
    assert cost("xai", "grok-4.20", LARGE).total == Decimal("0.15")
    assert cost("mistral", "mistral-small-latest", LARGE, AUTUMN).total == Decimal("0.013")
    assert cost("mistral", "mistral-small-latest", LARGE).total == Decimal("0.021")
    assert cost("mistral", "mistral-large-latest", LARGE, AUTUMN).total == Decimal("0.26")
