"""What is in an answer of Cloudflare's `run`, in plain dicts: a result in an envelope, or pieces of one as events.

Absent is None: an empty string or a null says nothing. The format has no id, no model and no reason to end.
"""

import json
from typing import Any

from tests.recordings.oracle.wire import body_text, header, loads
from tests.recordings.oracle.words import choice_words, number, parsed_arguments, text_or_none, usage_words

__all__ = ["read_answer", "read_error"]

_RETRYABLE = ("RateLimitError", "OverloadedError", "RequestTimeout", "ServerError")
#: Cloudflare's own numbers: a token, a route (the model stands in it), a model, what a model was asked.
_BY_CODE = {10000: "AuthenticationError", 7000: "ModelNotFoundError", 7003: "ModelNotFoundError"}
_BY_STATUS = {401: "AuthenticationError", 404: "ModelNotFoundError", 408: "RequestTimeout", 429: "RateLimitError"}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no result."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    text, usage, seen = "", None, False
    calls: list[dict[str, Any]] = []
    for piece in _pieces(body_text(response)):
        said = piece.get("response")
        seen = seen or "response" in piece or "tool_calls" in piece
        if said is not None and not isinstance(said, str):
            said = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
        text += said or ""
        for call in piece.get("tool_calls") or []:
            _add(call, calls)
        usage = piece.get("usage") or usage
    if not seen:
        raise ValueError("body holds no result")
    counts = None
    if usage:
        into, out = number(usage.get("prompt_tokens")), number(usage.get("completion_tokens"))
        cached = number((usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
        counts = usage_words(input_tokens=into, output_tokens=out, cached_tokens=cached)
    reason = "tool_calls" if calls else "unknown"
    told = [
        {"id": call["id"], "name": call["name"], "arguments": parsed_arguments(call["text"], loads), "kind": "function"}
        for call in calls
    ]
    words = choice_words(text=text or None, tool_calls=told, finish_reason=reason)
    choices = [{"index": 0, **words}]
    return {"id": None, "model": None, "service_tier": None, "choices": choices, "usage": counts, "error": None}


def _pieces(text: str) -> list[dict[str, Any]]:
    """Return the result of a whole answer, or what each event holds."""
    if not text.lstrip().startswith("data:"):
        return [json.loads(text)["result"]]
    lines = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def _add(call: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    """Read a call, flat or with its function inside; in a stream one without a name goes on with the last."""
    function = call.get("function") or call
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments)
    if not function.get("name") and calls:
        calls[-1]["text"] += arguments
        return
    calls.append({"id": text_or_none(call.get("id")), "name": function.get("name"), "text": arguments})


def read_error(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a refused request was told, and the class of the refusal."""
    response = interaction["response"]
    status = int(response["status"])
    if status < 400:
        raise ValueError(f"status is {status}; read_answer reads successful answers")
    document = loads(body_text(response))
    errors = document.get("errors") if isinstance(document, dict) else None
    first: dict[str, Any] = errors[0] if errors else {}
    code: Any = first.get("code")
    name = _BY_CODE.get(code, _BY_STATUS.get(status, "ServerError" if status >= 500 else "InvalidRequestError"))
    return {
        "class": name,
        "status": status,
        "message": text_or_none(first.get("message")),
        "request_id": header(response, "x-request-id"),
        "retryable": name in _RETRYABLE,
        "code": None if code is None else str(code),
        "param": None,
        "retry_after": None,
    }
