"""What any host is asked in its life: a dozen requests in the unified vocabulary, each named after what it is about."""

from __future__ import annotations

import base64
from typing import Any

from jackfield import ChatRequest, Media, Message, Text, ToolCall, ToolResult

__all__ = ["REQUESTS", "request"]

#: One red pixel.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"name": "weather", "description": "Tells the weather.", "parameters": CITY}
CLOCK = {"name": "clock", "parameters": {"type": "object", "properties": {}}}
HISTORY = (
    Message(role="user", parts="Weather in Paris?"),
    Message(role="assistant", parts=(ToolCall(id="call00001", name="weather", arguments='{"city": "Paris"}'),)),
    Message(role="tool", parts=(ToolResult(call_id="call00001", name="weather", parts=(Text(text="Sunny"),)),)),
)
SEEN = Message(
    role="user", parts=(Text(text="What is this?"), Media(kind="image", source=PNG, mime="image/png", detail="low"))
)

REQUESTS: dict[str, dict[str, Any]] = {
    "text": {"messages": "Hi", "max_tokens": 500},
    "system": {"messages": (Message(role="system", parts="Be brief."), Message(role="user", parts="Hi"))},
    "image": {"messages": (SEEN,)},
    "tools": {"messages": "Weather?", "tools": (WEATHER, CLOCK), "tool_choice": "required"},
    "named tool": {
        "messages": "Weather?", "tools": (WEATHER,), "tool_choice": {"name": "weather"}, "parallel_tool_calls": False,
    },
    "result": {"messages": HISTORY, "tools": (WEATHER,), "tool_choice": "auto"},
    "object": {"messages": "Answer in JSON.", "response_format": "json"},
    "schema": {"messages": "Which city?", "response_format": {"schema": CITY, "name": "city", "strict": True}},
    "reasoning": {"messages": "Think.", "reasoning": "high", "max_tokens": 30000},
    "budget": {"messages": "Think.", "reasoning": 4000, "max_tokens": 30000},
    "no reasoning": {"messages": "Think not.", "reasoning": False},
    "sampling": {
        "messages": "Hi", "temperature": 0.5, "top_p": 0.9, "top_k": 20, "seed": 7, "n": 1,
        "frequency_penalty": 0.1, "presence_penalty": 0.1, "repetition_penalty": 1.1, "logprobs": True,
        "top_logprobs": 2, "user": "somebody", "max_tokens": 50,
    },
    "stop": {"messages": "Hi", "stop": ("END",)},
    "stream": {"messages": "Hi", "stream": True},
}  # fmt: skip


def request(name: str, model: str) -> ChatRequest:
    """Return one of them, for a model."""
    return ChatRequest(model=model, **REQUESTS[name])
