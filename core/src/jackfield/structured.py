"""Structured answers: JSON of a type's schema is asked for, and what comes is validated as that type.

A model may be shown its mistake, once, and write again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from .conversation import ChatRequest, ChatResponse, ResponseFormat
from .dialogues import Ask, Dialogue
from .errors import InvalidAnswer, InvalidInput, JackfieldError
from .functions import complaint
from .messages import Message
from .schemas import schema_of
from .totals import total_cost, total_usage

T = TypeVar("T")
_REPAIR: Final = (
    "That is not of the form that was asked for: {fault}. Answer again, with the whole JSON and nothing else."
)
#: An answer that ended so would end so again.
_HOPELESS: Final = frozenset({"length", "context", "refusal", "content_filter", "cancelled", "tool_calls"})


@dataclass(slots=True, kw_only=True)
class ParsedResponse(ChatResponse, Generic[T]):
    """An answer whose text was validated: `parsed` is the value.

    `turns` has every answer, of which all but the last were not of the form; `cost`, `usage` and `attempts` are theirs
    together.
    """

    parsed: T
    turns: tuple[ChatResponse, ...] = ()


class Form(Generic[T]):
    """A type as the form of an answer.

    Raises:
        InvalidInput: the type has no JSON schema, or one that is no object.
    """

    def __init__(self, kind: type[T] | TypeAdapter[T], strict: bool | None = None) -> None:
        self._adapter: TypeAdapter[T]
        name = getattr(kind, "__name__", "answer")
        try:
            self._adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
            schema = schema_of(self._adapter, is_answer=True)
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            first = str(error).partition("\n")[0]
            raise InvalidInput(
                f"response_format: {name} has no JSON schema: {first}", param="response_format"
            ) from None
        if schema.get("type") != "object" and "$ref" not in schema:
            raise InvalidInput(
                f"response_format: the schema of {name} is no object; put it into a field of a model",
                param="response_format",
            )
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64].strip("_") or "answer"
        self.format = ResponseFormat.model_validate({"schema": schema, "name": name, "strict": strict})

    def read(self, response: ChatResponse) -> T:
        """Validate the text of an answer.

        Raises:
            ValueError: it is not of the form; the message says where.
        """
        if not response.text.strip():
            raise ValueError("there is no text")
        try:
            return self._adapter.validate_json(response.text)
        except ValidationError as error:
            raise ValueError(complaint(error)) from None


def parsing(request: ChatRequest, form: Form[T], repair: int) -> Dialogue[ParsedResponse[T]]:
    """Ask until an answer is of the form, with at most `repair` turns more than one.

    Raises:
        InvalidAnswer: none was; `.response` is the last one, `.turns` are all.
    """
    turns: list[ChatResponse] = []
    while True:
        try:
            response: ChatResponse = yield Ask(request)
        except JackfieldError as error:
            error.turns = tuple(turns)
            raise
        turns.append(response)
        try:
            return _parsed(form.read(response), turns)
        except ValueError as error:
            fault = str(error)
        if len(turns) > repair or response.finish_reason in _HOPELESS or not response.message.parts:
            raise _invalid(turns, fault)
        told = Message(role="user", parts=_REPAIR.format(fault=fault))
        request = request.model_copy(update={"messages": (*request.messages, response.message, told)})


def _parsed(value: T, turns: list[ChatResponse]) -> ParsedResponse[T]:
    last = turns[-1]
    members: dict[str, Any] = {field.name: getattr(last, field.name) for field in fields(ChatResponse)}
    if len(turns) > 1:
        members["cost"] = total_cost(turn.cost for turn in turns)
        members["usage"] = total_usage(turn.usage for turn in turns)
        members["attempts"] = tuple(attempt for turn in turns for attempt in turn.attempts)
    return ParsedResponse(parsed=value, turns=tuple(turns), **members)


def _invalid(turns: list[ChatResponse], fault: str) -> InvalidAnswer:
    last = turns[-1]
    why = f" (finish reason {last.finish_reason})" if last.finish_reason not in ("stop", "unknown") else ""
    error = InvalidAnswer(
        f"the answer is not of the form that was asked for{why}: {fault}",
        provider=last.provider,
        model=last.model,
        request_id=last.request_id,
    )
    error.response, error.turns, error.attempts = last, tuple(turns), last.attempts
    return error
