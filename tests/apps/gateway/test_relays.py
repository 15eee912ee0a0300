"""Chats that the gateway relays, and those that it does not: what callers, providers and the records see of either."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings
from jackfield_gateway._records import Entry
from tests.apps.gateway.conftest import served
from tests.core.conftest import acme
from tests.core.server import Server, completion, whole

OWN: dict[str, Any] = {"new_member": [1, {"a": None}], "system_fingerprint": "fp_1"}


class Kept:
    """Records that a test reads."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def record(self, entry: Entry) -> None:
        self.entries.append(entry)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def app_of(upstream: Server, kept: Kept, observed: bool = False, **settings: Any) -> GatewayApp:
    boards = Boards(acme(upstream.url), environ={} if observed else {"JACKFIELD_DISABLE": "otel"})
    return GatewayApp(
        {"acme": {"api_key": "sk-acme-0123456789"}}, key="k", boards=boards, records=kept,  # type: ignore[arg-type]
        settings=Settings(**settings),
    )  # fmt: skip


@pytest.fixture
def relaying(upstream: Server, kept: Kept) -> Iterator[str]:
    with served(app_of(upstream, kept)) as address:
        yield address


def ask(address: str, headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    body = {"model": "acme/large", "messages": [{"role": "user", "content": "Hi"}], **members}
    return httpx.post(
        f"{address}/v1/chat/completions",
        json=body,
        headers={"authorization": "Bearer k", **(headers or {})},
        timeout=10,
    )


def test_the_answer_is_the_providers_to_the_last_byte(upstream: Server, relaying: str, kept: Kept) -> None:
    body = json.dumps(completion(**OWN), indent=3).encode()
    upstream.answer(whole(body, x_request_id="req-1", content_type="application/json; charset=utf-8"))
    for _ in range(2):
        answer = ask(relaying, temperature=0.25)
        assert answer.content == body
        assert answer.headers["x-request-id"] == "req-1"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-jackfield-request-id"]
    sent = [json.loads(row["body"]) for row in upstream.requests]
    assert sent == [{"model": "large", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.25}] * 2
    for entry in kept.entries:
        assert (entry.provider, entry.model, entry.status) == ("acme", "large", 200)
        assert entry.usage is not None
        assert entry.usage.total_tokens == 5


def test_the_records_say_the_same_of_either_way(upstream: Server, kept: Kept) -> None:
    upstream.answer(whole(completion()), whole({"error": {"message": "no"}}, 400), whole(completion(usage=None)))
    found = []
    for observed in (False, True):  # who observes exchanges wants to know what was said: then nothing is relayed
        kept.entries.clear()
        upstream.answer(whole(completion()), whole({"error": {"message": "no"}}, 400), whole(completion(usage=None)))
        with served(app_of(upstream, kept, observed)) as address:
            answers = [ask(address, max_tokens=5) for _ in range(3)]
        rows = [
            (
                entry.route, entry.provider, entry.model, entry.key, entry.status, entry.error, entry.usage,
                entry.cost and entry.cost.total, [(one.outcome, one.status) for one in entry.attempts],
            )
            for entry in kept.entries
        ]  # fmt: skip
        found.append((rows, [answer.status_code for answer in answers], answers[1].json()))
    assert found[0] == found[1]
    assert found[0][1] == [200, 400, 200]


def rendered(answer: httpx.Response) -> bool:
    """Whether an answer was written by the gateway: then members that we do not know are not in it."""
    assert answer.status_code == 200, answer.text
    return "new_member" not in answer.json()


def test_what_cannot_be_relayed_is_rendered(upstream: Server, relaying: str) -> None:
    upstream.answer(whole(completion(**OWN)))
    assert not rendered(ask(relaying))
    assert rendered(ask(relaying, headers={"x-jackfield-details": "1"}))
    assert rendered(ask(relaying, headers={"x-jackfield-key-acme": "sk-callers-own"}))
    assert rendered(ask(relaying, fallbacks=["acme/small"]))
    assert rendered(ask(relaying, messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]))
    keys = [row["headers"]["authorization"] for row in upstream.requests]
    assert keys == ["Bearer sk-acme-0123456789"] * 2 + ["Bearer sk-callers-own"] + ["Bearer sk-acme-0123456789"] * 2


