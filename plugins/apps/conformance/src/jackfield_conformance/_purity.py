"""A seal around a call: inside it no socket, file or process is opened, and clock, chance and environment are known.

Under `refuse` whatever is touched raises, and is noted where the plugin swallows that. Under `turn` clock, chance and
environment answer differently for every turn, so that what comes of them shows. Only this thread is sealed, and modules
that are imported on first use may be read.
"""

from __future__ import annotations

import datetime as datetime_module
import os
import random
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

#: Events of `sys.addaudithook` that are I/O; `open` only outside of imports.
_PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.spawn")
_FILES = ("open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "sqlite3.connect")
_CLOCKS = (
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "sleep",
)  # fmt: skip
_CHANCES = (
    (random, ("random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "getrandbits")),
    (secrets, ("token_bytes", "token_hex", "token_urlsafe", "choice", "randbelow", "randbits")),
    (uuid, ("uuid1", "uuid4")),
    (os, ("urandom",)),
)


class Impure(RuntimeError):
    """A hook touched what it may not."""


class _Watch(threading.local):
    """What is sealed in this thread, and what was touched."""

    turn: int | None = None
    is_on: bool = False

    def __init__(self) -> None:
        self.seen: list[str] = []

    def touch(self, what: str) -> None:
        self.seen.append(what)
        raise Impure(f"a hook touched {what}")


_WATCH = _Watch()
_installed = False


def _audit(event: str, values: tuple[Any, ...]) -> None:
    if not _WATCH.is_on:
        return
    if event.startswith("socket.") or event in _PROCESSES:
        _WATCH.touch(event)
    elif event in _FILES and not _is_importing():
        _WATCH.touch(f"the file {values[0]!r:.80}" if event == "open" else event)


def _is_importing() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _guard(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*values: Any, **named: Any) -> Any:
        if not _WATCH.is_on or _is_importing():
            return original(*values, **named)
        if _WATCH.turn is None:
            _WATCH.touch(name)
        return _varied(name, _WATCH.turn or 0, original, values, named)

    return guarded


def _varied(name: str, turn: int, original: Callable[..., Any], values: Any, named: Any) -> Any:
    if name.startswith("time."):
        return None if name == "time.sleep" else original(*values, **named) + turn * 86_400
    # chance differs from turn to turn by itself
    return original(*values, **named)


class _Refusing(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _DATETIME)


_DATETIME = datetime_module.datetime


class _GuardedDatetime(_DATETIME, metaclass=_Refusing):
    """`datetime.datetime` whose `now`, `utcnow` and `today` are a clock that is watched."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _GUARDED_NOW(tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _GUARDED_NOW(None)

    @classmethod
    def today(cls) -> Any:
        return _GUARDED_NOW(None)


def _now(tz: Any) -> Any:
    if not _WATCH.is_on:
        return _DATETIME.now(tz)
    if _WATCH.turn is None:
        _WATCH.touch("datetime.now")
    return _DATETIME.now(tz) + datetime_module.timedelta(days=_WATCH.turn or 0)


_GUARDED_NOW = _now


def _guarded_environment(original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: Any, *values: Any) -> Any:
        if not _WATCH.is_on or _is_importing():
            return original(self, *values)
        if _WATCH.turn is None:
            _WATCH.touch("os.environ")
        if values:
            if (_WATCH.turn or 0) % 2:
                raise KeyError(values[0])
            return f"kit-{_WATCH.turn}"
        return original(self)

    return guarded


@contextmanager
def sealed(modules: Iterable[Any], turn: int | None = None) -> Iterator[list[str]]:
    """Seal what runs inside; yields the list of what was touched. `modules` are those whose own names are watched too.

    Without `turn` every touch raises `Impure`; with one, clock, chance and environment answer by the turn.
    """
    global _installed
    if not _installed:
        sys.addaudithook(_audit)  # cannot be taken away again; it looks at nothing while no seal is on
        _installed = True
    undo: list[tuple[Any, str, Any]] = []

    def put(owner: Any, name: str, value: Any) -> None:
        undo.append((owner, name, vars(owner)[name]))
        setattr(owner, name, value)

    swapped: dict[int, Any] = {id(_DATETIME): _GuardedDatetime}
    try:
        for module, names in ((time, _CLOCKS), *_CHANCES):
            for name in names:
                original = getattr(module, name)
                swapped[id(original)] = guarded = _guard(f"{module.__name__}.{name}", original)
                put(module, name, guarded)
        put(datetime_module, "datetime", _GuardedDatetime)
        for name in ("__getitem__", "__iter__", "__len__"):
            put(os._Environ, name, _guarded_environment(vars(os._Environ)[name]))
        for module in list(modules):
            for name, value in list(vars(module).items()):
                if (watched := swapped.get(id(value))) is not None:
                    put(module, name, watched)
        _WATCH.seen, _WATCH.turn, _WATCH.is_on = [], turn, True
        yield _WATCH.seen
    finally:
        _WATCH.is_on = False
        for owner, name, value in reversed(undo):
            setattr(owner, name, value)
