"""Mistral: its catalog, and what only Mistral writes so: thinking as pieces of the content, the tier in the usage.

Recorded: mistral/chat-completions. A trace goes back in the form in which it came.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from jackfield import (
    ChatRequest,
    ChatResponse,
    Choice,
    HTTPRequest,
    HTTPResponse,
    Message,
    Native,
    Request,
    Response,
    StreamDecoder,
    Text,
    Thinking,
    hookimpl,
)
from jackfield_dialect_openai.chat import variant

from ._order import InOrder

__all__ = ["in_order", "normalize_response", "stream_decoder", "translate_request"]

_TRACE = "reasoning_content"


def _amend(body: dict[str, Any]) -> None:
    if usage := body.get("usage"):
        body.setdefault("service_tier", usage.get("service_tier"))
    for choice in body.get("choices") or ():
        message = choice.get("message") or choice.get("delta") or {}
        if isinstance(content := message.get("content"), list):
            thoughts = [piece for piece in content if piece.get("type") == "thinking"]
            if thoughts:
                message[_TRACE] = "".join(map(_text, thoughts))
                message["content"] = [piece for piece in content if piece not in thoughts]


def _text(piece: dict[str, Any]) -> str:
    thinking = piece["thinking"]
    return thinking if isinstance(thinking, str) else "".join(row.get("text", "") for row in thinking)


_steps = variant(_amend)
normalize_response = _steps[0]


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a chat's stream."""
    inner: StreamDecoder | None = _steps[1](request, head)
    return None if inner is None else InOrder(inner)


@hookimpl(wrapper=True, specname="normalize_response")
def in_order(response: HTTPResponse) -> Generator[None, Response | None, Response | None]:
    """Put thinking behind a text that stands before it, as a stream has them."""
    found = yield
    if isinstance(found, ChatResponse) and b'"thinking"' in response.body:
        rows = response.json()["choices"]
        found.choices = tuple(_ordered(choice, row) for choice, row in zip(found.choices, rows, strict=True))
    return found


def _ordered(choice: Choice, row: dict[str, Any]) -> Choice:
    content = (row.get("message") or {}).get("content")
    pieces = content if isinstance(content, list) else []
    said = [(piece.get("type") == "thinking", _words(piece)) for piece in pieces]
    runs = [(is_thought, "".join(text for _, text in run)) for is_thought, run in groupby(said, lambda row: row[0])]
    runs = [(is_thought, text) for is_thought, text in runs if text]
    if [is_thought for is_thought, _ in runs] in ([], [True], [False], [True, False]):
        return choice
    parts = choice.message.parts
    thinking = next(part for part in parts if isinstance(part, Thinking))
    text = next(part for part in parts if isinstance(part, Text))
    made = [(thinking if is_thought else text).model_copy(update={"text": words}) for is_thought, words in runs]
    rest = [part for part in parts if not isinstance(part, Thinking | Text)]
    return replace(choice, message=choice.message.model_copy(update={"parts": (*made, *rest)}))


def _words(piece: dict[str, Any]) -> str:
    return _text(piece) if piece.get("type") == "thinking" else piece.get("text") or ""


@hookimpl(wrapper=True)
def translate_request(request: Request) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Write traces of thinking as pieces of the content, where they stood in it."""
    found = yield
    if found is not None and isinstance(request, ChatRequest):
        wires = [message for message in found.body["messages"] if message["role"] == "assistant"]
        ours = [message for message in request.messages if message.role == "assistant"]
        for wire, message in zip(wires, ours, strict=True):
            if wire.pop(_TRACE, None) is not None:
                wire["content"] = list(_pieces(message))
    return found


def _pieces(message: Message) -> Iterator[Any]:
    for part in message.parts:
        match part:
            case Thinking(text=text):
                yield {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
            case Text(text=text):
                yield {"type": "text", "text": text}
            case Native(body=body):
                yield body
            case _:
                pass  # calls and refusals have members of their own
