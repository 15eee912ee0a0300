"""Commands of plugins: listed without being imported, run by their name, and missed with a hint."""

import re
from pathlib import Path

import pytest

from tests.apps.cli.distributions import add_distribution
from tests.apps.cli.processes import Command

CODE = """
import sys
print("imported", file=sys.stderr)
def command(argv):
    print(argv)
    if argv == ["interrupt"]:
        raise KeyboardInterrupt
    if argv == ["leave"]:
        sys.exit(5)
    return {"fail": 3, "quiet": None}.get(argv[0] if argv else "", 0)
"""


@pytest.fixture
def extended(jackfield: Command, tmp_path: Path) -> Command:
    site = tmp_path / "site"
    add_distribution(site, "greet", "commands", "greet = jackfield_greet:command", CODE)
    return Command(environ={**jackfield.environ, "PYTHONPATH": str(site)})


def test_help_lists_them_without_importing_them(extended: Command) -> None:
    done = extended("--help")
    assert (done.status, done.err) == (0, "")
    assert re.search(r"greet +From jackfield-greet 1\.5\.", done.out)


@pytest.mark.parametrize(
    ("words", "status"), [([], 0), (["quiet"], 0), (["fail"], 3), (["leave"], 5), (["interrupt"], 130)]
)
def test_the_result_is_the_exit_status(extended: Command, words: list[str], status: int) -> None:
    done = extended("greet", *words)
    assert (done.status, done.out) == (status, f"{words}\n")


def test_every_word_that_follows_is_theirs(extended: Command) -> None:
    assert extended("greet", "--help", "-x", "--", "y").out == "['--help', '-x', '--', 'y']\n"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("grete", "did you mean greet?"),
        ("modles", "did you mean models?"),
        ("zzz", "jackfield --help lists them"),
    ],
)
def test_an_unknown_command_names_the_nearest(extended: Command, word: str, said: str) -> None:
    done = extended(word)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err


@pytest.mark.parametrize(
    ("word", "package"),
    [("serve", "jackfield-gateway"), ("sandbox", "jackfield-sandbox"), ("sevre", "jackfield-gateway")],
)
def test_a_command_that_could_be_installed_says_how(extended: Command, word: str, package: str) -> None:
    command = Command(environ={**extended.environ, "JACKFIELD_DISABLE": "serve,sandbox"})
    done = command(word)
    assert done.status == 2
    assert f"pip install {package}" in done.err


def test_a_command_that_cannot_be_imported_is_named(jackfield: Command, tmp_path: Path) -> None:
    site = tmp_path / "site"
    add_distribution(site, "sick", "commands", "sick = jackfield_sick:command", "import no_such_module")
    done = Command(environ={**jackfield.environ, "PYTHONPATH": str(site)})("sick")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "jackfield-sick 1.5 (sick) cannot be imported" in done.err


def test_a_command_is_not_run_where_the_configuration_says_who_is_let_in_and_cannot_be_read(
    extended: Command, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('[plugins]\nallow = "greet"\n')
    command = Command(environ={**extended.environ, "JACKFIELD_CONFIG": str(broken)})
    done = command("greet")
    assert (done.status, done.out) == (2, "")
    assert "broken.toml:1: plugins" in done.err
    assert command("--help").status == 0
