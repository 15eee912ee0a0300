"""What Databricks asks of messages beyond the format: a result right behind its call, and no empty text.

Source: litellm 1.109.1 (wheel), llms/databricks, as the project's notes on wire formats have it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from jackfield import ChatRequest, HTTPRequest, Request, hookimpl

__all__ = ["translate_request"]


@hookimpl(wrapper=True)
def translate_request(request: Request) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Put every result behind its call, and leave out what is empty."""
    found = yield
    if found is not None and isinstance(request, ChatRequest):
        found.body["messages"] = list(_single(_without_empty(found.body["messages"])))
    return found


def _without_empty(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = []
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            content = [piece for piece in content if piece != {"type": "text", "text": ""}]
        if content or message["role"] == "tool":
            kept.append({**message, "content": content})
        elif message.get("tool_calls"):
            kept.append({**message, "content": None})
    return kept


def _single(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Split a turn of several calls: each call, with its result. What was said stays with the first."""
    results = {message["tool_call_id"]: message for message in messages if message["role"] == "tool"}
    split: set[str] = set()
    for message in messages:
        calls = message.get("tool_calls") or ()
        if len(calls) < 2 or not all(call["id"] in results for call in calls):
            if message.get("tool_call_id") not in split:
                yield message
            continue
        for number, call in enumerate(calls):
            said = message if number == 0 else {"role": "assistant", "content": None}
            yield {**said, "tool_calls": [call]}
            yield results[call["id"]]
            split.add(call["id"])
