"""Scenario files: which requests of a run go wrong, and how. The same file and the same requests go the same way."""

from __future__ import annotations

import threading
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any

from jackfield import ConfigurationError, InvalidInput

from ._faults import Fault, read_fault

_MEMBERS = frozenset({"fault", "model", "dialect", "from", "to", "share"})


@dataclass(slots=True)
class _Rule:
    fault: Fault
    model: str
    dialect: str
    first: int
    last: int
    share: float
    met: int = 0


class Scenarios:
    """The rules of a file, and how often each was met.

    `seed` decides for rules with a `share`; `[[faults]]` are tried in their order: `fault` is what goes wrong, `model`
    and `dialect` are patterns, `from` and `to` count the requests that match these, `share` (0 to 1) strikes some.
    """

    def __init__(self, path: str | Path) -> None:
        """Read a file.

        Raises:
            ConfigurationError: it cannot be read, or a rule is wrong; names file and rule.
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path}: {error}") from error
        rules, seed = table.pop("faults", []), table.pop("seed", 0)
        if table or not isinstance(seed, int) or not isinstance(rules, list) or not rules:
            raise ConfigurationError(f"{path}: a scenario has seed, a whole number, and [[faults]], and nothing else")
        self._seed = seed
        self._rules = [_read(row, f"{path}: faults[{number}]") for number, row in enumerate(rules)]
        self._lock = threading.Lock()

    def pick(self, model: str, dialect: str) -> Fault | None:
        """Return what goes wrong with the next request; None: nothing."""
        with self._lock:
            for number, rule in enumerate(self._rules):
                if not (fnmatchcase(model, rule.model) and fnmatchcase(dialect, rule.dialect)):
                    continue
                rule.met += 1
                struck = Random(f"{self._seed}/{number}/{rule.met}").random() < rule.share
                if rule.first <= rule.met <= rule.last and struck:
                    return rule.fault
        return None


def _read(row: Any, where: str) -> _Rule:
    if not isinstance(row, dict) or not isinstance(row.get("fault"), str) or row.keys() - _MEMBERS:
        raise ConfigurationError(f"{where} has fault, a text, and may have {', '.join(sorted(_MEMBERS - {'fault'}))}")
    first, last, share = row.get("from", 1), row.get("to", 10**12), row.get("share", 1.0)
    whole = isinstance(first, int) and isinstance(last, int) and 1 <= first <= last
    if not whole or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ConfigurationError(f"{where}: from and to are whole numbers from 1 on, share is between 0 and 1")
    try:
        fault = read_fault(row["fault"], "fault")
    except InvalidInput as error:
        raise ConfigurationError(f"{where}: {error}") from error
    return _Rule(fault, str(row.get("model", "*")), str(row.get("dialect", "*")), first, last, float(share))
