"""Schemas made flat: references followed, allOf merged, one branch chosen, so that what is left has one level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from ._accepts import canonical, resolve, type_names


class Unsatisfiable(ValueError):
    """No value that this generator finds is valid under the schema."""


_LOWEST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_HIGHEST = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})


def flatten(schema: Any, root: Any, rng: Random, deep: bool, followed: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a schema without $ref, allOf, anyOf and oneOf; where it is `deep`, branches that end soon come first.

    Raises:
        Unsatisfiable: branches or references contradict each other, or lead nowhere.
    """
    if schema is True:
        return {}
    if not isinstance(schema, Mapping):
        raise Unsatisfiable("a schema that is false takes no value")
    flat = {key: value for key, value in schema.items() if key not in ("$ref", "allOf", "anyOf", "oneOf")}
    inner: list[Any] = list(schema.get("allOf", ()))
    if (reference := schema.get("$ref")) is not None:
        if reference in followed:
            raise Unsatisfiable(f"{reference} refers to itself without end")
        followed |= {reference}
        try:
            inner.append(resolve(str(reference), root))
        except (LookupError, ValueError, TypeError) as error:
            raise Unsatisfiable(f"{reference} leads nowhere: {error}") from None
    for row in inner:
        flat = merge(flat, flatten(row, root, rng, deep, followed))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            flat = _choose(flat, schema[key], root, rng, deep, followed)
    return flat


def _choose(
    flat: dict[str, Any], branches: list[Any], root: Any, rng: Random, deep: bool, followed: frozenset[str]
) -> dict[str, Any]:
    order = rng.sample(branches, len(branches))
    order.sort(key=lambda branch: _is_nothing(branch) != deep)
    if deep:
        order.sort(key=_weight)
    reasons = []
    for branch in order:
        try:
            return merge(flat, flatten(branch, root, rng, deep, followed))
        except Unsatisfiable as error:
            reasons.append(str(error))
    raise Unsatisfiable(f"no branch fits: {'; '.join(reasons)}")


def _is_nothing(branch: Any) -> bool:
    return isinstance(branch, Mapping) and branch.get("type") == "null"


def _weight(branch: Any) -> int:
    """Return how far a branch is from its end: nothing, plain values, containers, references."""
    text = canonical(branch)
    return 2 * text.count('"$ref"') + ('"object"' in text or '"array"' in text)


def merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema that takes what both take.

    Raises:
        Unsatisfiable: they have no type or no constant in common.
    """
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        merged[key] = _both(key, one[key], other[key])
    for closed, free in ((one, other), (other, one)):
        if closed.get("additionalProperties") is False:
            known = closed.get("properties", {})
            refused = {name: False for name in free.get("properties", {}) if name not in known}
            merged["properties"] = {**merged.get("properties", {}), **refused}
    if merged.get("enum") == [] or ("type" in merged and not type_names(merged)):
        raise Unsatisfiable("two parts of the schema have no value in common")
    return merged


def _both(key: str, left: Any, right: Any) -> Any:
    if left == right:
        return left
    if key in _LOWEST or key in _HIGHEST:
        return min(left, right) if key in _LOWEST else max(left, right)
    if key == "type":
        names, others = type_names({"type": left}), type_names({"type": right})
        common = [name for name in names if name in others]
        if not common and {"integer", "number"} <= {*names, *others}:
            common = ["integer"]
        return common
    if key == "enum":
        known = [canonical(value) for value in right]
        return [value for value in left if canonical(value) in known]
    if key == "required":
        return list(dict.fromkeys([*left, *right]))
    if key in ("properties", "$defs", "definitions"):
        return {**left, **right, **{name: {"allOf": [left[name], right[name]]} for name in left.keys() & right.keys()}}
    if key in ("items", "additionalProperties"):
        return False if left is False or right is False else {"allOf": [left, right]}
    if key == "prefixItems":
        longer, shorter = sorted((left, right), key=len, reverse=True)
        return [{"allOf": [a, b]} for a, b in zip(longer, shorter, strict=False)] + longer[len(shorter) :]
    if key == "multipleOf" and isinstance(left, int) and isinstance(right, int):
        return math.lcm(left, right)
    return right
