"""`jackfield doctor`: names what is broken here, by distribution and version, and looks at the rest too."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from importlib_metadata import version

from jackfield import SPEC_VERSION, Boards
from jackfield.admission import Admission
from jackfield.discovery import discover, installed
from jackfield.errors import ConfigurationError

from ._checks import LABELS, Checked, check, not_admitted
from ._setup import config_path, read_config
from ._tables import show_json, show_table


def examine(as_json: bool) -> int:
    """Check everything that is installed; returns 1 if anything is broken."""
    trouble = []
    try:
        config = read_config()
    except ConfigurationError as error:
        config = {}
        trouble.append(f"configuration: {error}")
    checked = check_all(config)
    trouble += [f"{row.kind} {row.name} ({row.who}): {problem}" for row in checked for problem in row.problems]
    if as_json:
        slow = [_slow(row) for row in checked if row.slow]
        show_json({**_facts(), "plugins": [_json(row) for row in checked], "slow": slow, "problems": trouble})
    else:
        _show(checked, trouble)
    return 1 if trouble else 0


def check_all(config: Mapping[str, Any]) -> list[Checked]:
    """Check every entry point; extensions first, since one that is broken would spoil every board."""
    boards = Boards(config)
    admission, everything = Admission(os.environ, config), installed()
    checked = []
    for kind in ("extension", "dialect", "provider", "command"):
        admitted = discover(kind, admission, everything)
        for name, rows in sorted(everything[kind].items()):
            let_in = admitted.get(name)
            row = check(kind, name, let_in, boards) if let_in else not_admitted(kind, name, rows)
            checked.append(row)
            if kind == "extension" and row.problems:
                boards.register("extension", name, SimpleNamespace())
    return checked


def _facts() -> dict[str, Any]:
    path = config_path()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "jackfield": version("jackfield"),
        "jackfield-cli": version("jackfield-cli"),
        "spec": ".".join(map(str, SPEC_VERSION)),
        "configuration": str(path) if path else None,
    }


def _json(row: Checked) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "name": row.name,
        "from": row.who,
        "ok": not row.problems,
        "checks": row.checks,
        "spec": row.spec,
        "import_seconds": row.import_seconds,
        "size_bytes": row.size_bytes,
    }


def _slow(row: Checked) -> str:
    return f"{row.kind} {row.name} ({row.who}) takes {row.import_seconds:.1f} s to import"


def _show(checked: list[Checked], trouble: list[str]) -> None:
    facts = _facts()
    where = facts["configuration"] or "none; JACKFIELD_CONFIG names one"
    sys.stdout.write(
        f"Python {facts['python']} on {facts['platform']}\n"
        f"jackfield {facts['jackfield']} (hook specs {facts['spec']}), jackfield-cli {facts['jackfield-cli']}\n"
        f"configuration: {where}\n\n"
    )
    rows = [(row.kind, row.name, row.who, *(_cell(row, label) for label in LABELS)) for row in checked]
    show_table(("kind", "name", "from", *LABELS), rows)
    sys.stdout.write("\n")
    for row in checked:
        if row.slow:
            sys.stdout.write(f"{_slow(row)}\n")
    for line in trouble:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{len(trouble)} problem{'' if len(trouble) == 1 else 's'}\n" if trouble else "everything works\n")


def _cell(row: Checked, label: str) -> str:
    found = row.checks.get(label, "")
    return found if found in ("", "ok", "disabled") else "broken"
