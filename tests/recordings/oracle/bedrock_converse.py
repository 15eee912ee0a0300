"""What is in an answer of Amazon's Converse format, in plain dicts.

Absent is None: an empty string or a null says nothing. Lists are the exception, they are empty. The format names
neither answer nor model.
"""

import base64
from typing import Any

from tests.recordings.oracle.bedrock_converse_blocks import Blocks
from tests.recordings.oracle.bedrock_converse_errors import error_frame, read_error
from tests.recordings.oracle.bedrock_converse_frames import frames
from tests.recordings.oracle.bedrock_converse_usage import read_usage
from tests.recordings.oracle.wire import body_text, loads
from tests.recordings.oracle.words import text_or_none

__all__ = ["read_answer", "read_error"]

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "context",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no message."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    message = _Message()
    data = base64.b64decode(response["body_base64"]) if "body_base64" in response else body_text(response).encode()
    if data.lstrip()[:1] == b"{":
        document = loads(data.decode())
        if not isinstance(document, dict) or "output" not in document:
            raise ValueError("body is no message; expected an answer of Converse")
        message.whole(document)
    elif not data:
        raise ValueError("body is empty; expected an answer of Converse")
    else:
        for headers, payload in frames(data):
            message.error = error_frame(headers, payload)
            if message.error is not None:
                break
            message.feed(headers.get(":event-type") or "", payload)
    return message.result()


class _Message:
    """One message, given whole or put together from events."""

    def __init__(self) -> None:
        self.seen = False
        self.blocks = Blocks()
        self.said: dict[str, Any] = {}
        self.error: dict[str, Any] | None = None

    def whole(self, document: dict[str, Any]) -> None:
        """Take a whole answer."""
        self.seen, self.said = True, document
        for index, block in enumerate((document["output"].get("message") or {}).get("content") or []):
            self.blocks.whole(index, block)

    def feed(self, kind: str, event: dict[str, Any]) -> None:
        """Take one event of a stream; what follows the message belongs to it all the same."""
        match kind:
            case "messageStart":
                self.seen = True
            case "contentBlockStart":
                self.blocks.start(event["contentBlockIndex"], event.get("start") or {})
            case "contentBlockDelta":
                self.blocks.grow(event["contentBlockIndex"], event.get("delta") or {})
            case "messageStop" | "metadata":
                self.said = {**self.said, **event}

    def result(self) -> dict[str, Any]:
        """Return the answer."""
        choices = []
        if self.seen:
            words = self.blocks.result()
            raw = text_or_none(self.said.get("stopReason"))
            reason = _FINISH.get(raw or "", "unknown")
            if words["tool_calls"] and reason in ("stop", "unknown"):
                reason = "tool_calls"
            words["finish_reason"], words["raw_finish_reason"] = reason, raw
            words["finish_detail"] = self._detail(reason)
            choices.append({"index": 0, **words})
        usage = self.said.get("usage")
        return {
            "id": None,
            "model": None,
            "service_tier": text_or_none((self.said.get("serviceTier") or {}).get("type")),
            "choices": choices,
            "usage": read_usage(usage) if usage else None,
            "error": self.error,
        }

    def _detail(self, reason: str) -> Any:
        """A guardrail's findings, or the sequence that was met where the request asked for that member."""
        if reason == "content_filter":
            return (self.said.get("trace") or {}).get("guardrail")
        more = self.said.get("additionalModelResponseFields")
        if reason == "stop_sequence" and isinstance(more, dict):
            return more.get("stop_sequence")
        return None
