"""Declarations of tools, in both directions: the caller's own, and those that Amazon runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jackfield import Cache, HostedTool, InvalidInput, NativeTool, Tool, UnsupportedFeature

from ._blocks import SYSTEM_TOOLS
from ._checks import NAME, breakpoint_of, cache_point, made, object_of

_SPEC: Final = frozenset({"name", "description", "inputSchema", "strict"})
_SYSTEM_NAMES: Final[Mapping[str, str]] = {kind: name for name, kind in SYSTEM_TOOLS.items()}


def write_tools(tools: tuple[Tool | HostedTool | NativeTool, ...]) -> Iterator[dict[str, Any]]:
    """Write declarations, and the breakpoints of the cache behind them.

    Raises:
        UnsupportedFeature: the format has no form for one.
    """
    for tool in tools:
        match tool:
            case Tool(kind="function"):
                yield {"toolSpec": _spec(tool)}
                if tool.cache is not None:
                    yield cache_point(tool.cache)
            case Tool():
                raise UnsupportedFeature(
                    f"tools: {tool.name} takes free text, which the format has no form for; give it a schema",
                    param="tools",
                )
            case HostedTool():
                yield system_tool(tool.kind, tool.options)
            case NativeTool(dialect=dialect, body=body) if dialect == NAME:
                yield dict(body)
            case _:
                raise UnsupportedFeature(
                    f"tools: the format has no form for a tool of {tool.dialect}; take it out", param="tools"
                )


def system_tool(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Write a tool that Amazon runs.

    Raises:
        UnsupportedFeature: it runs none of the kind.
    """
    name = options.get("name") or _SYSTEM_NAMES.get(kind)
    if name is None:
        raise UnsupportedFeature(
            f"tools: the format has no form for a {kind} tool; run it yourself or take it out", param="tools"
        )
    return {"systemTool": {"name": name, **options}}


def _spec(tool: Tool) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description:  # an empty one is refused there
        spec["description"] = tool.description
    schema = {"type": "object", "properties": {}} if tool.parameters is None else dict(tool.parameters)
    spec["inputSchema"] = {"json": schema}
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return {**spec, **tool.options}


def read_tools(rows: list[Any], where: str) -> Iterator[Tool | HostedTool | NativeTool]:
    """Read declarations; a breakpoint of the cache belongs to the tool before it.

    Raises:
        InvalidInput: one is wrong; the message names the place.
    """
    held: Tool | HostedTool | NativeTool | None = None
    for number, row in enumerate(rows):
        place = f"{where}[{number}]"
        body = object_of(row, place)
        cache = breakpoint_of(body["cachePoint"]) if body.keys() == {"cachePoint"} else None
        if cache is not None and isinstance(held, Tool) and held.cache is None:
            held = _kept(held, cache)
            continue
        if held is not None:
            yield held
        held = _read(body, place)
    if held is not None:
        yield held


def _kept(tool: Tool, cache: Cache) -> Tool:
    return tool.model_copy(update={"cache": cache})


def _read(body: dict[str, Any], where: str) -> Tool | HostedTool | NativeTool:
    system = body.get("systemTool")
    if isinstance(system, Mapping) and (kind := SYSTEM_TOOLS.get(str(system.get("name")))) is not None:
        return HostedTool(kind=kind, name=str(system["name"]), options=dict(system), dialect=NAME)
    if "toolSpec" not in body:
        return NativeTool(dialect=NAME, body=body)
    place = f"{where}.toolSpec"
    spec = object_of(body["toolSpec"], place)
    if not isinstance(spec.get("name"), str):
        raise InvalidInput(f"{place}.name: a string is needed", param=f"{place}.name")
    schema = object_of(spec.get("inputSchema"), f"{place}.inputSchema")
    if schema.keys() != {"json"} or not isinstance(schema["json"], Mapping):
        return NativeTool(dialect=NAME, body=body)
    values: dict[str, Any] = {name: spec[name] for name in ("name", "description", "strict") if name in spec}
    values["parameters"] = schema["json"]
    if more := {name: value for name, value in spec.items() if name not in _SPEC}:
        values |= {"options": more, "dialect": NAME}
    return made(Tool, values, place)
