"""What is in an answer of the OpenAI chat-completions format, in plain dicts.

Absent is None: an empty string, an empty object or a null says nothing. Lists are the exception, they are empty.
"""

from collections.abc import Iterable
from typing import Any

from tests.recordings.oracle.openai_chat_errors import error_fields, read_error
from tests.recordings.oracle.openai_chat_parts import Calls, joined_audio, split_content
from tests.recordings.oracle.openai_chat_runs import Runs
from tests.recordings.oracle.openai_chat_usage import read_usage
from tests.recordings.oracle.wire import documents

__all__ = ["read_answer", "read_error"]

_FINISH = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "error": "error",
    "network_error": "error",
    "insufficient_system_resource": "error",
}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no chat completion."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    streamed, found = documents(response)
    head: dict[str, Any] = {"id": None, "model": None, "service_tier": None}
    choices: dict[int, _Choice] = {}
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    for document in found:
        if not streamed and "choices" not in document and error_fields(document) is None:
            raise ValueError("body has neither choices nor an error; expected a chat completion")
        for key in head:
            head[key] = head[key] or _text(document.get(key))
        for position, raw in enumerate(document.get("choices") or []):
            index = raw.get("index")
            choices.setdefault(position if index is None else index, _Choice()).feed(raw, streamed=streamed)
        usage = _usage_of(document) or usage
        fields = error_fields(document)
        if fields is not None:
            error = {key: fields[key] for key in ("message", "code", "type")}
            break
    # mistral bills a tier as well, and says so inside usage
    head["service_tier"] = head["service_tier"] or _text((usage or {}).get("service_tier"))
    return {
        **head,
        "choices": [{"index": index, **choices[index].result()} for index in sorted(choices)],
        "usage": None if usage is None else read_usage(usage),
        "error": error,
    }


class _Choice:
    """One choice, put together from one message or from many deltas."""

    def __init__(self) -> None:
        self.pieces: dict[str, list[str]] = {}
        self.calls = Calls()
        self.runs = Runs()
        self.audio: list[dict[str, Any]] = []
        self.citations: list[Any] = []
        self.finish: list[str] = []
        self.logprobs: dict[str, list[Any]] = {"content": [], "refusal": []}

    def feed(self, raw: dict[str, Any], *, streamed: bool) -> None:
        """Add one choice object; perplexity sends message and delta together, so the framing picks."""
        first, second = ("delta", "message") if streamed else ("message", "delta")
        self._message(raw.get(first) or raw.get(second) or {}, streamed=streamed)
        reason = raw.get("finish_reason")
        if reason is not None:
            self.finish.append(str(reason))
        logprobs = raw.get("logprobs")
        if isinstance(logprobs, dict) and "tokens" in logprobs:
            # the form of old completions, each list as long as the others (huggingface and together)
            tops = logprobs.get("top_logprobs") or [[] for _ in logprobs["tokens"]]
            for place, token in enumerate(logprobs["tokens"]):
                top = tops[place]
                if isinstance(top, dict):
                    top = [{"token": other, "logprob": chance} for other, chance in top.items()]
                chance = logprobs["token_logprobs"][place]
                self.logprobs["content"].append({"token": token, "logprob": chance, "top_logprobs": top})
        elif isinstance(logprobs, dict):
            for key, collected in self.logprobs.items():
                collected.extend(logprobs.get(key) or [])

    def _message(self, message: dict[str, Any], *, streamed: bool) -> None:
        for kind, text in split_content(message.get("content")):
            self._add(kind, text)
        for key in ("reasoning_content", "reasoning", "refusal"):
            self._add(key, message.get(key))
        for detail in message.get("reasoning_details") or []:
            self._add("reasoning_details", detail.get("text") or detail.get("summary"))
        calls = message.get("tool_calls") or []
        for call in calls:
            self.calls.feed(call, streamed=streamed)
        for row in message.get("executed_tools") or []:
            self.runs.feed(row, streamed=streamed)
        if not calls and message.get("function_call"):
            self.calls.feed_legacy(message["function_call"])
        if isinstance(message.get("audio"), dict):
            self.audio.append(message["audio"])
        self.citations.extend(message.get("annotations") or [])

    def _add(self, kind: str, text: Any) -> None:
        if isinstance(text, str) and text:
            self.pieces.setdefault(kind, []).append(text)

    def _joined(self, kinds: Iterable[str]) -> str | None:
        # hosts send one trace under several names, so the first name that carries any is the trace
        return next(("".join(self.pieces[kind]) for kind in kinds if kind in self.pieces), None)

    def result(self) -> dict[str, Any]:
        """Return the choice without its index."""
        calls = self.calls.result()
        refusal = self._joined(["refusal"])
        raw = next((reason for reason in reversed(self.finish) if reason), self.finish[-1] if self.finish else None)
        return {
            "text": self._joined(["text"]),
            "thinking": self._joined(["reasoning_content", "reasoning", "thinking", "reasoning_details"]),
            "refusal": refusal,
            "tool_calls": calls,
            "provider_calls": self.runs.calls(),
            "provider_results": self.runs.results(),
            "audio": joined_audio(self.audio),
            "citations": self.citations,
            "finish_reason": _finish(raw, called=bool(calls), refused=refusal is not None),
            "raw_finish_reason": raw,
            "logprobs": self.logprobs if any(self.logprobs.values()) else None,
        }


def _finish(raw: str | None, *, called: bool, refused: bool) -> str:
    reason = _FINISH.get(raw or "", "unknown")
    if called and reason in ("stop", "unknown"):
        return "tool_calls"
    if refused and reason == "stop":
        return "refusal"
    return reason


def _usage_of(document: dict[str, Any]) -> dict[str, Any] | None:
    # groq's own place is x_groq; where both are sent they agree
    for holder in (document, document.get("x_groq")):
        usage = holder.get("usage") if isinstance(holder, dict) else None
        if isinstance(usage, dict) and usage:
            return usage
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
