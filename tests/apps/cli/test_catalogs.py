"""`jackfield providers` and `jackfield models`: data alone, read without running anybody's code."""

import json
import re
from pathlib import Path
from typing import Any

from tests.apps.cli.distributions import add_distribution
from tests.apps.cli.processes import Command

RAISES = "raise RuntimeError('a plugin was imported')"


def rows(jackfield: Command, *words: str) -> dict[str, dict[str, Any]]:
    done = jackfield(*words, "--json")
    assert done.status == 0, done.err
    return {row.get("name") or row.get("model") or row["id"]: row for row in json.loads(done.out)}


def test_providers_are_listed_with_what_they_need(jackfield: Command) -> None:
    found = rows(jackfield, "providers")
    assert found["acme"] == {
        "name": "acme",
        "title": "Acme",
        "dialect": "openai-chat",
        "operations": ["chat"],
        "models": 2,
        "verified": "documentation",
        "key": "none needed",
        "settings": [],
        "from": "the configuration",
    }
    assert found["locked"]["key"] == "missing: LOCKED_API_KEY"
    assert found["openai"]["from"].startswith("jackfield-openai ")
    assert found["openai-compatible"]["settings"] == ["OPENAI_COMPATIBLE_BASE_URL"]


def test_a_list_of_providers_says_what_each_was_checked_against(jackfield: Command) -> None:
    told = {
        name: row["verified"] for name, row in rows(jackfield, "providers").items() if name not in ("acme", "locked")
    }
    assert set(told.values()) == {"recordings", "documentation"}
    assert (told["openai"], told["minimax"], told["meta"]) == ("recordings", "documentation", "documentation")
    line = next(line for line in jackfield("providers").out.splitlines() if line.startswith("scaleway "))
    assert " documentation " in line


def test_a_key_that_is_set_is_not_shown(jackfield: Command) -> None:
    done = Command(environ={**jackfield.environ, "LOCKED_API_KEY": "s3cret"})("providers")
    (line,) = (line for line in done.out.splitlines() if line.startswith("locked "))
    assert " set " in line
    assert "s3cret" not in done.out


def test_a_table_in_a_pipe_is_plain(jackfield: Command) -> None:
    heading, *lines = jackfield("providers").out.splitlines()
    assert heading.split() == ["name", "title", "dialect", "operations", "models", "verified", "key", "from"]
    assert any(line.startswith("acme ") for line in lines)
    assert not any("\x1b" in line or "…" in line for line in lines)


def test_a_broken_catalog_is_a_row_and_no_code_runs(jackfield: Command, tmp_path: Path) -> None:
    site = tmp_path / "site"
    catalogs = {
        "fine": '[provider]\nname = "fine"\ntitle = "Fine"\ndialect = "openai-chat"\n',
        "torn": "[provider\n",
        "bare": '[provider]\nname = "bare"\n',
        "odd": '[provider]\nname = "odd"\n[[auth]]\nno_kind = 1\n',
    }
    for name, text in catalogs.items():
        add_distribution(site, name, "providers", f"{name} = jackfield_{name}", RAISES, {"catalog.toml": text})
    (site / "jackfield_bare-1.5.dist-info" / "METADATA").unlink()
    command = Command(environ={**jackfield.environ, "PYTHONPATH": str(site)})
    found = rows(command, "providers")
    assert found["fine"]["title"] == "Fine"
    assert "jackfield_torn/catalog.toml cannot be read" in found["torn"]["error"]
    assert found["torn"]["from"] == "jackfield-torn 1.5"
    assert found["bare"]["from"] == "jackfield-bare (its metadata cannot be read)"
    assert "error" in found["odd"]
    assert "acme" in found
    assert command("models", "acme/").status == 0
    assert "no installed provider is named 'nobody'" in command("chat", "-m", "nobody/x", "Hi").err


def test_models_have_the_prices_of_today(jackfield: Command) -> None:
    found = rows(jackfield, "models", "--provider", "acme")
    large = found["acme/large"]
    assert (large["input"], large["cached"], large["output"]) == ("1.5", "0.15", "3")
    assert (large["context"], large["max_output"], large["capabilities"]) == (1000, 100, ["tools"])
    assert (large["source"], large["checked"], large["aliases"]) == ("a page", "2026-08-21", ["big"])
    painter = found["acme/painter"]
    assert (painter["input"], painter["output"]) == (None, "0.04 per 1 image")


def test_a_model_says_when_its_provider_advises_against_it_until_it_ends(jackfield: Command, tmp_path: Path) -> None:
    days = {"past": "deprecated = 2020-01-02", "soon": "deprecated = 2999-01-02", "ended": "deprecated = 2020-01-02"}
    models = "".join(f'[[models]]\nid = "{name}"\n{day}\n' for name, day in days.items()) + "retired = 2021-01-02\n"
    catalog = '[provider]\nname = "old"\ntitle = "Old"\ndialect = "openai-chat"\n' + models
    add_distribution(tmp_path, "old", "providers", "old = jackfield_old", "", {"catalog.toml": catalog})
    command = Command(environ={**jackfield.environ, "PYTHONPATH": str(tmp_path)})
    assert rows(command, "models", "old/")["old/past"]["deprecated"] == "2020-01-02"
    lines = [line for line in command("models", "old/").out.splitlines() if line.startswith("old/")]
    assert {re.split(r"\s{2,}", line)[0]: re.split(r"\s{2,}", line)[-1] for line in lines} == {
        "old/past": "deprecated since 2020-01-02; unknown",
        "old/soon": "deprecated from 2999-01-02; unknown",
        "old/ended": "retired 2021-01-02; unknown",
    }


def test_what_nobody_knows_is_unknown(jackfield: Command) -> None:
    (line,) = (line for line in jackfield("models", "painter").out.splitlines() if line.startswith("acme/"))
    assert re.split(r"\s{2,}", line) == ["acme/painter", *["unknown"] * 4, "0.04 per 1 image", "unknown"]


def test_models_are_found_by_pattern_part_and_alias(jackfield: Command) -> None:
    assert set(rows(jackfield, "models", "acme/l*")) == {"acme/large"}
    assert set(rows(jackfield, "models", "AINTE")) == {"acme/painter"}
    assert set(rows(jackfield, "models", "big")) >= {"acme/large"}


def test_no_match_says_so(jackfield: Command) -> None:
    done = jackfield("models", "no-such-thing")
    assert (done.status, done.out) == (0, "")
    assert "no model" in done.err


def test_an_unknown_provider_has_no_models(jackfield: Command) -> None:
    done = jackfield("models", "--provider", "nobody")
    assert done.status == 2
    assert "pip install jackfield-nobody" in done.err


def test_a_provider_can_be_asked_for_its_models(jackfield: Command) -> None:
    environ = dict(jackfield.environ)
    config = Path(environ["JACKFIELD_CONFIG"])
    config.write_text(config.read_text().replace('title = "Acme"', 'operations = ["chat", "models"]'))
    found = rows(jackfield, "models", "--live", "acme")
    assert {name: row["catalog"] for name, row in found.items()} == {"large": "id", "brand-new": "unknown"}
    assert "2023-11-14" in jackfield("models", "new", "--live", "acme").out
