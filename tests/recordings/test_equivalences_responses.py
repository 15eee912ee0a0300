"""Each equivalence of the dialect `openai-responses` makes its two writings equal, and leaves apart what is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings import equivalences_responses as equivalences

_USER = {"role": "user", "content": "hi"}


def _content(*pieces: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": list(pieces)}]}


def _output(**members: Any) -> dict[str, Any]:
    piece = {"type": "output_text", "text": "hi", **members}
    return {"input": [{"type": "message", "role": "assistant", "content": [piece]}]}


_TEXT = {"type": "input_text", "text": "hi"}
CASES = [
    ("null_is_absent", {"input": [], "store": None}, {"input": []}, {"input": [], "store": False}),
    ("a_text_is_a_user_message", {"input": "hi"}, {"input": [_USER]}, {"input": [{**_USER, "role": "system"}]}),
    ("no_input_is_an_empty_one", {"prompt": {"id": "p"}}, {"prompt": {"id": "p"}, "input": []}, {"input": [_USER]}),
    (
        "a_message_has_its_type",
        {"input": [_USER]},
        {"input": [{"type": "message", **_USER}]},
        {"input": [{"type": "additional_tools", **_USER}]},
    ),
    (
        "empty_lists_of_an_answer_are_absent",
        _output(annotations=[], logprobs=[]),
        _output(),
        _output(annotations=[{"type": "url_citation"}]),
    ),
    ("one_text_is_a_string", _content(_TEXT), {"input": [_USER]}, _content(_TEXT, _TEXT)),
]


@pytest.mark.parametrize(("name", "one", "same", "other"), CASES, ids=[case[0] for case in CASES])
def test_equivalence_joins_what_is_the_same_and_nothing_else(
    name: str, one: dict[str, Any], same: dict[str, Any], other: dict[str, Any]
) -> None:
    equivalence = getattr(equivalences, name)
    assert one != same
    assert equivalence(one) == equivalence(same)
    assert equivalence(one) != equivalence(other)
    assert equivalences.normal(one) == equivalences.normal(same) != equivalences.normal(other)


def test_every_equivalence_has_a_case_and_there_are_at_most_ten() -> None:
    assert [case[0] for case in CASES] == [equivalence.__name__ for equivalence in equivalences.ALL]
    assert len(equivalences.ALL) <= 10
