"""Installs wheels into new environments, offline."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path


def install(python: str, folder: Path, sources: Iterable[Path], names: Iterable[str]) -> set[str]:
    """Install into a new environment, offline, and return the names of what it then has."""
    run(python, "-m", "venv", str(folder / "venv"), cwd=folder)
    pip = [str(folder / "venv/bin/python"), "-m", "pip"]
    links = [word for source in sources for word in ("--find-links", str(source))]
    run(*pip, "install", "--quiet", "--no-index", "--only-binary=:all:", *links, *names, cwd=folder)
    listed = run(*pip, "list", "--format=freeze", cwd=folder).splitlines()
    return {line.partition("==")[0].lower().replace("_", "-") for line in listed} - {"pip", "setuptools"}


def run(*command: str, cwd: Path) -> str:
    """Run a command without the settings of this machine; give what it printed."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))
    }
    environment = {**clean, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
