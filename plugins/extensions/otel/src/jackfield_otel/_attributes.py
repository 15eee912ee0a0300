"""The attributes of a span, by the semantic conventions for generative AI.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ (read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from jackfield import ChatRequest, ChatResponse, Cost, EmbeddingRequest, Response

#: Names of our operations in the conventions.
OPERATIONS: Final[Mapping[str, str]] = {"chat": "chat", "embedding": "embeddings"}
#: Names of our providers in the conventions, where they differ.
_PROVIDERS: Final[Mapping[str, str]] = {
    "amazon": "aws.bedrock",
    "google": "gcp.gemini",
    "ibm": "ibm.watsonx.ai",
    "microsoft": "azure.ai.openai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
_PARAMETERS: Final[Mapping[str, str]] = {
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "max_tokens": "gen_ai.request.max_tokens",
    "n": "gen_ai.request.choice.count",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "temperature": "gen_ai.request.temperature",
    "top_k": "gen_ai.request.top_k",
    "top_p": "gen_ai.request.top_p",
}


def of_request(exchange: Any) -> dict[str, Any]:
    """Return what is known before anything is sent: no content, and of the address neither user nor query."""
    request, place = exchange.request, urlsplit(exchange.endpoint.base_url)
    found: dict[str, Any] = {**_who(exchange), "server.address": place.hostname or ""}
    if (port := place.port or {"https": 443, "http": 80}.get(place.scheme)) is not None:
        found["server.port"] = port
    if isinstance(request, ChatRequest):
        found |= {name: value for own, name in _PARAMETERS.items() if (value := getattr(request, own)) is not None}
        if request.stop:
            found["gen_ai.request.stop_sequences"] = list(request.stop)
        if request.stream:
            found["gen_ai.request.stream"] = True
        if request.response_format is not None:
            found["gen_ai.output.type"] = "json"
    elif isinstance(request, EmbeddingRequest) and request.dimensions is not None:
        found["gen_ai.embeddings.dimension.count"] = request.dimensions
    return found


def of_response(response: Response | None, cost: Cost | None) -> dict[str, Any]:
    """Return what an answer says of itself."""
    if response is None:
        return {}
    found: dict[str, Any] = {"jackfield.sandboxed": response.sandboxed}
    if response.id is not None:
        found["gen_ai.response.id"] = response.id
    if response.model is not None:
        found["gen_ai.response.model"] = response.model
    if isinstance(response, ChatResponse):
        found["gen_ai.response.finish_reasons"] = [choice.finish_reason for choice in response.choices]
    if (usage := response.usage) is not None:
        counts = {
            "gen_ai.usage.input_tokens": usage.input_tokens,
            "gen_ai.usage.output_tokens": usage.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
            "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
            "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        }
        found |= {name: count for name, count in counts.items() if count is not None}
    if cost is not None and cost.total is not None:
        found |= {"jackfield.cost": float(cost.total), "jackfield.currency": cost.currency}
    return found


def measured(exchange: Any, response: Response | None) -> dict[str, Any]:
    """Return the labels of the metrics, which have few values."""
    found = _who(exchange)
    if exchange.model.rung not in ("id", "alias"):  # what callers write is no label
        found["gen_ai.request.model"] = "other"
    elif response is not None and response.model is not None:
        found["gen_ai.response.model"] = response.model
    return found


def _who(exchange: Any) -> dict[str, Any]:
    operation, provider = exchange.request.operation, exchange.endpoint.provider
    return {
        "gen_ai.operation.name": OPERATIONS.get(operation, operation),
        "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
        "gen_ai.request.model": exchange.request.model,
    }
