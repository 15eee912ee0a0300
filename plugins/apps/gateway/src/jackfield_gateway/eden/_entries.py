"""The entries of an answer: one for each provider that was asked, as an object by their names or as a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic_core import to_json

from jackfield import Attempt, Board, Boards, ChatRequest, ChatResponse, HTTPResponse, JackfieldError
from jackfield.errors import status_of
from jackfield_gateway._written import cost_number

from ._failures import failure, title_of
from ._requests import Shared
from ._targets import Target


class Entries:
    """Collects what became of every target, and writes the answer."""

    def __init__(self, boards: Boards, body: Shared) -> None:
        self._boards = boards
        self._body = body
        self._rows: list[tuple[Target, dict[str, Any]]] = []

    def succeeded(self, target: Target, request: ChatRequest, response: ChatResponse, said: Mapping[str, Any]) -> None:
        """Add an answer; `said` has the members of the feature."""
        row = {"generated_text": response.text, **said, "status": "success", "cost": cost_number(response.cost)}
        if self._body.attributes_as_list:
            row = _by_attribute(row)
        if self._body.show_original_response:
            row["original_response"] = self._original(request, response)
        self._rows.append((target, row))

    def failed(self, target: Target, error: JackfieldError) -> None:
        """Add a failure."""
        self._add(target, type(error).__name__, error.message, error.status and status_of(error))

    def attempted(self, asked: Sequence[Target], attempts: Sequence[Attempt], last_is_answer: bool) -> None:
        """Add a failure for every target that was asked in vain, in their order; retries of one are one."""
        rows = [list(found) for _, found in groupby(attempts, key=lambda row: (row.provider, row.model))]
        if last_is_answer:
            rows.pop()
        for target, found in zip(asked, rows, strict=False):
            last = found[-1]
            self._add(target, last.outcome, last.reason or last.outcome, last.status)

    def _add(self, target: Target, outcome: str, reason: str, status: int | None) -> None:
        title = title_of(self._boards, target.model.partition("/")[0])
        self._rows.append((target, {**failure(title, outcome, reason, status), "cost": 0.0}))

    def _original(self, request: ChatRequest, response: ChatResponse) -> Any:
        """Write the answer as that of an OpenAI-like chat, whoever gave it; as it came where nobody speaks that."""
        try:
            board: Board = self._boards.dialect("openai-chat")
        except JackfieldError:
            return response.raw
        body: dict[str, Any] = board.render_response(request, response).json()
        return {**body, "provider_time": None, "edenai_time": None, "cost": cost_number(response.cost)}

    def rendered(self) -> HTTPResponse:
        """Write the answer: the request was right, so it is a good one, whatever became of the providers."""
        if self._body.response_as_dict:
            body: Any = {
                target.written: row if row["status"] == "success" else {**row, "provider": target.written}
                for target, row in self._rows
            }
        else:
            body = [{**row, "provider": target.written} for target, row in self._rows]
        return HTTPResponse(200, {"content-type": "application/json"}, to_json(body))


def _by_attribute(row: dict[str, Any]) -> dict[str, Any]:
    """Write lists of objects as one list for each of their members, at the top."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for member in _members(value):
                found[member] = [item.get(member) for item in value]
        else:
            found[name] = value
    return found


def _members(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
