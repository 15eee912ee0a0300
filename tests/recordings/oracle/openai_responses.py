"""What is in an answer of the OpenAI responses format, in plain dicts.

There is one choice. Absent is None: an empty string or a null says nothing. Lists are the exception, they are empty.
The reason to finish is the one in ``incomplete_details`` where there is one, else the status.
"""

from typing import Any

from tests.recordings.oracle.openai_chat_errors import error_fields, read_error
from tests.recordings.oracle.openai_responses_items import read_items
from tests.recordings.oracle.openai_responses_stream import Output
from tests.recordings.oracle.wire import documents
from tests.recordings.oracle.words import number, text_or_none, usage_words

__all__ = ["read_answer", "read_error"]

#: ``complete`` is what one compatible host writes.
_FINISH = {"completed": "stop", "complete": "stop", "cancelled": "cancelled", "failed": "error"}
_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no response object."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    streamed, found = documents(response)
    answer: dict[str, Any] = {}
    output = Output()
    error: dict[str, Any] | None = None
    for document in found:
        snapshot = document.get("response") if streamed else document
        if isinstance(snapshot, dict) and snapshot.get("object") == "response":
            answer.update({name: value for name, value in snapshot.items() if value is not None})
            fields = error_fields(snapshot)
        else:
            fields = error_fields(document)
            if not streamed and fields is None:
                raise ValueError("body is no response object and no error; expected an answer of the responses format")
        if streamed:
            output.feed(document)
        if fields is not None:
            error = {key: fields[key] for key in ("message", "code", "type")}
            break
    # the last whole response wins over what its events said
    items = answer.get("output") or output.items()
    if streamed and answer.get("output"):
        items = _with_event_states(items, output.items())
    known = bool(answer) and (error is None or bool(items))
    return {
        "id": text_or_none(answer.get("id")),
        "model": text_or_none(answer.get("model")),
        "service_tier": text_or_none(answer.get("service_tier")),
        "choices": [{"index": 0, **_choice(answer, items)}] if known else [],
        "usage": _usage(answer.get("usage"), answer.get("tool_usage") or {}),
        "error": error,
    }


def _with_event_states(items: list[dict[str, Any]], told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take encrypted reasoning as its event told it: the whole response has the same thought encrypted anew."""
    states = {
        item["id"]: item["encrypted_content"] for item in told if item.get("id") and item.get("encrypted_content")
    }
    return [{**item, "encrypted_content": states[item["id"]]} if item.get("id") in states else item for item in items]


def _choice(answer: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    words = read_items(items)
    status = answer.get("status")
    why = (answer.get("incomplete_details") or {}).get("reason")
    reason = _INCOMPLETE.get(why or "", "unknown") if status == "incomplete" else _FINISH.get(status or "", "unknown")
    if words["tool_calls"] and reason in ("stop", "unknown"):
        reason = "tool_calls"
    elif words["refusal"] is not None and reason == "stop":
        reason = "refusal"
    return {**words, "finish_reason": reason, "raw_finish_reason": why or status}


def _usage(usage: dict[str, Any] | None, tools: dict[str, Any]) -> dict[str, int | None] | None:
    if not usage:
        return None
    given, made = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return usage_words(
        input_tokens=number(usage.get("input_tokens")),
        output_tokens=number(usage.get("output_tokens")),
        cached_tokens=number(given.get("cached_tokens")),
        cache_write_tokens=number(given.get("cache_write_tokens")),
        reasoning_tokens=number(made.get("reasoning_tokens")),
        web_searches=number((tools.get("web_search") or {}).get("num_requests")) or None,
    )
