"""Tells whether a value is valid under a JSON Schema, for the keywords by which `_schema` chooses and checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ._pattern import compiled

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and float(value).is_integer(),
    "number": lambda value: is_number(value),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def is_number(value: Any) -> bool:
    """Tell whether a value is a JSON number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def type_names(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema names, in lower case (one vendor writes them in capitals)."""
    given = schema.get("type", [])
    return [str(name).lower() for name in (given if isinstance(given, list) else [given])]


def resolve(reference: str, root: Any) -> Any:
    """Follow a reference inside of the document.

    Raises:
        LookupError: it leads nowhere, or out of the document.
    """
    if not reference.startswith("#"):
        raise LookupError(f"{reference} lies outside of the schema")
    found = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def canonical(value: Any) -> str:
    """Write a JSON value so that equal values are equal texts: 1 and 1.0 are, 1 and true are not."""

    def plain(inner: Any) -> Any:
        if isinstance(inner, float) and inner.is_integer():
            return int(inner)
        if isinstance(inner, Mapping):
            return {key: plain(member) for key, member in inner.items()}
        return [plain(member) for member in inner] if isinstance(inner, list | tuple) else inner

    return json.dumps(plain(value), sort_keys=True)


def accepts(schema: Any, value: Any, root: Any, followed: frozenset[str] = frozenset()) -> bool:
    """Tell whether `value` is valid under `schema`, whose references are looked up in `root`.

    `followed` are the references that led here; one that leads back to itself accepts nothing.
    """
    if isinstance(schema, bool):
        return schema
    if value is None and schema.get("nullable") is True:
        return True
    if (names := type_names(schema)) and not any(_TYPES[name](value) for name in names if name in _TYPES):
        return False
    if "enum" in schema and canonical(value) not in map(canonical, schema["enum"]):
        return False
    if "const" in schema and canonical(value) != canonical(schema["const"]):
        return False
    if isinstance(value, str) and not _string(schema, value):
        return False
    if is_number(value) and not _number(schema, value):
        return False
    if isinstance(value, list) and not _array(schema, value, root):
        return False
    if isinstance(value, dict) and not _object(schema, value, root):
        return False
    return _composed(schema, value, root, followed)


def _composed(schema: Mapping[str, Any], value: Any, root: Any, followed: frozenset[str]) -> bool:
    def holds(inner: Any) -> bool:
        return accepts(inner, value, root, followed)

    if (reference := schema.get("$ref")) is not None:
        target = resolve(reference, root)
        if reference in followed or not accepts(target, value, root, followed | {reference}):
            return False
    if not all(map(holds, schema.get("allOf", ()))):
        return False
    if "anyOf" in schema and not any(map(holds, schema["anyOf"])):
        return False
    if "oneOf" in schema and sum(map(holds, schema["oneOf"])) != 1:
        return False
    if "not" in schema and holds(schema["not"]):
        return False
    return "if" not in schema or holds(schema.get("then" if holds(schema["if"]) else "else", True))


def _string(schema: Mapping[str, Any], value: str) -> bool:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return False
    return "pattern" not in schema or _is_like(schema["pattern"], value)


def _is_like(pattern: str, value: str) -> bool:
    """Tell whether a string matches; an expression that Python cannot read is passed over, `unsatisfied` names it."""
    expression = compiled(pattern)
    return expression is None or expression.search(value) is not None


def _number(schema: Mapping[str, Any], value: Any) -> bool:
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return False
    low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if (is_number(low) and value <= low) or (is_number(high) and value >= high):
        return False
    if not (step := schema.get("multipleOf")):
        return True
    if isinstance(step, int) and isinstance(value, int):
        return bool(value % step == 0)
    return float(value / step).is_integer()


def _array(schema: Mapping[str, Any], value: list[Any], root: Any) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return False
    if schema.get("uniqueItems") and len(set(map(canonical, value))) < len(value):
        return False
    first = schema.get("prefixItems", ())
    if not all(accepts(inner, item, root) for inner, item in zip(first, value, strict=False)):
        return False
    rest = schema.get("items", True)
    return all(accepts(rest, item, root) for item in value[len(first) :])


def _object(schema: Mapping[str, Any], value: dict[str, Any], root: Any) -> bool:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        return False
    if any(name not in value for name in schema.get("required", ())):
        return False
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for name, member in value.items():
        inner = [known[name]] if name in known else []
        inner += [row for pattern, row in patterns.items() if _is_like(pattern, name)]
        if not all(accepts(row, member, root) for row in inner or [schema.get("additionalProperties", True)]):
            return False
    return True
