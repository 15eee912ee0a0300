"""Writes the list of all distributions: `python -m tests.packaging.packages` builds them and writes
docs/reference/packages.md; with --check it only says what is out of date: all but sizes that are off by a little."""

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.packaging.building import build
from tests.packaging.closure import brought, direct
from tests.workspace.tree import ROOT, Distribution, distributions

__all__ = ["PAGE", "off", "sizes", "stated", "written"]

PAGE = ROOT / "docs/reference/packages.md"
_KINDS = {
    "core": "The core", "dialects": "Dialects", "providers": "Providers", "extensions": "Extensions", "apps": "Apps",
}  # fmt: skip
_HEAD = """\
# The packages

Written by `python -m tests.packaging.packages`. *Wheel* is the size of what is downloaded; *brings* is the number of
packages that an installation ends with, itself and those of others included, on Python 3.11 and Linux, without extras.
"""


def sizes(folder: Path) -> dict[str, int]:
    """Return the size of every wheel in a folder, in kB, by the name of its distribution."""
    found = ((path.name.partition("-")[0].replace("_", "-"), path.stat().st_size) for path in folder.glob("*.whl"))
    return {name: max(1, round(size / 1000)) for name, size in found}


def stated(text: str) -> dict[str, int]:
    """Return the sizes that a page states."""
    return {name: int(size) for name, size in re.findall(r"^\| `([\w-]+)` \| (\d+) kB \|", text, re.MULTILINE)}


def off(said: Mapping[str, int], true: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return the sizes that a page states and that are off by more than a fifth, each with the true one."""
    return {name: (said[name], size) for name, size in true.items() if abs(said[name] - size) > max(1, size / 5)}


def written(wheels: Mapping[str, int]) -> str:
    """Write the page."""
    parts = [_HEAD]
    for kind, title in _KINDS.items():
        rows = (_row(found, wheels[found.name]) for found in distributions() if _kind(found) == kind)
        parts.append(f"## {title}\n\n| package | wheel | depends on | brings |\n|---|---|---|---|\n{''.join(rows)}")
    return "\n".join(parts)


def _row(found: Distribution, size: int) -> str:
    needed = ", ".join(f"`{name}`" for name in direct(found.name))
    return f"| `{found.name}` | {size} kB | {needed} | {len(brought(found.name))} |\n"


def _kind(found: Distribution) -> str:
    place = found.folder.relative_to(ROOT).parts
    return place[1] if place[0] == "plugins" else place[0]


def main() -> int:
    """Build every wheel and write the page, where it is out of date; 1 where it is and only a check was asked for."""
    with tempfile.TemporaryDirectory() as copy, tempfile.TemporaryDirectory() as out:
        build(Path(copy), Path(out), "wheel")
        true = sizes(Path(out))
    text = PAGE.read_text(encoding="utf-8")
    said = stated(text)
    if set(said) == set(true) and written(said) == text and not off(said, true):
        return 0
    print(PAGE.relative_to(ROOT))
    if "--check" in sys.argv:
        return 1
    PAGE.write_text(written(true), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
