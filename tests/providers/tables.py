"""Writes what is known of every provider into its README: `python -m tests.providers.tables`, or `--check`.

A table stands between two comments that name the provider. Where the recordings are absent, its row about them stays
as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from jackfield import Boards
from tests.providers import known
from tests.recordings import loader
from tests.workspace.tree import ROOT

__all__ = ["readmes", "written"]

_BETWEEN = re.compile(r"(?<=<!-- known: )([\w-]+)( -->\n)(.*?)(?=<!-- /known -->)", re.DOTALL)


def readmes() -> list[Path]:
    """List the README of every provider."""
    return sorted((ROOT / "plugins/providers").glob("*/README.md"))


def written(text: str, boards: Boards) -> str:
    """Return the text of a README with every table anew."""
    return _BETWEEN.sub(lambda found: found[1] + found[2] + _table(found[1], found[3], boards), text)


def _table(provider: str, before: str, boards: Boards) -> str:
    rows = [*known.rows(boards, provider), *_recorded(provider, before)]
    lines = ["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows)]
    return "".join(f"{line}\n" for line in lines)


def _recorded(provider: str, before: str) -> Iterator[tuple[str, str]]:
    kept = re.search(rf"^\| {known.RECORDED} \| (.*) \|$", before, re.MULTILINE)
    if loader.root() is not None:
        yield known.RECORDED, known.recorded(provider)
    elif kept:
        yield known.RECORDED, kept[1]


def main() -> int:
    """Write the tables, or tell which are out of date."""
    boards, old = Boards(environ={"JACKFIELD_DISABLE": "prices,otel"}), 0
    for path in readmes():
        before = path.read_text(encoding="utf-8")
        if (after := written(before, boards)) == before:
            continue
        old += 1
        if "--check" in sys.argv[1:]:
            print(f"{path.relative_to(ROOT)} is out of date")
        else:
            path.write_text(after, encoding="utf-8")
    return 1 if old and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
