"""Migrations, checks and backups: what an operator does to a database, in blocking functions.

Two processes that upgrade at once do it one after the other: the second finds nothing left to do.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from jackfield import ConfigurationError

from .storage import Store, make_engine, read_url, revision
from .tables import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Checked", "backup", "check", "upgrade"]

_FOLDER = Path(__file__).parent / "migrations"
#: An upgrade of a large table takes its time.
_SECONDS = 600.0
#: Any number will do, as long as every release has the same.
_LOCK = 7_214_915_663


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the revision that the database is at (None without tables), the newest one, and problems."""

    current: str | None
    head: str
    problems: tuple[str, ...]


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the tables up to date in one transaction; return the revisions before and after.

    Raises:
        ConfigurationError: the URL is wrong, or the driver is not installed.
        StoreUnavailable: the database does not answer.
    """

    def run(connection: Connection) -> tuple[str | None, str]:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = revision(connection)
        config = Config()
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, str(revision(connection))

    async def main() -> tuple[str | None, str]:
        store = Store(make_engine(read_url(url), _SECONDS))
        try:
            async with store.writing() as connection:
                return await connection.run_sync(run)
        finally:
            await store.close()

    return asyncio.run(main())


def check(url: str) -> Checked:
    """Compare the revision with the newest, and on SQLite look through the file for damage.

    Raises:
        ConfigurationError: the URL is wrong, or the driver is not installed.
        StoreUnavailable: the database does not answer.
    """

    def run(connection: Connection) -> Checked:
        current = revision(connection)
        problems = [] if current == HEAD else [f"the tables are at {current or 'no revision'}, the newest is {HEAD}"]
        if connection.dialect.name == "sqlite":
            problems += [str(row[0]) for row in connection.execute(text("PRAGMA quick_check")) if row[0] != "ok"]
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            problems += [f"row {row[1]} of {row[0]} points at a row of {row[2]} that is gone" for row in broken]
        return Checked(current, HEAD, tuple(problems))

    async def main() -> Checked:
        store = Store(make_engine(read_url(url), _SECONDS))
        try:
            async with store.reading() as connection:
                return await connection.run_sync(run)
        finally:
            await store.close()

    return asyncio.run(main())


def backup(url: str, target: Path) -> None:
    """Copy a SQLite database into a new file while it is in use; the copy is of one moment.

    Raises:
        ConfigurationError: the database is not SQLite's, the target is there already, or cannot be written.
    """
    address = read_url(url)
    if address.get_backend_name() != "sqlite":
        raise ConfigurationError("only a SQLite store is copied here; use pg_dump for PostgreSQL")
    source = Path(str(address.database))
    if not source.is_file():
        raise ConfigurationError(f"there is no store at {source}")
    partial = target.with_name(target.name + ".partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigurationError(f"the copy {partial} cannot be made: {error.strerror}") from None
    try:
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(partial)) as there:
            here.backup(there, pages=1000)
        os.link(partial, target)  # unlike a renaming, it never takes another file's place
    except FileExistsError:
        raise ConfigurationError(f"{target} is there already; name a new file") from None
    finally:
        partial.unlink()
