"""Values that the sandbox makes are valid under their schemas, as another implementation judges."""

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, SchemaError

from jackfield_sandbox._flatten import Unsatisfiable
from jackfield_sandbox._pattern import UnsupportedPattern, matching
from jackfield_sandbox._schema import sample, unsatisfied

RECORDINGS = os.environ.get("JACKFIELD_RECORDINGS")
PATTERNS = [
    "^[A-Z]{3}$", r"\d+", "^(a|b|cd)*$", r"^[^x]+\.txt$", r"^\w{2,5}-\d{4}$", "^#[0-9a-fA-F]{6}$", "x?y+z*", "^.{3}$",
]  # fmt: skip
FORMATS = ["date", "time", "date-time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname", "regex", "duration"]
NAMES = st.sampled_from(["a", "b", "c", "naïve", "日本", "with space"])


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    match draw(st.integers(0, 3)):
        case 0:
            return {"type": "string", "pattern": draw(st.sampled_from(PATTERNS))}
        case 1:
            return {"type": "string", "format": draw(st.sampled_from(FORMATS))}
        case _:
            least = draw(st.integers(0, 40))
            return {"type": "string", "minLength": least, "maxLength": least + draw(st.integers(0, 20))}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    low = draw(st.integers(-1000, 1000))
    schema: dict[str, Any] = {"type": kind, draw(st.sampled_from(["minimum", "exclusiveMinimum"])): low}
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = low + draw(st.integers(60, 500))
    if draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([2, 7, 25, 0.5, 0.25] if kind == "number" else [2, 7, 25]))
    return schema


PLAIN = st.one_of(st.integers(), st.text(), st.booleans(), st.none())
LEAVES = st.one_of(
    strings(),
    numbers(),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}]),
    st.sampled_from([{}, True, {"const": {"x": [1]}}]),
    st.lists(PLAIN, min_size=1, max_size=4).map(lambda values: {"enum": values}),
    st.sampled_from([{"$ref": "#/$defs/tree"}, {"$ref": "#/$defs/list"}]),
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    properties = draw(st.dictionaries(NAMES, inner, max_size=4))
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema["required"] = [name for name in properties if draw(st.booleans())]
    more = draw(st.sampled_from([True, False, {"type": "integer"}]))
    schema["additionalProperties"] = more
    if draw(st.booleans()):
        schema["maxProperties"] = max(1, len(schema["required"]))
    elif more is not False and draw(st.booleans()):
        schema["minProperties"] = draw(st.integers(0, 6))
    return schema


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    least = draw(st.integers(0, 3))
    schema: dict[str, Any] = {"type": "array", "items": draw(inner), "minItems": least}
    if draw(st.booleans()):
        schema["maxItems"] = least + draw(st.integers(0, 3))
    if draw(st.booleans()):
        schema["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=2))
        schema["items"] = draw(st.sampled_from([False, {"type": "integer"}]))
        schema["minItems"] = 0
    elif draw(st.booleans()):
        schema["items"], schema["uniqueItems"] = draw(st.sampled_from([{"type": "integer"}, {"type": "string"}])), True
    return schema


def composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    tagged = st.lists(inner, min_size=1, max_size=3).map(
        lambda rows: {
            "oneOf": [
                {"type": "object", "properties": {"kind": {"const": n}, "value": row}, "required": ["kind", "value"]}
                for n, row in enumerate(rows)
            ]
        }
    )
    joined = st.tuples(objects(inner), objects(inner)).map(
        lambda pair: {
            "allOf": [
                {key: value for key, value in row.items() if key in ("type", "required", "properties")}
                | {"properties": {f"{side}{name}": value for name, value in row["properties"].items()}}
                | {"required": [f"{side}{name}" for name in row["required"]]}
                for side, row in zip("lr", pair, strict=True)
            ]
        }
    )
    return st.one_of(objects(inner), arrays(inner), some.map(lambda rows: {"anyOf": rows}), tagged, joined)


SCHEMAS = st.recursive(LEAVES, composed, max_leaves=10)
DEFS = {
    "tree": {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        "required": ["value", "children"],
    },
    "list": {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#/$defs/list"}, {"type": "null"}]}},
        "required": ["next"],
    },
}


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS, st.integers(0, 1000))
def test_made_values_are_valid(schema: Any, seed: int) -> None:
    document = {"$defs": DEFS, "allOf": [schema]}
    assert unsatisfied(document) == []
    judge = Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)
    judge.validate(sample(document, Random(seed)))


