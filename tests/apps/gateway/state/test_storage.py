"""The database: made, opened, checked, copied, and told apart when it is down."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, inspect, select, text, update

from jackfield import ConfigurationError
from jackfield_gateway.state import (
    Budgets,
    Store,
    StoreUnavailable,
    WrongSchema,
    backup,
    check,
    migrations,
    open_store,
    upgrade,
)
from jackfield_gateway.state.storage import make_engine, read_url
from jackfield_gateway.state.tables import HEAD, METADATA
from tests.apps.gateway.state.running import in_a_loop


@in_a_loop
async def test_an_empty_database_gets_the_tables_that_the_code_knows(url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    store = await open_store(url)
    async with store.reading() as connection:
        assert await connection.run_sync(differences) == []
    await store.close()


def test_upgrade_tells_what_it_did_and_does_it_once(url: str) -> None:
    assert check(url).current is None
    assert check(url).problems != ()
    assert upgrade(url) == (None, HEAD)
    assert upgrade(url) == (HEAD, HEAD)
    assert check(url).problems == ()


@in_a_loop
async def test_the_indexes_of_the_history_go_back_and_come_again(url: str) -> None:
    def indexes(connection: Connection) -> set[tuple[str, tuple[str, ...]]]:
        found = inspect(connection).get_indexes("requests")
        return {(str(row["name"]), tuple(str(name) for name in row["column_names"])) for row in found}

    def migrate(connection: Connection, step: Callable[[Config, str], None], to: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        step(config, to)

    await asyncio.to_thread(upgrade, url)
    store = await open_store(url)
    async with store.writing() as connection:
        now = await connection.run_sync(indexes)
        await connection.run_sync(migrate, command.downgrade, "0006")
        before = await connection.run_sync(indexes)
        await connection.run_sync(migrate, command.upgrade, "head")
        assert await connection.run_sync(indexes) == now
    names = ("key_id", "project_id", "user", "provider", "model", "status")
    assert before - now == {
        ("ix_requests_started", ("started", "id")),
        *((f"ix_requests_{name}", (name, "started", "id")) for name in names[3:]),
    }
    assert now - before == {("ix_requests_started", ("started", "id", *names[3:]))}
    await store.close()


@in_a_loop
async def test_a_database_of_another_release_is_refused(url: str) -> None:
    store = await open_store(url)
    async with store.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await store.close()
    with pytest.raises(WrongSchema, match=r"at revision 9999, .*; upgrade the gateway"):
        await open_store(url)


def _open(url: str) -> None:
    async def main() -> None:
        await (await open_store(url)).close()

    asyncio.run(main())


def test_processes_that_begin_at_once_make_one_set_of_tables(url: str) -> None:
    processes = [multiprocessing.get_context("spawn").Process(target=_open, args=(url,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(50)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert check(url).problems == ()


@in_a_loop
async def test_writers_wait_for_each_other_and_lose_nothing(url: str) -> None:
    store = await open_store(url)
    counters = Table("counters", MetaData(), Column("value", Integer))
    async with store.writing() as connection:
        await connection.run_sync(counters.create)
        await connection.execute(insert(counters).values(value=0))

    async def add() -> None:
        async with store.writing() as connection:
            value = await connection.scalar(select(counters.c.value).with_for_update())
            await connection.execute(update(counters).values(value=int(value or 0) + 1))

    await asyncio.gather(*(add() for _ in range(20)))
    async with store.reading() as connection:
        assert await connection.scalar(select(counters.c.value)) == 20
    await store.close()


@in_a_loop
async def test_a_failed_transaction_leaves_nothing(url: str) -> None:
    store = await open_store(url)

    async def fail() -> None:
        async with store.writing() as connection:
            await connection.execute(text("CREATE TABLE left_over (value INTEGER)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.writing() as connection:
        await connection.execute(text("CREATE TABLE left_over (value INTEGER)"))
    await store.close()


@in_a_loop
async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(StoreUnavailable, match="does not answer") as caught:
        await open_store(f"postgresql://tester:hidden-word@127.0.0.1:{port}/x")
    assert caught.value.status == 503
    assert "hidden-word" not in str(caught.value)


@in_a_loop
async def test_a_server_that_says_nothing_is_unavailable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(StoreUnavailable):
        async with asyncio.timeout(5):
            await open_store(f"postgresql://tester@127.0.0.1:{silent.getsockname()[1]}/x", seconds=0.3)


@in_a_loop
async def test_a_process_that_ends_takes_nothing_from_one_that_goes_on(tmp_path: Path) -> None:
    """The last that closes a database deletes its log. Who has made the file is still there, and has to be seen."""
    path = tmp_path / "state.db"
    store = await open_store(f"sqlite:///{path}")
    again = await open_store(f"sqlite:///{path}")  # what is opened and closed beside it makes no difference either
    await again.close()
    await Budgets(store).set("key", "one", "total", 1)
    log = path.with_name("state.db-wal").stat().st_ino
    for name in ("two", "three"):
        script = (
            "import asyncio, sys\n"
            "from jackfield_gateway.state import Budgets, open_store\n"
            "async def main():\n"
            "    store = await open_store(sys.argv[1])\n"
            "    await Budgets(store).set('key', sys.argv[2], 'total', 1)\n"
            "    await store.close()\n"
            "asyncio.run(main())\n"
        )
        subprocess.run([sys.executable, "-c", script, f"sqlite:///{path}", name], check=True)
        assert path.with_name("state.db-wal").stat().st_ino == log
        await Budgets(store).set("key", f"after {name}", "total", 1)
    found = sorted(row.budget.subject_id for row in await Budgets(store).list())
    assert found == ["after three", "after two", "one", "three", "two"]
    await store.close()
    assert (await asyncio.to_thread(check, f"sqlite:///{path}")).problems == ()


@pytest.mark.parametrize(("mode", "reason"), [(None, "Is a directory"), (0o400, "Permission denied")])
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, mode: int | None, reason: str) -> None:
    path = tmp_path / "state.db"
    if mode is None:
        path.mkdir()
    else:
        path.touch(mode)
        if os.access(path, os.W_OK):  # to the superuser nothing is forbidden
            return
    with pytest.raises(ConfigurationError, match=reason):
        upgrade(f"sqlite:///{path}")


@in_a_loop
async def test_a_file_that_another_process_writes_is_unavailable_in_time(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = await open_store(f"sqlite:///{path}", seconds=0.2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with store.writing() as connection:
            await connection.execute(text("SELECT 1"))

    with pytest.raises(StoreUnavailable, match="locked"):
        await write()
    other.close()
    await store.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url", "cannot be read"),
        ("mysql://x@y/z", "sqlite and postgresql are supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////no-such-folder/state.db", "No such file"),
    ],
)
def test_a_wrong_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        asyncio.run(open_store(url))


def test_nobody_else_may_read_the_file_or_its_copy(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/state.db")
    backup(f"sqlite:///{tmp_path}/state.db", tmp_path / "copy.db")
    for name in ("state.db", "copy.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@in_a_loop
async def test_a_copy_is_whole_and_takes_no_files_place(tmp_path: Path) -> None:
    url, target = f"sqlite:///{tmp_path}/state.db", tmp_path / "copy.db"
    store = await open_store(url)
    async with store.writing() as connection:
        await connection.execute(text("CREATE TABLE notes (value INTEGER)"))
        await connection.execute(text("INSERT INTO notes VALUES (7)"))
    async with store.reading() as connection:  # in use while it is copied
        await connection.execute(text("SELECT * FROM notes"))
        await asyncio.to_thread(backup, url, target)
    await store.close()
    copy = sqlite3.connect(target)
    assert copy.execute("SELECT value FROM notes").fetchall() == [(7,)]
    copy.close()
    with pytest.raises(ConfigurationError, match="is there already"):
        backup(url, target)
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.db"]


def test_a_url_keeps_its_password_out_of_sight() -> None:
    store = Store(make_engine(read_url("postgres://tester:hidden-word@127.0.0.1/x"), 1))
    assert "hidden-word" not in repr(store)


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("open_store", "sqlalchemy", "store"),
        ("Credentials", "cryptography", "store"),
    ],
)
def test_what_is_not_installed_is_named_with_its_extra(name: str, module: str, extra: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from jackfield_gateway.state import {name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"{name} needs {module}; pip install 'jackfield-gateway[{extra}]'" in done.stderr


def test_a_gateway_without_a_store_imports_none() -> None:
    code = (
        "import sys, jackfield_gateway._command, jackfield_gateway._app, jackfield_gateway.state\n"
        "heavy = {'sqlalchemy', 'alembic', 'aiosqlite', 'asyncpg', 'limits', 'redis', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
