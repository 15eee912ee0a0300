"""Where a translated request of the responses format may differ from the one that was recorded, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.recordings.equivalences import null_is_absent

Body = dict[str, Any]


def a_text_is_a_user_message(body: Body) -> Body:
    """An input that is a text is the same as one user's message of it."""
    if isinstance(given := body.get("input"), str):
        return {**body, "input": [{"role": "user", "content": given}]}
    return body


def no_input_is_an_empty_one(body: Body) -> Body:
    """A request that continues a stored prompt may leave its input out."""
    return {**body, "input": body.get("input") or []}


def a_message_has_its_type(body: Body) -> Body:
    """An item with a role and no type is a message."""
    return _each_item(body, lambda item: {"type": "message", **item} if "role" in item else item)


def one_text_is_a_string(body: Body) -> Body:
    """A content of one plain text is the same as that text; so is a function's output."""

    def plain(item: Body) -> Body:
        for member in ("content", "output"):
            rows = item.get(member)
            if isinstance(rows, list) and len(rows) == 1 and rows[0].keys() == {"type", "text"}:
                item = {**item, member: rows[0]["text"]}
        return item

    return _each_item(body, plain)


def empty_lists_of_an_answer_are_absent(body: Body) -> Body:
    """No annotations, no log probabilities, no content of a thought: an SDK sends them back as empty lists."""

    def bare(item: Body) -> Body:
        item = {name: value for name, value in item.items() if value != [] or name not in ("content", "results")}
        if isinstance(rows := item.get("content"), list):
            kept = [
                {name: value for name, value in row.items() if value != [] or name not in ("annotations", "logprobs")}
                for row in rows
            ]
            return {**item, "content": kept}
        return item

    return _each_item(body, bare)


def _each_item(body: Body, change: Callable[[Body], Body]) -> Body:
    if not isinstance(items := body.get("input"), list):
        return body
    return {**body, "input": [change(item) for item in items]}


ALL: tuple[Callable[[Any], Any], ...] = (
    null_is_absent,
    a_text_is_a_user_message,
    no_input_is_an_empty_one,
    a_message_has_its_type,
    empty_lists_of_an_answer_are_absent,
    one_text_is_a_string,
)


def normal(body: Body) -> Body:
    """Bring a body to the form in which equivalent bodies are equal."""
    for equivalence in ALL:
        body = equivalence(body)
    return body
