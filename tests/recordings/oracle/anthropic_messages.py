"""What is in an answer of the Anthropic messages format, in plain dicts.

Absent is None: an empty string or a null says nothing. Lists are the exception, they are empty.
"""

from typing import Any

from tests.recordings.oracle.anthropic_messages_blocks import Blocks
from tests.recordings.oracle.anthropic_messages_errors import error_fields, read_error
from tests.recordings.oracle.anthropic_messages_usage import read_usage
from tests.recordings.oracle.wire import documents
from tests.recordings.oracle.words import text_or_none

__all__ = ["read_answer", "read_error"]

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "context",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "pause_turn": "pause",
}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no message."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    streamed, found = documents(response)
    message = _Message()
    for document in found:
        if (fields := error_fields(document)) is not None:
            message.error = {key: fields[key] for key in ("message", "code", "type")}
            break
        if streamed:
            message.feed(document)
        elif document.get("type") == "message" or "content" in document:
            message.whole(document)
        else:
            raise ValueError("body is no message; expected an answer of the messages format")
    return message.result()


class _Message:
    """One message, given whole or put together from events."""

    def __init__(self) -> None:
        self.seen = False
        self.head: dict[str, Any] = {}
        self.blocks = Blocks()
        self.finish: dict[str, Any] = {}
        self.usage: dict[str, Any] = {}
        self.error: dict[str, Any] | None = None

    def whole(self, message: dict[str, Any]) -> None:
        """Take a message with its content."""
        self.seen = True
        self.head = {name: message.get(name) for name in ("id", "model")}
        for index, block in enumerate(message.get("content") or []):
            self.blocks.start(index, block)
        self._overwrite(self.finish, message)
        self._overwrite(self.usage, message.get("usage"))

    def feed(self, event: dict[str, Any]) -> None:
        """Take one event of a stream."""
        match event.get("type"):
            case "message_start":
                self.whole(event.get("message") or {})
            case "content_block_start":
                self.blocks.start(event.get("index"), event.get("content_block") or {})
            case "content_block_delta":
                self.blocks.grow(event.get("index"), event.get("delta") or {})
            case "message_delta":
                self._overwrite(self.finish, event.get("delta"))
                self._overwrite(self.usage, event.get("usage"))

    @staticmethod
    def _overwrite(known: dict[str, Any], told: dict[str, Any] | None) -> None:
        # counts of a later event are totals, never to be added
        known.update({name: value for name, value in (told or {}).items() if value is not None})

    def result(self) -> dict[str, Any]:
        """Return the answer."""
        choices = []
        if self.seen:
            words = self.blocks.result()
            raw = self.finish.get("stop_reason")
            reason = _FINISH.get(raw or "", "unknown")
            if words["tool_calls"] and reason in ("stop", "unknown"):
                reason = "tool_calls"
            words["finish_reason"], words["raw_finish_reason"] = reason, raw
            words["finish_detail"] = self.finish.get("stop_sequence") or self.finish.get("stop_details")
            choices.append({"index": 0, **words})
        return {
            "id": text_or_none(self.head.get("id")),
            "model": text_or_none(self.head.get("model")),
            "service_tier": text_or_none(self.usage.get("service_tier")),
            "choices": choices,
            "usage": read_usage(self.usage) if self.usage else None,
            "error": self.error,
        }
