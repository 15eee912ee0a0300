"""Each equivalence of the dialect `gemini` makes its two writings equal, and leaves apart what means something else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings import equivalences_gemini as equivalences


def _part(**members: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [members]}]}


def _calling(mode: str) -> dict[str, Any]:
    return {"toolConfig": {"functionCallingConfig": {"mode": mode}}}


def _thinking(level: str) -> dict[str, Any]:
    return {"generationConfig": {"thinkingConfig": {"thinkingLevel": level}}}


def _function(**members: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f", **members}]}]}


def _data(text: str) -> dict[str, Any]:
    return _part(inlineData={"mimeType": "image/png", "data": text})


def _functions(*entries: list[str]) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": name} for name in names]} for names in entries]}


CASES = [
    ("null_is_absent", _part(text="a", thought=None), _part(text="a"), _part(text="a", thought=False)),
    (
        "members_have_two_spellings",
        _part(function_call={"name": "f", "args": {"a_b": 1}}),
        _part(functionCall={"name": "f", "args": {"a_b": 1}}),
        _part(functionCall={"name": "f", "args": {"aB": 1}}),
    ),
    ("words_have_two_cases", _calling("none"), _calling("NONE"), _calling("any")),
    ("words_have_two_cases", _thinking("low"), _thinking("LOW"), _thinking("high")),
    (
        "types_have_two_cases",
        _function(parameters={"type": "OBJECT", "title": "STRING"}),
        _function(parameters={"type": "object", "title": "STRING"}),
        _function(parameters={"type": "object", "title": "string"}),
    ),
    ("base64_has_two_alphabets", _data("-_8="), _data("+/8="), _data("+/9=")),
    ("functions_may_share_an_entry", _functions(["a"], ["b"]), _functions(["a", "b"]), _functions(["b", "a"])),
    (
        "an_empty_configuration_is_absent",
        {"generationConfig": {}},
        {},
        {"generationConfig": {"temperature": 0}},
    ),
    (
        "the_model_stands_in_the_address",
        {"model": "models/m", "labels": {"a": "b"}},
        {"labels": {"a": "b"}},
        {"model": "models/m"},
    ),
]


@pytest.mark.parametrize(
    ("name", "one", "same", "other"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)]
)
def test_equivalence_joins_what_is_the_same_and_nothing_else(
    name: str, one: dict[str, Any], same: dict[str, Any], other: dict[str, Any]
) -> None:
    equivalence = getattr(equivalences, name)
    assert one != same
    assert equivalence(one) == equivalence(same)
    assert equivalence(one) != equivalence(other)
    assert equivalences.normal(one) == equivalences.normal(same) != equivalences.normal(other)
    assert equivalence in equivalences.ALL


def test_there_are_at_most_ten() -> None:
    assert len(equivalences.ALL) <= 10
