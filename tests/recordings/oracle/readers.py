"""Who reads the requests of which format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.recordings.oracle.asked import Asked, anthropic_messages, gemini, openai_chat, openai_responses
from tests.recordings.oracle.asked_bedrock import bedrock_converse
from tests.recordings.oracle.asked_cohere import cohere_chat
from tests.recordings.oracle.asked_ollama import ollama_chat

__all__ = ["READERS"]

READERS: Mapping[str, Callable[[dict[str, Any], str], Asked]] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "anthropic-messages": anthropic_messages,
    "gemini": gemini,
    "bedrock-converse": bedrock_converse,
    "cohere-chat": cohere_chat,
    "ollama-chat": ollama_chat,
}
