"""The data of the packages for OpenAI's format, read with `tomllib` alone: no loader that could forgive an error."""

import base64
import json
import os
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

Table = dict[str, Any]

PROVIDERS = Path(__file__).parents[2] / "plugins" / "providers"
PACKAGES = {"openai": "jackfield_openai", "openai-compatible": "jackfield_openai_compatible"}


def words(text: str) -> set[str]:
    return set(text.split())


PARAMETERS = words(
    """model messages system temperature top_p top_k max_tokens stop seed n frequency_penalty presence_penalty
    repetition_penalty logit_bias logprobs top_logprobs tools tool_choice parallel_tool_calls response_format reasoning
    verbosity service_tier modalities audio_out prediction web_search metadata user cache stream extra
    part.cache tool.cache cache.ttl"""
)
CAPABILITIES = words(
    """tools parallel_tools json_object json_schema streaming reasoning vision audio_in audio_out documents web_search
    logprobs prediction n"""
)
EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
MEDIA = {"image": {"url", "bytes", "file"}, "document": {"url", "bytes", "file"}, "audio": {"url", "bytes"}}
MODEL_KEYS = words(
    """id match aliases title context max_output capabilities media limits wire operations dialect deprecated retired
    successor source checked prices"""
)
RULE_KEYS = {"since", "until", "rates", "times", "when", "over", "inclusive"}
ALWAYS, FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

# Names in recorded requests that OpenAI itself refused, or that another server behind its host name answered with.
REFUSED = {
    "babbage-002-wrong",
    "gpt-4-does-not-exist-12345",
    "invalid-model-that-does-not-exist-12345",
    "text-embedding-4-ultra",
    "this-model-does-not-exist-12345",
}
FOREIGN = {"moonshotai/kimi-k2"}


def read(provider: str, name: str) -> Table:
    return tomllib.loads((PROVIDERS / provider / "src" / PACKAGES[provider] / name).read_text("utf-8"))


def models(provider: str) -> list[Table]:
    return list(read(provider, "models.toml")["models"])


def name_of(model: Table) -> str:
    return str(model.get("id") or model["match"])


ALL = [pytest.param(model, id=name_of(model)) for provider in PACKAGES for model in models(provider)]
OPENAI = models("openai")
NAMED = {name: model for model in OPENAI if "id" in model for name in (model["id"], *model.get("aliases", ()))}


def entries(name: str) -> list[Table]:
    """What is known of a model, general first: the families that match its id, then its own entry."""
    own = NAMED.get(name)
    identity = own["id"] if own else name
    families = [model for model in OPENAI if "match" in model and fnmatchcase(identity, model["match"])]
    return families + ([own] if own else [])


def check_limit(parameter: str, limit: object) -> None:
    if limit is False:
        return
    if limit is True and "." in parameter:
        return
    assert isinstance(limit, dict), f"{parameter}: {limit!r}"
    assert limit, f"{parameter}: {{}} says nothing"
    if parameter == "reasoning":
        assert set(limit) <= {"efforts", "default", "off", "budget"}
        assert limit["efforts"] == [effort for effort in EFFORTS if effort in limit["efforts"]], "in ascending order"
        assert limit.get("default", limit["efforts"][0]) in limit["efforts"]
        assert limit["off"] is ("none" in limit["efforts"])
        return
    assert set(limit) <= {"range", "max_items", "allowed", "when"}
    assert set(limit.get("when", {})) <= {"reasoning"}
    if "range" in limit:
        low, high = limit["range"]
        assert low < high


@pytest.mark.parametrize("provider", PACKAGES)
def test_the_package_is_complete(provider: str) -> None:
    folder = PROVIDERS / provider
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["jackfield.providers"] == {provider: PACKAGES[provider]}
    assert project["name"] == f"jackfield-{provider}"
    assert (folder / "README.md").is_file()
    assert (folder / "src" / PACKAGES[provider] / "py.typed").is_file()


