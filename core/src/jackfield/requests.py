"""Requests out of the arguments of a client's methods, the same for both clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .conversation import ChatRequest
from .counting import TokenCountRequest
from .errors import InvalidInput
from .operations import EmbeddingRequest
from .parsing import chat_request, validated, whole_request
from .ranking import RerankRequest


def embedding_request(model: str, inputs: str | Sequence[str], parameters: Mapping[str, Any]) -> EmbeddingRequest:
    """Make a request of texts; one text is a list of one.

    Raises:
        InvalidInput: a value is wrong; the message names it.
    """
    texts = [inputs] if isinstance(inputs, str) else inputs
    return validated(EmbeddingRequest, {"model": model, "inputs": texts, **parameters})


def rerank_request(model: str, query: str, documents: Sequence[str], parameters: Mapping[str, Any]) -> RerankRequest:
    """Make a request to rerank.

    Raises:
        InvalidInput: a value is wrong; the message names it.
    """
    if isinstance(documents, str):
        raise InvalidInput("documents: a list of texts is needed, not one text", param="documents")
    return validated(RerankRequest, {"model": model, "query": query, "documents": documents, **parameters})


def count_request(
    model: str | ChatRequest, messages: Any, system: str | None, parameters: Mapping[str, Any]
) -> TokenCountRequest:
    """Make a request to count the tokens of a chat.

    Raises:
        InvalidInput: a message or a parameter is wrong; the message names it.
    """
    if isinstance(model, ChatRequest):
        return TokenCountRequest.of(whole_request(model, messages, system, parameters, False))
    return TokenCountRequest.of(chat_request(model, messages, system, parameters, False))
