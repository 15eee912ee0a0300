"""`jackfield completion`: scripts that shells take, and what they offer."""

from __future__ import annotations

import subprocess

import pytest

from tests.apps.cli.processes import Command


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed(jackfield: Command, shell: str) -> None:
    done = jackfield("completion", shell)
    assert (done.status, done.err) == (0, "")
    assert "_JACKFIELD_COMPLETE=" in done.out
    assert "jackfield" in done.out


@pytest.mark.needs("program:bash")
def test_bash_takes_the_script(jackfield: Command) -> None:
    script = jackfield("completion", "bash").out
    done = subprocess.run(
        ["bash", "-c", 'eval "$1"; complete -p jackfield', "bash", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "jackfield" in done.stdout


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("jackfield ch", "chat", "models"),
        ("jackfield chat --mo", "--model", "--system"),
        ("jackfield chat -m ac", "acme/", "openai/"),
        ("jackfield chat -m acme/la", "acme/large", "acme/painter"),
        ("jackfield completion f", "fish", "bash"),
    ],
)
def test_a_line_is_completed(jackfield: Command, line: str, offered: str, not_offered: str) -> None:
    words = line.split(" ")
    asked = {"_JACKFIELD_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = Command(environ={**jackfield.environ, **asked})()
    found = done.out.split()
    assert offered in found, done
    assert not_offered not in found


def test_another_shell_is_refused(jackfield: Command) -> None:
    assert jackfield("completion", "csh").status == 2
