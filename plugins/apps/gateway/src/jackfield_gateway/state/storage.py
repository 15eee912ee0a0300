"""The database: opened by URL, read and written in short transactions.

Everything that means "it does not answer" leaves as StoreUnavailable; anything else is a bug.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import to_json
from sqlalchemy import Column, Insert, Select, delete, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from jackfield import ConfigurationError, InvalidInput

from .clock import now
from .errors import StoreUnavailable, WrongSchema
from .tables import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

__all__ = ["Store", "make_engine", "open_store", "read_url", "revision"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
#: SQLSTATE classes of a server that is there and cannot serve: resources, an operator, the system, a broken connection.
_DOWN = ("08", "53", "57", "58", "25006")
#: A file that is busy, locked, read-only, broken, full, or cannot be opened.
_SQLITE_DOWN = (5, 6, 8, 10, 11, 13, 14, 26)
#: The transaction that is open in this task, and whose it is.
_TOGETHER: ContextVar[tuple[Store, AsyncConnection] | None] = ContextVar("jackfield_together", default=None)


class Store:
    """A database; one for a process, used in one event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reader = engine
        self._writer = engine.execution_options(jackfield_writes=True)
        self.kind: Literal["sqlite", "postgresql"] = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"

    def __repr__(self) -> str:
        return f"Store({self._reader.url.render_as_string(hide_password=True)!r})"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that only reads.

        Raises:
            StoreUnavailable: the database does not answer, or not in time.
            InvalidInput: it cannot compare with a value.
        """
        with _availability():
            if (together := _TOGETHER.get()) is not None and together[0] is self:
                yield together[1]
                return
            async with self._reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that is committed at the end; on SQLite it is the only one that writes.

        Raises:
            StoreUnavailable: the database does not answer, or not in time; whether it has committed is not known.
            InvalidInput: it cannot hold a value.
        """
        with _availability():
            if (together := _TOGETHER.get()) is not None and together[0] is self:
                yield together[1]
                return
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Read and write within one transaction, whoever does it in this task: all of it counts, or nothing.

        Raises:
            StoreUnavailable: the database does not answer, or not in time; whether it has committed is not known.
        """
        async with self.writing() as connection:
            token = _TOGETHER.set((self, connection))
            try:
                yield
            finally:
                _TOGETHER.reset(token)

    def text(self, statement: Insert) -> str:
        """Return a statement as the driver takes it, with values in the order of its columns."""
        return str(statement.compile(dialect=self._reader.dialect))

    async def now(self, connection: AsyncConnection) -> int:
        """Return the database's time in microseconds: one clock for all processes that share it."""
        if self.kind == "sqlite":
            return now()  # a file has no clock, and all that share it are on this machine
        found = await connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
        return int(found)

    async def delete(self, key: Column[str], query: Select[tuple[str]], batch: int) -> int:
        """Delete the rows whose keys a query finds, `batch` in each transaction so that nobody waits long; count them.

        Raises:
            StoreUnavailable: the database does not answer; what was deleted until then stays deleted.
        """
        deleted = 0
        while True:
            async with self.writing() as connection:
                count = (await connection.execute(delete(key.table).where(key.in_(query.limit(batch))))).rowcount
            deleted += count
            if count < batch:
                return deleted
            await asyncio.sleep(0.01)  # lets those in who wait for the database

    async def close(self) -> None:
        """Close every connection."""
        await self._reader.dispose()


async def open_store(url: str, *, seconds: float = 5.0) -> Store:
    """Open a database, and make the tables where it has none.

    `url` is `sqlite:///state.db` or `postgresql://user@host/name`; `seconds` bound the wait for a connection, a
    lock and each statement.

    Raises:
        ConfigurationError: the URL is wrong, or the driver is not installed.
        WrongSchema: the tables are those of another release.
        StoreUnavailable: the database does not answer.
    """
    address = read_url(url)
    store = Store(make_engine(address, seconds))
    try:
        async with store.reading() as connection:
            found = await connection.run_sync(revision)
        if found is None:
            from .migrating import upgrade

            await asyncio.to_thread(upgrade, url)
        elif found != HEAD:
            raise WrongSchema(
                f"{store!r} is at revision {found}, and this release wants {HEAD}; "
                f"{'upgrade the database' if found < HEAD else 'upgrade the gateway'}"
            )
    except BaseException:
        await store.close()
        raise
    return store


