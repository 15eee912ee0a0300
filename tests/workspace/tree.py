"""The files that git tracks, and the distributions among them."""

import ast
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.require import require

__all__ = ["ROOT", "Distribution", "distributions", "modules", "public_names", "tracked"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A folder with a pyproject.toml of its own."""

    folder: Path
    project: dict[str, Any]

    @property
    def name(self) -> str:
        """The name that it is installed by."""
        return str(self.project["name"])

    @property
    def package(self) -> Path:
        """The one package that it ships."""
        return self.folder / "src" / self.name.replace("-", "_")


@cache
def tracked() -> tuple[Path, ...]:
    """List what git tracks and the work tree has."""
    require("program:git")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = filter(None, listed.stdout.decode().split("\0"))
    return tuple(path for name in sorted(names) if (path := ROOT / name).is_file() and not path.is_symlink())


def distributions() -> list[Distribution]:
    """Read every distribution of the workspace, the core first."""
    files = [ROOT / "core/pyproject.toml", *sorted((ROOT / "plugins").glob("*/*/pyproject.toml"))]
    return [
        Distribution(folder=file.parent, project=tomllib.loads(file.read_text(encoding="utf-8"))["project"])
        for file in files
    ]


def modules(*folders: str) -> list[Path]:
    """List the tracked Python files in some folders at the root."""
    return [path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


def public_names(path: Path) -> list[str] | None:
    """Read a module's ``__all__`` without importing it; nothing where it has none that is written out."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=items) | ast.Tuple(elts=items))
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List(elts=items) | ast.Tuple(elts=items))
            ):
                return [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return None
