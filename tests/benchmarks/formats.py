"""The same answer in every format, whole and as a stream: as many events, with the members that a provider sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jackfield_dialect_bedrock import encode_frame
from tests.benchmarks import payloads

WORDS = [f" word{number % 97}" for number in range(payloads.CHUNKS)]


@dataclass(frozen=True)
class Format:
    """One format: an answer by number, the events of a stream, and how many of them carry text."""

    answer: Callable[[int], bytes]
    events: list[bytes]


def _dumped(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _named(rows: list[dict[str, Any]]) -> list[bytes]:
    return [b"event: " + row["type"].encode() + b"\ndata: " + _dumped(row) + b"\n\n" for row in rows]


def _anthropic() -> Format:
    head = {"id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": "m"}
    usage = {"input_tokens": 412, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 96}

    def answer(number: int) -> bytes:
        content = [{"type": "text", "text": f"{payloads.ANSWER}{number}"}]
        return _dumped({**head, "content": content, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage})

    start: dict[str, Any] = {**head, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    rows: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return Format(answer, _named(rows))


def _bedrock() -> Format:
    usage = {"inputTokens": 412, "outputTokens": 96, "totalTokens": 508, "serverToolUsage": {}}
    tail = {"usage": usage, "metrics": {"latencyMs": 412}}

    def answer(number: int) -> bytes:
        content = [{"text": f"{payloads.ANSWER}{number}"}]
        return _dumped(
            {"output": {"message": {"content": content, "role": "assistant"}}, "stopReason": "end_turn", **tail}
        )

    def event(name: str, **members: Any) -> bytes:
        headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
        return encode_frame(headers, _dumped({**members, "p": "abcdefghijklmnopqrs"}))

    events = [
        event("messageStart", role="assistant"),
        *(event("contentBlockDelta", contentBlockIndex=0, delta={"text": word}) for word in WORDS),
        event("contentBlockStop", contentBlockIndex=0),
        event("messageStop", stopReason="end_turn"),
        event("metadata", **tail),
    ]
    return Format(answer, events)


def _gemini() -> Format:
    details = [{"modality": "TEXT", "tokenCount": 412}]
    usage = {
        "promptTokenCount": 412,
        "candidatesTokenCount": 96,
        "totalTokenCount": 508,
        "promptTokensDetails": details,
    }
    tail = {"usageMetadata": usage, "modelVersion": "m", "responseId": "dVnOaOzLKcDgz7IPqtXr8Ac"}

    def candidate(text: str, reason: str | None) -> dict[str, Any]:
        row: dict[str, Any] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
        return {**row, "finishReason": reason} if reason else row

    def answer(number: int) -> bytes:
        return _dumped({"candidates": [candidate(f"{payloads.ANSWER}{number}", "STOP")], **tail})

    last = len(WORDS) - 1
    rows = [
        {"candidates": [candidate(word, "STOP" if number == last else None)], **tail}
        for number, word in enumerate(WORDS)
    ]
    return Format(answer, [b"data: " + _dumped(row) + b"\r\n\r\n" for row in rows])


def _responses() -> Format:
    usage = {
        "input_tokens": 412, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 96,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 508,
    }  # fmt: skip
    known = {"object": "response", "created_at": 1741569952, "model": "m", "error": None, "incomplete_details": None}
    head = {"id": "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b", **known, "tools": [], "temperature": 1.0}
    at = {"item_id": "msg_67ccd2bf17f0819081ff3bb2cf6508e6", "output_index": 0}
    place = {**at, "content_index": 0}

    def message(text: str) -> dict[str, Any]:
        piece = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        row = {"type": "message", "id": at["item_id"], "status": "completed", "role": "assistant"}
        return {**row, "content": [piece] if text else []}

    def whole(text: str) -> dict[str, Any]:
        return {**head, "status": "completed", "output": [message(text)], "usage": usage, "service_tier": "default"}

    text = "".join(WORDS)
    empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    rows: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": message("")},
        {"type": "response.content_part.added", **place, "part": empty},
        *({"type": "response.output_text.delta", **place, "delta": word, "logprobs": []} for word in WORDS),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": {**empty, "text": text}},
        {"type": "response.output_item.done", "output_index": 0, "item": message(text)},
        {"type": "response.completed", "response": whole(text)},
    ]
    numbered = [{**row, "sequence_number": number} for number, row in enumerate(rows)]
    return Format(lambda number: _dumped(whole(f"{payloads.ANSWER}{number}")), _named(numbered))


def _cohere() -> Format:
    tokens = {"input_tokens": 412, "output_tokens": 96}
    usage = {"billed_units": tokens, "tokens": tokens, "cached_tokens": 0}

    def answer(number: int) -> bytes:
        message = {"role": "assistant", "content": [{"type": "text", "text": f"{payloads.ANSWER}{number}"}]}
        head = {"id": "c14c80c3-18eb-4519-9460-6c92edd8cfb4", "finish_reason": "COMPLETE"}
        return _dumped({**head, "message": message, "usage": usage})

    def told(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"type": kind, "delta": {"message": message}}
        return found if index is None else {"type": kind, "index": index, "delta": found["delta"]}

    start = told("message-start", role="assistant", content=[], tool_plan="", tool_calls=[], citations=[])
    rows: list[dict[str, Any]] = [
        {"id": "29f14a5a-11de-4cae-9800-25e4747408ea", **start},
        told("content-start", 0, content={"type": "text", "text": ""}),
        *(told("content-delta", 0, content={"text": word}) for word in WORDS),
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}},
    ]
    return Format(answer, [*_named(rows), b"data: [DONE]\n\n"])


def _ollama() -> Format:
    head = {"model": "m", "created_at": "2026-05-04T22:48:33.008928Z"}
    last = {
        "done": True, "done_reason": "stop", "total_duration": 299146042, "load_duration": 96044042,
        "prompt_eval_count": 412, "prompt_eval_duration": 18935958, "eval_count": 96, "eval_duration": 105406168,
    }  # fmt: skip

    def said(text: str, **beside: Any) -> bytes:
        return _dumped({**head, "message": {"role": "assistant", "content": text}, **beside})

    lines = [said(word, done=False) + b"\n" for word in WORDS]
    return Format(lambda number: said(f"{payloads.ANSWER}{number}", **last), [*lines, said("", **last) + b"\n"])


FORMATS: Mapping[str, Format] = {
    "openai-chat": Format(payloads.answer, payloads.stream()),
    "openai-responses": _responses(),
    "anthropic-messages": _anthropic(),
    "gemini": _gemini(),
    "bedrock-converse": _bedrock(),
    "cohere-chat": _cohere(),
    "ollama-chat": _ollama(),
}
#: What a caller of a gateway sends to ask for a stream, and where.
ASKED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "openai-chat": ("/v1/chat/completions", {"stream": True, "messages": payloads.messages()}),
    "openai-responses": ("/v1/responses", {"stream": True, "input": payloads.messages()}),
    "anthropic-messages": (
        "/v1/messages",
        {"stream": True, "max_tokens": 512, "system": payloads.SYSTEM, "messages": payloads.messages()[1:]},
    ),
    "gemini": (
        "/v1beta/models/{model}:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": row["content"]}]} for row in payloads.messages()[1:]]},
    ),
    "bedrock-converse": (
        "/model/{model}/converse-stream",
        {"messages": [{"role": row["role"], "content": [{"text": row["content"]}]} for row in payloads.messages()[1:]]},
    ),
    "cohere-chat": ("/v2/chat", {"stream": True, "messages": payloads.messages()}),
    "ollama-chat": ("/api/chat", {"stream": True, "messages": payloads.messages()}),
}
