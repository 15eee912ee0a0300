"""`jackfield plugins verify`: is what is installed what was published, and what else runs when Python starts."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import importlib_metadata

from jackfield.discovery import Distribution, installed

from ._records import Verified, place_of, root_of, rows_of, verify
from ._tables import show_json, show_table

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class StartFile:
    """A `.pth` file that Python reads when it starts: who brought it, and whether it has lines that Python runs."""

    path: str
    brought_by: str | None
    runs_code: bool


def show_verified(as_json: bool) -> int:
    """Compare every distribution of Jackfield's and its plugins; returns 1 where one is not as it was installed."""
    everything = [Distribution(metadata) for metadata in importlib_metadata.distributions()]

    @cache
    def listed() -> set[str]:
        return {place for each in everything for place, _ in _places(each)}

    verified = [verify(own.name, own.version, own.metadata, listed) for own in _ours(everything)]
    starting = start_files(everything)
    bad = [row for row in verified if row.state not in ("ok", "editable")]
    if as_json:
        rows = [{**asdict(row), "state": row.state} for row in verified]
        show_json({"ok": not bad, "distributions": rows, "pth": [asdict(row) for row in starting]})
    else:
        _show(verified, starting, bad)
    return 1 if bad else 0


def start_files(everything: list[Distribution]) -> list[StartFile]:
    """List the `.pth` files of the folders where Python looks for them."""
    owners = {place: each.who for each in everything for place, path in _places(each) if path.endswith(".pth")}
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    places = sorted({place for folder in folders for place in Path(folder).glob("*.pth")})
    return [StartFile(str(place), owners.get(os.path.realpath(place)), _runs_code(place)) for place in places]


def _places(each: Distribution) -> Iterator[tuple[str, str]]:
    """Give every path of a RECORD, where it is and as it stands there."""
    root = root_of(each.metadata)
    return ((place_of(root, path), path) for path, _ in rows_of(each.metadata) or ())


def _ours(everything: list[Distribution]) -> list[Distribution]:
    """Return the core, its companions, and whoever brings a plugin; of two of one name the first is what is used."""
    bringing = {row.distribution.name for names in installed().values() for rows in names.values() for row in rows}
    ours: dict[str, Distribution] = {}
    for each in everything:
        if each.name in bringing or each.name.partition("-")[0] == "jackfield":
            ours.setdefault(each.name, each)
    return [ours[name] for name in sorted(ours)]


def _runs_code(place: Path) -> bool:
    try:
        lines = place.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return True  # what cannot be read is not known to be harmless
    return any(line.startswith(("import ", "import\t")) for line in lines)


def _show(verified: list[Verified], starting: list[StartFile], bad: list[Verified]) -> None:
    show_table(
        ("distribution", "version", "files", "state"),
        [(row.name, row.version or "?", str(row.files), row.state) for row in verified],
    )
    for row in bad:
        sys.stdout.write(f"\n{row.name} {row.version or '?'}: {row.problem or 'not as it was installed'}\n")
        for what, paths in _lists(row):
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            sys.stdout.write(f"  {what}: {', '.join(paths[:_SHOWN])}{more}\n")
    sys.stdout.write("\nread when Python starts:\n" if starting else "\nno .pth file is read when Python starts\n")
    for file in starting:
        owner = file.brought_by or "brought by no distribution that is installed"
        sys.stdout.write(f"  {file.path}: {owner}{'; runs code' if file.runs_code else ''}\n")
    sys.stdout.write(f"\n{len(bad)} of {len(verified)} differ\n" if bad else f"\n{len(verified)} are as installed\n")


def _lists(row: Verified) -> list[tuple[str, list[str]]]:
    found: dict[str, Any] = {
        "changed": row.changed,
        "missing": row.missing,
        "without a hash": row.unhashed,
        "in no RECORD": row.unlisted,
    }
    return [(what, paths) for what, paths in found.items() if paths]
