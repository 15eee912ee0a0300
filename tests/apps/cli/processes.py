"""Runs the command as users do: a process with pipes, or one on a terminal of its own."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Command", "Done", "Started", "Typist", "bare", "wait_for"]

#: The command, open to interrupts even where the tests run in the background of a shell, which ignores them.
LISTENING = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from jackfield_cli import main
sys.exit(main())
"""
_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a process left behind."""

    status: int
    out: str
    err: str


class Started:
    """A process that runs, read byte by byte so that nothing is held back."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process, self._out, self._err = process, process.stdout, process.stderr

    def read(self, text: str) -> str:
        """Read standard output until it ends with a text, or ends."""
        seen = b""
        while not seen.endswith(text.encode()) and (byte := self._out.read(1)):
            seen += byte
        return seen.decode()

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def leave(self) -> Done:
        """Close its standard output as a reader does that has seen enough, and wait for its end."""
        self._out.close()
        err = self._err.read().decode()
        return Done(status=self._process.wait(60), out="", err=err)

    def end(self) -> Done:
        """Read the rest and wait for its end."""
        out, err = self._process.communicate(timeout=60)
        return Done(status=self._process.returncode, out=out.decode(), err=err.decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command `jackfield` in one environment."""

    environ: Mapping[str, str]

    def __call__(self, *words: str, stdin: str | bytes | None = None) -> Done:
        """Run it with pipes to its end."""
        argv, environ = [sys.executable, "-m", "jackfield_cli", *words], dict(self.environ)
        if stdin is None:
            done = subprocess.run(
                argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
            )
        else:
            given = stdin.encode() if isinstance(stdin, str) else stdin
            done = subprocess.run(argv, env=environ, input=given, capture_output=True, timeout=60, check=False)
        return Done(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    @contextlib.contextmanager
    def started(self, *words: str) -> Iterator[Started]:
        """Start it with pipes, and end it with the block; an interrupt reaches it even from tests in the background."""
        with subprocess.Popen(
            [sys.executable, "-c", LISTENING, *words],
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        ) as process:
            try:
                yield Started(process)
            finally:
                process.kill()

    @contextlib.contextmanager
    def typing(self, *words: str) -> Iterator["Typist"]:
        """Start it on a terminal that is its own, where Ctrl-C interrupts it; end it with the block."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        with subprocess.Popen(
            [sys.executable, "-c", LISTENING, *words],
            env={**self.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "40"},
            preexec_fn=lambda: os.login_tty(theirs),
            pass_fds=[theirs],
        ) as process:
            os.close(theirs)
            try:
                yield Typist(process, ours)
            finally:
                process.kill()
                os.close(ours)

    def on_terminal(self, *words: str, columns: int = 100, interrupt_after: str | None = None) -> Done:
        """Run it on a terminal; both its outputs come as one, as on a screen."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        environ = {**self.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "30"}
        process = subprocess.Popen(
            [sys.executable, "-c", LISTENING, *words],
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        seen = b""
        try:
            seen = _read_to_end(ours, process, interrupt_after)
        finally:
            with contextlib.suppress(OSError):
                os.close(ours)
            if process.poll() is None:
                process.kill()
            status = process.wait()
        return Done(status=status, out=seen.decode(errors="replace").replace("\r\n", "\n"), err="")


class Typist:
    """A person at the terminal of a process: types, and waits for what the screen shows."""

    def __init__(self, process: "subprocess.Popen[bytes]", screen: int) -> None:
        self._process, self._screen = process, screen
        self._seen = b""
        self._read = 0

    def type(self, text: str) -> None:
        """Type a text; the control characters 3 and 4 are Ctrl-C and Ctrl-D."""
        os.write(self._screen, text.encode())

    def wait(self, text: str) -> str:
        """Wait until the screen has shown a text, behind what was waited for before; return what came until then."""
        limit = time.monotonic() + 30
        while True:
            new = bare(self._seen.decode(errors="replace").replace("\r\n", "\n"))[self._read :]
            if text in new:
                shown = new[: new.index(text) + len(text)]
                self._read += len(shown)
                return shown
            assert time.monotonic() < limit, f"{text!r} did not come; so far: {new!r}"
            ready, _, _ = select.select([self._screen], [], [], 0.1)
            if ready:
                try:
                    self._seen += os.read(self._screen, 65536)
                except OSError as error:  # Linux: the process has closed the terminal
                    raise AssertionError(f"it has ended without {text!r}; so far: {new!r}") from error

    def end(self) -> int:
        """Wait for the end of the process; return its status."""
        limit = time.monotonic() + 30
        while self._process.poll() is None and time.monotonic() < limit:
            ready, _, _ = select.select([self._screen], [], [], 0.1)
            with contextlib.suppress(OSError):
                self._seen += os.read(self._screen, 65536) if ready else b""
        return self._process.wait(1)


def bare(text: str) -> str:
    """Take the escape codes out of what a terminal was given."""
    return _CODE.sub("", text)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until a condition holds."""
    limit = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < limit:
        time.sleep(0.02)
    return held


def _read_to_end(screen: int, process: "subprocess.Popen[bytes]", interrupt_after: str | None) -> bytes:
    seen = b""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        ready, _, _ = select.select([screen], [], [], 0.1)
        if not ready:
            if process.poll() is not None:
                return seen
            continue
        try:
            data = os.read(screen, 65536)
        except OSError:  # Linux: the last process has closed the terminal
            return seen
        if not data:
            return seen
        seen += data
        if interrupt_after is not None and interrupt_after.encode() in seen:
            process.send_signal(signal.SIGINT)
            interrupt_after = None
    raise AssertionError(f"the command did not end; so far: {seen!r}")
