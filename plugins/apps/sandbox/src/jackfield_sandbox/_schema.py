"""Values that are valid under a JSON Schema: made from its keywords, then checked.

What a keyword asks that cannot be made by construction is named by `unsatisfied`, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from ._accepts import accepts, canonical, type_names
from ._flatten import Unsatisfiable, flatten
from ._numbers import integer, number
from ._pattern import UnsupportedPattern, matching
from ._strings import FORMATS, string
from ._text import word

_TRIES = 40
_DEEP = 4
_DEEPEST = 24
_MOST_VALUES = 5000
_BEYOND = frozenset(
    {"not", "if", "then", "else", "patternProperties", "dependentSchemas", "dependentRequired", "propertyNames",
     "contains", "minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef",
     "$recursiveRef", "additionalItems", "dependencies"}
)  # fmt: skip
_SCHEMAS = frozenset({"items", "additionalProperties"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_TABLES = frozenset({"properties", "$defs", "definitions"})
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def sample(schema: Any, rng: Random, root: Any = None) -> Any:
    """Make a value that is valid under `schema`; references are looked up in `root`, the schema itself unless given.

    Raises:
        Unsatisfiable: no value was found, and no keyword that `unsatisfied` names explains why.
    """
    document = schema if root is None else root
    reason = "what was made breaks it"
    made: list[Any] = []
    sampler = _Sampler(rng, document)
    for _ in range(_TRIES):
        try:
            value = sampler.value(schema, 0)
            if accepts(schema, value, document):
                return value
        except Unsatisfiable as error:
            reason = str(error)
            continue
        except (TypeError, AttributeError, ValueError, LookupError) as error:
            raise Unsatisfiable(f"the schema is not well formed: {error}") from None
        made.append(value)
    if made and unsatisfied(schema):
        return made[0]
    raise Unsatisfiable(f"no value of the schema was found: {reason}; simplify the schema")


def unsatisfied(schema: Any) -> list[str]:
    """Name the keywords whose demands `sample` does not make by construction, each once, in order."""
    return sorted(set(_beyond(schema)))


def _beyond(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        if key in _BEYOND:
            yield key
        elif key == "$ref" and not str(value).startswith("#"):
            yield "$ref"
        elif key == "pattern":
            try:
                matching(str(value), Random(0))
            except UnsupportedPattern:
                yield "pattern"
        elif key == "format" and str(value) not in FORMATS:
            yield f"format:{value}"
        elif key == "type":
            yield from (f"type:{name}" for name in type_names(schema) if name not in _TYPES)
        elif key in _TABLES and isinstance(value, Mapping):
            for inner in value.values():
                yield from _beyond(inner)
        elif key in _SCHEMAS:
            yield from _beyond(value)
        elif key in _LISTS and isinstance(value, list):
            for inner in value:
                yield from _beyond(inner)


class _Sampler:
    """Makes values, a limited number of them in all its tries."""

    def __init__(self, rng: Random, root: Any) -> None:
        self._rng = rng
        self._root = root
        self._made = 0

    def value(self, schema: Any, depth: int) -> Any:
        self._made += 1
        if depth > _DEEPEST or self._made > _MOST_VALUES:
            raise Unsatisfiable("the schema has no end, or asks for too much")
        flat = flatten(schema, self._root, self._rng, depth > _DEEP)
        if "const" in flat:
            return flat["const"]
        if "enum" in flat:
            rest = {key: value for key, value in flat.items() if key not in ("enum", "nullable")}
            if not (fitting := [value for value in flat["enum"] if accepts(rest, value, self._root)]):
                raise Unsatisfiable("no member of an enum fits the rest of its schema")
            return self._rng.choice(fitting)
        return self._makers()[self._kind(flat)](flat, depth)

    def _makers(self) -> Mapping[str, Callable[[dict[str, Any], int], Any]]:
        return {
            "object": self._object,
            "array": self._array,
            "string": lambda flat, _: string(flat, self._rng),
            "integer": lambda flat, _: integer(flat, self._rng),
            "number": lambda flat, _: number(flat, self._rng),
            "boolean": lambda flat, _: self._rng.random() < 0.5,
            "null": lambda flat, _: None,
        }

    def _kind(self, flat: Mapping[str, Any]) -> str:
        """Choose a type; null only where nothing else is named."""
        if names := [name for name in type_names(flat) if name in _TYPES]:
            return self._rng.choice([name for name in names if name != "null"] or names)
        for kind, keys in _HINTS:
            if keys & flat.keys():
                return kind
        return "string"

    def _object(self, flat: dict[str, Any], depth: int) -> dict[str, Any]:
        known, more = flat.get("properties", {}), flat.get("additionalProperties", True)
        required = list(flat.get("required", ()))
        least, most = flat.get("minProperties", 0), flat.get("maxProperties", len(known) + len(required) + 3)
        made = {name: self.value(known.get(name, more), depth + 1) for name in required}
        optional = [name for name in known if name not in made and known[name] is not False]
        self._rng.shuffle(optional)
        for place, name in enumerate(optional):
            if len(made) >= most:
                break
            wanted = len(made) + len(optional) - place <= least or self._rng.random() < 0.8 / (depth + 1)
            if not wanted:
                continue
            try:
                made[name] = self.value(known[name], depth + 1)
            except Unsatisfiable:
                continue
        if isinstance(more, Mapping) and more and not known and depth <= _DEEP:
            least = max(least, min(most, len(made) + self._rng.randint(1, 2)))
        for _ in range(_TRIES if more is not False else 0):
            if len(made) >= least:
                break
            if (name := f"{word(self._rng)}_{len(made)}") not in known:
                made[name] = self.value(more, depth + 1)
        return {name: made[name] for name in [*known, *made] if name in made}

    def _array(self, flat: dict[str, Any], depth: int) -> list[Any]:
        first, rest = flat.get("prefixItems", ()), flat.get("items", True)
        least = flat.get("minItems", 0)
        usual = len(first) if first else self._rng.randint(1, 3) if depth <= _DEEP else 0
        length = max(least, min(usual, flat.get("maxItems", usual)))
        if rest is False:
            length = min(length, len(first))
        made: list[Any] = []
        seen: set[str] = set()
        for _ in range(length * _TRIES):
            if len(made) >= length:
                break
            item = self.value(first[len(made)] if len(made) < len(first) else rest, depth + 1)
            if flat.get("uniqueItems") and canonical(item) in seen:
                continue
            seen.add(canonical(item))
            made.append(item)
        return made


_HINTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("object", frozenset({"properties", "required", "additionalProperties", "minProperties", "maxProperties"})),
    ("array", frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"})),
    ("string", frozenset({"minLength", "maxLength", "pattern", "format"})),
    ("number", frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})),
)
