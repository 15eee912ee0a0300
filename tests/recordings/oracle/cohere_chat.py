"""What is in an answer of Cohere's chat format, version 2, in plain dicts.

Absent is None: an empty string or a null says nothing. Lists are the exception, they are empty. The plan that a model
makes for its calls (`tool_plan`) is thinking: Cohere calls it a chain of thought, and shows it to nobody unasked. A
stream whose last event names an error is an error inside a 200: asked without a stream, the same comes as a refusal.
"""

from typing import Any

from tests.recordings.oracle.cohere_chat_errors import read_error
from tests.recordings.oracle.cohere_chat_usage import read_usage
from tests.recordings.oracle.wire import documents, loads
from tests.recordings.oracle.words import choice_words, parsed_arguments, text_or_none

__all__ = ["read_answer", "read_error"]

_FINISH = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop_sequence",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
    "ERROR": "error",
    "TIMEOUT": "error",
}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no message of version 2."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    streamed, found = documents(response)
    message = _Message()
    for document in found:
        if streamed:
            message.feed(document)
        elif isinstance(document.get("message"), dict):
            message.whole(document)
        else:
            raise ValueError("body has no message object; expected an answer of version 2")
    if not message.seen:
        raise ValueError("stream has no message-start; expected an answer of version 2")
    return message.result()


class _Message:
    """One message, given whole or put together from events."""

    def __init__(self) -> None:
        self.seen = False
        self.identity: str | None = None
        self.text = ""
        self.thinking = ""
        self.calls: dict[Any, dict[str, Any]] = {}
        self.citations: list[Any] = []
        self.logprobs: list[dict[str, Any]] = []
        self.raw: str | None = None
        self.usage: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None

    def whole(self, document: dict[str, Any]) -> None:
        """Take an answer that is no stream."""
        self.seen = True
        self.identity = text_or_none(document.get("id"))
        message = document["message"]
        for block in message.get("content") or []:
            self._block(block)
        self.thinking += message.get("tool_plan") or ""
        for index, call in enumerate(message.get("tool_calls") or []):
            self._call(index, call)
        self.citations += message.get("citations") or []
        for entry in document.get("logprobs") or []:
            self._probable(entry)
        self._ended(document)

    def feed(self, event: dict[str, Any]) -> None:
        """Take one event of a stream; whatever is said of starts and ends alone says nothing more."""
        delta = event.get("delta") or {}
        message = delta.get("message") or {}
        match event.get("type"):
            case "message-start":
                self.seen = True
                self.identity = text_or_none(event.get("id"))
            case "content-start" | "content-delta":
                self._block(message.get("content") or {})
                if event.get("logprobs"):
                    self._probable(event["logprobs"])
            case "tool-plan-delta":
                self.thinking += message.get("tool_plan") or ""
            case "tool-call-start" | "tool-call-delta":
                self._call(event.get("index"), message.get("tool_calls") or {})
            case "citation-start":
                self.citations.append(message.get("citations"))
            case "message-end":
                self._ended(delta)

    def _block(self, block: dict[str, Any]) -> None:
        self.text += block.get("text") or ""
        self.thinking += block.get("thinking") or ""

    def _call(self, index: Any, told: dict[str, Any]) -> None:
        call = self.calls.setdefault(index, {"id": None, "name": None, "arguments": ""})
        function = told.get("function") or {}
        call["id"] = call["id"] or text_or_none(told.get("id"))
        call["name"] = call["name"] or text_or_none(function.get("name"))
        call["arguments"] += function.get("arguments") or ""

    def _probable(self, entry: dict[str, Any]) -> None:
        # one entry is one piece of text; where it is of several tokens, the first has the text
        texts = [entry.get("text") or ""]
        for place, logprob in enumerate(entry.get("logprobs") or []):
            row = {"token": texts.pop() if texts else "", "logprob": logprob}
            identities = entry.get("token_ids") or []
            self.logprobs.append({**row, "token_id": identities[place]} if place < len(identities) else row)

    def _ended(self, told: dict[str, Any]) -> None:
        self.raw = text_or_none(told.get("finish_reason"))
        self.usage = told.get("usage") or None
        if message := text_or_none(told.get("error")):
            self.error = {"message": message, "code": text_or_none(told.get("error_type")), "type": None}

    def result(self) -> dict[str, Any]:
        """Return the answer, which names no model."""
        calls = [
            {**call, "arguments": parsed_arguments(call["arguments"], loads), "kind": "function"}
            for call in self.calls.values()
        ]
        reason = _FINISH.get(self.raw or "", "unknown")
        if calls and reason in ("stop", "unknown"):
            reason = "tool_calls"
        words = choice_words(
            text=self.text or None,
            thinking=self.thinking or None,
            tool_calls=calls,
            citations=self.citations,
            finish_reason=reason,
            raw_finish_reason=self.raw,
            logprobs={"content": self.logprobs, "refusal": []} if self.logprobs else None,
        )
        return {
            "id": self.identity,
            "model": None,
            "service_tier": None,
            "choices": [{"index": 0, **words}],
            "usage": None if self.usage is None else read_usage(self.usage),
            "error": self.error,
        }
