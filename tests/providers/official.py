"""The official SDK's types of a request's body, by dialect, and what they have against one.

The SDK of Gemini has no type of the whole body, but models of its members, of which none lets an unknown one pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from anthropic.types import message_create_params as messages
from google.genai import types
from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as responses
from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.dialects.openai.sdk import against

__all__ = ["DIALECTS", "objections"]

#: Whole and streamed.
_TYPES: Mapping[str, tuple[Any, Any]] = {
    "openai-chat": (chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming),
    "openai-responses": (responses.ResponseCreateParamsNonStreaming, responses.ResponseCreateParamsStreaming),
    "anthropic-messages": (messages.MessageCreateParamsNonStreaming, messages.MessageCreateParamsStreaming),
}
_GEMINI: Mapping[str, Any] = {
    "contents": list[types.Content],
    "systemInstruction": types.Content,
    "tools": list[types.Tool],
    "toolConfig": types.ToolConfig,
    "generationConfig": types.GenerationConfig,
    "safetySettings": list[types.SafetySetting],
}
DIALECTS = (*_TYPES, "gemini")


def objections(dialect: str, body: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a body, by the members that are of another type, missing or unknown."""
    if dialect == "gemini":
        return list(_gemini(body))
    return list(against(body, _TYPES[dialect][bool(body.get("stream"))], "body"))


def _gemini(body: Mapping[str, Any]) -> Iterator[str]:
    for name, value in body.items():
        if name not in _GEMINI:
            yield f"body.{name} is not known to GenerateContent"
            continue
        try:
            adapter: TypeAdapter[BaseModel] = TypeAdapter(_GEMINI[name])
            adapter.validate_python(value)
        except ValidationError as error:
            for row in error.errors():
                yield f"body.{'.'.join(map(str, (name, *row['loc'])))}: {row['msg']}"
    if "contents" not in body:
        yield "body.contents is missing"
