"""How large a question is, before anybody has counted its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import to_json

from jackfield import (
    Bytes,
    ChatRequest,
    ChatResponse,
    EmbeddingRequest,
    Media,
    Relay,
    Request,
    RerankRequest,
    Text,
    Thinking,
    TokenCountRequest,
    ToolCall,
    ToolResult,
)

if TYPE_CHECKING:
    from jackfield.relaying import Form

#: Bytes of text that are a token: at most, and at least. A rough bound that holds for prose, code and CJK alike.
MOST_BYTES, LEAST_BYTES = 4, 2
_PER_MESSAGE = 8
#: Bytes that a file that is no text counts as, and of what it is longer one in so many. An image of the large providers
#: has from 85 to about 1,600 tokens.
_MEDIA, _SHARE = 6000, 25


class Measure(NamedTuple):
    """Tokens that a question has, at least and at most; both are estimates."""

    least: int
    most: int


def measured(request: Request) -> Measure:
    """Estimate the tokens of a question."""
    if isinstance(request, TokenCountRequest):
        return Measure(0, 0)  # nothing is generated or charged
    return _estimated(*_sized(request))


def relayed(form: Form, relay: Relay) -> Measure:
    """Estimate the tokens of a question that is relayed; what is the same in all of its form is measured once."""
    if (size := form.notes.get("size")) is None:
        size = form.notes["size"] = _sized(form.asked)[0]
    return _estimated(size + relay.size, relay.turns)


def _estimated(size: int, turns: int) -> Measure:
    return Measure(size // MOST_BYTES + 1, size // LEAST_BYTES + 1 + _PER_MESSAGE * turns)


def _sized(request: Request) -> tuple[int, int]:
    """Return how many bytes a question has, or counts as, and in how many pieces."""
    size, turns = 0, 0
    if isinstance(request, ChatRequest):
        turns = len(request.messages)
        size = sum([bytes_of(message.parts) for message in request.messages])
        if request.tools:
            size += len(to_json(request.tools))
        if request.response_format is not None:
            size += len(to_json(request.response_format, serialize_unknown=True))
    elif isinstance(request, EmbeddingRequest):
        turns = len(request.inputs)
        size = sum(map(_length, request.inputs))
    elif isinstance(request, RerankRequest):
        turns = len(request.documents)
        size = sum(map(_length, request.documents)) + _length(request.query) * turns
    if request.provider_options:
        size += len(to_json(request.provider_options, serialize_unknown=True))
    return size, turns


def said(response: ChatResponse) -> int:
    """Return how many bytes of an answer have come."""
    return sum(bytes_of(choice.message.parts) for choice in response.choices)


def bytes_of(parts: Iterable[Any]) -> int:
    """Return how many bytes of text parts hold, or count as."""
    size = 0
    for part in parts:
        kind = type(part)
        if kind is Text or kind is Thinking:
            text = part.text
            size += len(text) if text.isascii() else _length(text)
        elif kind is ToolCall:
            size += _length(part.name) + _length(part.arguments)
        elif kind is ToolResult:
            size += bytes_of(part.parts)
        elif kind is Media:
            size += _MEDIA + (len(part.source.data) // _SHARE if isinstance(part.source, Bytes) else 0)
        else:
            size += len(to_json(part, serialize_unknown=True))
    return size


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
