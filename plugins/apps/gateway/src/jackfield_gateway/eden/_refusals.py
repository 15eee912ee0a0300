"""What is wrong with a body, in the words and the envelope of the API: a list of sentences for each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from jackfield import HTTPResponse

M = TypeVar("M", bound=BaseModel)
_JSON = {"content-type": "application/json"}
_WHOLE = "non_field_errors"
#: So many mistakes are told.
_MOST = 50
#: The sentences for what pydantic finds wrong; `{ctx}` members are pydantic's.
_SENTENCES: Mapping[str, str] = {
    "missing": "This field is required.",
    "bool_parsing": "Must be a valid boolean.",
    "bool_type": "Must be a valid boolean.",
    "int_parsing": "A valid integer is required.",
    "int_type": "A valid integer is required.",
    "int_from_float": "A valid integer is required.",
    "int_parsing_size": "String value too large.",
    "float_parsing": "A valid number is required.",
    "float_type": "A valid number is required.",
    "finite_number": "A valid number is required.",
    "string_type": "Not a valid string.",
    "uuid_parsing": "Must be a valid UUID.",
    "uuid_type": "Must be a valid UUID.",
    "date_parsing": "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.",
    "date_from_datetime_parsing": "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.",
    "greater_than_equal": "Ensure this value is greater than or equal to {ge}.",
    "less_than_equal": "Ensure this value is less than or equal to {le}.",
    "string_too_long": "Ensure this field has no more than {max_length} characters.",
    "too_long": "Ensure this field has no more than {max_length} elements.",
}


class Refused(Exception):
    """A request that cannot be answered: `status`, and what is wrong by parameter."""

    def __init__(self, problems: Mapping[str, list[str]], status: int = 400, kind: str = "validation_error") -> None:
        super().__init__(problems)
        self.problems = problems
        self.status = status
        self.kind = kind

    @classmethod
    def of(cls, parameter: str, sentence: str) -> Refused:
        """Make one of a single sentence."""
        return cls({parameter: [sentence]})

    def rendered(self) -> HTTPResponse:
        """Write the envelope."""
        body = {"error": {"type": self.kind, "message": dict(self.problems)}}
        return HTTPResponse(self.status, dict(_JSON), to_json(body))


def rendered(status: int, kind: str, message: str) -> HTTPResponse:
    """Write the envelope of what is no parameter's fault."""
    return HTTPResponse(status, dict(_JSON), to_json({"error": {"type": kind, "message": message}}))


def read(kind: type[M], body: bytes) -> M:
    """Read a JSON body as a model of the API.

    Raises:
        Refused: it is no JSON, or a member is wrong.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused({_WHOLE: [f"JSON parse error - {error}"]}, kind="parse_error") from None
    if not isinstance(value, dict):
        raise Refused.of(_WHOLE, f"Invalid data. Expected a dictionary, but got {_named(value)}.")
    return checked(kind, value)


def checked(kind: type[M], value: Mapping[str, Any]) -> M:
    """Validate members as a model of the API.

    Raises:
        Refused: a member is wrong.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problems: dict[str, list[str]] = {}
        for row in error.errors(include_url=False)[:_MOST]:
            parameter, *inner = row["loc"] or (_WHOLE,)
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner)
            sentence = f"{place.removeprefix('.')}: {_sentence(row)}" if place else _sentence(row)
            known = problems.setdefault(str(parameter), [])
            if sentence not in known:
                known.append(sentence)
        raise Refused(problems) from None


def _sentence(row: ErrorDetails) -> str:
    kind, given, context = row["type"], row["input"], row.get("ctx", {})
    if given is None and kind != "missing":
        return "This field may not be null."
    if kind in ("literal_error", "enum"):
        return f'"{given}" is not a valid choice.'
    if kind in ("list_type", "tuple_type"):
        return f'Expected a list of items but got type "{_named(given)}".'
    if kind in ("dict_type", "model_type", "mapping_type", "model_attributes_type"):
        return f'Expected a dictionary of items but got type "{_named(given)}".'
    if kind == "string_too_short":
        return "This field may not be blank."
    if kind == "too_short":
        return "This list may not be empty."
    if kind == "value_error":
        return str(context.get("error", row["msg"]))
    if (sentence := _SENTENCES.get(kind)) is not None:
        return sentence.format(**{name: _number(value) for name, value in context.items()})
    return row["msg"]


def _number(value: Any) -> Any:
    return f"{value:g}" if isinstance(value, float) else value


def _named(value: Any) -> str:
    """Name the type of a JSON value as the API does, which is Python's name for it."""
    return type(value).__name__
