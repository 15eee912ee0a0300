"""An answer that the transport over httptools reads: what its connection has put there, and who waits for more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import transport_errors as errors
from .transport_decoding import Decoder, decoder_for

if TYPE_CHECKING:
    from .transport_httptools_connection import Connection


class Answer:
    """An answer that is being read. Iterate once."""

    __slots__ = (
        "_connection", "_decoder", "_error", "_first", "_is_begun", "_limit", "_waiter", "headers", "is_whole",
        "pieces", "size", "status",
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._decoder: Decoder | None = None
        self._is_begun = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.size = 0
        self.is_whole = False

    async def head(self, first: float | None, later: float | None) -> None:
        """Wait until the head is there; the limits in seconds are to the first bytes of it and of the body, and later.

        Raises:
            ConnectionFailed: there is none.
            RequestTimeout: it was not there in time.
        """
        self._first, self._limit = first, later
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._news(first)

    def __aiter__(self) -> Answer:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if self.pieces:
                if data := self._decoded(self._taken()):
                    return data
            elif self._error is not None:
                raise self._error
            elif self.is_whole:
                if self._is_begun and self._decoder is not None:
                    self._decoder.end()
                raise StopAsyncIteration
            else:
                await self._news(self._limit if self._is_begun else self._first)

    async def aclose(self) -> None:
        """Close it, read or not."""
        self._leave()

    def end(self, error: Exception | None = None) -> None:
        """Take away the connection: the answer is whole, or there is an error."""
        self._connection = None
        self.is_whole, self._error = error is None, error
        self.wake()

    def abandon(self, error: Exception) -> None:
        """End it without a word to its event loop, which is closed."""
        self._waiter = None
        self.end(error)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for more."""
        return self._waiter is not None

    def wake(self) -> None:
        """Wake who waits."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _news(self, limit: float | None) -> None:
        connection = self._connection
        assert connection is not None, "an answer without a connection is whole, or has an error"
        waiter = self._waiter = connection.wait(limit)
        try:
            await waiter
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.end(errors.failed("the answer was closed"))

    def _taken(self) -> bytes:
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.pieces, self.size = [], 0
        if self._connection is not None:
            self._connection.resume()
        return data

    def _decoded(self, data: bytes) -> bytes:
        try:
            if not self._is_begun:
                self._is_begun = True
                self._decoder = decoder_for(self.headers.get("content-encoding", ""))
            return data if self._decoder is None else b"".join(self._decoder.feed(data))
        except Exception:
            self._leave()
            raise