def read_url(url: str) -> URL:
    """Read the URL of a database, and name the driver that is used here.

    Raises:
        ConfigurationError: it is none, or is of a database that is not supported.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError("the store's URL cannot be read; sqlite:///state.db can") from None
    if (driver := _DRIVERS.get(address.get_backend_name())) is None:
        what = f"the store's URL begins with {address.drivername}; sqlite and postgresql are supported"
        raise ConfigurationError(what)
    if driver.startswith("sqlite") and address.database in (None, "", ":memory:"):
        raise ConfigurationError("the store's URL names no file, and every connection needs the same; name one")
    return address.set(drivername=driver)


def revision(connection: Connection) -> str | None:
    """Return the migration that a database is at; None where it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def make_engine(address: URL, seconds: float) -> AsyncEngine:
    """Make what connects to a database, without connecting; `seconds` bound every wait."""
    options: dict[str, Any] = {"pool_timeout": seconds}
    if address.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": seconds}
        _make_private(Path(str(address.database)))
    else:
        options["connect_args"] = {"timeout": seconds, "command_timeout": seconds}
        options["pool_recycle"] = 1800
    try:
        engine = create_async_engine(address, json_serializer=_json, **options)
    except ModuleNotFoundError as error:
        extra = "store" if address.get_backend_name() == "sqlite" else "postgres"
        raise ConfigurationError(f"the store needs {error.name}; pip install 'jackfield-gateway[{extra}]'") from None
    if address.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare)
        event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _json(value: Any) -> str:
    return to_json(value, inf_nan_mode="null").decode()


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that nobody else on the machine may read it.

    One that is there is not opened: to close it again would end every lock that SQLite has on it in this process
    (https://www.sqlite.org/howtocorrupt.html, section 2.2), and others would take its log away.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        reason = errno.EISDIR if path.is_dir() else 0 if os.access(path, os.R_OK | os.W_OK) else errno.EACCES
        if reason:
            what = f"the store's file {path} cannot be opened: {os.strerror(reason)}"
            raise ConfigurationError(what) from None
    except OSError as error:
        raise ConfigurationError(f"the store's file {path} cannot be opened: {error.strerror}") from None


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin late, and not before DDL; _begin does instead
    cursor = connection.cursor()
    # In WAL, NORMAL loses no committed transaction when a process dies, only when the machine does.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and then writes is refused at once where another wrote meanwhile; one that says so
    # at its beginning waits.
    writes = connection.get_execution_options().get("jackfield_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _availability() -> Iterator[None]:
    try:
        yield
    except (PoolTimeout, OSError) as error:
        raise StoreUnavailable(f"the store does not answer: {_reason(error)}") from error
    except DBAPIError as error:
        if _is_refusal(error):
            raise InvalidInput("the store cannot hold a value, or compare with it") from error
        if _is_down(error):
            raise StoreUnavailable(f"the store does not answer: {_reason(error)}") from error
        raise
    except UnicodeEncodeError as error:
        raise InvalidInput("the store cannot hold a text that is no Unicode") from error


def _is_refusal(error: DBAPIError) -> bool:
    """Whether a value is at fault: the server says so (class 22), or the driver, which cannot encode it."""
    state = getattr(error.orig, "sqlstate", None)
    return str(state).startswith("22") or isinstance(getattr(error.orig, "__cause__", None), ValueError)


def _is_down(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_DOWN)
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_DOWN
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def _reason(error: Exception) -> str:
    """Name the cause without the statement and its values, which may be somebody's."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).splitlines()[0][:200]}" if str(cause) else type(cause).__name__
