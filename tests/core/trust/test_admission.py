"""Lists that admit and lists that leave out, by names of plugins and of distributions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jackfield import Boards, ConfigurationError, UnknownProvider
from tests.core.trust.installing import install, python

PROVIDERS = "from jackfield import Boards; print(*Boards().providers())"


@pytest.mark.parametrize("name", ["mine", "jackfield-mine", "Jackfield_Mine", " mine , nobody "])
def test_a_plugin_is_admitted_by_its_name_or_by_that_of_its_distribution(tmp_path: Path, name: str) -> None:
    install(tmp_path, "jackfield_mine", "mine")
    assert python(tmp_path, PROVIDERS, JACKFIELD_PLUGINS=name) == "mine"
    assert "mine" not in python(tmp_path, PROVIDERS, JACKFIELD_DISABLE=name).split()


@pytest.mark.parametrize("name", ["openai", "jackfield-openai"])
def test_the_configuration_has_the_same_lists(name: str) -> None:
    assert Boards({"plugins": {"allow": [name]}}, {}).providers() == ["openai"]
    assert "openai" not in Boards({"plugins": {"deny": [name]}}, {}).providers()
    assert "groq" in Boards({"plugins": {"deny": [name]}}, {}).providers()


def test_every_list_counts() -> None:
    config = {"plugins": {"allow": ["openai", "groq", "mistral"], "deny": ["mistral"]}}
    assert Boards(config, {"JACKFIELD_PLUGINS": "groq,mistral,xai"}).providers() == ["groq"]
    assert Boards(config, {"JACKFIELD_DISABLE": "groq"}).providers() == ["openai"]


def test_an_empty_list_admits_nobody() -> None:
    assert Boards({"plugins": {"allow": []}}, {}).providers() == []
    assert Boards({}, {"JACKFIELD_PLUGINS": ""}).providers() == []


@pytest.mark.parametrize(
    ("config", "environ", "why"),
    [
        ({"deny": ["jackfield-openai"]}, {}, "is left out by plugins.deny of the configuration"),
        ({"allow": ["groq"]}, {}, "is not among those that plugins.allow of the configuration admits"),
        ({}, {"JACKFIELD_DISABLE": "openai"}, "is left out by JACKFIELD_DISABLE"),
        ({}, {"JACKFIELD_PLUGINS": "groq"}, "is not among those that JACKFIELD_PLUGINS admits"),
    ],
)
def test_who_is_not_let_in_is_said_with_the_list(config: Any, environ: dict[str, str], why: str) -> None:
    with pytest.raises(UnknownProvider, match=why):
        Boards({"plugins": config}, environ).info("openai")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"allow": "openai"}, r"plugins.allow: a list of names .* is needed, not 'openai'"),
        ({"deny": [1]}, r"plugins.deny: a list of names"),
        ({"allowed": []}, "plugins: a table with the lists allow and deny is needed"),
        (["openai"], "plugins: a table with the lists allow and deny is needed"),
    ],
)
def test_a_list_of_another_form_is_refused_and_admits_nobody(table: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Boards({"plugins": table}, {})


def test_a_list_of_another_form_is_refused_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "jackfield.toml"
    file.write_text('# ours\n\n[plugins]\nallow = "openai"\n')
    with pytest.raises(ConfigurationError, match=r"jackfield\.toml:3: plugins: .*a list of names"):
        Boards.of(file, {})


def test_a_list_is_read_again_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "jackfield.toml"
    file.write_text('[plugins]\nallow = ["openai"]\n')
    boards = Boards.of(file, {})
    assert boards.providers() == ["openai"]
    file.write_text('[plugins]\nallow = ["groq"]\n')
    boards.reload()
    assert boards.providers() == ["groq"]


@pytest.mark.parametrize("kind", ["dialects", "providers", "extensions", "commands"])
def test_two_distributions_that_claim_a_name_are_refused_by_both_names(tmp_path: Path, kind: str) -> None:
    for package in ("jackfield_one", "jackfield_two"):
        install(tmp_path, package, "twin", "def command(argv): print('ran')\n", kind)
    code = """
        import sys
        from jackfield import Boards, ConfigurationError
        from jackfield_cli._plugins import run_plugin
        boards = Boards()
        asks = {
            "dialects": lambda: boards.dialect("twin"),
            "providers": lambda: boards.open("twin"),
            "extensions": lambda: boards.open("openai"),
            "commands": lambda: run_plugin("twin", []),
        }
        try:
            asks[sys.argv[1]]()
        except ConfigurationError as error:
            print(error)
    """
    code = code.replace("sys.argv[1]", repr(kind))
    said = python(tmp_path, code)
    assert "jackfield-one 1.2.3 and jackfield-two 1.2.3 both claim the name 'twin'" in said
    assert "both claim" not in python(tmp_path, code, JACKFIELD_DISABLE="jackfield-two")


def test_a_distribution_that_is_there_twice_is_no_conflict(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        install(tmp_path / folder, "jackfield_mine", "mine", data=None)
    said = python(
        tmp_path / "first",
        "from jackfield import Boards; print(Boards().info('mine').distribution)",
        PYTHONPATH=f"{tmp_path / 'first'}:{tmp_path / 'second'}",
    )
    assert said == "jackfield-mine 1.2.3"
