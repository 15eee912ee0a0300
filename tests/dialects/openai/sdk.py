"""Holds what we send and what we render against the official SDK's own types; a member that it has no name for is told.

Sent bodies are read with the SDK's TypedDicts, walked here: pydantic reads their `Iterable`s lazily and lets unknown
members pass. Rendered answers are read with the SDK's models, strictly.
"""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from openai.types.chat import completion_create_params as sdk
from pydantic import BaseModel, TypeAdapter
from typing_extensions import get_type_hints, is_typeddict

_BODIES = {
    streamed: TypeAdapter[Any](kind)
    for streamed, kind in (
        (False, sdk.CompletionCreateParamsNonStreaming),
        (True, sdk.CompletionCreateParamsStreaming),
    )
}


def check_body(body: dict[str, Any]) -> list[str]:
    """Return what the SDK's types have against a body that is to be sent."""
    streamed = bool(body.get("stream"))
    _BODIES[streamed].validate_python(body, strict=True)
    kind = sdk.CompletionCreateParamsStreaming if streamed else sdk.CompletionCreateParamsNonStreaming
    return list(against(body, kind, "body"))


def against(value: Any, kind: Any, where: str) -> Iterator[str]:
    """Walk a value beside its type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Required, NotRequired, Annotated):
        yield from against(value, arguments[0], where)
    elif origin in (Union, types.UnionType):
        tried = [list(against(value, branch, where)) for branch in arguments]
        yield from min(tried, key=lambda rows: (_is_another(rows, where), len(rows), -_depth(rows)))
    elif origin is Literal:
        if value not in arguments:
            yield f"{where}: {value!r} is none of {arguments}"
    elif is_typeddict(kind):
        yield from _object(value, kind, where)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _model(value, kind, where)
    elif origin in (dict, collections.abc.Mapping):
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from against(inner, arguments[1], f"{where}.{name}")
        else:
            yield f"{where}: no object"
    elif (isinstance(origin, type) and issubclass(origin, collections.abc.Iterable | list)) or _is_sequence(origin):
        if isinstance(value, list):
            for number, inner in enumerate(value):
                yield from against(inner, arguments[0], f"{where}[{number}]")
        else:
            yield f"{where}: no list"
    elif kind is not object and kind is not Any and not _is_of(value, kind):
        yield f"{where}: {value!r} is no {kind}"


def _is_another(rows: list[str], where: str) -> bool:
    """A branch of another kind, or with another `type`, is not meant, however little it complains of."""
    return any(row.startswith((f"{where}: ", f"{where}.type: ")) for row in rows)


def _depth(rows: list[str]) -> int:
    """Of branches with as many complaints the one that got furthest is meant."""
    return max((row.partition(" ")[0].partition(":")[0].count(".") for row in rows), default=0)


def _object(value: Any, kind: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: no object"
        return
    hints = get_type_hints(kind, include_extras=True)
    # where annotations are strings, `__required_keys__` knows only whether the class is total
    for name, hint in hints.items():
        marker: Any = get_origin(hint)
        total = name in kind.__required_keys__ and marker is not NotRequired
        if (total or marker is Required) and name not in value:
            yield f"{where}.{name} is missing"
    for name, inner in value.items():
        if name in hints:
            yield from against(inner, hints[name], f"{where}.{name}")
        else:
            yield f"{where}.{name} is not known to {kind.__name__}"


def _model(value: Any, kind: type[BaseModel], where: str) -> Iterator[str]:
    """Read by the class, not by its validator, which in some SDKs lets everything pass."""
    if not isinstance(value, dict):
        yield f"{where}: no object"
        return
    hints = {field.alias or name: (field.annotation, field.is_required()) for name, field in kind.model_fields.items()}
    for name, (_, is_required) in hints.items():
        if is_required and name not in value:
            yield f"{where}.{name} is missing"
    for name, inner in value.items():
        if name in hints:
            yield from against(inner, hints[name][0], f"{where}.{name}")
        else:
            yield f"{where}.{name} is not known to {kind.__name__}"


def _is_sequence(origin: Any) -> bool:
    return getattr(origin, "__name__", "") == "SequenceNotStr"


def _is_of(value: Any, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, get_origin(kind) or kind)


def read_strictly(kind: type[BaseModel], data: bytes) -> set[str]:
    """Read a rendered document as the SDK's model of it; return the members that the model has no name for."""
    return set(_unknown(TypeAdapter(kind).validate_json(data, strict=True)))


def _unknown(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from value.model_extra or ()
        for name in value.model_fields_set - (value.model_extra or {}).keys():
            yield from _unknown(getattr(value, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _unknown(inner)
