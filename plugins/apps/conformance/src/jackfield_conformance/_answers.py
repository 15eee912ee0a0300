"""Answers that the kit makes and the dialect's serving side writes: whole, and as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from jackfield import (
    Board,
    ChatRequest,
    ChatResponse,
    Choice,
    Delta,
    Endpoint,
    Exchange,
    HTTPRequest,
    JackfieldError,
    Message,
    ResponseFormat,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    UnsupportedFeature,
    UnsupportedOperation,
    Usage,
    unroll,
)

from ._reading import Answer
from ._scenarios import ODD
from ._subject import AT

_USAGE = Usage(counts={"input": 1200, "output": 34, "input.cache_read": 200})
_TOOLS = tuple(Tool(name=name, parameters={"type": "object"}) for name in ("kit_weather", "kit_clock"))


def _answer(*parts: Any, finish: Any = "stop", usage: Usage | None = _USAGE) -> ChatResponse:
    choice = Choice(message=Message(role="assistant", parts=parts), finish_reason=finish)
    return ChatResponse(id="kit-answer-1", model="kit-model", created=1_768_478_430, choices=(choice,), usage=usage)


def _call(number: int, name: str, arguments: str) -> ToolCall:
    return ToolCall(id=f"call_kit_{number}", name=name, arguments=arguments)


#: Name, answer, and what the request says beyond the plain one.
ANSWERS: tuple[tuple[str, ChatResponse, dict[str, Any]], ...] = (
    ("text", _answer(Text(text="kit answers in plain words")), {}),
    ("unicode", _answer(Text(text=ODD)), {}),
    ("cut by length", _answer(Text(text="kit has more to sa"), finish="length"), {}),
    ("a call", _answer(_call(1, "kit_weather", '{"kit_place":"Åre"}'), finish="tool_calls"), {"tools": _TOOLS}),
    (
        "calls",
        _answer(
            Text(text="kit looks both up"),
            _call(1, "kit_weather", '{"kit_place":"here"}'),
            _call(2, "kit_clock", "{}"),
            _call(3, "kit_weather", '{"kit_place":"there"}'),
            finish="tool_calls",
        ),
        {"tools": _TOOLS},
    ),
    (
        "json",
        _answer(Text(text='{"kit_answer": "yes"}')),
        {"response_format": ResponseFormat(type="schema", schema={"type": "object"}, name="kit_form")},
    ),
)


def nowhere(dialect: str) -> Endpoint:
    """Return an endpoint of nobody that speaks a dialect."""
    return Endpoint("kit", dialect, "https://kit.invalid/v1")


def asked(board: Board, request: ChatRequest, stream: bool) -> ChatRequest | None:
    """Return a request as the dialect's own server would parse it; None where the dialect has no serving side."""
    request = request.model_copy(update={"stream": stream or None})
    exchange = Exchange(board, request, nowhere(board.dialect.name), AT, "pass")
    route = route_of(board, exchange.http_request, stream)
    try:
        found = board.parse_request(exchange.http_request, route)
    except UnsupportedOperation:
        return None
    assert isinstance(found, ChatRequest)
    return found


def route_of(board: Board, request: HTTPRequest, stream: bool) -> dict[str, str]:
    """Return what a server would know of an address: the operation, whether it streams, the variables of the path."""
    path = request.url.partition("?")[0]
    found = {"operation": "chat"}
    for route in board.dialect.routes:
        if route.operation != "chat" or route.stream not in (None, stream):
            continue
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path))
        if (match := re.search(pattern + "$", path)) is not None:
            found |= match.groupdict()
            break
    if any(route.operation == "chat" and route.stream is not None for route in board.dialect.routes):
        found["stream"] = "true" if stream else "false"
    return found


def rendered(board: Board, name: str, response: ChatResponse, request: ChatRequest) -> Answer | None:
    """Write an answer in a dialect, as a stream where the request asks for one; None where it cannot be said."""
    try:
        if request.stream:
            encoder = board.stream_encoder(request, AT)
            body = b"".join(encoder.encode(delta) for delta in finely(response)) + encoder.close()
            return Answer(name, body, {key.lower(): value for key, value in encoder.headers.items()}, stream=True)
        found = board.render_response(request, response)
    except UnsupportedFeature:
        return None
    return Answer(name, found.body, {key.lower(): value for key, value in found.headers.items()}, found.status)


def finely(response: ChatResponse) -> Iterator[Delta]:
    """Unroll an answer, its texts in pieces of a few characters."""
    for delta in unroll(response):
        if isinstance(delta, TextDelta):
            for start in range(0, len(delta.text), 5):
                yield replace(delta, text=delta.text[start : start + 5])
        else:
            yield delta


def made(board: Board, model: str, stream: bool) -> Iterator[tuple[ChatRequest, ChatResponse, Answer]]:
    """Yield the kit's answers as the dialect of a board writes them, each with what it answers."""
    for name, response, more in ANSWERS:
        request = ChatRequest(model=model, messages="kit asks", **more)
        try:
            heard = asked(board, request, stream)
        except JackfieldError:
            continue
        if heard is None:
            return
        if (answer := rendered(board, name, response, heard)) is not None:
            yield request.model_copy(update={"stream": stream or None}), response, answer
