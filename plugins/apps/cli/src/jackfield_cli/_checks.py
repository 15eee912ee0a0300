"""What the doctor checks of one plugin: is its data readable, can its code be imported, does a board open with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jackfield import Board, Boards, DialectInfo
from jackfield.discovery import Found, conflict
from jackfield.errors import ConfigurationError, JackfieldError, PluginError
from jackfield.registration import spec_version

from ._failures import lines_of
from ._main import BUILT_IN
from ._plugins import brought_by

#: The checks in their order; a kind of plugin has those that make sense for it.
LABELS = ("name", "data", "code", "board")
#: Seconds that an import may take.
SLOW = 1.0


@dataclass(slots=True)
class Checked:
    """What came of the checks of one plugin: for each `ok` or what is wrong."""

    kind: str
    name: str
    who: str
    checks: dict[str, str] = field(default_factory=dict)
    #: The version of the hook specs that it was written for; None where that is not known, and for commands.
    spec: str | None = None
    #: What importing it took; of a library that several share, the first pays.
    import_seconds: float | None = None
    #: The size of its package, without what Python compiles.
    size_bytes: int | None = None

    @property
    def slow(self) -> bool:
        """Whether everybody who uses it waits for its import."""
        return self.import_seconds is not None and self.import_seconds > SLOW

    @property
    def problems(self) -> list[str]:
        """What is wrong."""
        return [found for found in self.checks.values() if found not in ("ok", "disabled")]


def check(kind: str, name: str, rows: list[Found], boards: Boards) -> Checked:
    """Check the plugin of that name; nothing that it does ends the doctor."""
    checked = Checked(kind, name, brought_by(rows), size_bytes=_size(rows[0]))
    for label, look in _looks(checked, rows, boards):
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


def _looks(checked: Checked, rows: list[Found], boards: Boards) -> Iterator[tuple[str, Callable[[], Any]]]:
    kind, name = checked.kind, checked.name
    yield "name", lambda: _alone(kind, name, rows)
    if kind == "dialect":
        yield "data", lambda: boards.dialect_info(name).routes
        yield "code", lambda: _import(checked, rows[0])
        yield "board", lambda: boards.dialect(name)
    elif kind == "provider":
        yield "data", lambda: _read_all(boards, name)
        yield "code", lambda: _import(checked, rows[0])
        yield "board", lambda: _open_all(boards, name)
    elif kind == "extension":
        yield "code", lambda: _import(checked, rows[0])
        yield "board", lambda: Board(DialectInfo(name, {}), None, [(brought_by(rows), rows[0].load(), "extension")])
    else:
        yield "code", lambda: _callable(checked, rows[0])


def _alone(kind: str, name: str, rows: list[Found]) -> None:
    if len({row.who for row in rows}) > 1:
        raise conflict(name, rows)
    if kind == "command" and name in BUILT_IN:
        raise ConfigurationError(f"{rows[0].who} brings a command {name!r}, which is our own and wins; rename it")


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


def _import(checked: Checked, found: Found) -> Any:
    started = time.perf_counter()
    plugin = found.load()
    checked.import_seconds = round(time.perf_counter() - started, 4)
    if checked.kind != "command":
        checked.spec = ".".join(map(str, spec_version(plugin, found.who)))
    return plugin


def _size(found: Found) -> int | None:
    """Add up what the folder of a package holds; None where there is none."""
    try:
        files = [path for path in found.folder.rglob("*") if path.suffix != ".pyc" and path.is_file()]
        return sum(path.stat().st_size for path in files)
    except (OSError, JackfieldError):
        return None


def _callable(checked: Checked, found: Found) -> None:
    if not callable(_import(checked, found)):
        raise PluginError(f"{found.who}: its command is no function; it takes a list of words and returns a status")
