"""What goes wrong: the exit status, one or two lines on standard error, and a traceback for those who ask for it."""

import socket

import pytest

from tests.apps.cli.processes import Command


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["-m", "nobody/x"], 2, "pip install jackfield-nobody"),
        (["-m", "acmee/x"], 2, "did you mean acme?"),
        (["-m", "locked/x"], 2, "LOCKED_API_KEY"),
        (["-m", "acme/painter"], 2, "no chat here"),
        (["-m", "acme/denied"], 1, "this key is wrong"),
        (["-m", "acme/cut"], 1, "acme/cut: "),
        (["-m", "acme/stalling", "--timeout", "0.4"], 1, "acme/stalling: "),
    ],
)
def test_a_failure_is_a_line_or_two(jackfield: Command, words: list[str], status: int, said: str) -> None:
    done = jackfield("chat", *words, "Hi")
    assert done.status == status
    assert said in done.err
    assert 1 <= done.err.count("\n") <= 2
    assert all(line.startswith("jackfield: ") for line in done.err.splitlines())


def test_the_wait_that_a_provider_asks_for_is_said(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/busy", "--timeout", "1", "Hi")
    first, second = done.err.splitlines()
    assert done.status == 1
    assert "too many requests" in first
    assert second == "jackfield: the provider asks to wait 77 s"


def test_what_came_of_a_cut_stream_stays(jackfield: Command) -> None:
    assert jackfield("chat", "-m", "acme/cut", "Hi").out == "Hello, \n"


def test_nobody_listening_is_a_failure_of_the_network(jackfield: Command) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        environ = {**jackfield.environ, "OPENAI_COMPATIBLE_BASE_URL": url}
        done = Command(environ=environ)("chat", "-m", "openai-compatible/x", "Hi")
    assert done.status == 1
    assert "openai-compatible/x: no connection" in done.err


@pytest.mark.parametrize("content", [None, "not = [toml", "\xff"])
def test_a_configuration_that_cannot_be_read_is_refused(jackfield: Command, content: str | None) -> None:
    path = jackfield.environ["JACKFIELD_CONFIG"]
    if content is not None:
        with open(path, "w", encoding="latin-1") as file:
            file.write(content)
    environ = {**jackfield.environ, "JACKFIELD_CONFIG": path if content is not None else path + ".other"}
    done = Command(environ=environ)("chat", "-m", "acme/large", "Hi")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "jackfield.toml" in done.err


def test_a_traceback_is_there_for_those_who_ask(jackfield: Command) -> None:
    environ = {**jackfield.environ, "JACKFIELD_DEBUG": "1"}
    done = Command(environ=environ)("chat", "-m", "nobody/x", "Hi")
    assert done.status == 2
    assert done.err.startswith("Traceback")


def test_a_model_is_needed(jackfield: Command) -> None:
    done = jackfield("chat", "Hi")
    assert done.status == 2
    assert "--model" in done.err


def test_output_that_cannot_say_everything_says_what_it_can(jackfield: Command) -> None:
    done = Command(environ={**jackfield.environ, "PYTHONIOENCODING": "ascii"})("chat", "-m", "acme/large", "Hi")
    assert (done.status, done.out) == (0, "Hello, w?rld ?\n")
