"""Which tools the script calls, and with what; what came back of them."""

from __future__ import annotations

from itertools import takewhile
from random import Random

from pydantic_core import to_json

from jackfield import ChatRequest, InvalidInput, Tool, ToolCall, ToolChoice, ToolResult, derive_id

from ._flatten import Unsatisfiable
from ._schema import sample, unsatisfied
from ._sound import FORMATS
from ._text import text

_PARALLEL = 0.3


def results(request: ChatRequest) -> list[ToolResult]:
    """Return the tool results that the conversation ends with."""

    def of(message_parts: tuple[object, ...]) -> list[ToolResult]:
        return [part for part in message_parts if isinstance(part, ToolResult)]

    last = list(takewhile(lambda message: of(message.parts), reversed(request.messages)))
    return [result for message in reversed(last) for result in of(message.parts)]


def tool_calls(request: ChatRequest, rng: Random, seed: str, index: int) -> list[ToolCall]:
    """Return the calls of one choice: some wherever they may be made, unless the conversation ends with results.

    Raises:
        InvalidInput: a tool is demanded that is not offered, or whose parameters no value satisfies.
    """
    pool = _callable(request)
    choice = request.tool_choice or ToolChoice()
    is_forced = choice.mode == "required" or choice.name is not None
    if not pool or (not is_forced and results(request)):
        return []
    many = request.parallel_tool_calls is not False and choice.name is None and rng.random() < _PARALLEL
    chosen = rng.choices(pool, k=rng.randint(2, 3) if many else 1)
    return [
        ToolCall(
            id=derive_id("call_", seed, f"{index}.{number}"),
            name=tool.name,
            arguments=_arguments(tool, rng),
            kind=tool.kind,
        )
        for number, tool in enumerate(chosen)
    ]


def _callable(request: ChatRequest) -> list[Tool]:
    """Return the tools of which one may be called."""
    choice = request.tool_choice or ToolChoice()
    offered = request.tools or ()
    if choice.mode == "none":
        return []
    own = {tool.name: tool for tool in offered if isinstance(tool, Tool)}
    names = (choice.name,) if choice.name is not None else choice.allowed if choice.allowed is not None else tuple(own)
    if len(own) < len(offered):
        return [own[name] for name in names if name in own]
    if missing := [name for name in names if name not in own]:
        raise InvalidInput(
            f"tool_choice: no tool is named {missing[0]!r}; there are {', '.join(own) or 'none'}", param="tool_choice"
        )
    if choice.mode == "required" and not names:
        raise InvalidInput("tool_choice: a call is required but no tool may be called; give tools", param="tool_choice")
    return [own[name] for name in names]


def _arguments(tool: Tool, rng: Random) -> str:
    if tool.kind == "custom":
        return text(rng, 12)
    if not tool.parameters:
        return "{}"
    try:
        made = sample({"type": "object", **tool.parameters}, rng, tool.parameters)
    except Unsatisfiable as error:
        raise InvalidInput(f"tools: the parameters of {tool.name}: {error}", param="tools") from None
    return to_json(made).decode()


def unmet(request: ChatRequest) -> list[str]:
    """Name what the script cannot promise for this request: keywords of schemas, grammars, audio formats."""
    found: list[str] = []
    for tool in request.tools or ():
        if isinstance(tool, Tool):
            found += unsatisfied(tool.parameters)
            if tool.format is not None and tool.format.get("type") != "text":
                found.append("grammar")
    if request.response_format is not None:
        found += unsatisfied(request.response_format.schema_)
    if (audio := request.audio_out) is not None and audio.format not in (None, *FORMATS):
        found.append(f"audio:{audio.format}")
    return sorted(set(found))
