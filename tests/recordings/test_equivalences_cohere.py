"""Each equivalence makes its two writings equal, and leaves apart what means something else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings import equivalences_cohere as equivalences

_TEXT = {"type": "text", "text": "hi"}
_SCHEMA = {"type": "object"}


def _said(content: Any, **members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], **members}


def _formed(**form: Any) -> dict[str, Any]:
    return _said("hi", response_format=form)


CASES = [
    ("null_is_absent", _said("hi", temperature=None), _said("hi"), _said("hi", temperature=0)),
    ("one_text_is_a_string", _said([_TEXT]), _said("hi"), _said([_TEXT, _TEXT])),
    (
        "a_choice_is_in_capitals",
        _said("hi", tool_choice="none"),
        _said("hi", tool_choice="NONE"),
        _said("hi", tool_choice="REQUIRED"),
    ),
    (
        "a_schema_has_one_name",
        _formed(type="json_object", schema=_SCHEMA),
        _formed(type="json_object", json_schema=_SCHEMA),
        _formed(type="json_object"),
    ),
    (
        "a_schema_has_one_name",
        _formed(type="json_schema", json_schema=_SCHEMA),
        _formed(type="json_object", json_schema=_SCHEMA),
        _formed(type="json_object", json_schema={}),
    ),
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


def test_every_equivalence_has_a_case_and_there_are_at_most_ten() -> None:
    assert {case[0] for case in CASES} == {equivalence.__name__ for equivalence in equivalences.ALL}
    assert len(equivalences.ALL) <= 10
