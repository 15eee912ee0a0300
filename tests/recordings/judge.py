"""Drives recorded exchanges through the public `Exchange` and writes what came out in the oracle's words."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from jackfield import (
    Boards,
    ChatRequest,
    ChatResponse,
    Delta,
    Endpoint,
    Exchange,
    HTTPRequest,
    JackfieldError,
    Media,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from tests.recordings import loader

AT = datetime(2026, 11, 20, tzinfo=UTC)
_COUNTS = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cached_tokens": "input.cache_read",
    "cache_write_tokens": "input.cache_write",
    "reasoning_tokens": "output.reasoning",
    "input_audio_tokens": "input.audio",
    "output_audio_tokens": "output.audio",
    "input_image_tokens": "input.image",
    "accepted_prediction_tokens": "output.accepted_prediction",
    "rejected_prediction_tokens": "output.rejected_prediction",
}


def open_exchange(boards: Boards, recorded: loader.Exchange, dialect: str) -> Exchange:
    """Open an exchange for a recorded request, as a caller would who asks the same."""
    board = boards.dialect(dialect)
    body = recorded.request_json or {"messages": [{"role": "user", "content": "?"}]}
    request = board.parse_request(HTTPRequest("POST", recorded.url, {}, body), {"operation": "chat"})
    assert isinstance(request, ChatRequest)
    return Exchange(board, request, Endpoint("recorded", dialect, "https://recorded.invalid/v1"), AT)


def headers(recorded: loader.Exchange) -> dict[str, str]:
    """Return the recorded answer's headers, names in lower case."""
    found = {}
    for name, value in recorded.response.get("headers", {}).items():
        found[name.lower()] = ", ".join(value) if isinstance(value, list) else str(value)
    return found


def run(
    exchange: Exchange, recorded: loader.Exchange, pieces: Iterable[bytes]
) -> tuple[list[Delta], JackfieldError | None]:
    """Feed a recorded answer in pieces; return the deltas, and the error that it is."""
    exchange.restart()
    deltas: list[Delta] = []
    try:
        exchange.receive_head(int(recorded.response["status"]), headers(recorded))
        for piece in pieces:
            deltas += exchange.receive_data(piece)
        deltas += exchange.receive_eof()
        exchange.check()
    except JackfieldError as error:
        return deltas, error
    return deltas, None


def split(data: bytes, size: int) -> Iterator[bytes]:
    """Cut bytes into pieces of one size."""
    return (data[start : start + size] for start in range(0, len(data), size))


def described(response: ChatResponse) -> dict[str, Any]:
    """Write an answer in the oracle's words; absent is None."""
    usage = response.usage
    return {
        "id": response.id,
        "model": response.model,
        "service_tier": response.service_tier,
        "choices": [
            {
                "index": choice.index,
                "text": _joined(choice.message.parts, Text),
                "thinking": _joined(choice.message.parts, Thinking),
                "refusal": _joined(choice.message.parts, Refusal),
                "tool_calls": [_call(part) for part in choice.message.parts if isinstance(part, ToolCall)],
                "audio": next((_audio(part) for part in choice.message.parts if isinstance(part, Media)), None),
                "citations": [
                    note.raw for part in choice.message.parts if isinstance(part, Text) for note in part.citations
                ],
                "finish_reason": choice.finish_reason,
                "raw_finish_reason": choice.raw_finish_reason,
                "logprobs": _logprobs(choice.logprobs),
            }
            for choice in response.choices
        ],
        "usage": None if usage is None else {name: usage.counts.get(key) for name, key in _COUNTS.items()},
    }


def _joined(parts: Iterable[Any], kind: type[Any]) -> str | None:
    return "".join(part.text for part in parts if type(part) is kind) or None


def _call(part: ToolCall) -> dict[str, Any]:
    arguments: Any = part.arguments
    if part.kind == "function":
        with contextlib.suppress(ValueError):
            arguments = json.loads(arguments) if arguments.strip() else {}
    return {"id": part.id, "name": part.name, "arguments": arguments, "kind": part.kind}


def _logprobs(logprobs: Any) -> dict[str, Any] | None:
    rows = {name: (logprobs or {}).get(name, []) for name in ("content", "refusal")}
    return rows if any(rows.values()) else None


def _audio(part: Media) -> dict[str, Any]:
    state = part.provider_state.data if part.provider_state is not None else {}
    data = getattr(part.source, "data", b"")
    return {
        "id": state.get("id"),
        "data_b64": base64.b64encode(data).decode() if data else None,
        "transcript": part.transcript,
        "expires_at": state.get("expires_at"),
    }


def decoded(boards: Boards, request: Any, headers: dict[str, str], data: bytes, dialect: str) -> ChatResponse:
    """Read a stream that one of our own encoders wrote."""
    endpoint = Endpoint("written", dialect, "https://written.invalid/v1")
    exchange = Exchange(boards.dialect(dialect), request, endpoint, AT)
    exchange.receive_head(200, headers)
    exchange.receive_data(data)
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    return response
