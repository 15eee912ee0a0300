"""Functions as tools: what a model is told of one, and what a function is called with."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from jackfield import ChatRequest, Data, InvalidInput, Media, Text, Tool, ToolCall, ToolResult, tool_of
from jackfield.functions import Function, failure_of, read_docstring, result_of


class Place(BaseModel):
    """A place."""

    city: str
    country: str = "France"


def weather(
    place: Place, days: int = 3, unit: Annotated[Literal["C", "F"], Field(description="the scale")] = "C"
) -> str:
    """Forecast the weather.

    Over several lines.

    Args:
        place: where it is asked for
        days (int): how many days,
            at most ten
        unit: not read, as the hint says more

    Returns:
        nothing: here
    """
    return f"{place.city} {days} {unit}"


def test_a_model_is_told_name_docstring_and_schema() -> None:
    tool = tool_of(weather)
    assert isinstance(tool, Tool)
    assert (tool.name, tool.description) == ("weather", "Forecast the weather.\n\nOver several lines.")
    schema: Any = tool.parameters
    assert schema["properties"]["place"]["description"] == "where it is asked for"
    assert schema["properties"]["days"] == {
        "type": "integer", "default": 3, "description": "how many days, at most ten",
    }  # fmt: skip
    assert schema["required"] == ["place"]
    assert schema["additionalProperties"] is False
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"place": {"city": "Paris"}, "unit": "F"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"place": {}, "unit": "K"}, schema)
    assert not any("title" in found for found in (schema, *schema["properties"].values(), *schema["$defs"].values()))


def test_a_request_takes_functions_among_tools() -> None:
    other = {"name": "other", "parameters": {"type": "object"}}
    request = ChatRequest(model="m", messages="Hi", tools=(weather, other, Tool(name="third")))
    assert [getattr(tool, "name", None) for tool in request.tools or ()] == ["weather", "other", "third"]
    assert request.tools is not None
    assert request.tools[0] == tool_of(weather)


def test_the_docstring_may_have_sphinxs_form() -> None:
    said, described = read_docstring(
        "Add.\n\n:param a: the first,\n    of two\n:param int b: the second\n:type a: int\n:returns: c"
    )
    assert said == "Add."
    assert described == {"a": "the first, of two", "b": "the second"}
    assert read_docstring("") == ("", {})


def test_methods_partials_and_objects_are_functions_too() -> None:
    class Shop:
        def __init__(self, prices: dict[str, int]) -> None:
            self.prices = prices

        def price(self, name: str) -> int:
            """Tell a price."""
            return self.prices[name]

        async def __call__(self, /, self_: int) -> int:
            """Count."""
            return self_

    shop = Shop({"tea": 3})
    method = Function(shop.price)
    assert (method.tool.name, method.tool.description, method.is_async) == ("price", "Tell a price.", False)
    assert method.bound(ToolCall(name="price", arguments='{"name": "tea"}'))() == 3
    bound = Function(functools.partial(weather, Place(city="Rome")), name="rome")
    assert set(dict(bound.tool.parameters or {})["properties"]) == {"days", "unit"}
    assert bound.bound(ToolCall(name="rome", arguments=""))() == "Rome 3 C"
    assert Function(shop).is_async


def test_a_parameter_may_have_any_name() -> None:
    def odd(schema: int, model_config: int, _hidden: int, /, copy: int, *, json: int = 1) -> list[int]:
        return [schema, model_config, _hidden, copy, json]

    function = Function(odd)
    assert set(dict(function.tool.parameters or {})["properties"]) == {
        "schema",
        "model_config",
        "_hidden",
        "copy",
        "json",
    }
    call = ToolCall(name="odd", arguments='{"schema": 1, "model_config": 2, "_hidden": 3, "copy": 4}')
    assert function.bound(call)() == [1, 2, 3, 4, 1]


@given(st.integers(), st.text(), st.lists(st.floats(allow_nan=False, allow_infinity=False)), st.none() | st.booleans())
def test_arguments_arrive_as_their_types(one: int, two: str, three: list[float], four: bool | None) -> None:
    import json

    def take(one: int, two: str, three: list[float], four: bool | None = None) -> Any:
        return one, two, three, four

    arguments = json.dumps({"one": one, "two": two, "three": three, "four": four})
    assert Function(take).bound(ToolCall(name="take", arguments=arguments))() == (one, two, three, four)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{", "Invalid JSON"),
        ("[]", "object"),
        ("{}", "place: Field required"),
        ('{"place": {"city": 1}}', "place.city: Input should be a valid string"),
        ('{"place": {"city": "a"}, "more": 1}', "more: Extra inputs are not permitted"),
    ],
)
def test_wrong_arguments_are_said_in_words_for_the_model(arguments: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Function(weather).bound(ToolCall(name="weather", arguments=arguments))
    assert "pydantic" not in str(caught.value)


def _many(*values: int) -> None: ...


def _any(**values: int) -> None: ...


def _strange(value: Unknown) -> None: ...  # type: ignore[name-defined] # noqa: F821


class _Opaque:
    """Something that pydantic does not know."""


def _opaque(value: _Opaque) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_many, r"takes \*values"),
        (_any, r"takes \*\*values"),
        (_strange, "cannot be read: name 'Unknown'"),
        (_opaque, "the hints of _opaque have no JSON schema"),
        (lambda a: a, "'<lambda>' is no name of a tool; give it one"),
    ],
    ids=["args", "kwargs", "unknown", "opaque", "lambda"],
)
def test_what_cannot_be_a_tool_is_refused(function: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        tool_of(function)
    with pytest.raises(ValueError, match=message):
        ChatRequest(model="m", messages="Hi", tools=(function,))


def test_a_name_and_a_description_may_be_given() -> None:
    tool = tool_of(lambda a: a, name="same", description="The same")
    assert (tool.name, tool.description) == ("same", "The same")
    assert dict(tool.parameters or {})["properties"] == {"a": {}}


@dataclass
class Row:
    """A row."""

    id: int
    tags: set[str]


CALL = ToolCall(id="c1", name="f")
PICTURE = Media(kind="image", source=b"png", mime="image/png")


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("text", (Text(text="text"),)),
        (None, (Data(value=None),)),
        ({"a": (1, 2)}, (Data(value={"a": [1, 2]}),)),
        (Row(1, {"x"}), (Data(value={"id": 1, "tags": ["x"]}),)),
        (Place(city="Rome"), (Data(value={"city": "Rome", "country": "France"}),)),
        (PICTURE, (PICTURE,)),
        ([Text(text="see"), PICTURE], (Text(text="see"), PICTURE)),
        ([], (Data(value=[]),)),
    ],
)
def test_what_a_function_returns_is_a_result(value: Any, parts: tuple[Any, ...]) -> None:
    assert result_of(CALL, value) == ToolResult(call_id="c1", name="f", parts=parts)


def test_a_result_of_its_own_and_a_failure() -> None:
    own = result_of(CALL, ToolResult(call_id="other", parts="no", is_error=True))
    assert own == failure_of(CALL, "no") == ToolResult(call_id="c1", name="f", parts="no", is_error=True)
