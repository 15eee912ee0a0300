"""The official SDK's types of a request's body, by dialect, and what they have against one.

The SDK of Gemini has no type of the whole body, but models of its members, of which none lets an unknown one pass;
Cohere's has the parameters of a method. Converse is held against botocore's own model of it.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

import botocore.session
import ollama
from anthropic.types import message_create_params as messages
from botocore.validate import ParamValidator
from cohere.v2.client import V2Client
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
#: Where the type of the whole body lets any mapping pass.
_OLLAMA: Mapping[str, Any] = {"messages": list[ollama.Message], "options": ollama.Options}
DIALECTS = (*_TYPES, "gemini", "bedrock-converse", "cohere-chat", "ollama-chat")


def objections(dialect: str, body: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a body, by the members that are of another type, missing or unknown."""
    if (own := _OWN.get(dialect)) is not None:
        return list(own(body))
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


@cache
def _shape() -> Any:
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model("Converse").input_shape


def _converse(body: Mapping[str, Any]) -> Iterator[str]:
    report = ParamValidator().validate({"modelId": "any", **_with_bytes(body)}, _shape())
    yield from report.generate_report().splitlines()


def _with_bytes(value: Any) -> Any:
    """Read the base64 of a body, as botocore is given bytes."""
    if isinstance(value, Mapping):
        return {
            name: base64.b64decode(inner) if name in ("bytes", "redactedContent") else _with_bytes(inner)
            for name, inner in value.items()
        }
    return [_with_bytes(row) for row in value] if isinstance(value, list) else value


def _cohere(body: Mapping[str, Any]) -> Iterator[str]:
    hints = get_type_hints(V2Client.chat, include_extras=True)
    needed = {name for name, of in inspect.signature(V2Client.chat).parameters.items() if of.default is of.empty}
    yield from (f"body.{name} is missing" for name in needed - {"self", *body})
    for name, value in body.items():
        if name == "stream":  # the SDK has two methods
            yield from against(value, bool, "body.stream")
        elif name in hints:
            yield from against(value, hints[name], f"body.{name}")
        else:
            yield f"body.{name} is not known to V2Client.chat"


def _ollama(body: Mapping[str, Any]) -> Iterator[str]:
    fields = ollama._types.ChatRequest.model_fields
    for name, value in body.items():
        if name not in fields:
            yield f"body.{name} is not known to ChatRequest"
        elif name == "messages":  # the SDK's images write themselves as base64
            rows = [
                {**row, **({"images": [{"value": of} for of in row["images"]]} if "images" in row else {})}
                for row in value
            ]
            yield from against(rows, _OLLAMA[name], "body.messages")
        else:
            yield from against(value, _OLLAMA.get(name, fields[name].annotation), f"body.{name}")
    yield from (f"body.{name} is missing" for name in ("model", "messages") if name not in body)


_OWN = {"gemini": _gemini, "bedrock-converse": _converse, "cohere-chat": _cohere, "ollama-chat": _ollama}
