"""Catalogs: the ladder of names, merging from general to special, the user's own layer, and clear errors."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from jackfield import Boards, ConfigurationError
from jackfield.catalog import read_provider
from jackfield.endpoints import resolve
from jackfield.tables import Models

CATALOG = """
[provider]
name = "acme"
dialect = "openai-chat"
base_url = "https://{region}.acme.invalid/v1"
[settings]
region = { env = ["ACME_REGION"], default = "eu" }
team = { env = ["ACME_TEAM"] }
[[auth]]
kind = "header:X-Key"
values = { key = ["ACME_KEY", "ACME_OLD_KEY"] }
[[auth]]
kind = "none"
[headers]
X-Team = "{team}"
[limits]
seed = false
temperature = { range = [0.0, 2.0] }
[wire.chat]
rename = { max_tokens = "max_completion_tokens" }
"""
MODELS = """
# families first
[[models]]
match = "large-*"
context = 1000
limits = { top_k = false }
prices = [{ when = { tier = "flex" }, times = { "" = "0.5" } }]

[[models]]
match = "large-2*"
context = 2000

[[models]]
id = "large-2"
aliases = [
    "large-2-2026-01-01",   # a snapshot
    'large-latest',
]
capabilities = ["tools"]
limits = { temperature = { range = [0.0, 1.0] } }
media = { image = ["bytes"] }
source = "a page"
checked = 2026-01-02
deprecated = 2026-05-06
[[models.prices]]
rates = { input = "1" }

