"""A configuration that is wrong is refused before anything runs on it, with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from jackfield import Boards, Client, ConfigurationError, Usage

GOOD = """
[prices]
"acme/*" = { times = { "" = "0.9" } }

[providers.acme.provider]
dialect = "openai-chat"
base_url = "http://127.0.0.1:1/v1"

[[providers.acme.models]]
id = "large"
prices = [{ rates = { input = "10" } }]
"""


def refused(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        Client(config=path, environ={})
    return str(caught.value.message)


def test_prices_of_a_file_are_reckoned_with(tmp_path: Path) -> None:
    (path := tmp_path / "jackfield.toml").write_text(GOOD)
    with Client(config=path, environ={}) as client:
        assert client.cost("acme/large", {"input": 1_000_000}).total == 9


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ('"0.9"', "0.9", 3, "prices.acme/*: prices: acme/*: an amount of money is a decimal string, not 0.9"),
        ('input = "10"', 'input = "ten"', 10, "providers.acme.models large.prices: an amount of money is a decimal"),
        ("rates =", "rate =", 10, "providers.acme.models large.prices: a price rule has no member 'rate'"),
        (
            "[[providers.acme.models]]",
            "[providers.acme.models]",
            9,
            "providers.acme.models: a list of tables is needed",
        ),
        (
            "[providers.acme.provider]",
            "[providers]\nother = 3\n[providers.acme.provider]",
            6,
            "a table is needed, not 3",
        ),
        (
            "[providers.acme.provider]",
            '[providers.acme]\nbase_url = "https://x.invalid"\n[providers.acme.provider]',
            6,
            "providers.acme.base_url: a provider has no member 'base_url'; what says",
        ),
        ("prices = [", "limits = { seed = { most = 5 } }\nprices = [", 10, "large.limits: the limit of seed has no"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(
    tmp_path: Path, right: str, wrong: str, line: int, said: str
) -> None:
    path = tmp_path / "jackfield.toml"
    message = refused(path, GOOD.replace(right, wrong, 1))
    assert message.startswith(f"{path}:{line}: ")
    assert said in message


def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "line 2" in refused(tmp_path / "jackfield.toml", "[prices]\nx = \n")


def test_a_file_that_is_read_again_changes_what_runs(tmp_path: Path) -> None:
    (path := tmp_path / "jackfield.toml").write_text(GOOD)
    with Client(config=path, environ={}) as client:
        assert client.cost("acme/large", {"input": 1_000_000}).total == 9
        path.write_text(GOOD.replace('input = "10"', 'input = "20"') + "[providers.other.provider]\ndialect = 'x'\n")
        assert client.cost("acme/large", {"input": 1_000_000}).total == 9
        client.boards.reload()
        assert client.cost("acme/large", {"input": 1_000_000}).total == 18
        assert "other" in client.boards.providers()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"0.9"', "0.9"),
        ("rates =", "rate ="),
        ("[prices]", "[prices"),
        ("[[providers.acme.models]]", "[providers.acme.models]"),
    ],
)
def test_a_file_that_has_become_wrong_leaves_what_runs_in_force(tmp_path: Path, right: str, wrong: str) -> None:
    (path := tmp_path / "jackfield.toml").write_text(GOOD)
    with Client(config=path, environ={}) as client:
        path.write_text(GOOD.replace(right, wrong, 1).replace('"10"', '"20"'))
        with pytest.raises(ConfigurationError):
            client.boards.reload()
        assert client.cost("acme/large", {"input": 1_000_000}).total == 9


def test_without_a_file_there_is_nothing_to_read_again() -> None:
    with Client(config={}, environ={}) as client, pytest.raises(ConfigurationError, match="JACKFIELD_CONFIG"):
        client.boards.reload()


def test_a_stated_cost_can_be_set_aside(tmp_path: Path) -> None:
    (path := tmp_path / "jackfield.toml").write_text(GOOD)
    usage = Usage({"input": 1_000_000}, stated_cost="3")
    with Client(config=path, environ={}) as client:
        assert client.cost("acme/large", usage).status == "stated"
        assert client.cost("acme/large", usage, use_stated=False).total == 9


def test_a_provider_that_is_left_out_does_not_keep_the_file_from_being_read_again(tmp_path: Path) -> None:
    path = tmp_path / "jackfield.toml"
    path.write_text(GOOD)
    boards = Boards.of(path, {"JACKFIELD_DISABLE": "acme"})
    boards.reload()
    assert boards.source == path


@pytest.mark.parametrize(
    "wrong",
    [
        "extensions = 5\n",
        "[providers.acme]\nremedies = { x = 5 }\n",
        "[providers.acme.settings]\nregion = { cases = 5 }\n",
        '[providers.acme.wire.chat]\nthinking = { on = "x" }\n',
    ],
)
def test_a_file_that_is_wrong_beside_its_models_is_not_taken_over(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "jackfield.toml"
    path.write_text(GOOD)
    boards = Boards.of(path, {})
    before = boards.config
    path.write_text(wrong + GOOD)
    with pytest.raises(ConfigurationError):
        boards.reload()
    assert boards.config is before
