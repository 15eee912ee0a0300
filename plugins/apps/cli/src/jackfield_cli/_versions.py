"""Which versions run here."""

from __future__ import annotations

import platform
import sys

from importlib_metadata import version


def show_version() -> int:
    """Print the versions of the core, of this command and of Python in one line."""
    own, python = version("jackfield-cli"), platform.python_version()
    sys.stdout.write(f"jackfield {version('jackfield')} (jackfield-cli {own}, Python {python})\n")
    return 0
