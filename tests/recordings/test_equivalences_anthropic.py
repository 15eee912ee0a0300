"""Each equivalence makes its two writings equal, and leaves apart what means something else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings import equivalences_anthropic as equivalences

_TEXT = {"type": "text", "text": "hi"}


def _said(*contents: Any, role: str = "user", **members: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for content in contents], **members}


def _result(content: Any = "x", **members: Any) -> dict[str, Any]:
    return _said([{"type": "tool_result", "tool_use_id": "t", "content": content, **members}, _TEXT])


CASES = [
    (
        "null_is_absent",
        _said([{**_TEXT, "cache_control": None}, _TEXT]),
        _said([_TEXT, _TEXT]),
        _said([{**_TEXT, "cache_control": {"type": "ephemeral"}}, _TEXT]),
    ),
    ("turns_of_one_role_are_one", _said("a", [_TEXT]), _said([{**_TEXT, "text": "a"}, _TEXT]), _said([_TEXT, _TEXT])),
    ("one_text_is_a_string", _said([_TEXT]), _said("hi"), _said([_TEXT, _TEXT])),
    ("one_text_is_a_string", _said("a", system=[_TEXT]), _said("a", system="hi"), _said("a", system=[_TEXT, _TEXT])),
    ("one_text_is_a_string", _result([_TEXT]), _result("hi"), _result([_TEXT, _TEXT])),
    ("no_error_is_absent", _result(is_error=False), _result(), _result(is_error=True)),
]


@pytest.mark.parametrize(("name", "one", "same", "other"), CASES)
def test_equivalence_joins_what_is_the_same_and_nothing_else(
    name: str, one: dict[str, Any], same: dict[str, Any], other: dict[str, Any]
) -> None:
    equivalence = getattr(equivalences, name)
    assert one != same
    assert equivalence(one) == equivalence(same)
    assert equivalence(one) != equivalence(other)
    assert equivalences.normal(one) == equivalences.normal(same) != equivalences.normal(other)


def test_turns_of_two_roles_are_two() -> None:
    body = {"messages": [*_said("a")["messages"], *_said("b", role="assistant")["messages"]]}
    assert equivalences.turns_of_one_role_are_one(body) == body


def test_every_equivalence_has_a_case_and_there_are_at_most_ten() -> None:
    assert {case[0] for case in CASES} == {equivalence.__name__ for equivalence in equivalences.ALL}
    assert len(equivalences.ALL) <= 10