@pytest.mark.parametrize("provider", PACKAGES)
def test_the_catalog_has_the_form(provider: str) -> None:
    catalog = read(provider, "catalog.toml")
    assert set(catalog) <= {"provider", "settings", "auth", "headers", "limits", "wire", "dialects"}
    assert catalog["provider"]["name"] == provider
    assert catalog["provider"]["verified"] in {"recordings", "documentation"}
    texts = [catalog["provider"]["base_url"], *catalog.get("headers", {}).values()]
    assert {field for text in texts for field in re.findall(r"{(\w+)}", text)} <= set(catalog["settings"])
    for auth in catalog["auth"]:
        assert re.fullmatch(r"bearer|none|(header|query):[\w-]+", auth["kind"])
        assert (auth["kind"] == "none") == ("values" not in auth)
    assert set(catalog.get("limits", {})) <= PARAMETERS
    for parameter, limit in catalog.get("limits", {}).items():
        check_limit(parameter, limit)


@pytest.mark.parametrize("provider", PACKAGES)
def test_names_are_unique(provider: str) -> None:
    names = [name for model in models(provider) for name in (name_of(model), *model.get("aliases", ()))]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("model", ALL)
def test_a_model_has_the_form_and_a_source(model: Table) -> None:
    assert set(model) <= MODEL_KEYS
    assert ("id" in model) != ("match" in model)
    assert model["source"].strip()
    assert type(model["checked"]) is date
    assert set(model.get("capabilities", ())) <= CAPABILITIES
    assert all(set(forms) <= MEDIA[kind] for kind, forms in model.get("media", {}).items())
    assert all(type(model[key]) is date for key in ("deprecated", "retired") if key in model)
    assert model.get("deprecated", date.min) < model.get("retired", date.max)
    assert all(type(model[key]) is int and model[key] > 0 for key in ("context", "max_output") if key in model)
    assert set(model.get("limits", {})) <= PARAMETERS
    for parameter, limit in model.get("limits", {}).items():
        check_limit(parameter, limit)


@pytest.mark.parametrize("model", ALL)
def test_rates_are_decimal_strings(model: Table) -> None:
    for rule in model.get("prices", ()):
        assert set(rule) <= RULE_KEYS
        assert "rates" in rule or "times" in rule
        for rate in rule.get("rates", {}).values():
            amount = rate["amount"] if isinstance(rate, dict) else rate
            assert isinstance(amount, str)
            assert Decimal(amount) >= 0
            assert not isinstance(rate, dict) or (type(rate["per"]) is int and rate["per"] > 0 and rate["unit"])
        for factor in rule.get("times", {}).values():
            assert isinstance(factor, str)
            assert Decimal(factor) > 0
        assert all(isinstance(fact, str) for fact in rule.get("when", {}).values())
        assert type(rule.get("over", 0)) is int
        assert all(rule[end].tzinfo is not None for end in ("since", "until") if end in rule)


@pytest.mark.parametrize("model", ALL)
def test_periods_of_one_price_do_not_overlap(model: Table) -> None:
    periods: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    for rule in model.get("prices", ()):
        since, until = rule.get("since", ALWAYS), rule.get("until", FOREVER)
        assert since < until
        condition = json.dumps([rule.get("when"), rule.get("over")], sort_keys=True)
        for selector in rule.get("rates", ()):
            periods.setdefault((condition, selector), []).append((since, until))
    for spans in periods.values():
        spans.sort()
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def test_every_name_that_the_data_mention_is_known() -> None:
    assert read("openai", "catalog.toml")["provider"]["default_model"] in NAMED
    assert {model["successor"] for model in OPENAI if "successor" in model} <= set(NAMED)


def test_every_family_has_a_member() -> None:
    families = [model["match"] for model in OPENAI if "match" in model and not model["match"].startswith("ft:")]
    assert [family for family in families if not any(fnmatchcase(name, family) for name in NAMED)] == []


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
