"""The history of requests, written off the request's path.

`record` never waits: a queue of bounded length takes the row, one task writes, and what finds the queue full is counted
and told. Money does not go through here: a history that is full or down loses rows, never charges.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Protocol

from sqlalchemy.dialects import postgresql, sqlite

from .clock import within
from .entries import Content, Row, row_of
from .errors import StoreUnavailable
from .storage import Store
from .tables import REQUESTS

__all__ = ["History"]

_LOG = logging.getLogger(__name__)


class Named(Protocol):
    """What is recorded has the id of its request."""

    @property
    def id(self) -> str:
        """The id."""


class History:
    """Writes entries in batches, of `batch` rows or what `seconds` brought; of one event loop, and closed at the end.

    `content` holds for entries that say nothing of it; `hash_key` is the secret under which content is hashed. What is
    no entry itself has a `row` of its own: they are made a batch at a time, which costs a third of one by one.
    """

    def __init__(
        self,
        store: Store,
        *,
        content: Content = "off",
        hash_key: bytes = b"",
        row: Callable[[Any, Content, bytes], Row] = row_of,
        capacity: int = 20_000,
        batch: int = 500,
        seconds: float = 0.25,
    ) -> None:
        if content == "hashed" and not hash_key:
            raise ValueError("hashed content has no hash_key; without one, anybody could find short texts by trying")
        self._store = store
        # A batch whose commit was not confirmed is written again: its rows may be there.
        dialect = sqlite if store.kind == "sqlite" else postgresql
        self._statement = store.text(dialect.insert(REQUESTS).on_conflict_do_nothing(index_elements=["id"]))
        self._content: Content = content
        self._hash_key = hash_key
        self._row = row
        self._capacity = capacity
        self._batch = batch
        self._seconds = seconds
        self._queue: deque[Named] = deque()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._told = 0
        self._closed = asyncio.Event()
        #: Rows written and rows lost, since the start.
        self.written = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """The rows that are not written yet."""
        return len(self._queue)

    def record(self, entry: Named) -> None:
        """Take an entry, or count it as dropped where the queue is full; from the thread of the event loop."""
        if len(self._queue) >= self._capacity or self._closed.is_set():
            self.dropped += 1
            return
        self._queue.append(entry)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="history")
        if len(self._queue) == 1:
            self._some.set()
        if len(self._queue) >= self._batch:
            self._enough.set()

    async def close(self, *, seconds: float = 10.0) -> None:
        """Write what waits, for that long at most; what is left then is counted as dropped, and told."""
        self._closed.set()
        if self._task is not None:
            self._some.set()
            self._enough.set()
            await within(self._task, seconds)
        self.dropped += len(self._queue)
        self._queue.clear()
        self._tell()

    async def _run(self) -> None:
        pause = 0.0
        while self._queue or not self._closed.is_set():
            await self._some.wait()
            # While the store is down the queue fills up, and must not hurry anybody.
            if not self._closed.is_set():
                await within(self._closed.wait() if pause else self._enough.wait(), pause or self._seconds)
            try:
                await self._write()
                pause = 0.0
            except StoreUnavailable as error:
                if not pause:
                    _LOG.warning("the history waits, with %d rows: %s", len(self._queue), error)
                pause = min(max(2 * pause, 0.5), 10.0)
                if self._closed.is_set():
                    await asyncio.sleep(0.1)
            self._tell()

    async def _write(self) -> None:
        """Write a batch. It leaves the queue once it is committed, so nothing is lost where that fails."""
        entries = list(islice(self._queue, self._batch))
        if not entries:
            return
        try:
            await self._insert(entries)
            self.written += len(entries)
        except StoreUnavailable:
            raise
        except Exception:  # whatever is wrong with one row, it must not hold up the others
            await self._write_singly(entries)
        for _ in entries:
            self._queue.popleft()
        if not self._queue:
            self._some.clear()
        if len(self._queue) < self._batch:
            self._enough.clear()

    async def _write_singly(self, entries: Sequence[Any]) -> None:
        for entry in entries:
            try:
                await self._insert([entry])
                self.written += 1
            except StoreUnavailable:
                raise
            except Exception as error:
                self.dropped += 1
                _LOG.warning("the history lost the row of request %s: %s", entry.id, type(error).__name__)

    async def _insert(self, entries: Sequence[Any]) -> None:
        rows = [self._row(entry, self._content, self._hash_key) for entry in entries]
        async with self._store.writing() as connection:
            # As the driver takes it: the library's own way costs as much for each row as SQLite's writing of it.
            await connection.exec_driver_sql(self._statement, rows)

    def _tell(self) -> None:
        if self.dropped > self._told:
            _LOG.warning("the history dropped %d rows, %d in all", self.dropped - self._told, self.dropped)
            self._told = self.dropped
