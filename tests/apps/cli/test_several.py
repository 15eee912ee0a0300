"""Several models at once, in a pipe."""

import json
import time

from tests.apps.cli.processes import Command
from tests.apps.cli.server import Provider

ANSWER = "Hello, wörld 🌍"


def test_the_quickest_answer_is_printed_first(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/slow", "-m", "acme/large", "Hi")
    assert done.status == 0
    assert done.out == f"## acme/large\n\n{ANSWER}\n\n## acme/slow\n\n{ANSWER}\n\n"
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["acme/large", "acme/slow"]


def test_one_that_fails_leaves_the_others_alone(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/denied", "-m", "acme/large", "Hi")
    assert done.status == 1
    assert done.out == f"## acme/large\n\n{ANSWER}\n\n"
    assert "acme/denied: acme/denied: this key is wrong" in done.err


def test_a_mistake_ends_it_before_anybody_is_asked(jackfield: Command, provider: Provider) -> None:
    done = jackfield("chat", "-m", "acme/large", "-m", "locked/one", "Hi")
    assert (done.status, done.out, provider.requests) == (2, "", [])
    assert "LOCKED_API_KEY" in done.err


def test_json_is_an_array_in_the_order_of_the_command_line(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/denied", "-m", "acme/large", "--json", "Hi")
    failed, answered = json.loads(done.out)
    assert done.status == 1
    assert failed["model"] == "acme/denied"
    assert failed["error"]["type"] == "AuthenticationError"
    assert answered["choices"][0]["message"]["parts"][0]["text"] == ANSWER


def test_an_interrupt_prints_what_came(jackfield: Command, provider: Provider) -> None:
    with jackfield.started("chat", "-m", "acme/large", "-m", "acme/stalling", "Hi") as process:
        first = process.read("## acme/large\n")
        assert provider.stalled.wait(20)
        time.sleep(0.3)  # what was sent has to arrive
        process.interrupt()
        done = process.end()
    assert first + done.out == f"## acme/large\n\n{ANSWER}\n\n## acme/stalling\n\nHello, \n\n"
    assert done.status == 130
    assert done.err.endswith("interrupted\n")
