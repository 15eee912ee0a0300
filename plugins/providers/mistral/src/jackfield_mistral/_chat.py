"""Mistral: its catalog, and what only Mistral writes so: thinking as pieces of the content, the tier in the usage.

Recorded: mistral/chat-completions. A trace goes back in the form in which it came.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from jackfield import ChatRequest, HTTPRequest, Request, hookimpl
from jackfield_dialect_openai.chat import variant

__all__ = ["normalize_response", "stream_decoder", "translate_request"]

_TRACE = "reasoning_content"


def _amend(body: dict[str, Any]) -> None:
    if usage := body.get("usage"):
        body.setdefault("service_tier", usage.get("service_tier"))
    for choice in body.get("choices") or ():
        message = choice.get("message") or choice.get("delta") or {}
        if isinstance(content := message.get("content"), list):
            thoughts = [piece for piece in content if piece.get("type") == "thinking"]
            if thoughts:
                message[_TRACE] = "".join(map(_text, thoughts))
                message["content"] = [piece for piece in content if piece not in thoughts]


def _text(piece: dict[str, Any]) -> str:
    thinking = piece["thinking"]
    return thinking if isinstance(thinking, str) else "".join(row.get("text", "") for row in thinking)


normalize_response, stream_decoder = variant(_amend)


@hookimpl(wrapper=True)
def translate_request(request: Request) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Write traces of thinking as pieces of the content."""
    found = yield
    if found is not None and isinstance(request, ChatRequest):
        for message in found.body["messages"]:
            if (trace := message.pop(_TRACE, None)) is not None:
                thought = {"type": "thinking", "thinking": [{"type": "text", "text": trace}]}
                content = message["content"]
                said = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
                message["content"] = [thought, *said]
    return found
