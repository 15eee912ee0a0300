"""The form of every provider's data, read with `tomllib` alone: no loader that could forgive an error."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from jackfield import Boards, ChatRequest, Endpoint, Exchange

Table = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "plugins" / "providers"
PACKAGES = sorted(path.parent.name for path in FOLDER.glob("*/pyproject.toml"))
#: The folder of each provider's data: that of its package, or one inside where a package brings two providers.
DATA = {
    tomllib.loads(path.read_text("utf-8"))["provider"]["name"]: path.parent
    for path in sorted(FOLDER.glob("*/src/**/catalog.toml"))
}
PROVIDERS = sorted(DATA)
AT = datetime(2026, 11, 20, tzinfo=UTC)


def words(text: str) -> set[str]:
    return set(text.split())


PARAMETERS = words(
    """inputs input_type truncate dimensions query documents top_n return_documents
    model messages system temperature top_p top_k max_tokens stop seed n frequency_penalty presence_penalty
    repetition_penalty logit_bias logprobs top_logprobs tools tool_choice parallel_tool_calls response_format reasoning
    verbosity service_tier modalities audio_out prediction web_search metadata user cache stream extra call_id
    part.cache tool.cache tool.strict cache.ttl cache.key message.name media.detail store
    tool_result.name"""
)
CAPABILITIES = words(
    """tools parallel_tools json_object json_schema streaming reasoning vision audio_in audio_out documents web_search
    logprobs prediction n prefill"""
)
EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
#: Forms of media; `s3` is the only kind of address that Converse takes.
MEDIA = {kind: {"url", "bytes", "file", "s3"} for kind in ("image", "document", "audio", "video")}
CATALOG_KEYS = words("include remedies provider settings auth headers limits wire dialects regions")
MODEL_KEYS = words(
    """id match aliases title context max_output capabilities media limits wire operations dialect deprecated retired
    successor source checked currency unpriced prices"""
)
LIMIT_KEYS = words("range max_items allowed when efforts default off budget below fallback pattern length")
RULE_KEYS = words("since until rates times when over inclusive windows")
#: What may be taken although what stands above it does not: a provider its dialect, a family of models its provider.
GIVEN_BACK = words(
    "top_k repetition_penalty tools tool_choice parallel_tool_calls response_format web_search stop verbosity "
    "input_type truncate"
)
DAYS = words("mon tue wed thu fri sat sun")
ALWAYS, FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def package(provider: str) -> str:
    return f"jackfield_{provider.replace('-', '_')}"


@cache
def read(provider: str, name: str) -> Table:
    return tomllib.loads((DATA[provider] / name).read_text("utf-8"))


def models(provider: str) -> list[Table]:
    files = (*read(provider, "catalog.toml").get("include", ()), "models.toml")
    return [model for file in files for model in read(provider, file).get("models", ())]


def named(provider: str) -> dict[str, Table]:
    rows = [model for model in models(provider) if "id" in model]
    return {name: model for model in rows for name in (model["id"], *model.get("aliases", ()))}


def name_of(model: Table) -> str:
    return str(model.get("id") or model["match"])


def thinking_of(catalog: Table) -> Table:
    """Return the form in which a host is asked to think."""
    form: Table = catalog.get("wire", {}).get("chat", {}).get("thinking", {})
    assert set(form) <= {"on", "always", "off", "effort", "budget"}
    return form


def check_limit(parameter: str, limit: object, dialect: str, thinking: Table) -> None:
    if limit is False:
        return
    if limit is True:
        assert "." in parameter or parameter in GIVEN_BACK
        return
    assert isinstance(limit, dict), f"{parameter}: {limit!r}"
    assert limit, f"{parameter}: {{}} says nothing"
    assert "." not in parameter, f"{parameter} is taken or not"
    assert set(limit) <= LIMIT_KEYS
    if "range" in limit:
        low, high = limit["range"]
        assert low < high or parameter == "n"
    assert parameter == "call_id" or not set(limit) & {"pattern", "length"}
    if parameter != "reasoning":
        assert not set(limit) & {"efforts", "default", "off", "budget", "below"}
        assert set(limit.get("when", {})) <= {"reasoning"}
        return
    efforts = limit.get("efforts", EFFORTS)
    assert efforts == [effort for effort in EFFORTS if effort in efforts], "in ascending order"
    assert "default" not in limit or not efforts or limit["default"] in efforts
    if dialect.startswith("openai"):
        # the format writes an effort alone: no budget, and off is the effort "none", unless the host has a form
        assert set(limit) <= {"efforts", "default", "off", "budget", "range"}
        assert limit["budget"] is False or "budget" in thinking
        assert limit.get("off", True) is ("none" in efforts) or "off" in thinking


def check_rule(rule: Table) -> None:
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
    assert "inclusive" not in rule or "over" in rule
    assert all(rule[end].tzinfo is not None for end in ("since", "until") if end in rule)
    assert rule.get("since", ALWAYS) < rule.get("until", FOREVER)
    for window in rule.get("windows", ()):
        assert time.fromisoformat(window["start"]) != time.fromisoformat(window["end"])
        assert set(window.get("days", ())) <= DAYS
        assert all(type(day) is date for day in window.get("except", ()))


@pytest.mark.parametrize("provider", PACKAGES)
def test_the_package_is_complete(provider: str) -> None:
    folder = FOLDER / provider
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    source = folder / "src"
    brought = {
        name: ".".join(path.relative_to(source).parts) for name, path in DATA.items() if path.is_relative_to(source)
    }
    assert project["entry-points"]["jackfield.providers"] == brought
    assert brought[provider] == package(provider)
    assert project["name"] == f"jackfield-{provider}"
    assert (folder / "README.md").read_text("utf-8").startswith(f"# jackfield-{provider}\n")
    assert (folder / "src" / package(provider) / "py.typed").is_file()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_catalog_has_the_form(provider: str) -> None:
    catalog = read(provider, "catalog.toml")
    assert set(catalog) <= CATALOG_KEYS
    assert catalog["provider"]["name"] == provider
    assert catalog["provider"]["verified"] in {"recordings", "documentation"}
    assert catalog["provider"]["hint"].strip()
    bases = [catalog["provider"]["base_url"]]
    bases += [table["base_url"] for table in catalog.get("dialects", {}).values() if "base_url" in table]
    texts = [*bases, *catalog.get("headers", {}).values()]
    assert {field for text in texts for field in re.findall(r"{(\w+)}", text)} <= set(catalog.get("settings", {}))
    for setting in catalog.get("settings", {}).values():
        assert set(setting) <= {"env", "default", "cases"}
        assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in setting.get("env", ()))
    for auth in catalog["auth"]:
        assert re.fullmatch(
            r"bearer|none|google-auth|entra|azure-identity|ibm-iam|(header|query):[\w-]+|aws-\w+", auth["kind"]
        )
        assert (auth["kind"] == "none") == ("values" not in auth)
        for names in auth.get("values", {}).values():
            assert names
            assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in names)
    assert all(isinstance(text, str) and len(text) > 20 for text in catalog.get("remedies", {}).values())
    tables = [catalog, *catalog.get("dialects", {}).values()]
    for parameter, limit in [row for table in tables for row in table.get("limits", {}).items()]:
        assert parameter in PARAMETERS
        check_limit(parameter, limit, catalog["provider"]["dialect"], thinking_of(catalog))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_address_is_reached_by_https_or_is_a_server_of_ones_own(provider: str) -> None:
    catalog = read(provider, "catalog.toml")
    settings = catalog.get("settings", {})

    def filled(match: re.Match[str]) -> str:
        example = "https://any.invalid" if match[1] in {"base_url", "host", "endpoint", "url"} else "any"
        return re.sub(r"{\w+}", "any", str(settings[match[1]].get("default", example)))

    for table in (catalog["provider"], *catalog.get("dialects", {}).values()):
        if "base_url" in table:
            address = re.sub(r"{(\w+)}", filled, table["base_url"])
            assert re.match(r"https://[\w.-]+(/|$)|http://(localhost|127\.0\.0\.1):\d+(/|$)", address)
            assert not address.endswith("/")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_names_are_unique(provider: str) -> None:
    names = [name for model in models(provider) for name in (name_of(model), *model.get("aliases", ()))]
    assert sorted(names) == sorted(set(names))


def check_model(model: Table, dialect: str, thinking: Table) -> None:
    assert set(model) <= MODEL_KEYS
    assert ("id" in model) != ("match" in model)
    assert model["source"].strip()
    assert type(model["checked"]) is date
    assert date(2025, 1, 1) < model["checked"] <= date(2026, 11, 30)
    assert set(model.get("capabilities", ())) <= CAPABILITIES
    assert all(set(forms) <= MEDIA[kind] for kind, forms in model.get("media", {}).items())
    assert not dialect.startswith("openai") or "file" not in model.get("media", {}).get("audio", ())
    assert all(type(model[key]) is date for key in ("deprecated", "retired") if key in model)
    assert model.get("deprecated", date.min) < model.get("retired", date.max)
    assert all(type(model[key]) is int and model[key] > 0 for key in ("context", "max_output") if key in model)
    assert "unpriced" not in model or ("prices" not in model and model["unpriced"].strip())
    assert re.fullmatch(r"[A-Z]{3}", model.get("currency", "USD"))
    for parameter, limit in model.get("limits", {}).items():
        assert parameter in PARAMETERS
        check_limit(parameter, limit, model.get("dialect", dialect), thinking)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_has_the_form_and_a_source(provider: str) -> None:
    catalog = read(provider, "catalog.toml")
    for model in models(provider):
        try:
            check_model(model, catalog["provider"]["dialect"], thinking_of(catalog))
        except AssertionError as error:
            raise AssertionError(f"{provider}/{name_of(model)}: {error}") from None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_rules_have_the_form_and_amounts_are_decimal_strings(provider: str) -> None:
    for model in models(provider):
        for rule in model.get("prices", ()):
            try:
                check_rule(rule)
            except AssertionError as error:
                raise AssertionError(f"{provider}/{name_of(model)}: {error}") from None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_periods_of_one_price_do_not_overlap(provider: str) -> None:
    for model in models(provider):
        periods: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
        for rule in model.get("prices", ()):
            condition = json.dumps([rule.get(key) for key in ("when", "over", "windows")], sort_keys=True, default=str)
            for selector in rule.get("rates", ()):
                span = (rule.get("since", ALWAYS), rule.get("until", FOREVER))
                periods.setdefault((condition, selector), []).append(span)
        for spans in periods.values():
            spans.sort()
            assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), name_of(model)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_model_has_a_price_or_a_reason_for_none(provider: str) -> None:
    board = Boards(environ={}).open(provider)
    for name, model in named(provider).items():
        assert board.model(name).rules or model.get("unpriced"), f"{provider}/{name}"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_name_that_the_data_mention_is_known(provider: str) -> None:
    known = set(named(provider))
    assert {model["successor"] for model in models(provider) if "successor" in model} <= known
    default = read(provider, "catalog.toml")["provider"].get("default_model")
    assert default is None or default in known
    assert default is None or named(provider)[default].get("retired", date.max) > AT.date(), "it is not sold any more"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_family_has_a_member(provider: str) -> None:
    known = named(provider)
    families = [
        model["match"] for model in models(provider) if "match" in model and not model["match"].startswith("ft:")
    ]
    empty = [family for family in families if not any(fnmatchcase(name, family) for name in known)]
    assert empty == (["claude-instant-*"] if provider == "anthropic" else []), "retired before anyone listed its names"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_default_model_can_be_asked(provider: str) -> None:
    board = Boards(environ={}).open(provider)
    assert board.info is not None
    model = board.model(board.info.default_model or "anything")
    request = ChatRequest(model=model.id, messages="hi", max_tokens=5, seed=7, stream=True)
    board = Boards(environ={}).open(provider, model.dialect)
    exchange = Exchange(board, request, Endpoint(provider, model.dialect, "https://any.invalid"), AT)
    assert exchange.http_request.url.startswith("https://any.invalid/")
