"""Configuration and catalogs that are wrong: an error of the configuration that names the provider, and no other."""

from __future__ import annotations

from typing import Any

import pytest

import jackfield
from jackfield import Boards, HTTPRequest
from tests.core.conftest import acme


@pytest.mark.parametrize(
    "broken",
    [
        "x",
        {"provider": 3},
        {"provider": {}, "settings": 3},
        {"provider": {}, "settings": {"a": 3}},
        {"provider": {}, "auth": [{}]},
        {"provider": {}, "auth": ["bearer"]},
        {"provider": {}, "dialects": []},
        {"provider": {}, "models": {"id": 3}},
        {"provider": {}, "models": [3]},
    ],
    ids=str,
)
def test_a_configuration_of_the_wrong_types_names_its_provider(broken: Any) -> None:
    config = acme("http://acme.invalid")
    config["providers"]["broken"] = broken
    boards = Boards(config, environ={})
    with pytest.raises(jackfield.ConfigurationError) as caught:
        boards.info("broken").model("large")
    assert "broken" in str(caught.value)
    assert boards.resolve("large") == ("acme", "large")


@pytest.mark.parametrize("limits", [3, ["seed"], {"top_p": 3}])
def test_a_model_of_the_wrong_types_names_its_provider(limits: Any) -> None:
    boards = Boards(acme("http://acme.invalid", limits=limits), environ={})
    with pytest.raises(jackfield.ConfigurationError, match="acme: the catalog is wrong about large"):
        boards.info("acme").model("large")


def test_a_provider_without_a_dialect_is_told_so() -> None:
    boards = Boards({"providers": {"mine": {}}}, environ={})
    with pytest.raises(jackfield.ConfigurationError, match="mine: its catalog names no dialect"):
        boards.open("mine")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"JACKFIELD_DISABLE": "openai,openai-chat"}, "is left out by JACKFIELD_DISABLE"),
        ({"JACKFIELD_PLUGINS": "acme"}, "is not among those that JACKFIELD_PLUGINS admits"),
    ],
)
def test_what_the_environment_leaves_out_is_not_to_be_installed_again(environ: dict[str, str], message: str) -> None:
    boards = Boards(environ=environ)
    with pytest.raises(jackfield.UnknownProvider, match=message):
        boards.info("openai")
    with pytest.raises(jackfield.UnknownDialect, match=message):
        boards.dialect("openai-chat")


def test_an_input_that_cannot_be_embedded_is_named_as_it_was_written() -> None:
    board = Boards(environ={}).dialect("openai-chat")
    request = HTTPRequest("POST", "", {}, {"model": "m", "input": ["x", 2]})
    with pytest.raises(jackfield.InvalidInput, match=r"^input\[1\]: ") as caught:
        board.parse_request(request, {"operation": "embedding"})
    assert caught.value.param == "input[1]"
