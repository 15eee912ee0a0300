"""`jackfield chat` on a terminal without a prompt: lines are typed, answers come, until Ctrl-D or /quit."""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from jackfield.errors import InvalidInput

from ._failures import report
from ._lines import Lines
from ._prompt import part_of
from ._session import Session
from ._terminal import dimmed

_HELP = """\
/model NAME    ask another model from here on
/system TEXT   another system prompt; without a text, none
/file PATH     send a file along with the next message
/save PATH     write the conversation as JSON
/retry         ask again what was asked last
/help          this
/quit          leave, as Ctrl-D does
A line that ends in \\ goes on in the next. Ctrl-C stops an answer. // at the start of a line says /.
"""


def talk(session: Session) -> int:
    """Talk until the end of the input; returns the exit status."""
    sys.stderr.write(dimmed(f"{session.model}; /help for help, Ctrl-D to leave") + "\n")
    with Lines([*_COMMANDS, "/quit"]) as lines:
        while True:
            try:
                line = lines.read().strip()
            except KeyboardInterrupt:
                sys.stderr.write("\n")
                continue
            except EOFError:
                sys.stderr.write("\n")
                return 0
            if line == "/quit":
                return 0
            if line:
                _heed(session, line)


def _heed(session: Session, line: str) -> None:
    """Do what a line says; what goes wrong is told, and the conversation goes on."""
    try:
        if line.startswith("/") and not line.startswith("//"):
            _command(session, line)
        else:
            session.say(line[1:] if line.startswith("//") else line)
    except KeyboardInterrupt:
        sys.stderr.write(dimmed("stopped; what came is kept, /retry asks again") + "\n")
    except Exception as error:
        report(error)


def _command(session: Session, line: str) -> None:
    name, _, rest = line.partition(" ")
    found = _COMMANDS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, _COMMANDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "/help lists what there is"
        raise InvalidInput(f"there is no {name}; {hint}")
    found(session, rest.strip())


def _model(session: Session, rest: str) -> None:
    if rest:
        session.choose(rest)
    _tell(session.model)


def _system(session: Session, rest: str) -> None:
    session.instruct(rest)
    _tell("the system prompt is set" if rest else "no system prompt")


def _file(session: Session, rest: str) -> None:
    path = _path(rest, "/file")
    session.parts.append(part_of(path))
    _tell(f"{path.name} goes with the next message")


def _save(session: Session, rest: str) -> None:
    path = _path(rest, "/save")
    try:
        session.conversation.save(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from None
    _tell(f"{len(session.conversation)} messages are in {path}")


def _retry(session: Session, rest: str) -> None:
    session.retry()


def _help(session: Session, rest: str) -> None:
    sys.stderr.write(_HELP)


def _tell(text: str) -> None:
    sys.stderr.write(dimmed(text) + "\n")


def _path(rest: str, command: str) -> Path:
    """Read a path, with quotes or blanks in it or not."""
    if not rest:
        raise InvalidInput(f"{command} needs a path")
    if Path(rest).expanduser().exists():
        return Path(rest).expanduser()
    try:
        words = shlex.split(rest)
    except ValueError:
        words = [rest]
    return Path(words[0] if len(words) == 1 else rest).expanduser()


#: What a line may begin with, and what it does.
_COMMANDS: dict[str, Callable[[Session, str], None]] = {
    "/model": _model, "/system": _system, "/file": _file, "/save": _save, "/retry": _retry, "/help": _help,
}  # fmt: skip