@pytest.mark.parametrize("content", ["full", "hashed"])
def test_what_is_kept_is_parsed(upstream: Server, kept: Kept, content: str) -> None:
    upstream.answer(whole(completion(**OWN)))
    with served(app_of(upstream, kept, content=content)) as address:
        assert rendered(ask(address))
    assert "Hi" in (kept.entries[0].asked or "")


def test_an_alias_is_not_relayed(upstream: Server, kept: Kept) -> None:
    upstream.answer(whole(completion(**OWN)))
    with served(app_of(upstream, kept, aliases={"fast": {"models": ["acme/large"]}})) as address:
        assert rendered(ask(address, model="fast"))
    assert kept.entries[0].model == "large"


def test_a_relay_is_held_to_limits(upstream: Server, kept: Kept) -> None:
    """The size of the text counts, though nobody has parsed it."""
    upstream.answer(whole(completion()))
    limits = [{"scope": "model", "tokens": 400}]
    with served(app_of(upstream, kept, limits=limits)) as address:
        text = "word " * 300  # 375 tokens
        first = ask(address, messages=[{"role": "user", "content": text}])
        second = ask(address, messages=[{"role": "user", "content": text}])
    assert first.status_code == 200
    assert int(first.headers["x-ratelimit-remaining-tokens"]) == 400 - len(text) // 4 - 1
    assert second.status_code == 429
    assert len(upstream.requests) == 1


def test_a_key_of_the_provider_never_comes_back(upstream: Server, relaying: str) -> None:
    upstream.answer(whole({"error": {"message": "wrong key sk-acme-0123456789"}}, 401))
    answer = ask(relaying)
    assert answer.status_code == 401
    assert "sk-acme" not in answer.text


def test_the_cost_is_that_of_the_catalog(upstream: Server, relaying: str, kept: Kept) -> None:
    upstream.answer(whole(completion()))
    ask(relaying)
    cost = kept.entries[0].cost
    assert cost is not None
    assert cost.total == Decimal("0.000008")  # 3 tokens at 1 dollar a million, 2 at 2.50


def test_a_name_that_no_model_has_is_kept_nowhere(upstream: Server, kept: Kept) -> None:
    app = app_of(upstream, kept)
    with served(app) as address:
        answer = ask(address, model="acme/" + "m" * 1_000)
    assert answer.status_code == 400
    assert "up to 300 characters" in answer.json()["error"]["message"]
    assert not app.client._routes
    assert not app.client._forms
    assert not upstream.requests


def test_names_of_the_resellers_list_mean_what_they_always_do(upstream: Server, kept: Kept) -> None:
    name, meant = "llama-3.3-70b-instruct", "openrouter"  # Scaleway has a model of this name as well
    upstream.answer(whole(completion(**OWN)))
    overrides = {one: {"api_key": "k", "base_url": upstream.url} for one in (meant, "scaleway")}
    boards = Boards({}, environ={"JACKFIELD_DISABLE": "otel"})
    with served(GatewayApp(overrides, key="k", boards=boards, records=kept)) as address:  # type: ignore[arg-type]
        for seed in (None, 1):
            assert ask(address, model=name, seed=seed).status_code == 200
    assert [entry.provider for entry in kept.entries] == [meant, meant]


def test_an_answer_of_the_sandbox_is_marked_in_its_body_too(upstream: Server, relaying: str) -> None:
    upstream.answer(whole(completion(**OWN), x_jackfield_sandbox="1"))
    answer = ask(relaying)
    assert answer.headers["x-jackfield-sandbox"] == "1"
    assert answer.json()["system_fingerprint"] == "fp_jackfield_sandbox"


def test_several_rules_for_one_key_count_a_call_once(upstream: Server, kept: Kept) -> None:
    upstream.answer(whole(completion()))
    limits = [{"scope": "model", "parallel": 1, "requests": 10}, {"scope": "model", "parallel": 1, "requests": 3}]
    with served(app_of(upstream, kept, limits=limits)) as address:
        answers = [ask(address) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["x-ratelimit-limit-requests"] == "3"
