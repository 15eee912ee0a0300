"""Completion in shells: the script that a shell reads, and what may stand behind `-m`."""

from __future__ import annotations

import sys

from typer._completion_shared import get_completion_script


def show_script(shell: str) -> int:
    """Print the script of a shell, which asks this command itself what may follow."""
    script = get_completion_script(prog_name="jackfield", complete_var="_JACKFIELD_COMPLETE", shell=shell)
    sys.stdout.write(f"{script}\n")
    return 0


def models_like(incomplete: str) -> list[str]:
    """Name the models of the catalogs that begin so; until a provider is named, the providers."""
    from ._setup import open_boards

    boards = open_boards()
    provider, slash, _ = incomplete.partition("/")
    if not slash:
        return [f"{name}/" for name in boards.providers() if name.startswith(provider)]
    if provider not in boards.providers():
        return []
    names = boards.info(provider).model_names()
    return [name for name in (f"{provider}/{model}" for model in names) if name.startswith(incomplete)]
