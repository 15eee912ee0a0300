"""Each equivalence makes its two writings equal, and leaves apart what means something else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings import equivalences_ollama as equivalences

_CALLS = [{"function": {"name": "f", "arguments": {}}}]


def _said(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], **members}


def _called(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "tool_calls": _CALLS, **members}]}


CASES = [
    ("null_is_absent", _said(keep_alive=None), _said(), _said(keep_alive=0)),
    ("a_stream_is_the_default", _said(), _said(stream=True), _said(stream=False)),
    ("an_empty_text_is_absent", _called(content=""), _called(), _called(content="x")),
    ("nothing_asked_is_absent", _said(options={}), _said(), _said(options={"seed": 0})),
    ("nothing_asked_is_absent", _said(format=""), _said(), _said(format="json")),
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
