"""Calls that the host ran itself, as the rows of ``executed_tools``: groq's compound systems and its browser.

A whole answer has a row for each call. A stream has every call twice, always under index 0: first without what came of
it, and then with it. A call that failed is not repeated. Rows carry no ids.
"""

from collections.abc import Iterator
from typing import Any

from tests.recordings.oracle.wire import loads
from tests.recordings.oracle.words import parsed_arguments

__all__ = ["Runs"]

_KINDS = {
    "search": "web_search",
    "browser_search": "web_search",
    "visit": "web_fetch",
    "browser.open": "web_fetch",
    "browser.find": "web_fetch",
    "python": "code",
}
_CALL = ("index", "type", "name", "arguments")


class Runs:
    """The calls of one choice that its host ran, and what came of them."""

    def __init__(self) -> None:
        """Start without calls."""
        self._rows: list[dict[str, Any]] = []

    def feed(self, row: dict[str, Any], *, streamed: bool) -> None:
        """Add a row; in a stream one with an outcome completes the last open row that says the same."""
        if streamed and _outcome(row):
            for place in reversed(range(len(self._rows))):
                known = self._rows[place]
                if not _outcome(known) and all(known.get(key) == row.get(key) for key in _CALL):
                    self._rows[place] = row
                    return
        self._rows.append(row)

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls in order."""
        return [
            {
                "id": None,
                "name": row.get("name") or row["type"],
                "arguments": parsed_arguments(row.get("arguments") or "", loads),
                "kind": _KINDS.get(row["type"], "native"),
            }
            for row in self._rows
        ]

    def results(self) -> list[dict[str, Any]]:
        """Return the outcomes; no field tells a failure."""
        return [
            {"call_id": None, "content": found, "is_error": False} for row in self._rows if (found := _outcome(row))
        ]


def _outcome(row: dict[str, Any]) -> dict[str, Any]:
    return dict(_said(row))


def _said(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if key in _CALL or value is None:
            continue
        # a row without an outcome has search_results of no results
        if key == "output" or (any(value.values()) if isinstance(value, dict) else value):
            yield key, value
