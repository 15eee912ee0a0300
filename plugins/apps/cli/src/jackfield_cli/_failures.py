"""How every command ends: an exit status, and at most two lines on standard error instead of a traceback.

0 is well, 1 the provider or the network, 2 what was asked or set up is wrong, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from jackfield.errors import ConfigurationError, InvalidInput, JackfieldError, MissingCredential

FAILED = 1
USAGE = 2
INTERRUPTED = 130
_LONGEST = 600


def guarded(action: Callable[[], int | None]) -> int:
    """Run an action; whatever ends it becomes an exit status, and what went wrong is said on standard error."""
    try:
        status = action() or 0
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except Exception as error:
        report(error)
        return status_of(error)
    return status


def report(error: Exception, who: str = "jackfield") -> None:
    """Say what went wrong."""
    if os.environ.get("JACKFIELD_DEBUG"):
        traceback.print_exception(error)
    sys.stderr.write("\n".join(f"{who}: {line}" for line in lines_of(error)) + "\n")


def status_of(error: Exception) -> int:
    """Return the exit status that an error leads to."""
    return USAGE if isinstance(error, ConfigurationError | InvalidInput) else FAILED


def lines_of(error: Exception) -> list[str]:
    """Say an error in one line, and what helps in another where something does."""
    if not isinstance(error, JackfieldError):
        return [f"{type(error).__name__}: {_short(str(error))}", "JACKFIELD_DEBUG=1 shows where this comes from"]
    lines = [_short(str(error))]
    if isinstance(error, MissingCredential):
        lines.append("to try without a key, let the sandbox answer: jackfield chat --demo")
    elif error.retry_after is not None:
        lines.append(f"the provider asks to wait {error.retry_after:g} s")
    return lines


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


def _discard_output() -> None:
    """Let what is still buffered go nowhere: the reader has gone, and the interpreter flushes once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
