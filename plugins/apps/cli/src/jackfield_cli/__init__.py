"""The command `jackfield`: chat from a terminal or a pipe, see what is installed, run the commands of plugins.

Nothing heavy is imported before a command needs it: `--version` and `--help` load no validation and no HTTP library.
"""

from __future__ import annotations

from ._main import main

__all__ = ["main"]
