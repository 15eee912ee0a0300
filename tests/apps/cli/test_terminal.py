"""`jackfield chat` on a terminal: colours, thinking, columns, and no escape code that a model made up."""

from tests.apps.cli.processes import Command, bare

DIM, PLAIN = "\x1b[2m", "\x1b[0m"


def test_an_answer_on_a_terminal_ends_with_a_dimmed_summary(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/large", "Hi")
    assert done.status == 0
    assert done.out.startswith(f"Hello, wörld 🌍\n{DIM}acme/large: 11 tokens in, 5 out, 0.0000315 USD, ")
    assert done.out.endswith(f" s{PLAIN}\n")


def test_thinking_is_dimmed_on_a_terminal(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/thinker", "Hi")
    assert done.out.startswith(f"{DIM}Let me think.{PLAIN}\nHello, wörld")


def test_thinking_can_be_hidden_on_a_terminal(jackfield: Command) -> None:
    assert "think." not in jackfield.on_terminal("chat", "-m", "acme/thinker", "--no-thinking", "Hi").out


def test_escape_codes_of_a_model_do_not_reach_a_terminal(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/escapes", "Hi")
    assert done.out.startswith("red [31mtext\n")


def test_an_answer_in_a_pipe_is_as_the_model_gave_it(jackfield: Command) -> None:
    assert jackfield("chat", "-m", "acme/escapes", "Hi").out == "red \x1b[31mtext\x07\n"


def test_an_interrupt_on_a_terminal_keeps_what_came(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/stalling", "Hi", interrupt_after="Hello, ")
    assert done.status == 130
    assert done.out.replace("^C", "") == "Hello, \ninterrupted\n"


def test_several_models_stand_side_by_side(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/large", "-m", "acme/slow", "Hi")
    assert done.status == 0
    *_, heading, answers, _, first, second = bare(done.out).splitlines()
    assert (heading.count("╭"), "acme/large" in heading, "acme/slow" in heading) == (2, True, True)
    assert answers.count("Hello, wörld 🌍") == 2
    assert first.startswith("acme/large: 11 tokens in")
    assert second.startswith("acme/slow: 11 tokens in")


def test_an_interrupt_of_several_models_keeps_what_came(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/large", "-m", "acme/stalling", "Hi", interrupt_after="🌍")
    assert done.status == 130
    assert "Traceback" not in done.out
    assert done.out.count("wörld") >= 2


def test_a_narrow_terminal_has_one_answer_after_the_other(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/large", "-m", "acme/slow", "Hi", columns=40)
    assert "## acme/large\n\nHello" in done.out
    assert "╭" not in done.out


def test_a_table_on_a_terminal_fits_it(jackfield: Command) -> None:
    lines = bare(jackfield.on_terminal("providers", columns=90).out).splitlines()
    assert any("─" in line for line in lines)
    assert max(map(len, lines)) <= 90


def test_help_on_a_terminal_is_drawn(jackfield: Command) -> None:
    assert "╭─ Commands" in bare(jackfield.on_terminal("--help").out)
