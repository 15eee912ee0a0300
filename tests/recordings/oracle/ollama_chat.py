"""What is in an answer of Ollama's native chat format, in plain dicts.

Absent is None: an empty string or a null says nothing. Lists are the exception, they are empty. A stream is a line of
JSON per piece; the last one says `done`, and holds the counts. An error may come as a line of its own.
"""

import json
from typing import Any

from tests.recordings.oracle.ollama_chat_errors import error_of, read_error
from tests.recordings.oracle.wire import body_text
from tests.recordings.oracle.words import choice_words, number, text_or_none, usage_words

__all__ = ["read_answer", "read_error"]

_FINISH = {"stop": "stop", "length": "length"}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no message."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    message = _Message()
    for document in _lines(body_text(response)):
        if (error := error_of(document)) is not None:
            message.error = {"message": error, "code": None, "type": None}
            break
        message.feed(document)
    return message.result()


def _lines(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.split("\n") if line.strip()]
    if not found or not all(isinstance(row, dict) and row.keys() & {"message", "error", "done"} for row in found):
        raise ValueError("body holds no message; expected an answer of the chat format")
    return found


class _Message:
    """One message, given whole or put together from lines."""

    def __init__(self) -> None:
        self.seen = False
        self.model: str | None = None
        self.text = ""
        self.thinking = ""
        self.calls: list[dict[str, Any]] = []
        self.logprobs: list[Any] = []
        self.last: dict[str, Any] = {}
        self.error: dict[str, Any] | None = None

    def feed(self, document: dict[str, Any]) -> None:
        """Take one line, which is the whole answer where there is no other."""
        self.seen = True
        self.model = self.model or text_or_none(document.get("model"))
        message = document.get("message") or {}
        self.text += message.get("content") or ""
        self.thinking += message.get("thinking") or ""
        # calls come whole, also in a stream, and those of a later line are further ones
        self.calls += [_call(call) for call in message.get("tool_calls") or []]
        self.logprobs += document.get("logprobs") or []
        if document.get("done"):
            self.last = document

    def result(self) -> dict[str, Any]:
        """Return the answer; the format has no id for it."""
        raw = text_or_none(self.last.get("done_reason"))
        reason = _FINISH.get(raw or "", "unknown")
        if self.calls and reason in ("stop", "unknown"):
            reason = "tool_calls"
        words = choice_words(
            text=self.text or None,
            thinking=self.thinking or None,
            tool_calls=self.calls,
            finish_reason=reason,
            raw_finish_reason=raw,
            logprobs={"content": self.logprobs, "refusal": []} if self.logprobs else None,
        )
        into, out = number(self.last.get("prompt_eval_count")), number(self.last.get("eval_count"))
        return {
            "id": None,
            "model": self.model,
            "service_tier": None,
            "choices": [{"index": 0, **words}] if self.seen else [],
            "usage": None if into is None and out is None else usage_words(input_tokens=into, output_tokens=out),
            "error": self.error,
        }


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    return {
        "id": text_or_none(call.get("id")),  # older servers name none
        "name": function.get("name"),
        "arguments": function.get("arguments") or {},
        "kind": "function",
    }
