"""Writes distributions into a folder, as an installer would, and runs Python with them."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

__all__ = ["install", "python"]

CATALOG = '[provider]\nname = "{0}"\ndialect = "openai-chat"\nbase_url = "https://{0}.invalid"\n'


def install(
    site: Path, package: str, name: str, code: str = "", kind: str = "providers", data: str | None = None
) -> Path:
    """Add a distribution that brings one entry point; returns the folder of its metadata."""
    folder = site / package
    folder.mkdir()
    (folder / "__init__.py").write_text(textwrap.dedent(code))
    (folder / "catalog.toml").write_text(CATALOG.format(name) if data is None else data)
    info = site / f"{package}-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 1.2.3\n")
    (info / "entry_points.txt").write_text(f"[jackfield.{kind}]\n{name} = {package}\n")
    return info


def python(site: Path, code: str, **environ: str) -> str:
    """Run code in a process that has these distributions beside ours; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": str(site), "PATH": "", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
