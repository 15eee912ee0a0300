"""Usage, counted from what was really sent and said: about four characters to a token, a fixed number for media."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    Choice,
    Data,
    Media,
    Native,
    Part,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)

from ._text import count

#: Tokens of one piece of media, whatever its size.
MEDIA_TOKENS = {"image": 85, "audio": 50, "video": 250, "document": 250}


def usage_of(request: ChatRequest, choices: Iterable[Choice]) -> Usage:
    """Count both sides; nothing is ever read from a cache."""
    counts: Counter[str] = Counter({"input": 0, "output": 0, "input.cache_read": 0, "output.reasoning": 0})
    for message in request.messages:
        for part in message.parts:
            _add(counts, "input", part)
    for tool in request.tools or ():
        counts["input"] += count(_tool_text(tool))
    if (form := request.response_format) is not None and form.schema_ is not None:
        counts["input"] += count(_json(form.schema_))
    for choice in choices:
        for part in choice.message.parts:
            _add(counts, "output", part)
    return Usage(dict(counts))


def count_texts(texts: Iterable[str]) -> Usage:
    """Count an input of texts."""
    return Usage({"input": sum(map(count, texts)), "output": 0})


def _add(counts: Counter[str], side: str, part: Part) -> None:
    match part:
        case Media(kind=kind):
            counts[side] += MEDIA_TOKENS[kind]
            if kind in ("audio", "image"):
                counts[f"{side}.{kind}"] += MEDIA_TOKENS[kind]
            if side == "output":
                counts[side] += count(part.transcript or "")
        case Thinking(text=text):
            counts[side] += count(text)
            if side == "output":
                counts["output.reasoning"] += count(text)
        case ToolResult(parts=parts):
            for inner in parts:
                _add(counts, side, inner)
        case Text(text=text) | Refusal(text=text):
            counts[side] += count(text)
        case ToolCall():
            counts[side] += count(part.name) + count(part.arguments)
        case Data(value=value):
            counts[side] += count(_json(value))
        case Native():
            counts[side] += count(part.text if part.text is not None else _json(part.body))


def _tool_text(tool: object) -> str:
    if isinstance(tool, Tool):
        return tool.name + (tool.description or "") + (_json(tool.parameters) if tool.parameters else "")
    return _json(tool)


def _json(value: object) -> str:
    return to_json(value, fallback=str).decode()
