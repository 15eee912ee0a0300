"""`jackfield providers`: what is installed and configured, read from data alone."""

from __future__ import annotations

import os
from typing import Any

from jackfield import Boards

from ._failures import lines_of
from ._keys import key_state, missing_settings
from ._setup import open_boards
from ._tables import show_json, show_table

_HEADINGS = ("name", "title", "dialect", "operations", "models", "verified", "key", "from")


def show_providers(as_json: bool) -> int:
    """Print a row for every provider; a broken catalog is a row with its error."""
    boards = open_boards()
    rows = [_row(boards, name) for name in boards.providers()]
    if as_json:
        show_json(rows)
    else:
        show_table(_HEADINGS, [_cells(row) for row in rows])
    return 0


def _row(boards: Boards, name: str) -> dict[str, Any]:
    try:
        info = boards.info(name)
        return {
            "name": name,
            "title": info.title,
            "dialect": info.dialect,
            "operations": list(info.operations),
            "models": len(info.model_names()),
            "verified": info.verified,
            "key": key_state(info, os.environ),
            "settings": missing_settings(info, os.environ),
            "from": info.distribution or "the configuration",
        }
    except Exception as error:  # any third party's data; one that is broken hides no other
        return {"name": name, "error": lines_of(error)[0], "from": _who(boards, name)}


def _who(boards: Boards, name: str) -> str:
    return " and ".join(boards.brought_by("provider", name)) or "the configuration"


def _cells(row: dict[str, Any]) -> list[str]:
    if "error" in row:
        return [row["name"], f"cannot be read: {row['error']}", "", "", "", "", "", row["from"]]
    key = row["key"] + (f"; missing: {', '.join(row['settings'])}" if row["settings"] else "")
    operations = ", ".join(row["operations"])
    return [
        row["name"],
        row["title"],
        row["dialect"],
        operations,
        str(row["models"]),
        row["verified"],
        key,
        row["from"],
    ]
