"""Several processes that serve one socket: they are started, started anew where one dies, and ended together."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType

#: A process that ends sooner than this, in seconds, does not know how to start; it is not tried for ever.
_TOO_SOON = 2.0
_TRIES = 5
#: What a process ends with that could not start, however long it took.
_NOT_STARTED = 2
#: Seconds beyond those for open requests that an ending process has for its database.
_GRACE = 30.0


def run_workers(options: argparse.Namespace, listener: socket.socket, count: int, drain: float) -> int:
    """Run `count` processes until a signal ends them; return the exit code: 0, or 2 where they cannot start."""
    workers = _Workers(options, listener, count, drain)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, workers.stop)
    if (hang_up := getattr(signal, "SIGHUP", None)) is not None:
        signal.signal(hang_up, workers.pass_on)
    return workers.run()


class _Workers:
    def __init__(self, options: argparse.Namespace, listener: socket.socket, count: int, drain: float) -> None:
        self._options = options
        self._listener = listener
        self._context = multiprocessing.get_context("spawn")
        # Its other end is closed by the end of this process, however that came, and tells the others.
        self._alive, self._mine = self._context.Pipe(duplex=False)
        self._count = count
        self._drain = drain
        self._running: dict[BaseProcess, float] = {}
        self._ending = threading.Event()

    def run(self) -> int:
        failures = 0
        while not self._ending.is_set():
            for process in [process for process in self._running if not process.is_alive()]:
                lived = time.monotonic() - self._running.pop(process)
                failures = failures + 1 if lived < _TOO_SOON or process.exitcode == _NOT_STARTED else 0
                print(f"jackfield serve: a worker ended with {process.exitcode}; another begins", file=sys.stderr)
                sys.stderr.flush()
            if failures >= _TRIES:
                print("jackfield serve: the workers cannot start", file=sys.stderr)
                self._end()
                return 2
            while len(self._running) < self._count and not self._ending.is_set():
                process = self._context.Process(target=_work, args=(self._options, self._listener, self._alive))
                process.start()
                self._running[process] = time.monotonic()
            self._ending.wait(0.5)
        self._end()
        return 0

    def stop(self, number: int, frame: FrameType | None) -> None:
        """End all of them; what is under way comes to its end first."""
        self._ending.set()

    def pass_on(self, number: int, frame: FrameType | None) -> None:
        """Pass a signal on."""
        for process in list(self._running):
            _signal(process, number)

    def _end(self) -> None:
        for process in self._running:
            _signal(process, signal.SIGTERM)
        until = time.monotonic() + _GRACE + self._drain
        for process in self._running:
            process.join(max(until - time.monotonic(), 0.1))
            if process.is_alive():
                process.kill()


def _signal(process: BaseProcess, number: int) -> None:
    if process.pid is not None and process.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _work(options: argparse.Namespace, listener: socket.socket, alive: Connection) -> None:
    threading.Thread(target=_outlive_nobody, args=(alive,), daemon=True).start()
    from ._command import app_of
    from ._server import serve

    sys.exit(serve(app_of(options), listener))


def _outlive_nobody(alive: Connection) -> None:
    """End this process where the one that started it has ended."""
    with contextlib.suppress(EOFError, OSError):
        alive.recv_bytes()
    os.kill(os.getpid(), signal.SIGTERM)
