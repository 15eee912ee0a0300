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
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Command", "Done", "bare", "wait_for"]

_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a process left behind."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command `jackfield` in one environment."""

    environ: Mapping[str, str]

    def __call__(self, *words: str, stdin: str | bytes | None = None) -> Done:
        """Run it with pipes to its end."""
        argv, environ = self.argv(*words), dict(self.environ)
        if stdin is None:
            done = subprocess.run(
                argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
            )
        else:
            given = stdin.encode() if isinstance(stdin, str) else stdin
            done = subprocess.run(argv, env=environ, input=given, capture_output=True, timeout=60, check=False)
        return Done(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start it with pipes; an interrupt reaches it even where the tests run in the background."""
        return subprocess.Popen(
            self.argv(*words),
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            preexec_fn=_listen,
        )

    def on_terminal(self, *words: str, columns: int = 100, interrupt_after: str | None = None) -> Done:
        """Run it on a terminal; both its outputs come as one, as on a screen."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        environ = {**self.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "30"}
        process = subprocess.Popen(
            self.argv(*words),
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_listen,
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

    @staticmethod
    def argv(*words: str) -> list[str]:
        """Return the words that start it, by the interpreter of the tests."""
        return [sys.executable, "-m", "jackfield_cli", *words]


def bare(text: str) -> str:
    """Take the escape codes out of what a terminal was given."""
    return _CODE.sub("", text)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until a condition holds."""
    limit = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < limit:
        time.sleep(0.02)
    return held


def _listen() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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
