"""Parse: the tools of a caller's body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from jackfield import HostedTool, NativeTool, Tool
from jackfield.reading import listed

from ._checks import members, refused
from ._words import HOSTED, NAME

_FUNCTION = {"name", "description", "parameters", "parametersJsonSchema"}
#: The types of the OpenAPI subset, which is written in capitals.
_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})


def parse_tools(rows: list[Any], serving: dict[str, Any]) -> tuple[Tool | HostedTool | NativeTool, ...]:
    """Parse the tools, and remember which functions have their schema in the older member."""
    older: list[str] = []
    found = tuple(tool for number, row in enumerate(rows) for tool in _entry(row, f"tools[{number}]", older))
    if older:
        serving["parameters_of"] = tuple(older)
    return found


def _entry(row: Any, where: str, older: list[str]) -> Iterator[Tool | HostedTool | NativeTool]:
    entry = members(row, where)
    for name, value in entry.items():
        if name == "functionDeclarations":
            functions = listed(value, f"{where}.functionDeclarations")
            for number, function in enumerate(functions):
                yield _function(function, f"{where}.functionDeclarations[{number}]", older)
        elif name in HOSTED and isinstance(value, Mapping):
            yield HostedTool(kind=HOSTED[name], name=name, options=value, dialect=NAME)
        else:
            yield NativeTool(dialect=NAME, body={name: value})


def _function(row: Any, where: str, older: list[str]) -> Tool | NativeTool:
    function = members(row, where)
    schema = function.get("parametersJsonSchema")
    if {"parameters", "parametersJsonSchema"} <= function.keys():
        return NativeTool(dialect=NAME, body={"functionDeclarations": [dict(row)]})
    more = {name: value for name, value in function.items() if name not in _FUNCTION}
    if (given := function.get("parameters")) is not None:
        schema = json_schema(given)
        older.append(str(function.get("name")))
    try:
        values = {"name": function.get("name"), "description": function.get("description"), "parameters": schema}
        return Tool.model_validate({**values, "options": more, "dialect": NAME} if more else values)
    except ValidationError as error:
        raise refused(error, where) from None


def json_schema(schema: Any) -> Any:
    """Return a schema of the OpenAPI subset with the types as JSON Schema writes them."""
    if isinstance(schema, list):
        return [json_schema(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "type" and isinstance(value, str) and value in _TYPES:
            found[name] = value.lower()
        elif name == "properties" and isinstance(value, Mapping):
            found[name] = {key: json_schema(inner) for key, inner in value.items()}
        elif name in ("items", "anyOf", "prefixItems", "additionalProperties"):
            found[name] = json_schema(value)
        else:
            found[name] = value
    return found