[[models]]
id = "small"
"""


def _folder(tmp_path: Path, catalog: str = CATALOG, models: str = MODELS) -> Path:
    (tmp_path / "catalog.toml").write_text(catalog)
    (tmp_path / "models.toml").write_text(models)
    return tmp_path


def test_a_name_is_found_by_id_then_alias_then_family(tmp_path: Path) -> None:
    info = read_provider("acme", _folder(tmp_path), {})
    rungs = {
        name: (info.model(name).rung, info.model(name).id)
        for name in ("large-2", "large-latest", "large-2-2026-01-01", "large-9", "larger", "xlarge-2")
    }
    assert rungs == {
        "large-2": ("id", "large-2"),
        "large-latest": ("alias", "large-2"),
        "large-2-2026-01-01": ("alias", "large-2"),
        "large-9": ("family", "large-9"),
        "larger": ("unknown", "larger"),
        "xlarge-2": ("unknown", "xlarge-2"),
    }
    assert info.model_names() == ["large-2", "small"]


def test_values_are_merged_from_general_to_special(tmp_path: Path) -> None:
    model = read_provider("acme", _folder(tmp_path), {}).model("large-latest", {"limits": {"n": False}})
    assert model.context == 2000
    assert sorted(name for name, limit in model.limits.items() if not limit.taken) == ["n", "seed", "top_k"]
    assert model.limits["temperature"].range == (0.0, 1.0)
    assert model.rename == {"max_tokens": "max_completion_tokens"}
    assert len(model.rules) == 2, "a family's factors and the model's rates"
    assert (model.media, model.capabilities) == ({"image": ("bytes",)}, frozenset({"tools"}))
    assert (model.source, model.checked, model.deprecated) == ("a page", "2026-01-02", "2026-05-06")
    assert read_provider("acme", _folder(tmp_path), {}).model("small").deprecated is None


def test_the_user_has_the_last_word(tmp_path: Path) -> None:
    user = {
        "limits": {"seed": True},
        "models": [
            {"id": "large-2", "prices": [{"rates": {"input": "7"}}]},
            {"id": "mine", "base": "large-2", "context": 5},
        ],
    }
    info = read_provider("acme", _folder(tmp_path), user)
    assert info.model("large-2").limits["seed"].taken
    assert [str(rate.amount) for rule in info.model("large-2").rules for rate in rule.rates.values()] == ["7"]
    mine = info.model("mine")
    assert (mine.rung, mine.context, len(mine.rules)) == ("id", 5, 1)
    assert mine.media == {"image": ("bytes",)}


def test_prices_that_extend_come_on_top_of_those_of_the_catalog(tmp_path: Path) -> None:
    user = {"models": [{"match": "large*", "extends": True, "prices": [{"times": {"": "0.9"}}]}]}
    info = read_provider("acme", _folder(tmp_path), user)
    bare = read_provider("acme", _folder(tmp_path), {})
    assert info.model("large-2").rules[:-1] == bare.model("large-2").rules
    assert [str(factor) for factor in info.model("large-2").rules[-1].times.values()] == ["0.9"]


def test_a_provider_needs_no_package_at_all() -> None:
    config = {"providers": {"mine": {"provider": {"dialect": "openai-chat", "base_url": "http://127.0.0.1:1/v1"}}}}
    boards = Boards(config, environ={})
    assert boards.resolve("mine/x") == ("mine", "x")
    assert boards.open("mine").dialect.name == "openai-chat"


@pytest.mark.parametrize("provider", ["openai", "openai-compatible"])
def test_tables_that_are_parsed_one_by_one_are_those_of_the_whole_file(provider: str) -> None:
    spec = find_spec(f"jackfield_{provider.replace('-', '_')}")
    assert spec is not None
    assert spec.submodule_search_locations
    text = (Path(spec.submodule_search_locations[0]) / "models.toml").read_text()
    assert [*Models(text, "models.toml")] == tomllib.loads(text)["models"]
    models = Models(text, "models.toml")
    for table in tomllib.loads(text)["models"]:
        for name in [table["id"], *table.get("aliases", [])] if "id" in table else []:
            rung, own, tables = models.find(name)
            assert (own, tables[-1]) == (table["id"], table)
            assert rung == ("id" if name == own else "alias")


def _resolved(tmp_path: Path, overrides: dict[str, Any], **environ: str) -> Any:
    return resolve(read_provider("acme", _folder(tmp_path), {}), "openai-chat", overrides, environ)


def test_settings_come_from_the_caller_then_the_environment_then_the_catalog(tmp_path: Path) -> None:
    assert _resolved(tmp_path, {}).base_url == "https://eu.acme.invalid/v1"
    assert _resolved(tmp_path, {}, ACME_REGION="us").base_url == "https://us.acme.invalid/v1"
    assert _resolved(tmp_path, {"region": "asia"}, ACME_REGION="us").base_url == "https://asia.acme.invalid/v1"
    assert _resolved(tmp_path, {"base_url": "http://x/v1/"}).base_url == "http://x/v1"


def test_a_setting_may_follow_from_another(tmp_path: Path) -> None:
    table = {
        "provider": {"name": "acme", "dialect": "openai-chat", "base_url": "https://{host}/{place}"},
        "settings": {
            "place": {"env": ["ACME_PLACE"], "default": "all"},
            "host": {"default": "{place}.acme.invalid", "cases": {"place": {"all": "acme.invalid"}}},
        },
    }
    info = read_provider("acme", None, table)
    assert resolve(info, "openai-chat", {}, {}).base_url == "https://acme.invalid/all"
    assert resolve(info, "openai-chat", {}, {"ACME_PLACE": "eu"}).base_url == "https://eu.acme.invalid/eu"
    assert resolve(info, "openai-chat", {"host": "mine"}, {}).base_url == "https://mine/all"


def test_a_header_is_sent_only_where_its_setting_has_a_value(tmp_path: Path) -> None:
    assert _resolved(tmp_path, {}).headers == {}
    assert _resolved(tmp_path, {"headers": {"X-Own": "1"}}, ACME_TEAM="a").headers == {"x-team": "a", "x-own": "1"}


def test_the_first_complete_way_to_prove_who_asks_is_taken(tmp_path: Path) -> None:
    assert _resolved(tmp_path, {}).credential.kind == "none"
    found = _resolved(tmp_path, {}, ACME_OLD_KEY="old").credential
    assert (found.kind, found.values) == ("header:X-Key", {"key": "old"})
    assert _resolved(tmp_path, {"api_key": "k"}, ACME_KEY="env").credential.values == {"key": "k"}


def test_an_origin_is_the_same_for_the_same_provider_host_and_key_only(tmp_path: Path) -> None:
    origins = [
        _resolved(tmp_path, {"api_key": "a"}).origin,
        _resolved(tmp_path, {"api_key": "b"}).origin,
        _resolved(tmp_path, {"api_key": "a", "region": "us"}).origin,
    ]
    assert len(set(origins)) == 3
    assert _resolved(tmp_path, {"api_key": "a"}).origin == origins[0]
    assert "a" * 16 not in origins[0]


def test_a_price_without_its_own_date_holds_at_any_time(tmp_path: Path) -> None:
    from jackfield import Sheet, Usage
    from jackfield.pricing import Priced, compute_cost

    model = read_provider("acme", _folder(tmp_path), {}).model("large-2")
    priced = Priced(Sheet("acme", model.id, model.rules), model.rung)
    at = datetime(2020, 1, 1, tzinfo=UTC)
    assert compute_cost(Usage({"input": 1_000_000}), priced, {"tier": "flex"}, at).total == Decimal("0.5")


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("[[models]]\nid = large\n", "model 1 of acme/models.toml cannot be read"),
        (
            '[[models]]\nid = "large"\nlimits = { seed = { rang = [0, 1] } }\n',
            "wrong about large: the limit of seed has no",
        ),
        (
            '[[models]]\nid = "large"\nprices = [{ rates = { input = 0.5 } }]\n',
            "wrong about large: an amount of money is",
        ),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, models: str, message: str) -> None:
    info = read_provider("acme", _folder(tmp_path, models=models), {})
    with pytest.raises(ConfigurationError, match=message):
        [info.model("large") for _ in info.layers[0]]
