"""A configuration that is wrong is refused before anything runs on it, with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from jackfield import Client, ConfigurationError

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
