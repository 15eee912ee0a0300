"""A typical request, answer and stream, of the sizes that are seen in the wild: 1.5 kB, 1 kB, 300 bytes an event."""

from __future__ import annotations

import json
from typing import Any

SYSTEM = (
    "You answer for the support desk of a software house: briefly, with the section of the manual, never by guess. " * 3
)
TURNS = [
    ("user", "How do I replace the key of a service account in three regions without any downtime at all? " * 2),
    (
        "assistant",
        "Make the second key first, bring it to one region after the other, then take the old one away. " * 3,
    ),
    ("user", "And for how long may both of them be valid at the same time? Please give the exact limit."),
]
TOOL = {
    "name": "search_manual",
    "description": "Search the manual of the product and return the sections that fit best.",
    "parameters": {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "words to look for"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 20},
        },
        "required": ["query"],
    },
}
ANSWER = "Both keys may be valid together for at most 72 hours; after that the older of the two is taken away. " * 5
USAGE = {
    "prompt_tokens": 412,
    "completion_tokens": 96,
    "total_tokens": 508,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
    },
}  # fmt: skip
CHUNKS = 500


def messages(number: int = 0) -> list[dict[str, str]]:
    """Return the conversation; its last turn differs by number."""
    rows = [{"role": "system", "content": SYSTEM}, *({"role": role, "content": text} for role, text in TURNS)]
    rows[-1]["content"] += f" ({number})"
    return rows


def answer(number: int = 0) -> bytes:
    """Return a whole answer; its text differs by number."""
    message: dict[str, Any] = {"role": "assistant", "content": f"{ANSWER}{number}", "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    head = {"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "created": 1741569952}
    body = {**head, "model": "gpt-4o-mini", "choices": [choice], "usage": USAGE}
    return _dumped({**body, "service_tier": "default", "system_fingerprint": "fp_44709d6fcb"})


def stream() -> list[bytes]:
    """Return the events of a stream, one piece each."""
    return [b"data: " + _dumped(_chunk(number)) + b"\n\n" for number in range(CHUNKS)] + [b"data: [DONE]\n\n"]


def _chunk(number: int) -> dict[str, Any]:
    delta: dict[str, Any] = {"content": f" word{number % 97}"}
    if number == 0:
        delta = {"role": "assistant", "content": "", "refusal": None}
    last = number == CHUNKS - 1
    choice = {"index": 0, "delta": {} if last else delta, "logprobs": None, "finish_reason": "stop" if last else None}
    head = {"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion.chunk", "created": 1741569952}
    tail = {"model": "gpt-4o-mini", "service_tier": "default", "system_fingerprint": "fp_44709d6fcb"}
    return {**head, **tail, "choices": [choice], "usage": None}


def _dumped(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
