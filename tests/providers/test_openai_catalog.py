"""What the package for OpenAI says of prices and limits, read with `tomllib` alone and held against the recordings."""

import base64
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.providers.test_catalogs import ALWAYS, FOREVER, PARAMETERS, Table, models, named

# Names in recorded requests that OpenAI itself refused, or that another server behind its host name answered with.
REFUSED = {
    "babbage-002-wrong",
    "gpt-4-does-not-exist-12345",
    "invalid-model-that-does-not-exist-12345",
    "text-embedding-4-ultra",
    "this-model-does-not-exist-12345",
}
FOREIGN = {"moonshotai/kimi-k2"}

OPENAI = models("openai")
NAMED = named("openai")


def entries(name: str) -> list[Table]:
    """What is known of a model, general first: the families that match its id, then its own entry."""
    own = NAMED.get(name)
    identity = own["id"] if own else name
    families = [model for model in OPENAI if "match" in model and fnmatchcase(identity, model["match"])]
    return families + ([own] if own else [])


def price(name: str, selector: str, at: str = "2026-11-20", tokens: int = 1000, **facts: str) -> Decimal:
    """The rate of a selector as the rules give it, in the plainest way."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    wanted, factor, rates = set(selector.split(".")), Decimal(1), dict[str, str]()

    def best(table: Table) -> str | None:
        fitting = [key for key in table if set(key.split(".")) - {""} <= wanted]
        return max(fitting, key=lambda key: len(key.split(".")) if key else 0, default=None)

    for rule in (rule for entry in entries(name) for rule in entry.get("prices", ())):
        asked = all(facts.get(fact) == value for fact, value in rule.get("when", {}).items())
        current = rule.get("since", ALWAYS) <= moment < rule.get("until", FOREVER)
        if asked and current and tokens > rule.get("over", 0):
            rates |= rule.get("rates", {})
            key = best(rule.get("times", {}))
            factor *= Decimal(rule["times"][key]) if key is not None else 1
    key = best(rates)
    assert key is not None, f"{name} has no price for {selector}"
    return Decimal(rates[key]) * factor


def test_list_prices() -> None:
    assert price("gpt-4o", "input.cache_read") == Decimal("1.25")
    assert price("gpt-4o-2024-08-06", "output", mode="batch") == 5
    assert price("gpt-4o-mini-2024-07-18", "output", tier="priority") == 1
    assert price("gpt-5-mini", "input", tier="priority") == Decimal("0.45")
    assert price("gpt-5-mini", "input.cache_read", tier="flex") == Decimal("0.0125")
    assert price("o1", "output.reasoning") == 60
    assert price("gpt-4o-audio-preview", "output.audio") == 80
    assert price("gpt-5.4", "input", region="eu") == Decimal("2.75")
    assert price("omni-moderation-latest", "input") == 0


def test_long_context_reprices_the_whole_request() -> None:
    assert price("gpt-5.4", "input", tokens=272_000) == Decimal("2.50")
    assert price("gpt-5.4", "input", tokens=272_001) == 5
    assert price("gpt-5.4", "output", tokens=300_000) == Decimal("22.50")
    assert price("gpt-6-astra", "output", tokens=300_000, tier="ultrafast") == 450
    assert price("gpt-6-astra", "input.cache_write.12h", tokens=300_000, tier="flex") == 25


def test_old_prices_are_kept() -> None:
    assert price("o3", "output", at="2025-05-01") == 40
    assert price("o3-2025-04-16", "output", at="2025-06-10") == 8
    assert price("gpt-5.6-luna", "output", at="2026-07-29") == 6
    assert price("gpt-5.6", "input.cache_write", at="2026-08-20") == Decimal("6.25")


MODEL_IN_JSON = re.compile(r'"model"\s*:\s*"([^"\\]+)"')
MODEL_IN_FORM = re.compile(r'name="model"\r?\n\r?\n([^\r\n]+)')


def exchanges(*apis: str) -> Iterator[tuple[str, Table]]:
    folder = os.environ.get("JACKFIELD_RECORDINGS")
    if not folder:
        pytest.skip("JACKFIELD_RECORDINGS is not set")
    for path in sorted(Path(folder, "openai").rglob("*.json")):
        for exchange in json.loads(path.read_text("utf-8"))["interactions"]:
            if "//api.openai.com/" in exchange["request"]["url"] and (not apis or exchange["api"] in apis):
                yield path.name, exchange


def body_of(message: Table) -> str:
    return message.get("body") or base64.b64decode(message.get("body_base64") or "").decode("latin-1")


def names_in(message: Table) -> set[str]:
    body = body_of(message)
    return {*MODEL_IN_JSON.findall(body), *MODEL_IN_FORM.findall(body)}


def test_every_recorded_model_is_known() -> None:
    """Those that were asked for, and those that the answers name."""
    unknown = {
        (name, side, file)
        for file, exchange in exchanges()
        for side in ("request", "response")
        for name in names_in(exchange[side]) - REFUSED - FOREIGN
        if not entries(name)
    }
    assert unknown == set()


def test_what_was_refused_has_no_entry_of_its_own() -> None:
    answered = {
        name
        for _, exchange in exchanges()
        if exchange["response"]["status"] < 400
        for name in names_in(exchange["request"])
    }
    assert answered.isdisjoint(REFUSED)
    assert REFUSED.isdisjoint(NAMED)


def test_the_recordings_bear_out_the_limits() -> None:
    """What a model took in a recorded chat is not forbidden to it, and what it refused by name is limited."""
    wrong = set()
    for file, exchange in exchanges("chat-completions"):
        request, status = json.loads(body_of(exchange["request"])), exchange["response"]["status"]
        limits: Table = {}
        for entry in entries(request["model"]):
            limits |= entry.get("limits", {})
        if status < 400:
            wrong |= {(file, key) for key in request if limits.get(key) is False}
        else:
            refused = json.loads(body_of(exchange["response"]))["error"].get("param")
            wrong |= {(file, key) for key in request if key == refused and key in PARAMETERS - {"model"} - set(limits)}
    assert wrong == set()
