"""The list of components that goes with the wheels (CycloneDX, JSON): each wheel with its hash, and all that it needs.

What others publish stands in it with the version of constraints.txt, with which everything was tested, and without a
hash: what is installed is chosen by the installer. The same wheels give the same list, byte for byte.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tests.packaging.closure import brought, direct
from tests.workspace.tree import ROOT, distributions

__all__ = ["NAME", "components"]

NAME = "jackfield.cdx.json"
SPEC = "1.6"


def components(wheels: Iterable[Path]) -> dict[str, Any]:
    """Describe wheels, which are those of this tree, and what an installation of all of them brings."""
    files = {str(canonicalize_name(wheel.name.partition("-")[0])): wheel for wheel in wheels}
    ours = {found.name: found for found in distributions() if found.name in files}
    others = sorted(set().union(*(brought(name) for name in ours)) - set(ours))
    pins = _pins()
    references = {name: _purl(name, str(found.project["version"])) for name, found in ours.items()}
    references |= {name: _purl(name, pins.get(name)) for name in others}
    rows = [_ours(name, str(found.project["version"]), files[name]) for name, found in sorted(ours.items())]
    rows += [_other(name, pins.get(name)) for name in others]
    needed = [
        {"ref": references[name], "dependsOn": sorted(references[other] for other in direct(name))}
        for name in (*sorted(ours), *others)
    ]
    core = ours["jackfield"].project
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "jackfield-workspace", "version": core["version"]}},
        "components": rows,
        "dependencies": needed,
    }
    return {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(body, sort_keys=True))}", **body}


def _ours(name: str, version: str, wheel: Path) -> dict[str, Any]:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return {
        "type": "library",
        "bom-ref": _purl(name, version),
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": _purl(name, version),
        "properties": [{"name": "jackfield:wheel", "value": wheel.name}],
    }


def _other(name: str, version: str | None) -> dict[str, Any]:
    row = {"type": "library", "bom-ref": _purl(name, version), "name": name, "purl": _purl(name, version)}
    return row if version is None else {**row, "version": version}


def _purl(name: str, version: str | None) -> str:
    return f"pkg:pypi/{name}" + (f"@{version}" if version else "")


def _pins() -> Mapping[str, str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}
