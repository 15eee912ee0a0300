"""Several answers side by side on a terminal, as they come; drawn once more, whole, when all have ended."""

from __future__ import annotations

import shutil

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ._several import Column, Run

_NARROWEST = 30
_FRAME = 4


def fits(count: int) -> bool:
    """Tell whether the terminal is wide enough for that many columns."""
    return shutil.get_terminal_size().columns // count >= _NARROWEST


def watch_columns(run: Run) -> int:
    """Show the answers side by side and return the exit status."""
    console = Console()
    try:
        with Live(console=console, transient=True, refresh_per_second=12, get_renderable=lambda: _tails(run, console)):
            for _ in run:
                pass
    finally:  # also when interrupted: what came stays
        console.print(_row([_panel(column, Text(column.answer.rstrip("\n"))) for column in run.columns]))
    run.report()
    return run.status


def _tails(run: Run, console: Console) -> Table:
    """Draw the last lines of every column, as many as there is room for."""
    width = console.width // len(run.columns) - _FRAME
    height = max(console.height - 3, 1)
    panels = []
    for column in run.columns:
        thinking = not column.text and bool(column.thinking)
        text = Text(column.thinking if thinking else column.answer, style="dim" if thinking else "")
        panels.append(_panel(column, Group(*text.wrap(console, width)[-height:])))
    return _row(panels)


def _row(panels: list[Panel]) -> Table:
    grid = Table.grid(expand=True)
    for _ in panels:
        grid.add_column(ratio=1)
    grid.add_row(*panels)
    return grid


def _panel(column: Column, content: Text | Group) -> Panel:
    style = "red" if column.error else "green" if column.response else "dim"
    return Panel(content, title=Text(column.model), border_style=style)
