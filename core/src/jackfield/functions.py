"""Python functions as tools: what a model is told of one, and how one is called with what a model wrote.

The schema is pydantic's, out of the type hints; descriptions come from the docstring, or from `Field(description=...)`
in an `Annotated`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation
from pydantic_core import to_jsonable_python

from .conversation import Tool
from .errors import InvalidInput
from .messages import Data, Media, Native, Text, ToolCall, ToolResult
from .schemas import schema_of

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
#: Where the description of a function ends and that of its parameters begins.
_SECTION: Final = re.compile(
    r"^\s*(?:(?:Args|Arguments|Parameters|Returns|Return|Yields|Raises|Examples?|Notes?)\s*:?\s*$|:\w+[^:]*:)"
)
_PARAMETERS: Final = re.compile(r"^\s*(?:Args|Arguments|Parameters)\s*:?\s*$")
_ENTRY: Final = re.compile(r"^(\s+)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_FIELD: Final = re.compile(r"^\s*:param(?:\s+[^:]*?)?\s+(\w+)\s*:\s*(.*)$")


class Function:
    """A Python function that a model may call: its `tool`, and `call`, which validates what the model wrote.

    Raises:
        InvalidInput: it has no name that a tool may have, takes `*args` or `**kwargs`, or a hint has no JSON schema.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None, description: str | None = None) -> None:
        bare: Any = function
        while isinstance(bare, partial):
            bare = bare.func
        self.function = function
        self.name = name or getattr(bare, "__name__", None) or type(bare).__name__
        if not _NAME.fullmatch(self.name):
            raise InvalidInput(
                f"{self.name!r} is no name of a tool; give it one: tool_of(function, name=...)", param="tools"
            )
        documented = bare if inspect.isroutine(bare) else type(bare)
        said, self._described = read_docstring(inspect.getdoc(documented) or "")
        signature = _signature(function, self.name)
        self._names = [name for name in signature.parameters]
        self._positional = {
            name for name, found in signature.parameters.items() if found.kind is inspect.Parameter.POSITIONAL_ONLY
        }
        self._model = self._arguments(signature)
        self.is_async = inspect.iscoroutinefunction(bare) or inspect.iscoroutinefunction(bare.__call__)
        self.tool = Tool(
            name=self.name,
            description=description or said or None,
            parameters=self._schema(),
        )

    def __repr__(self) -> str:
        return f"<Function {self.name}>"

    def bound(self, call: ToolCall) -> Callable[[], Any]:
        """Return the function with the arguments of a call, validated.

        Raises:
            ValueError: the arguments are no JSON, or not of the function's types; the message is for the model.
        """
        try:
            values = self._model.model_validate_json(call.arguments if call.arguments.strip() else "{}")
        except ValidationError as error:
            raise ValueError(complaint(error)) from None
        given = [
            (name, getattr(values, f"p{index}"))
            for index, name in enumerate(self._names)
            if f"p{index}" in values.model_fields_set
        ]
        args = [value for name, value in given if name in self._positional]
        return partial(self.function, *args, **{name: value for name, value in given if name not in self._positional})

    def _arguments(self, signature: inspect.Signature) -> type[BaseModel]:
        """Make the model of the arguments; its fields are numbered, since a parameter may have any name."""
        fields: dict[str, Any] = {}
        for index, (name, found) in enumerate(signature.parameters.items()):
            hint = Any if found.annotation is found.empty else found.annotation
            default = ... if found.default is found.empty else found.default
            fields[f"p{index}"] = (hint, Field(default, alias=name, description=self._described.get(name)))
        try:
            return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)
        except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation, NameError, TypeError) as error:
            raise self._refused(error) from error

    def _schema(self) -> dict[str, Any]:
        try:
            return schema_of(TypeAdapter(self._model), is_answer=False)
        except Exception as error:  # pydantic raises what it likes for a hint without a schema
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> InvalidInput:
        first = str(error).partition("\n")[0]
        return InvalidInput(f"the hints of {self.name} have no JSON schema: {first}", param="tools")


