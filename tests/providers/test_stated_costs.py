"""What providers say that a call cost, and what their sheets say: equal, or different for a reason that has a name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from jackfield import Boards, ChatResponse, Client, Cost, Endpoint, Exchange, JackfieldError
from tests.recordings import judge, loader
from tests.recordings.suite import RecordedApi
from tests.recordings.test_crossing import SOURCES

pytestmark = pytest.mark.needs("recordings")

STATING = [
    ("openrouter", "openai-chat"), ("openrouter", "openai-responses"), ("perplexity", "openai-chat"),
    ("vercel-gateway", "openai-chat"), ("xai", "openai-chat"), ("xai", "openai-responses"), ("avian", "openai-chat"),
]  # fmt: skip
#: How many of each have to be equal, so that a sheet that goes wrong is seen.
EQUAL = {
    ("openrouter", "openai-chat"): 80, ("openrouter", "openai-responses"): 5, ("perplexity", "openai-chat"): 20,
    ("vercel-gateway", "openai-chat"): 25, ("xai", "openai-chat"): 19, ("xai", "openai-responses"): 21,
    ("avian", "openai-chat"): 3,
}  # fmt: skip


def read(client: Client, suite: RecordedApi, provider: str, recorded: loader.Exchange) -> ChatResponse | None:
    """Read a recorded answer as its provider's own board does."""
    board = client.boards.open(provider, suite.DIALECT)
    at = datetime(2026, 11, 20, tzinfo=UTC)
    try:
        request = suite.parsed(recorded)
        exchange = Exchange(board, request, Endpoint(provider, suite.DIALECT, "https://any.invalid"), at, "pass")
        _, error = judge.run(exchange, recorded, [recorded.response_bytes])
    except JackfieldError:
        return None
    return exchange.response if error is None and isinstance(exchange.response, ChatResponse) else None


def why(model: str, stated: Decimal, found: Cost, response: ChatResponse) -> str:
    """Name the rule that explains a difference."""
    raw: dict[str, Any] = dict(response.raw_usage or {})
    if found.total is None:
        return "no sheet of that model"
    if stated == 0:
        return "a stated zero: the caller's own key, or a free call"
    if raw.get("server_tool_use") or raw.get("server_side_tool_usage_details") or raw.get("num_sources_used"):
        return "searches that the usage does not count as such"
    cost = raw.get("cost")
    if isinstance(cost, dict) and cost.get("input_tokens_cost") == 0:
        return "token costs that are stated as rounded to nothing"
    if stated > found.total and stated - found.total in (Decimal("0.01"), Decimal("0.03"), Decimal("0.005")):
        return "a fee for searches that the usage does not state"
    return "another host, another day's price, or a discount of the router"


def test_stated_costs_are_those_of_the_sheets(capsys: pytest.CaptureFixture[str]) -> None:
    tally: dict[tuple[str, str], Counter[str]] = {}
    with Client(boards=Boards(environ={"JACKFIELD_DISABLE": "prices,otel"}), environ={}) as client:
        for provider, dialect in STATING:
            suite = SOURCES[dialect][0]()
            counter = tally.setdefault((provider, dialect), Counter())
            for recorded in suite.recorded(provider):
                response = None if recorded.is_error else read(client, suite, provider, recorded)
                if response is None or response.usage is None or response.usage.stated_cost is None:
                    continue
                stated = Decimal(response.usage.stated_cost)
                at = datetime.fromtimestamp(response.created or 0, UTC)
                usage = replace(response.usage, stated_cost=None)
                model = str(response.model or (recorded.request_json or {})["model"])
                found = client.cost(f"{provider}/{model}", usage, at=at, facts=response.usage.facts)
                is_equal = found.total is not None and abs(found.total - stated) <= Decimal("1e-9")
                counter["equal" if is_equal else why(model, stated, found, response)] += 1
                if stated or not any(usage.counts.values()):
                    assert response.cost is not None
                    assert (response.cost.status, response.cost.total) == ("stated", stated)
    with capsys.disabled():
        print()
        for (provider, dialect), counter in tally.items():
            print(f"{provider} in {dialect}: {dict(counter)}")
    for key, least in EQUAL.items():
        assert tally[key]["equal"] >= least, key
    assert sum(counter.total() for counter in tally.values()) > 200
