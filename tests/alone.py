"""Room for tests that measure tenths of a second: where several run at once, each of these runs when no other does."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["room"]


@contextmanager
def room(folder: Path, alone: bool) -> Iterator[None]:
    """Wait for a turn among all processes that share a folder, and keep it: alone, or beside others."""
    with (folder / "door").open("a") as door, (folder / "room").open("a") as inside:
        # who waits at the door for an empty room lets nobody past
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(inside, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        yield
