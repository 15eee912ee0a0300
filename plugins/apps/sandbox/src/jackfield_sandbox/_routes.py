"""The routes of every installed dialect, and which of them a request is for.

Base URLs differ between providers, so any path may stand before a route's own, and its leading version may be missing.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jackfield import Boards, ConfigurationError, HTTPRequest, Route

_VARIABLE = re.compile(r"\{(\w+)\}")
_VERSION = re.compile(r"^/v\d\w*(?=/)")


@dataclass(frozen=True, slots=True)
class Match:
    """A route that a request is for; `variables` are those of its path."""

    dialect: str
    route: Route
    variables: Mapping[str, str]

    def for_parser(self) -> dict[str, str]:
        """Return what `parse_request` is told of the route."""
        told = {"operation": self.route.operation, **self.variables}
        if self.route.stream is not None:
            told["stream"] = "true" if self.route.stream else "false"
        return told


@dataclass(frozen=True, slots=True)
class _Listening:
    dialect: str
    route: Route
    whole: re.Pattern[str]
    bare: re.Pattern[str] | None


class Routes:
    """The table of all routes; a dialect whose data cannot be read is left out with a warning."""

    def __init__(self, boards: Boards) -> None:
        self._rows: list[_Listening] = []
        for name in boards.dialects():
            try:
                self._rows += [_listening(name, route) for route in boards.dialect_info(name).routes]
            except (ConfigurationError, KeyError, re.error) as error:
                warnings.warn(f"the dialect {name} is left out, its routes cannot be read: {error}", stacklevel=2)

    def __iter__(self) -> Iterator[tuple[str, Route]]:
        return ((row.dialect, row.route) for row in self._rows)

    def find(self, request: HTTPRequest) -> Match | None:
        """Return the route of a request: the longest that fits, with a condition before without one."""
        path = urlsplit(request.url).path
        found = []
        for row in self._rows:
            if row.route.method.upper() != request.method.upper() or not _holds(row.route.when, request):
                continue
            fits = row.whole.fullmatch(path)
            is_whole = fits is not None
            if fits is None and row.bare is not None:
                fits = row.bare.fullmatch(path)
            if fits is not None:
                variables = fits.groupdict()
                before = variables.pop("before")
                rank = (is_whole, bool(row.route.when), -len(before), -len(variables))
                found.append((rank, row, {name: unquote(value) for name, value in variables.items()}))
        if not found:
            return None
        _, row, variables = max(found, key=lambda candidate: candidate[0])
        return Match(row.dialect, row.route, variables)

    def methods(self, request: HTTPRequest) -> list[str]:
        """Return the methods under which the path of a request is known."""
        other = (HTTPRequest(row.route.method, request.url, request.headers) for row in self._rows)
        return sorted({candidate.method for candidate in other if self.find(candidate) is not None})

    def nearest(self, request: HTTPRequest) -> str | None:
        """Return the dialect that has the path most like that of a request; None where none is like it."""
        path = urlsplit(request.url).path
        near = difflib.get_close_matches(path, [row.route.path for row in self._rows], n=1, cutoff=0.5)
        return next((row.dialect for row in self._rows if near and row.route.path == near[0]), None)


def _listening(dialect: str, route: Route) -> _Listening:
    shorter = _VERSION.sub("", route.path)
    return _Listening(dialect, route, _pattern(route.path), _pattern(shorter) if shorter != route.path else None)


def _pattern(path: str) -> re.Pattern[str]:
    pieces = _VARIABLE.split(path)
    pieces[0::2] = map(re.escape, pieces[0::2])
    pieces[1::2] = [f"(?P<{name}>.+?)" for name in pieces[1::2]]
    return re.compile(f"(?P<before>(?:/[^/]*)*?){''.join(pieces)}/?")


def _holds(when: Mapping[str, Any] | None, request: HTTPRequest) -> bool:
    """Tell whether the condition of a route holds: a header or a query member is there, or is like a pattern."""
    for place, wanted in (when or {}).items():
        if place == "header":
            given: Mapping[str, str] = request.headers
        else:
            given = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        rows = {wanted: "*"} if isinstance(wanted, str) else wanted
        for name, pattern in rows.items():
            value = given.get(name.lower() if place == "header" else name)
            if value is None or not fnmatchcase(value, pattern):
                return False
    return True
