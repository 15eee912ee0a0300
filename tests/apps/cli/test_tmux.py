"""A whole conversation in tmux, as a person has it, with the sandbox in the place of a provider."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jackfield import Conversation
from tests.apps.cli.processes import Command, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.needs("program:tmux", "module:jackfield_sandbox")]


class Screen:
    """A terminal of tmux with a shell in it, on a server of its own."""

    def __init__(self, socket: Path, environ: dict[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._environ = {**environ, "TERM": "xterm-256color", "PS1": "$ ", "LC_ALL": "C.UTF-8"}
        self._run("new-session", "-d", "-x", "160", "-y", "50", "bash --norc --noprofile")

    def _run(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], env=self._environ, capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)
        self._run("send-keys", "Enter")

    def key(self, name: str) -> None:
        self._run("send-keys", name)

    def shown(self) -> str:
        return self._run("capture-pane", "-p", "-J", "-S", "-500")

    def wait(self, text: str, times: int = 1) -> str:
        assert wait_for(lambda: self.shown().count(text) >= times, 60), self.shown()
        return self.shown()

    def close(self) -> None:
        self._run("kill-server")


@pytest.fixture
def screen(jackfield: Command, tmp_path: Path) -> Iterator[Screen]:
    found = Screen(tmp_path / "tmux", dict(jackfield.environ))
    yield found
    found.close()


def test_a_conversation_with_the_sandbox(screen: Screen, tmp_path: Path) -> None:
    program = shlex.join([sys.executable, "-m", "jackfield_cli"])
    saved = tmp_path / "talk.json"
    screen.type(f"{program} chat --demo -m openai/gpt-5.4 --system 'Be brief'")
    screen.wait("the sandbox answers, with made-up words")
    screen.wait("/help for help, Ctrl-D to leave")
    screen.type("Hello there")
    screen.wait("made up by the sandbox")
    screen.type("/model anthropic/claude-sonnet-4-5")
    screen.wait("demo: anthropic is not set up here")
    screen.type("And now?")
    assert "so far" in screen.wait("made up by the sandbox", times=2)
    screen.type(f"/save {saved}")
    screen.wait("4 messages are in")
    screen.key("C-c")
    screen.type("/help")
    screen.wait("this")
    screen.key("C-d")
    screen.type("echo status $?")
    screen.wait("status 0")
    screen.type(f"{program} chat --demo -c")
    screen.wait("anthropic/claude-sonnet-4-5; /help for help", times=1)
    screen.key("Up")
    screen.key("C-u")
    screen.type("A third question")
    screen.wait("made up by the sandbox", times=3)
    screen.type("/quit")
    screen.type("echo status $?")
    screen.wait("status 0", times=2)
    assert "Traceback" not in screen.shown()
    first, second = Conversation.load(saved), Conversation.load(tmp_path / "state" / "jackfield" / "conversation.json")
    assert [message.text for message in first][::2] == ["Hello there", "And now?"]
    assert [message.text for message in second][::2] == ["Hello there", "And now?", "A third question"]
    assert list(second)[:4] == list(first)
    assert second.facts == {"model": "anthropic/claude-sonnet-4-5", "system": "Be brief"}
