"""`jackfield chat` on a terminal without a prompt: what is typed, what is answered, and what is kept."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from jackfield import Conversation
from tests.apps.cli.processes import Command, wait_for
from tests.apps.cli.server import Provider


def _said(provider: Provider, number: int = -1) -> list[tuple[str, Any]]:
    return [(row["role"], row["content"]) for row in provider.requests[number]["messages"]]


def _kept(folder: Path) -> Path:
    return folder / "state" / "jackfield" / "conversation.json"


def test_a_conversation_goes_on_until_ctrl_d(jackfield: Command, provider: Provider, tmp_path: Path) -> None:
    with jackfield.typing("chat", "-m", "acme/large", "--system", "Be brief") as typist:
        typist.wait("/help for help, Ctrl-D to leave\n> ")
        typist.type("Hi\n")
        assert "Hello, wörld 🌍\nacme/large: 11 tokens in, 5 out, 0.0000315 USD" in typist.wait(" s\n> ")
        typist.type("And now?\n")
        assert "; 0.000063 USD so far\n" in typist.wait("so far\n> ")
        typist.type("\x04")
        assert typist.end() == 0
    assert _said(provider) == [
        ("system", "Be brief"), ("user", "Hi"), ("assistant", "Hello, wörld 🌍"), ("user", "And now?"),
    ]  # fmt: skip
    kept = _kept(tmp_path)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((kept.parent / "lines").stat().st_mode) == 0o600
    assert [message.text for message in Conversation.load(kept)][::2] == ["Hi", "And now?"]


def test_the_last_conversation_is_gone_on_with(jackfield: Command, provider: Provider) -> None:
    with jackfield.typing("chat", "-m", "acme/large", "--system", "Be brief") as typist:
        typist.wait("> ")
        typist.type("Hi\n")
        typist.wait(" s\n> ")
        typist.type("/quit\n")
        assert typist.end() == 0
    with jackfield.typing("chat", "-c") as typist:
        typist.wait("acme/large; /help")
        typist.wait("> ")
        typist.type("Again\n")
        typist.wait(" s\n> ")
    assert [text for _, text in _said(provider)] == ["Be brief", "Hi", "Hello, wörld 🌍", "Again"]
    done = jackfield("chat", "--continue", "-m", "acme/big", "And", "in", "a", "pipe?")
    assert (done.status, done.out) == (0, "Hello, wörld 🌍\n")
    assert [request["model"] for request in provider.requests] == ["large", "large", "big"]
    assert [text for _, text in _said(provider)][3:] == ["Again", "Hello, wörld 🌍", "And in a pipe?"]


def test_one_question_is_not_kept(jackfield: Command, tmp_path: Path) -> None:
    assert jackfield("chat", "-m", "acme/large", "Hi").status == 0
    assert not _kept(tmp_path).exists()
    done = jackfield("chat", "-c", "And now?")
    assert done.status == 2
    assert "there is no conversation to go on with" in done.err


def test_ctrl_c_stops_an_answer_and_keeps_the_session(jackfield: Command, provider: Provider) -> None:
    with jackfield.typing("chat", "-m", "acme/stalling") as typist:
        typist.wait("> ")
        typist.type("Hi\n")
        typist.wait("Hello, ")
        assert provider.stalled.wait(10)
        typist.type("\x03")
        typist.wait("stopped; what came is kept, /retry asks again\n> ")
        assert wait_for(provider.cancelled.is_set)
        typist.type("never sent\x03")
        typist.wait("\n> ")
        typist.type("/model acme/large\n")
        typist.wait("acme/large\n> ")
        typist.type("Go on\n")
        typist.wait("so far\n> ")
        assert [text for _, text in _said(provider)] == ["Hi", "Hello, ", "Go on"]
        typist.type("\x04")
        assert typist.end() == 0


def test_an_error_ends_nothing_and_is_asked_again(jackfield: Command, provider: Provider) -> None:
    with jackfield.typing("chat", "-m", "acme/denied") as typist:
        typist.wait("> ")
        typist.type("Hi\n")
        typist.wait("jackfield: acme/denied: this key is wrong")
        typist.wait("> ")
        typist.type("/model acme/large\n/retry\n")
        typist.wait(" s\n> ")
        assert _said(provider) == [("user", "Hi")]
        typist.type("/retry\n")
        typist.wait("so far\n> ")
        assert _said(provider) == [("user", "Hi")]
        assert len(provider.requests) == 3


def test_commands_change_what_is_asked(jackfield: Command, provider: Provider, tmp_path: Path) -> None:
    note = tmp_path / "a note.txt"
    note.write_text("remember the milk")
    saved = tmp_path / "talk.json"
    with jackfield.typing("chat", "-m", "acme/large") as typist:
        typist.wait("> ")
        typist.type(f"/system Be brief\n/file '{note}'\n")
        typist.wait("a note.txt goes with the next message\n> ")
        typist.type("What\\\nis it?\n")
        typist.wait(" s\n> ")
        role, content = _said(provider)[1]
        assert (role, [part["text"] for part in content]) == (
            "user", ["a note.txt:\n\nremember the milk", "What\nis it?"],
        )  # fmt: skip
        typist.type(f"/save {saved}\n")
        typist.wait(f"2 messages are in {saved}\n> ")
        typist.type("/system\n//slash\n")
        typist.wait("so far\n> ")
        assert _said(provider)[0][0] == "user"
        assert _said(provider)[-1] == ("user", "/slash")
        typist.type("/help\n")
        typist.wait("/retry         ask again")
        typist.wait("> ")
    loaded = Conversation.load(saved)
    assert (len(loaded), loaded.facts) == (2, {"model": "acme/large", "system": "Be brief"})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/modle x", "there is no /modle; did you mean /model?"),
        ("/nothing", "there is no /nothing; /help lists what there is"),
        ("/model nobody/x", "nobody"),
        ("/file /nowhere/at/all", "/nowhere/at/all cannot be read"),
        ("/file", "/file needs a path"),
        ("/retry", "nothing was asked yet"),
        ("/save /nowhere/at/all", "cannot be written"),
    ],
)
def test_a_wrong_command_is_told(jackfield: Command, provider: Provider, line: str, told: str) -> None:
    with jackfield.typing("chat", "-m", "acme/large") as typist:
        typist.wait("> ")
        typist.type(f"{line}\n")
        typist.wait("jackfield: ")
        typist.wait(told)
        typist.wait("> ")
        typist.type("/quit\n")
        assert typist.end() == 0
    assert not provider.requests


def test_lines_are_remembered(jackfield: Command, provider: Provider) -> None:
    for key in ("Hi\n", "\x1b[A\n"):  # the second time, the arrow up and enter
        with jackfield.typing("chat", "-m", "acme/large") as typist:
            typist.wait("> ")
            typist.type(key)
            typist.wait(" s\n> ")
            typist.type("\x04")
            assert typist.end() == 0
    assert [_said(provider, number) for number in (0, 1)] == [[("user", "Hi")]] * 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["chat", "Hi"], "nobody is asked; give --model PROVIDER/MODEL"),
        (["chat", "-m", "nobody/x", "Hi"], "nobody"),
        (["chat", "-c", "-m", "acme/large", "-m", "acme/big", "Hi"], "-c goes on with one model"),
        (["chat", "-m", "acme/large"], "nothing to say"),
    ],
)
def test_in_a_pipe_a_question_is_needed(jackfield: Command, words: list[str], told: str) -> None:
    done = jackfield(*words)
    assert done.status == 2
    assert told in done.err


def test_json_is_one_answer_also_on_a_terminal(jackfield: Command) -> None:
    done = jackfield.on_terminal("chat", "-m", "acme/large", "--json", "Hi")
    assert json.loads(done.out[: done.out.rindex("}") + 1])["model"] == "large"
