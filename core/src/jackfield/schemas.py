"""JSON schemas of Python types, as models take them: without titles, and closed where nothing else is kept."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema


class _Plain(GenerateJsonSchema):
    """A schema without the titles that pydantic makes of names: they say nothing, and are paid for as tokens."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(adapter: TypeAdapter[Any], *, is_answer: bool) -> dict[str, Any]:
    """Return the schema of a type. That of an answer is closed: members that nobody would keep are not asked for."""
    schema = adapter.json_schema(schema_generator=_Plain, by_alias=True)
    for each in (schema, *schema.get("$defs", {}).values()):
        if each.get("title") and each.get("type") in ("object", "string", "integer"):
            del each["title"]
    if is_answer:
        _close(schema)
    return schema


def _close(schema: Any) -> None:
    """Forbid further members wherever an object names its own and says nothing of others."""
    if isinstance(schema, list):
        for item in schema:
            _close(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        for key, value in schema.items():
            if key in ("properties", "$defs"):
                for item in value.values():
                    _close(item)
            elif key in ("items", "prefixItems", "anyOf", "oneOf", "allOf", "additionalProperties"):
                _close(value)
