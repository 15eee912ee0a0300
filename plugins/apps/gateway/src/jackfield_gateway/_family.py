"""A family of routes: addresses that share an envelope for errors, and say of themselves what they take and give."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import BaseModel

from jackfield import HTTPResponse, JackfieldError

from ._call import Call

Answer: TypeAlias = Callable[[Call, Mapping[str, str]], Awaitable[None]]
Role: TypeAlias = Literal["viewer", "member", "admin"]
_VARIABLE = re.compile(r"\{(\w+)\}")
#: Addresses that are remembered to be nowhere, and characters of one.
_MOST, _LONGEST = 1_000, 200


@dataclass(frozen=True, slots=True)
class Doc:
    """What a description of an address says.

    `takes` and `query` are models of the body and of the query, `path` has a schema for each variable, `gives` one for
    each status. `media_types` are those of a good answer.
    """

    summary: str
    gives: Mapping[int, Mapping[str, Any]]
    takes: type[BaseModel] | None = None
    example: Any = None
    query: type[BaseModel] | None = None
    path: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    media_types: Sequence[str] = ("application/json",)


@dataclass(frozen=True, slots=True)
class Address:
    """One address and who answers there; a slash at the end makes no difference.

    `role` is the least that a caller's key needs; None: a viewer reads, a member asks.
    """

    method: str
    path: str
    answer: Answer
    doc: Doc
    role: Role | None = None


class Family(Protocol):
    """Routes below one prefix."""

    prefix: str
    addresses: Sequence[Address]

    def refused(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render an error that came before a route could answer, such as a key that is missing."""

    def failed(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render an error that is the whole answer."""

    def nowhere(self, call: Call, methods: Sequence[str]) -> HTTPResponse:
        """Render that nothing is at an address; `methods` are those that it takes, if there are any."""


class Table:
    """The addresses of all families."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = families
        self._plain: dict[tuple[str, str], tuple[Family, Address]] = {}
        #: What was asked for and is not here: nearly always an address of a dialect.
        self._nowhere: set[tuple[str, str]] = set()
        self._patterns: list[tuple[re.Pattern[str], Family, Address]] = []
        for family in families:
            for address in family.addresses:
                if "{" in address.path:
                    pattern = re.compile(_VARIABLE.sub(r"(?P<\1>[^/]+)", address.path))
                    self._patterns.append((pattern, family, address))
                else:
                    self._plain[address.method, address.path] = family, address

    def find(self, method: str, path: str) -> tuple[Family, Address, Mapping[str, str]] | None:
        """Return who answers a request."""
        asked = method, path
        if asked in self._nowhere:
            return None
        path = path.rstrip("/") or "/"
        if (known := self._plain.get((method, path))) is not None:
            return *known, {}
        for pattern, family, address in self._patterns:
            if address.method == method and (found := pattern.fullmatch(path)) is not None:
                return family, address, found.groupdict()
        if len(self._nowhere) < _MOST and len(path) < _LONGEST:
            self._nowhere.add(asked)
        return None

    def family(self, path: str) -> Family | None:
        """Return the family that a path belongs to, whether anything is there or not."""
        return next((family for family in self.families if path.startswith(family.prefix)), None)

    def methods(self, path: str) -> list[str]:
        """Return the methods that an address takes."""
        path = path.rstrip("/") or "/"
        found = {method for method, known in self._plain if known == path}
        found |= {address.method for pattern, _, address in self._patterns if pattern.fullmatch(path)}
        return sorted(found)
