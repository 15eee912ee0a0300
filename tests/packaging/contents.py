"""Compares a wheel with the source tree: nothing missing, nothing extra, nothing changed, and the license in it."""

import csv
import hashlib
import io
import zipfile
from base64 import urlsafe_b64encode
from email.parser import HeaderParser
from pathlib import Path

from tests.workspace.tree import ROOT, Distribution, tracked

__all__ = ["differences"]


def differences(wheel: Path, distribution: Distribution) -> list[str]:
    """Say what is wrong with a wheel of a distribution; nothing where it is the tree."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        double = len(archive.namelist()) - len(set(archive.namelist()))
    info = f"{distribution.package.name}-{distribution.project['version']}.dist-info"
    wanted = _package(distribution)
    found = [f"{wheel.name} has names twice"] if double else []
    found += [f"{wheel.name} lacks {name}" for name in sorted(wanted.keys() - held.keys())]
    found += [
        f"{wheel.name} differs in {name}" for name in sorted(wanted.keys() & held.keys()) if wanted[name] != held[name]
    ]
    metadata = {f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD", f"{info}/licenses/LICENSE"}
    if distribution.project.get("entry-points") or distribution.project.get("scripts"):
        metadata.add(f"{info}/entry_points.txt")
    found += [
        f"{wheel.name} has {name}, which is not of the tree" for name in sorted(held.keys() - wanted.keys() - metadata)
    ]
    found += [f"{wheel.name} lacks {name}" for name in sorted(metadata - held.keys())]
    found += [f"{wheel.name}: {problem}" for problem in _stated(held, info, distribution)]
    return found


def _package(distribution: Distribution) -> dict[str, bytes]:
    """Return what git tracks of a package, by its name in a wheel."""
    source = distribution.folder / "src"
    return {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in tracked()
        if path.is_relative_to(distribution.package)
    }


def _stated(held: dict[str, bytes], info: str, distribution: Distribution) -> list[str]:
    found = []
    if f"{distribution.package.name}/py.typed" not in held:
        found.append("it has no py.typed")
    if held.get(f"{info}/licenses/LICENSE") != (ROOT / "LICENSE").read_bytes():
        found.append("its license is not that of the tree")
    headers = HeaderParser().parsestr(held.get(f"{info}/METADATA", b"").decode())
    for name, value in (("License-Expression", "Apache-2.0"), ("Version", str(distribution.project["version"]))):
        if headers[name] != value:
            found.append(f"its metadata say {name}: {headers[name]}, not {value}")
    for path, stated, _ in csv.reader(io.StringIO(held.get(f"{info}/RECORD", b"").decode())):
        if path != f"{info}/RECORD" and stated != _hash(held.get(path, b"")):
            found.append(f"its RECORD is wrong about {path}")
    return found


def _hash(content: bytes) -> str:
    return "sha256=" + urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
