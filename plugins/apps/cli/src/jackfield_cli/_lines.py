"""Lines that a person types: edited and remembered where Python has readline, else as the terminal gives them."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from ._state import lines_path

try:
    import readline
except ImportError:  # Windows
    readline = None  # type: ignore[assignment]

_MOST = 1000
_PROMPT, _GOES_ON = "> ", "... "


class Lines:
    """Reads lines; `commands` are completed by the tab key. What was typed is remembered in a file of its owner."""

    def __init__(self, commands: Iterable[str]) -> None:
        self._commands = sorted(commands)

    def __enter__(self) -> Self:
        if readline is not None:
            self._path = lines_path()
            try:
                readline.read_history_file(self._path)
            except OSError:  # libedit refuses an empty file
                readline.clear_history()
            readline.set_history_length(_MOST)
            readline.set_completer_delims(" \t\n")
            readline.set_completer(self._complete)
            is_libedit = "libedit" in (readline.__doc__ or "")
            readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if readline is not None:
            readline.write_history_file(self._path)

    def read(self) -> str:
        """Read a line, and those that follow a backslash at its end.

        Raises:
            EOFError: there is no more.
            KeyboardInterrupt: the line is given up.
        """
        line = input(_PROMPT)
        while line.endswith("\\"):
            line = line[:-1] + "\n" + input(_GOES_ON)
        return line

    def _complete(self, text: str, state: int) -> Any:
        found = [name for name in self._commands if name.startswith(text)] if text.startswith("/") else []
        return found[state] if state < len(found) else None
