"""Writes third-party distributions into a folder, as an installer would: a package, its metadata, its entry points."""

from pathlib import Path

__all__ = ["add_distribution"]


def add_distribution(
    folder: Path, name: str, group: str, entry: str, code: str, files: dict[str, str] | None = None
) -> None:
    """Add the distribution `jackfield-NAME` 1.5, whose package brings one entry point."""
    package = folder / f"jackfield_{name}"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    for file, text in (files or {}).items():
        (package / file).write_text(text)
    metadata = folder / f"jackfield_{name}-1.5.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: jackfield-{name}\nVersion: 1.5\n")
    (metadata / "entry_points.txt").write_text(f"[jackfield.{group}]\n{entry}\n")
