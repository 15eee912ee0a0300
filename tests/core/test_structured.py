"""Answers as values: what is asked for, what is validated, and what becomes of an answer that is not of the form."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

import pytest
from pydantic import BaseModel, Field, TypeAdapter

import jackfield
from jackfield import ChatRequest, InvalidAnswer, InvalidInput
from tests.core.colours import Asking
from tests.core.server import Server, completion, whole

T = TypeVar("T")


class Person(BaseModel):
    """Somebody."""

    name: str
    year: Annotated[int, Field(ge=1800, description="of birth")]


class Box(BaseModel, Generic[T]):
    """Holds something."""

    inside: T


ADA = '{"name": "Ada", "year": 1815}'


def _asked(server: Server, number: int = -1) -> Any:
    return json.loads(server.requests[number]["body"])


def test_an_answer_of_the_form_is_a_value(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(whole(completion(ADA)))
    answer = asking("parse", "acme/large", "Who?", response_format=Person, system="Be brief", options=options)
    assert answer.parsed == Person(name="Ada", year=1815)
    assert (answer.text, answer.finish_reason, answer.cost.total) == (ADA, "stop", Decimal("0.000008"))
    assert len(answer.turns) == len(answer.attempts) == 1
    form = _asked(server)["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["name"] == "Person"
    assert form["json_schema"]["schema"] == {
        "type": "object",
        "description": "Somebody.",
        "properties": {
            "name": {"type": "string"},
            "year": {"type": "integer", "minimum": 1800, "description": "of birth"},
        },
        "required": ["name", "year"],
        "additionalProperties": False,
    }
    assert "strict" not in form["json_schema"]
    assert [message["role"] for message in _asked(server)["messages"]] == ["system", "user"]


def test_a_repair_shows_the_model_its_mistake(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(whole(completion('{"name": "Ada", "year": 15}')), whole(completion(ADA)))
    answer = asking("parse", "acme/large", "Who?", response_format=Person, repair=1, strict=True, options=options)
    assert answer.parsed.year == 1815
    first, second = _asked(server, 0), _asked(server, 1)
    assert first["response_format"] == second["response_format"]
    assert second["response_format"]["json_schema"]["strict"] is True
    assert second["messages"][1] == {"role": "assistant", "content": '{"name": "Ada", "year": 15}'}
    assert "year: Input should be greater than or equal to 1800" in second["messages"][2]["content"]
    assert len(answer.turns) == len(answer.attempts) == 2
    assert answer.cost.total == 2 * answer.turns[0].cost.total
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (6, 4)


@pytest.mark.parametrize("repair", [0, 1])
def test_what_is_not_of_the_form_is_an_error_that_carries_it(
    server: Server, asking: Asking, options: dict[str, Any], repair: int
) -> None:
    server.answer(whole(completion("Ada, in 1815")))
    with pytest.raises(InvalidAnswer, match="not of the form that was asked for: the JSON: Invalid JSON") as caught:
        asking("parse", "acme/large", "Who?", response_format=Person, repair=repair, options=options)
    error = caught.value
    assert error.response.text == "Ada, in 1815"
    assert (error.provider, error.model) == ("acme", "large-1")
    assert len(error.turns) == len(server.requests) == repair + 1


@pytest.mark.parametrize(("reason", "told"), [("length", "length"), ("content_filter", "content_filter")])
def test_what_would_end_so_again_is_not_repaired(
    server: Server, asking: Asking, options: dict[str, Any], reason: str, told: str
) -> None:
    message = {"role": "assistant", "content": '{"name": "A'}
    server.answer(whole(completion(choices=[{"index": 0, "message": message, "finish_reason": reason}])))
    with pytest.raises(InvalidAnswer, match=f"finish reason {told}"):
        asking("parse", "acme/large", "Who?", response_format=Person, repair=1, options=options)
    assert len(server.requests) == 1


def test_an_error_of_the_provider_in_the_repair_carries_the_first_answer(
    server: Server, asking: Asking, options: dict[str, Any]
) -> None:
    server.answer(whole(completion("no")), whole({"error": {"message": "broke"}}, 500))
    with pytest.raises(jackfield.ServerError) as caught:
        asking("parse", "acme/large", "Who?", response_format=Person, repair=1, options=options)
    assert [turn.text for turn in caught.value.turns] == ["no"]


def test_generic_and_nested_types_have_a_name_and_are_closed(
    server: Server, asking: Asking, options: dict[str, Any]
) -> None:
    server.answer(whole(completion('{"inside": ' + ADA + "}")))
    answer = asking("parse", "acme/large", "Who?", response_format=Box[Person], options=options)
    assert answer.parsed.inside.name == "Ada"
    form = _asked(server)["response_format"]["json_schema"]
    assert form["name"] == "Box_Person"
    assert form["schema"]["$defs"]["Person"]["additionalProperties"] is False


def test_a_whole_request_keeps_its_parameters(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(whole(completion(ADA)))
    request = ChatRequest(model="acme/large", messages="Who?", max_tokens=50)
    adapter = TypeAdapter(Person)
    assert asking("parse", request, response_format=adapter, options=options).parsed.name == "Ada"
    assert _asked(server)["max_tokens"] == 50


@pytest.mark.parametrize(
    ("kind", "message"),
    [(list[int], "is no object; put it into a field of a model"), (object(), "has no JSON schema")],
    ids=["list", "object"],
)
def test_a_type_that_cannot_be_asked_for_is_refused(
    server: Server, asking: Asking, options: dict[str, Any], kind: Any, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        asking("parse", "acme/large", "Who?", response_format=kind, options=options)
    assert caught.value.param == "response_format"
    assert not server.requests


def test_repairs_are_none_or_one(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="repair is 2"):
        asking("parse", "acme/large", "Who?", response_format=Person, repair=2, options=options)


def test_fallbacks_answer_for_a_model_that_fails(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(whole({"error": {"message": "broke"}}, 500), whole(completion(ADA)))
    answer = asking("parse", "acme/large", "Who?", response_format=Person, fallbacks="acme/large", options=options)
    assert [attempt.outcome for attempt in answer.attempts] == ["ServerError", "ok"]
