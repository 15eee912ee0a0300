"""`jackfield keys` and `jackfield db`: what an operator does to keys and to the database."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from jackfield import InvalidInput, JackfieldError

from ._settings import KEY
from ._stores import STORE, add_store, open_secret, store_url

_WHERE = f"the gateway's database, such as sqlite:///gateway.db (default: {STORE})"


def keys_command(argv: Sequence[str]) -> int:
    """Create, list, revoke or rotate keys; return the exit code: 0, or 2 where that failed."""
    parser = argparse.ArgumentParser(prog="jackfield keys", description="The keys of a gateway's callers.")
    add_store(parser, _WHERE)
    parser.add_argument("--url", metavar="URL", help=f"a gateway that runs, in the place of its database; with {KEY}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    what = parser.add_subparsers(dest="what", required=True, metavar="create|list|revoke|rotate")
    create = what.add_parser("create", help="issue a key; its text is shown only now")
    create.add_argument("name", help="what it is called")
    create.add_argument("--project", help="its project, by name or id (default: the first one)")
    create.add_argument("--role", choices=["admin", "member", "viewer"], default="member")
    create.add_argument("--model", action="append", metavar="PATTERN", help="models it may ask, such as 'openai/*'")
    create.add_argument("--route", action="append", metavar="PATTERN", help="paths it may ask, such as '/v1/*'")
    shown = what.add_parser("list", help="list keys")
    shown.add_argument("--ended", action="store_true", help="those that are revoked or expired too")
    revoke = what.add_parser("revoke", help="refuse a key from now on")
    revoke.add_argument("id")
    rotate = what.add_parser("rotate", help="issue a key in the place of one, which is taken for a while still")
    rotate.add_argument("id")
    rotate.add_argument("--overlap", type=float, default=24.0, metavar="HOURS", help="default: %(default)g")
    options = parser.parse_args(argv)
    return _run("keys", lambda: asyncio.run(_with_keys(options)) if options.url is None else _elsewhere(options))


def db_command(argv: Sequence[str]) -> int:
    """Upgrade, check or copy the database; return the exit code: 0, 1 where a check found something, or 2."""
    parser = argparse.ArgumentParser(prog="jackfield db", description="The database of a gateway.")
    add_store(parser, _WHERE)
    what = parser.add_subparsers(dest="what", required=True, metavar="upgrade|check|backup")
    what.add_parser("upgrade", help="bring the tables up to date")
    what.add_parser("check", help="compare the tables with this release, and look for damage")
    what.add_parser("backup", help="copy a SQLite database while it is in use").add_argument("target", type=Path)
    options = parser.parse_args(argv)
    return _run("db", lambda: _on_database(options))


def _run(name: str, work: Callable[[], int]) -> int:
    try:
        return work()
    except JackfieldError as error:
        print(f"jackfield {name}: {error}", file=sys.stderr)
        return 2


def _elsewhere(options: argparse.Namespace) -> int:
    from ._remote import Remote

    rows, text = Remote(options.url).keys(options)
    if options.what == "revoke":
        print(f"{options.id} is refused from now on; other processes know it within 10 s", file=sys.stderr)
    else:
        _print(options, rows, text)
    return 0


async def _with_keys(options: argparse.Namespace) -> int:
    from .state import open_store

    store = await open_store(store_url(options))
    try:
        return await _on_keys(options, store)
    finally:
        await store.close()


async def _on_keys(options: argparse.Namespace, store: Any) -> int:
    from .state import Keys

    keys = Keys(store, open_secret(options))
    match options.what:
        case "create":
            project = await _project(store, options.project)
            models, routes = options.model or ["*"], options.route or ["*"]
            issued = await keys.create(project, options.name, role=options.role, models=models, routes=routes)
            _show(options, [issued.key], issued.text)
        case "list":
            _show(options, await keys.list(ended=options.ended))
        case "revoke":
            await keys.revoke(options.id)
            print(f"{options.id} is refused from now on; running gateways know it within 10 s", file=sys.stderr)
        case "rotate":
            issued = await keys.rotate(options.id, overlap=timedelta(hours=options.overlap))
            _show(options, [issued.key], issued.text)
    return 0


async def _project(store: Any, name: str | None) -> str:
    """Return the id of a project; where there is none at all, the one named default is made."""
    from .state import Teams

    teams = Teams(store)
    organisations = await teams.organisations() or [await teams.add_organisation("default")]
    projects = [project for one in organisations for project in await teams.projects(one.id)]
    projects = projects or [await teams.add_project(organisations[0].id, "default")]
    found = next((project.id for project in projects if name in (None, project.id, project.name)), None)
    if found is None:
        raise InvalidInput(f"there is no project {name!r}; there are {', '.join(project.name for project in projects)}")
    return found


def _show(options: argparse.Namespace, keys: Sequence[Any], text: str | None = None) -> None:
    rows = [
        {
            "id": key.id, "prefix": key.prefix, "name": key.name, "role": key.role, "models": list(key.models),
            "routes": list(key.routes), "created": key.created.isoformat(),
            "expires": None if key.expires is None else key.expires.isoformat(),
            "revoked": None if key.revoked is None else key.revoked.isoformat(),
        }
        for key in keys
    ]  # fmt: skip
    _print(options, rows, text)


def _print(options: argparse.Namespace, rows: Sequence[dict[str, Any]], text: str | None) -> None:
    """Print keys, and the text of a new one this once."""
    if text is not None:
        rows = [{**rows[0], "key": text}]
    if options.json:
        print(json.dumps(rows[0] if text is not None else rows, indent=2))
        return
    for row in rows:
        print(f"{row['id']}  {row['prefix']}…  {row['role']:7} {row['name']}{'  revoked' if row['revoked'] else ''}")
    if text is not None:
        print(f"\n{text}\n\nIt is shown only now.")


def _on_database(options: argparse.Namespace) -> int:
    from .state import backup, check, upgrade

    url = store_url(options)
    match options.what:
        case "upgrade":
            before, after = upgrade(url)
            print(f"at {after}" + ("" if before == after else f", was at {before or 'no revision'}"))
        case "check":
            found = check(url)
            print("\n".join(found.problems) or f"at {found.current}; nothing is wrong")
            return 1 if found.problems else 0
        case "backup":
            backup(url, options.target)
            print(options.target)
    return 0
