"""A connection to a caller whose writes are late while many callers are answered; see `jackfield.late_writes`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

from jackfield.late_writes import MANY, late_writes

#: Bytes that are held for one connection; with more it is its transport that says when to wait.
_MOST: Final = 65536


class LateTransport:
    """A connection's transport; `under_way` are all requests that are answered. What it has not is the inner's."""

    __slots__ = ("_has_ended", "_inner", "_late", "_pieces", "_size", "_under_way")

    def __init__(
        self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop, under_way: Collection[object]
    ) -> None:
        self._inner = inner
        self._late = late_writes(loop)
        self._under_way = under_way
        self._pieces: list[bytes] = []
        self._size = 0
        self._has_ended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: bytes) -> None:
        """Write, late where many are answered; behind the end nothing is."""
        if self._has_ended:
            return
        pieces = self._pieces
        if not pieces:
            if len(self._under_way) < MANY or len(data) > _MOST:
                self._inner.write(data)
                return
            self._late.enter(self)
        pieces.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if pieces := self._pieces:
            self._pieces, self._size = [], 0
            self._inner.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._inner.is_closing()

    def write_eof(self) -> None:
        """Write what is held, and say that this is the end."""
        self.flush()
        self._has_ended = True
        self._inner.write_eof()

    def close(self) -> None:
        """Close, behind what is held."""
        self.flush()
        self._inner.close()

    def abort(self) -> None:
        """Close at once."""
        self._pieces, self._size = [], 0
        self._inner.abort()
