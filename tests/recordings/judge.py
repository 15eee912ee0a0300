"""Drives recorded exchanges through the public `Exchange` and writes what came out in the oracle's words."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from jackfield import (
    Boards,
    Bytes,
    ChatResponse,
    Data,
    Delta,
    Endpoint,
    Exchange,
    JackfieldError,
    Media,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
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
    "cache_write_5m_tokens": "input.cache_write.5m",
    "cache_write_1h_tokens": "input.cache_write.1h",
    "input_document_tokens": "input.document",
    "input_video_tokens": "input.video",
    "output_image_tokens": "output.image",
}
#: Quantities beside tokens, by the tag of their item.
_OTHERS = {"web_searches": "web_search", "web_fetches": "web_fetch"}
#: Members of opaque state that are opaque text; what stands beside them names and numbers.
_STATES = ("signature", "data", "thoughtSignature", "encrypted_content")


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
                "tool_calls": _calls(choice.message.parts, "caller"),
                "provider_calls": _calls(choice.message.parts, "provider"),
                "provider_results": [_result(part) for part in choice.message.parts if isinstance(part, ToolResult)],
                "states": [state for part in choice.message.parts for state in _states(part)],
                "media": [_media(part) for part in choice.message.parts if isinstance(part, Media)],
                "audio": next((_audio(part) for part in choice.message.parts if isinstance(part, Media)), None),
                "citations": [
                    note.raw for part in choice.message.parts if isinstance(part, Text) for note in part.citations
                ],
                "finish_reason": choice.finish_reason,
                "raw_finish_reason": choice.raw_finish_reason,
                "finish_detail": choice.finish_detail,
                "logprobs": _logprobs(choice.logprobs),
            }
            for choice in response.choices
        ],
        "usage": None if usage is None else _usage(usage),
    }


def _usage(usage: Usage) -> dict[str, int | None]:
    others = {name: [item.count for item in usage.others if tag in item.tags] for name, tag in _OTHERS.items()}
    counts: dict[str, int | None] = {name: usage.counts.get(key) for name, key in _COUNTS.items()}
    return counts | {name: rows[0] if rows else None for name, rows in others.items()}


def _joined(parts: Iterable[Any], kind: type[Any]) -> str | None:
    return "".join(part.text for part in parts if type(part) is kind) or None


def _calls(parts: Iterable[Part], who: str) -> list[dict[str, Any]]:
    return [_call(part) for part in parts if isinstance(part, ToolCall) and part.executed_by == who]


def _result(part: ToolResult) -> dict[str, Any]:
    content = [inner.value for inner in part.parts if isinstance(inner, Data)]
    call_id = None if _is_minted(part) else part.call_id
    return {"call_id": call_id, "content": content[0] if content else None, "is_error": part.is_error}


def _is_minted(part: ToolCall | ToolResult) -> bool:
    """Tell whether the id of a call is ours, as the wire had none: it says so, or it has no state to go back with."""
    if part.provider_state is None and (isinstance(part, ToolResult) or part.executed_by == "provider"):
        return True
    data = part.provider_state.data if part.provider_state is not None else None
    return isinstance(data, dict) and bool(data.get("minted"))


def _states(part: Part) -> Iterator[str]:
    data = part.provider_state.data if part.provider_state is not None else None
    if isinstance(data, dict) and not isinstance(part, Media):
        yield from (data[name] for name in _STATES if isinstance(data.get(name), str))


def _media(part: Media) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": part.kind, "mime": part.mime}
    if isinstance(part.source, Bytes):
        return {**found, "sha256": hashlib.sha256(part.source.data).hexdigest()}
    return {**found, "url": getattr(part.source, "url", None)}


def _call(part: ToolCall) -> dict[str, Any]:
    arguments: Any = part.arguments
    if part.kind != "custom":
        with contextlib.suppress(ValueError):
            arguments = json.loads(arguments) if arguments.strip() else {}
    return {"id": None if _is_minted(part) else part.id, "name": part.name, "arguments": arguments, "kind": part.kind}


def _logprobs(logprobs: Any) -> dict[str, Any] | None:
    if isinstance(logprobs, dict) and not logprobs.keys() & {"content", "refusal"}:
        return logprobs or None
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
    """Read an answer that the serving side of a dialect wrote."""
    endpoint = Endpoint("written", dialect, "https://written.invalid/v1")
    exchange = Exchange(boards.dialect(dialect), request, endpoint, AT)
    exchange.receive_head(200, headers)
    exchange.receive_data(data)
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    return response


def unlike(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """Say where a reading differs from what the oracle reads."""
    for name in ("id", "model", "service_tier", "usage"):
        if (value := _of(found[name], expected[name])) != expected[name]:
            yield f"{name} {value!r} is not {expected[name]!r}"
    if len(expected["choices"]) != len(found["choices"]):
        yield f"{len(found['choices'])} choices are not {len(expected['choices'])}"
    for one, other in zip(expected["choices"], found["choices"], strict=False):
        for name, value in one.items():
            # a choice that an error cut off never said why it finished
            if expected["error"] is not None and "finish" in name:
                continue
            if value != other[name]:
                yield f"{name} {str(other[name])[:200]} is not {str(value)[:200]}"


def _of(found: Any, expected: Any) -> Any:
    """Keep the members that an oracle speaks of."""
    return {key: found[key] for key in expected} if isinstance(found, dict) and isinstance(expected, dict) else found
