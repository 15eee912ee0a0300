"""What the doctor checks of one plugin: is its data readable, can its code be imported, does a board open with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jackfield import Board, Boards, DialectInfo
from jackfield.discovery import Found
from jackfield.errors import ConfigurationError, PluginError

from ._failures import lines_of
from ._main import BUILT_IN
from ._plugins import brought_by, load, who

#: The checks in their order; a kind of plugin has those that make sense for it.
LABELS = ("name", "data", "code", "board")


@dataclass(slots=True)
class Checked:
    """What came of the checks of one plugin: for each `ok` or what is wrong."""

    kind: str
    name: str
    who: str
    checks: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What is wrong."""
        return [found for found in self.checks.values() if found not in ("ok", "disabled")]


def check(kind: str, name: str, rows: list[Found], boards: Boards) -> Checked:
    """Check the plugin of that name; nothing that it does ends the doctor."""
    checked = Checked(kind, name, brought_by(rows))
    for label, look in _looks(kind, name, rows, boards):
        try:
            look()
            checked.checks[label] = "ok"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit: an import may do anything
            shown = error if isinstance(error, Exception) else PluginError(f"{type(error).__name__}: {error}")
            checked.checks[label] = lines_of(shown)[0]
            break
    return checked


def not_admitted(kind: str, name: str, rows: list[Found]) -> Checked:
    """Return the row of a plugin that JACKFIELD_PLUGINS or JACKFIELD_DISABLE leaves out."""
    return Checked(kind, name, brought_by(rows), {"name": "disabled"})


def _looks(kind: str, name: str, rows: list[Found], boards: Boards) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "name", lambda: _alone(kind, name, rows)
    if kind == "dialect":
        yield "data", lambda: boards.dialect_info(name).routes
        yield "code", lambda: load(rows[0])
        yield "board", lambda: boards.dialect(name)
    elif kind == "provider":
        yield "data", lambda: _read_all(boards, name)
        yield "code", lambda: load(rows[0])
        yield "board", lambda: _open_all(boards, name)
    elif kind == "extension":
        yield "code", lambda: load(rows[0])
        yield "board", lambda: Board(DialectInfo(name, {}), None, [(brought_by(rows), load(rows[0]), "extension")])
    else:
        yield "code", lambda: _callable(rows[0])


def _alone(kind: str, name: str, rows: list[Found]) -> None:
    if len(names := sorted({who(row) for row in rows})) > 1:
        raise ConfigurationError(f"{' and '.join(names)} both claim the name {name!r}; remove one of them")
    if kind == "command" and name in BUILT_IN:
        raise ConfigurationError(f"{names[0]} brings a command {name!r}, which is our own and wins; rename it")


def _read_all(boards: Boards, name: str) -> None:
    info = boards.info(name)
    for model in info.model_names():
        info.model(model)
    _ = (info.title, info.dialect, info.operations, info.auth, info.settings)


def _open_all(boards: Boards, name: str) -> None:
    info = boards.info(name)
    others: Mapping[str, Any] = info.table.get("dialects", {})
    for dialect in dict.fromkeys((info.dialect, *others)):
        boards.open(name, dialect)


def _callable(found: Found) -> None:
    if not callable(load(found)):
        raise PluginError(f"{found.who}: its command is no function; it takes a list of words and returns a status")
