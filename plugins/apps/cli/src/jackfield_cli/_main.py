"""Decides by the first word who runs: a command of our own, one that a plugin brings, or nobody."""

from __future__ import annotations

import io
import sys
from typing import cast

BUILT_IN = (
    "chat", "completion", "cost", "doctor", "embed", "models", "plugins", "providers", "rerank", "tokens",
)  # fmt: skip


def main() -> int:
    """Run the command line of this process; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace" if stream is sys.stderr else "replace")
    argv = sys.argv[1:]
    if argv and not argv[0].startswith("-") and argv[0] not in BUILT_IN:
        from ._failures import guarded
        from ._plugins import run_plugin

        return guarded(lambda: run_plugin(argv[0], argv[1:]))
    from ._app import make_app

    return cast(int, make_app()(args=argv, prog_name="jackfield"))
