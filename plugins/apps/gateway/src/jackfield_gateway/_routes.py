"""The addresses of every installed dialect, as one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jackfield import Boards, Route

_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """What a request asks for, and in which dialect."""

    dialect: str
    route: Route
    variables: Mapping[str, str]

    def described(self) -> dict[str, str]:
        """Return operation, stream and the path's variables, as `parse_request` takes them."""
        stream = {} if self.route.stream is None else {"stream": "true" if self.route.stream else "false"}
        return {"operation": self.route.operation, **stream, **self.variables}


class Routes:
    """Finds the dialect and the operation of a request; the first dialect by name wins a path that two share."""

    def __init__(self, boards: Boards) -> None:
        self._plain: dict[tuple[str, str], list[tuple[str, Route]]] = {}
        self._patterns: list[tuple[str, re.Pattern[str], str, Route]] = []
        for dialect in boards.dialects():
            for route in boards.dialect_info(dialect).routes:
                if "{" in route.path:
                    pattern = re.compile(_VARIABLE.sub(r"(?P<\1>.+)", route.path.replace(".", r"\.")))
                    self._patterns.append((route.method, pattern, dialect, route))
                else:
                    self._plain.setdefault((route.method, route.path), []).append((dialect, route))

    def find(self, method: str, path: str, headers: Mapping[str, str]) -> Match | None:
        """Return what a request asks for; None where no dialect has the address."""
        path = path.rstrip("/") or "/"
        for dialect, route in self._plain.get((method, path), ()):
            if _holds(route, headers):
                return Match(dialect, route, {})
        for verb, pattern, dialect, route in self._patterns:
            if verb == method and (found := pattern.fullmatch(path)) and _holds(route, headers):
                return Match(dialect, route, found.groupdict())
        return None

    def methods(self, path: str) -> list[str]:
        """Return the methods that an address takes."""
        path = path.rstrip("/") or "/"
        found = {method for method, known in self._plain if known == path}
        found |= {method for method, pattern, _, _ in self._patterns if pattern.fullmatch(path)}
        return sorted(found)

    def all(self) -> list[tuple[str, Route]]:
        """Return every address with its dialect."""
        rows = [row for named in self._plain.values() for row in named]
        return [*rows, *((dialect, route) for _, _, dialect, route in self._patterns)]


def _holds(route: Route, headers: Mapping[str, str]) -> bool:
    wanted = (route.when or {}).get("header")
    return wanted is None or all(name in headers for name in ([wanted] if isinstance(wanted, str) else wanted))
