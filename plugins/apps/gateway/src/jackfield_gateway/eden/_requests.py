"""The bodies of the chat features: what they hold, their ranges and their defaults.

What is null where the API knows no null is refused, as it does; members that it does not know are left alone.
Source: the vendor's OpenAPI of version 2, and what its public clients send, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError, from_json

Effort = Literal["low", "medium", "high"]
Name = Annotated[str, Field(min_length=1)]


def _names(value: Any) -> Any:
    """Read a list of names; clients also write one name, or several with commas."""
    rows = value if isinstance(value, list) else [value] if isinstance(value, str) else None
    if rows is None or not all(isinstance(row, str) for row in rows):
        return value
    if rows in ([], [""]):
        return []
    return [name.strip() for row in rows for name in row.split(",")]


def _settings(value: Any) -> Any:
    """Read an object, or the JSON text of one."""
    if isinstance(value, str):
        try:
            return from_json(value) if value.strip() else {}
        except ValueError:
            raise ValueError("Value must be valid JSON.") from None
    return value


class Body(BaseModel):
    """What every body is: members that are not known are kept apart and mean nothing; null is one for `nullable`."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, coerce_numbers_to_str=True)
    nullable: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls.nullable:
            raise PydanticCustomError("null", "This field may not be null.")
        return value

    def unwritten(self, *names: str) -> frozenset[str]:
        """Return those of the names that the caller did not write: the route's own defaults."""
        return frozenset(name for name in names if name not in self.model_fields_set)


class Shared(Body):
    """What the features that ask one or many providers share."""

    providers: Annotated[
        list[Name],
        BeforeValidator(_names, json_schema_input_type=list[Name] | str),
        Field(
            min_length=1,
            max_length=20,
            description="Providers, or `provider/model`; a string may hold several with commas.",
        ),
    ]
    settings: Annotated[
        dict[str, str],
        BeforeValidator(_settings, json_schema_input_type=dict[str, str] | str),
        Field(description="The model of each provider, as an object or its JSON text.", default_factory=dict),
    ]
    fallback_providers: Annotated[
        list[Name],
        BeforeValidator(_names, json_schema_input_type=list[Name] | str),
        Field(max_length=5, description="Who is asked in turn where the one provider fails.", default_factory=list),
    ]
    response_as_dict: bool = True
    attributes_as_list: bool = False
    show_base_64: bool = True
    show_original_response: bool = False
    temperature: float = Field(default=0.0, ge=0, le=2)
    reasoning_effort: Effort | None = None


class AvailableTool(Body):
    """A tool that the caller runs."""

    nullable = frozenset({"parameters", "description"})

    name: Name
    description: str | None = ""
    parameters: Any = None


class ToolCallOf(Body):
    """A call that an answer asked for."""

    id: Name
    name: Name
    arguments: Name


class Turn(Body):
    """A turn of the history."""

    nullable = frozenset({"message", "tools", "tool_calls"})

    role: Name
    message: Any
    tools: list[AvailableTool] | None = None
    tool_calls: list[ToolCallOf] | None = None


class ToolOutcome(Body):
    """What a call of a tool gave."""

    id: Name
    result: Name


class MultimodalChat(Shared):
    """Body of `multimodal/chat`. The last three are sent by public clients and stand in no description."""

    nullable = frozenset({"chatbot_global_action", "response_format"})

    messages: list[dict[str, Any]]
    chatbot_global_action: str | None = None
    max_tokens: int = Field(default=2048, ge=1, le=300_000)
    stop_sequences: list[str] = Field(default_factory=list)
    top_k: int | None = Field(default=None, ge=0, le=500)
    top_p: float | None = Field(default=None, ge=0, le=1)
    available_tools: list[AvailableTool] = Field(default_factory=list)
    tool_choice: Literal["auto", "required", "none"] = "auto"
    response_format: Mapping[str, Any] | None = None


class TextChat(Shared):
    """Body of `text/chat`."""

    nullable = frozenset({"text", "chatbot_global_action"})

    text: str | None = ""
    chatbot_global_action: str | None = ""
    previous_history: list[Turn] = Field(default_factory=list)
    max_tokens: int = Field(default=4096, ge=1)
    tool_choice: Literal["auto", "required", "none"] = "auto"
    available_tools: list[AvailableTool] = Field(default_factory=list)
    tool_results: list[ToolOutcome] = Field(default_factory=list)


class TextStream(TextChat):
    """Body of `text/chat/stream`."""

    fallback_type: Literal["rerun", "continue"] = "continue"
