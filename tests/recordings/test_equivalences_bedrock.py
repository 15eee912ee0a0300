"""Each equivalence of Converse, with an example and with what it may not equate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.recordings import equivalences_bedrock as them


def _turn(*blocks: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


def _result(**members: Any) -> dict[str, Any]:
    return {"messages": [_turn({"toolResult": {"toolUseId": "c", "content": [], **members}})]}


def _schema(text: str, **members: Any) -> dict[str, Any]:
    structure = {"jsonSchema": {"schema": text, **members}}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}


A, B = {"text": "a"}, {"text": "b"}


@pytest.mark.parametrize(
    ("equivalence", "one", "other", "different"),
    [
        (
            them.empty_is_absent,
            {"messages": [], "system": [], "inferenceConfig": {"stopSequences": []}},
            {"messages": []},
            {"messages": [], "inferenceConfig": {"maxTokens": 0}},
        ),
        (them.success_is_absent, _result(status="success"), _result(), _result(status="error")),
        (
            them.turns_of_one_role_are_one,
            {"messages": [_turn(A), _turn(B), _turn(A, role="assistant")]},
            {"messages": [_turn(A, B), _turn(A, role="assistant")]},
            {"messages": [_turn(B, A), _turn(A, role="assistant")]},
        ),
        (
            them.schemas_are_compared_as_json,
            _schema('{"a": 1, "b": [2]}', name="n"),
            _schema('{"b":[2],"a":1}', name="n"),
            _schema('{"a": 1, "b": [3]}', name="n"),
        ),
    ],
)
def test_it_equates_what_is_the_same_and_nothing_else(
    equivalence: Callable[[Any], Any], one: Any, other: Any, different: Any
) -> None:
    assert equivalence(one) == equivalence(other)
    assert equivalence(one) != equivalence(different)


def test_all_of_them_are_few() -> None:
    assert len(them.ALL) == 5
