"""`info/provider_subfeatures` and `cost_management`: tables of prices, and what the records say was spent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from jackfield import Boards, Cost
from jackfield_gateway import Entry, GatewayApp, RecentRecords, Settings
from jackfield_sandbox import AsyncSandboxTransport
from tests.apps.gateway.conftest import ask, served
from tests.apps.gateway.eden.conftest import Upstreams
from tests.apps.gateway.eden.contract import document

TODAY = datetime.now(UTC).date().isoformat()
COSTS = "/v2/cost_management/"


def spent(address: str, **query: Any) -> Any:
    return httpx.get(address + COSTS, params={"begin": TODAY, "end": TODAY, "step": 1, **query})


@pytest.fixture
def kept(upstreams: Upstreams) -> Iterator[tuple[str, RecentRecords]]:
    records = RecentRecords()
    overrides = {name: {"api_key": "sk", "base_url": server.url} for name, server in upstreams.items()}
    app = GatewayApp(
        overrides, boards=Boards({}, environ={}), records=records, credits=Decimal("1"), settings=Settings(retries=0)
    )
    with served(app) as address:
        yield address, records


def test_what_was_spent_is_told_by_key_day_feature_and_provider(kept: tuple[str, RecentRecords]) -> None:
    address, _ = kept
    for _ in range(2):
        ask(
            address,
            {"providers": ["openai/gpt-4o-mini", "mistral/mistral-large-latest"], "text": "Hi"},
            "/v2/text/chat",
        )
    ask(address, {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}, "/v2/llm/chat")
    found = spent(address).json()["response"]
    assert [row["token"] for row in found] == ["local"]
    day = found[0]["data"][TODAY]
    assert day["text__chat"]["details"] == 4
    assert day["text__chat"]["cost_per_provider"].keys() == {"openai", "mistral"}
    assert day["llm__chat"] == {"total_cost": 1.65e-06, "details": 1, "cost_per_provider": {"openai": 1.65e-06}}
    total = sum(row["total_cost"] for row in day.values())
    assert httpx.get(f"{address}{COSTS}credits/").json()["credits"] == pytest.approx(1 - total)


def test_a_caller_that_goes_away_is_recorded(kept: tuple[str, RecentRecords], upstreams: Upstreams) -> None:
    address, records = kept
    for server in upstreams.values():
        server.answer([8.0])
    for path, body in (
        ("/v2/text/chat", {"providers": ["openai", "mistral"], "text": "Hi"}),
        ("/v2/llm/chat", {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}),
    ):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(address + path, json=body, timeout=0.3)
    until = time.monotonic() + 5
    while len(records._entries) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    assert [(entry.status, entry.error) for entry in records._entries] == [(499, "Gone")] * 3


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"provider": "openai"}, 1), ({"provider": "cohere"}, 0), ({"subfeature": "chat"}, 1), ({"feature": "text"}, 1),
        ({"subfeature": "text__chat"}, 1), ({"token": "local"}, 1), ({"token": "other"}, 0), ({"user": "u1"}, 0),
        ({"workflow_id": "6f3b1a52-6f0e-4f4e-9d6f-0d9f8a6f1c11"}, 0),
    ],
)  # fmt: skip
def test_filters_narrow_it(kept: tuple[str, RecentRecords], query: dict[str, str], count: int) -> None:
    address, _ = kept
    ask(address, {"providers": "openai/gpt-4o-mini", "text": "Hi"}, "/v2/text/chat")
    rows = spent(address, **query).json()["response"]
    assert sum(day["details"] for row in rows for feature in row["data"].values() for day in feature.values()) == count


@pytest.mark.parametrize(("step", "periods"), [(1, 4), (2, 3), (3, 2), (4, 2)])
def test_steps_are_days_weeks_months_and_years(kept: tuple[str, RecentRecords], step: int, periods: int) -> None:
    address, records = kept
    monday = datetime(2026, 1, 5, tzinfo=UTC)
    for at in (monday, monday + timedelta(days=1), monday + timedelta(days=7), datetime(2025, 12, 25, tzinfo=UTC)):
        cost = Cost(Decimal("0.5"), "priced")
        records.record(Entry(at=at, route="text__chat", provider="openai", model="m", key="k", cost=cost))
    rows = spent(address, begin="2025-01-01", end="2026-12-31", step=step).json()["response"]
    assert len(rows[0]["data"]) == periods
    assert sum(day["text__chat"]["total_cost"] for day in rows[0]["data"].values()) == 2.0
    assert len(spent(address, begin="2026-01-06", end="2026-01-06").json()["response"][0]["data"]) == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"begin": "yesterday"}, "begin"), ({"end": ""}, "end"), ({"step": 0}, "step"), ({"step": 5}, "step"),
        ({"step": "x"}, "step"), ({"group_by": "model"}, "group_by"), ({"provider": "p" * 201}, "provider"),
        ({"workflow_id": "x"}, "workflow_id"), ({"colour": "red"}, "colour"),
        ({"begin": "2026-02-01", "end": "2026-01-01"}, "end"),
    ],
)  # fmt: skip
def test_a_wrong_query_is_named(kept: tuple[str, RecentRecords], query: dict[str, Any], parameter: str) -> None:
    address, _ = kept
    answer = spent(address, **query)
    assert answer.status_code == 400
    assert [*answer.json()["error"]["message"]] == [parameter]


def test_a_query_needs_its_days_and_its_step(kept: tuple[str, RecentRecords]) -> None:
    address, _ = kept
    message = httpx.get(address + COSTS).json()["error"]["message"]
    assert message == {name: ["This field is required."] for name in ("begin", "end", "step")}


def test_choice_sandbox_costs_nothing() -> None:
    sandbox = {"api_key": "x", "transport": AsyncSandboxTransport(), "base_url": "http://sandbox.invalid/v1"}
    with served(GatewayApp({"openai": sandbox}, boards=Boards({}, environ={}))) as address:
        assert ask(address, {"providers": "openai/gpt-4o-mini", "text": "Hi"}, "/v2/text/chat").is_success
        assert spent(address).json() == {"response": []}


def test_choice_user_groups(kept: tuple[str, RecentRecords]) -> None:
    address, _ = kept
    for user in ("u1", "u2", "u1"):
        body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "user": user}
        ask(address, body, "/v2/llm/chat")
    found = spent(address, group_by="user").json()["response"]
    assert [(row["token"], row["user"], row["data"][TODAY]["llm__chat"]["details"]) for row in found] == [
        ("u1", "u1", 2), ("u2", "u2", 1),
    ]  # fmt: skip


# -- the catalog -----------------------------------------------------------------------------------------------------


def test_the_catalog_has_the_tables_of_every_feature(address: str) -> None:
    rows = httpx.get(f"{address}/v2/info/provider_subfeatures/").json()
    found = {(row["feature"]["name"], row["provider"]["name"]): row for row in rows}
    assert len({provider for feature, provider in found if feature == "multimodal"}) == 7
    assert {provider for feature, provider in found if feature == "text"} >= {"meta", "together_ai", "perplexityai"}
    openai = found["multimodal", "openai"]
    assert openai["models"]["default_model"] == "gpt-4o"
    prices = {row["model_name"]: row["price"] for row in openai["pricings"]}
    assert prices["gpt-4o"] == prices["default"] == "10.0"
    assert all(row["is_working"] for row in rows if row["provider"]["name"] in ("openai", "meta", "together_ai"))


def test_the_catalog_is_narrowed_by_a_query(address: str) -> None:
    query = {"feature__name": "text", "subfeature__name": "chat", "provider__name": "openai"}
    rows = httpx.get(f"{address}/v2/info/provider_subfeatures", params=query).json()
    assert [(row["feature"]["name"], row["provider"]["name"]) for row in rows] == [("text", "openai")]
    wrong = httpx.get(f"{address}/v2/info/provider_subfeatures", params={"is_working": "perhaps"})
    assert wrong.status_code == 400


@pytest.mark.needs("recordings")
def test_rows_have_every_member_that_the_description_requires(address: str) -> None:
    needed = document()["components"]["schemas"]["ProviderSubfeature"]["required"]
    assert all(row.keys() >= {*needed} for row in httpx.get(f"{address}/v2/info/provider_subfeatures").json())
