"""Compares what is installed with what its installer wrote down: the hashes in RECORD."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

_HASHES = ("sha256", "sha384", "sha512")
#: What has no hash by its nature: the list itself, its signatures, and what Python compiles.
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")


@dataclass(slots=True)
class Verified:
    """What came of one distribution; the paths are those of its RECORD."""

    name: str
    version: str | None
    editable: bool = False
    files: int = 0
    #: Why nothing could be compared.
    problem: str | None = None
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    #: Files that RECORD names without a hash that counts.
    unhashed: list[str] = field(default_factory=list)
    #: Files in the packages of the distribution that no RECORD names.
    unlisted: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """`ok`, `editable`, `unverifiable` or `mismatch`."""
        if self.problem is not None:
            return "unverifiable"
        if self.changed or self.missing or self.unhashed or self.unlisted:
            return "mismatch"
        return "editable" if self.editable else "ok"


def rows_of(metadata: Any) -> list[tuple[str, str]] | None:
    """Return path and hash of every line of a distribution's RECORD; None where there is none that can be read."""
    try:
        text = metadata.read_text("RECORD")
    except (OSError, ValueError):
        return None
    return [(row[0], row[1] if len(row) > 1 else "") for row in csv.reader(text.splitlines()) if row] if text else None


def root_of(metadata: Any) -> str:
    """Return the folder that the paths of a RECORD start from."""
    return os.path.realpath(str(metadata.locate_file("")))


def place_of(root: str, path: str) -> str:
    """Return where a path of RECORD is on this machine; links within the folder count as what they are."""
    return os.path.normpath(os.path.join(root, path))


def verify(name: str, version: str | None, metadata: Any, listed: Callable[[], set[str]]) -> Verified:
    """Compare every file of a distribution; `listed` gives the places that any RECORD here names."""
    found = Verified(name, version, _is_editable(metadata))
    rows = rows_of(metadata)
    if rows is None:
        found.problem = "it has no RECORD that can be read; install it again with pip"
        return found
    found.files = len(rows)
    root = root_of(metadata)
    for path, stated in rows:
        try:
            _compare(found, path, stated, Path(place_of(root, path)))
        except OSError as error:
            found.missing.append(f"{path} ({error.strerror})")
    if strangers := sorted(set(_beside(root, rows)) - {place_of(root, path) for path, _ in rows}):
        everywhere = listed()
        found.unlisted = [Path(place).relative_to(root).as_posix() for place in strangers if place not in everywhere]
    return found


def _compare(found: Verified, path: str, stated: str, place: Path) -> None:
    kind, _, digest = stated.partition("=")
    if not stated:
        if not _needs_no_hash(path):
            found.unhashed.append(path)
    elif kind not in _HASHES:
        found.unhashed.append(f"{path} ({kind} proves nothing)")
    elif not place.is_file():
        found.missing.append(path)
    elif _digest(kind, place.read_bytes()) != digest:
        found.changed.append(path)


def _digest(kind: str, content: bytes) -> str:
    return urlsafe_b64encode(hashlib.new(kind, content).digest()).decode().rstrip("=")


def _needs_no_hash(path: str) -> bool:
    pure = PurePosixPath(path)
    compiled = pure.suffix == ".pyc" and pure.parent.name == "__pycache__"
    return compiled or (pure.name in _UNHASHED and pure.parent.suffix == ".dist-info")


def _beside(root: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    """Give every file, compiled ones apart, in the packages that a distribution installs."""
    tops = {parts[0] for path, _ in rows if len(parts := PurePosixPath(path).parts) > 1}
    for top in sorted(tops):
        if top != ".." and not top.startswith("/") and not top.endswith((".dist-info", ".data")):
            for place in Path(root, top).rglob("*"):
                if place.is_file() and not _needs_no_hash(place.as_posix()):
                    yield str(place)


def _is_editable(metadata: Any) -> bool:
    try:
        origin = json.loads(metadata.read_text("direct_url.json") or "{}")
        return bool(origin.get("dir_info", {}).get("editable"))
    except (OSError, ValueError, AttributeError):
        return False
