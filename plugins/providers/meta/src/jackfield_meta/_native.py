"""The Llama API's native address: messages as in chat completions, answers and events in a form of their own.

Source: llama-api-client 0.6.0 (wheel), types/chat/completion_create_params.py, types/completion_message_param.py,
types/create_chat_completion_response.py and its stream chunk; read 2026-11-30.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from jackfield import ChatRequest, Endpoint, HTTPRequest, Request, hookimpl
from jackfield_dialect_openai.chat import variant

__all__ = ["normalize_response", "stream_decoder", "translate_request"]

#: The metrics that are usage, and their names in chat completions.
_METRICS: Mapping[str, str] = {
    "num_prompt_tokens": "prompt_tokens", "num_completion_tokens": "completion_tokens",
    "num_total_tokens": "total_tokens",
}  # fmt: skip


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Leave out what the native address has no word for; the compatible one is asked as any other."""
    found = yield
    if found is None or not isinstance(request, ChatRequest) or endpoint.settings.get("api") != "native":
        return found
    found.body.pop("stream_options", None)
    for message in found.body["messages"]:
        if message.get("content", "") is None:
            del message["content"]
        for call in message.get("tool_calls") or ():
            call.pop("type", None)
    return found


def _amend(body: dict[str, Any]) -> None:
    """Bring a native answer, or an event, to the form of chat completions; others stay as they are."""
    if isinstance(message := body.get("completion_message"), dict):
        content = message.get("content")
        said = {**message, "content": content["text"] if isinstance(content, dict) else content}
        body["choices"] = [{"index": 0, "message": said, "finish_reason": message.get("stop_reason")}]
        _measure(body, body.get("metrics"))
    elif isinstance(event := body.get("event"), dict):
        body["choices"] = [{"index": 0, "delta": _delta(event["delta"]), "finish_reason": event.get("stop_reason")}]
        _measure(body, event.get("metrics"))


def _delta(delta: Mapping[str, Any]) -> dict[str, Any]:
    if delta["type"] == "tool_call":
        return {"tool_calls": [{"type": "function", "id": delta.get("id"), "function": delta["function"]}]}
    return {"content": delta["text"]}


def _measure(body: dict[str, Any], metrics: Any) -> None:
    """Read counts, which come as numbers with a fraction."""
    counts = {_METRICS[row["metric"]]: int(row["value"]) for row in metrics or () if row["metric"] in _METRICS}
    if counts:
        body["usage"] = counts


normalize_response, stream_decoder = variant(_amend)