def tool_of(function: Callable[..., Any], *, name: str | None = None, description: str | None = None) -> Tool:
    """Return what a model is told of a Python function: its name, its docstring, and a schema of its type hints.

    Raises:
        InvalidInput: it has no name, takes `*args` or `**kwargs`, or a hint has no JSON schema.
    """
    return Function(function, name, description).tool


def result_of(call: ToolCall, value: Any) -> ToolResult:
    """Return what a function returned as the result of a call: text as text, parts as parts, all else as JSON.

    A `ToolResult` of its own says with `is_error` that it failed; whose result it is, is written on it here.

    Raises:
        PydanticSerializationError: the value has no form in JSON.
    """
    if isinstance(value, ToolResult):
        return value.model_copy(update={"call_id": call.id, "name": call.name})
    return ToolResult(call_id=call.id, name=call.name, parts=_parts(value))


def failure_of(call: ToolCall, reason: str) -> ToolResult:
    """Return the result of a call that failed, which the model reads."""
    return ToolResult(call_id=call.id, name=call.name, parts=reason, is_error=True)


def complaint(error: ValidationError) -> str:
    """Say to a model what is wrong with the JSON that it wrote: each place and what is expected there."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, row['loc'])) or 'the JSON'}: {row['msg']}" for row in rows[:20]]
    return "; ".join(lines)


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Return the description of a docstring, and those of its parameters: indented under `Args:`, or `:param name:`."""
    lines = text.splitlines()
    end = next((number for number, line in enumerate(lines) if _SECTION.match(line)), len(lines))
    described: dict[str, str] = {}
    name, inside, indent = "", False, 0
    for line in lines[end:]:
        if found := _FIELD.match(line):
            name, inside, indent = found[1], False, 0
            described[name] = found[2].strip()
        elif _SECTION.match(line):
            name, inside, indent = "", bool(_PARAMETERS.match(line)), 0
        elif inside and (entry := _ENTRY.match(line)) and len(entry[1]) <= (indent or len(entry[1])):
            name, indent = entry[2], len(entry[1])
            described[name] = entry[3].strip()
        elif name and line.strip():
            described[name] = f"{described[name]} {line.strip()}".strip()
    return "\n".join(lines[:end]).strip(), {name: said for name, said in described.items() if said}


def _signature(function: Callable[..., Any], name: str) -> inspect.Signature:
    try:
        signature = inspect.signature(function, eval_str=True)
    except (TypeError, ValueError, NameError) as error:
        raise InvalidInput(f"the parameters of {name} cannot be read: {error}", param="tools") from None
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise InvalidInput(
                f"the function {name} takes {parameter}, which no schema can say; name its parameters", param="tools"
            )
    return signature


def _parts(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        return (Text(text=value),)
    if isinstance(value, Text | Media | Data | Native):
        return (value,)
    if isinstance(value, list | tuple) and value and all(isinstance(item, Text | Media | Data) for item in value):
        return tuple(value)
    return (Data(value=to_jsonable_python(value, bytes_mode="base64")),)


def functions_of(tools: Sequence[Any]) -> Mapping[str, Function]:
    """Return the functions among tools, by name.

    Raises:
        InvalidInput: two have one name, or one cannot be a tool.
    """
    found: dict[str, Function] = {}
    for tool in tools:
        if is_function(tool):
            function = tool if isinstance(tool, Function) else Function(tool)
            if function.name in found:
                raise InvalidInput(f"two functions have the name {function.name}; rename one", param="tools")
            found[function.name] = function
    return found


def tool_for(tool: Any, functions: Mapping[str, Function]) -> Any:
    """Return what is offered for one of the tools: a function's own tool, or what is none as it is."""
    if not is_function(tool):
        return tool
    return next(known.tool for known in functions.values() if tool in (known, known.function))


def is_function(value: object) -> bool:
    """Tell whether a value among tools is a Python function, or an object that is called like one."""
    return isinstance(value, Function) or (callable(value) and not isinstance(value, type | BaseModel))