KEYWORDS = [
    "type", "properties", "required", "items", "prefixItems", "enum", "const", "anyOf", "oneOf", "allOf", "not", "if",
    "$ref", "$defs", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern", "format", "minItems",
    "maxItems", "uniqueItems", "additionalProperties", "minProperties", "maxProperties", "nullable",
    "patternProperties",
]  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 50), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["object", "string", "#", "#/properties/a", "#/x", "(", "a+", "integer", "date"]),
)  # fmt: skip
ANYTHING = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYWORDS), ANYTHING, max_size=5))
def test_no_schema_breaks_the_generator(schema: Any) -> None:
    assert all(isinstance(name, str) for name in unsatisfied(schema))
    with contextlib.suppress(Unsatisfiable):
        json.dumps(sample(schema, Random(0)))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_matched(pattern: str) -> None:
    import re

    assert all(re.search(pattern, matching(pattern, Random(seed))) for seed in range(50))


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", r"\p{L}", r"\bword", "[", "(a", "a)", "*", "a{100000}"])
def test_patterns_beyond_us_are_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern):
        matching(pattern, Random(1))


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"type": "string"}, []),
        ({"not": {"type": "string"}}, ["not"]),
        ({"if": {}, "then": {}, "else": {}}, ["else", "if", "then"]),
        ({"properties": {"x": {"patternProperties": {"a": True}}}}, ["patternProperties"]),
        ({"items": {"type": "string", "pattern": "(?<=a)b"}}, ["pattern"]),
        ({"anyOf": [{"format": "moon"}, {"dependentSchemas": {}}]}, ["dependentSchemas", "format:moon"]),
        ({"$ref": "https://example.com/other.json"}, ["$ref"]),
        ({"type": "int"}, ["type:int"]),
        ({"properties": {"not": {"type": "string"}, "if": {"enum": [{"not": 1}]}}}, []),
    ],
)
def test_keywords_beyond_us_are_named(schema: Any, names: list[str]) -> None:
    assert unsatisfied(schema) == names


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"enum": ["a"], "type": "integer"},
        {"type": "string", "minLength": 5, "maxLength": 3},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 3},
        {"type": "array", "minItems": 1_000_000_000},
        {"type": "string", "minLength": 1_000_000_000},
        {"type": "object", "minProperties": 2, "additionalProperties": False, "properties": {"a": True}},
        {"type": "integer", "minimum": "three"},
        {"type": "object", "properties": ["a"], "required": ["a"]},
    ],
    ids=str,
)
def test_schema_without_values_is_refused(schema: Any) -> None:
    with pytest.raises(Unsatisfiable):
        sample(schema, Random(1))


def test_types_in_capitals_are_read() -> None:
    schema = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}
    assert isinstance(sample(schema, Random(1))["a"], str)


PLACES = {
    "parameters", "input_schema", "schema", "responseSchema", "response_schema", "responseJsonSchema", "format",
    "parametersJsonSchema", "parameters_json_schema",
}  # fmt: skip


def _schemas(value: Any, place: str = "", above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for item in value:
            yield from _schemas(item, place, above)
    elif isinstance(value, dict):
        is_schema = place in PLACES or (place == "json" and above in ("inputSchema", "schema"))
        known = value.keys() & {"properties", "anyOf", "$ref", "items"} or str(value.get("type")).lower() == "object"
        if is_schema and known and "schema" not in value:
            yield place, value
        else:
            for name, inner in value.items():
                yield from _schemas(inner, name, place)


def _recorded() -> dict[str, tuple[str, dict[str, Any]]]:
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in sorted(Path(RECORDINGS or "").glob("*/*/*.json")):
        for interaction in json.loads(path.read_text(encoding="utf-8"))["interactions"]:
            try:
                body = json.loads(interaction["request"].get("body") or "null")
            except ValueError:
                continue
            for place, schema in _schemas(body):
                found.setdefault(json.dumps(schema, sort_keys=True), (f"{path.parent.parent.name}: {place}", schema))
    return found


def _lowered(schema: Any) -> Any:
    """Write one vendor's types in capitals as the standard has them."""
    if isinstance(schema, list):
        return [_lowered(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else _lowered(value)
        for key, value in schema.items()
    }


@pytest.mark.skipif(not RECORDINGS, reason="JACKFIELD_RECORDINGS is not set")
def test_recorded_schemas_are_satisfied(capsys: pytest.CaptureFixture[str]) -> None:
    named: Counter[str] = Counter()
    places: Counter[str] = Counter()
    invalid: list[str] = []
    recorded = _recorded()
    for where, schema in recorded.values():
        places[where.partition(": ")[2]] += 1
        named.update(unsatisfied(schema))
        standard = _lowered(schema)
        try:
            Draft202012Validator.check_schema(standard)
        except SchemaError as error:
            invalid.append(f"{where}: {error.message}")
            sample(schema, Random(0))
            continue
        judge = Draft202012Validator(standard, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for seed in range(5):
            judge.validate(sample(schema, Random(seed)))
    with capsys.disabled():
        print(f"\n{len(recorded)} recorded schemas {dict(places)}; {len(invalid)} are no JSON Schema: {invalid}")
        print(f"keywords that are not promised: {dict(named) or 'none'}")
    assert len(recorded) > 100
    assert len(invalid) < 10
