"""Answers beside chat: embeddings, rerankings, token counts, and the models that the installed catalogs know."""

from __future__ import annotations

import math
import re
import warnings
from random import Random

from jackfield import (
    Boards,
    ConfigurationError,
    EmbeddingRequest,
    EmbeddingResponse,
    InvalidInput,
    ListedModel,
    ModelsResponse,
    RerankRequest,
    RerankResponse,
    TokenCountRequest,
    TokenCountResponse,
)

from ._counting import count_texts, usage_of
from ._script import CREATED

_DIMENSIONS = 256
_MOST_DIMENSIONS = 16_384


def embeddings(request: EmbeddingRequest) -> EmbeddingResponse:
    """Give each text a unit vector of its own, the same for the same text, model and length.

    Raises:
        InvalidInput: the vectors would be too long.
    """
    length = request.dimensions or _DIMENSIONS
    if length > _MOST_DIMENSIONS:
        raise InvalidInput(f"dimensions: at most {_MOST_DIMENSIONS} are given", param="dimensions")
    return EmbeddingResponse(
        model=request.model,
        created=CREATED,
        vectors=tuple(_vector(f"{request.model}\0{text}", length) for text in request.inputs),
        usage=count_texts(request.inputs),
        sandboxed=True,
    )


def ranking(request: RerankRequest) -> RerankResponse:
    """Give each document the share of the query's words that stand in it; of equals the first comes first."""
    wanted = _words(request.query)
    rows = [
        {"index": index, "relevance_score": len(wanted & _words(text)) / (len(wanted) or 1)}
        for index, text in enumerate(request.documents)
    ]
    return RerankResponse(
        model=request.model,
        created=CREATED,
        results=request.ranked(rows)[: request.top_n],
        usage=count_texts([request.query, *request.documents]),
        sandboxed=True,
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def token_count(request: TokenCountRequest) -> TokenCountResponse:
    """Count the input of a chat as an answer to it would state it."""
    return TokenCountResponse(
        model=request.model, input_tokens=usage_of(request.chat, ()).input_tokens or 0, sandboxed=True
    )


def _vector(seed: str, length: int) -> tuple[float, ...]:
    rng = Random(seed)
    wild = [rng.gauss(0.0, 1.0) for _ in range(length)]
    norm = math.hypot(*wild) or 1.0
    return tuple(value / norm for value in wild)


def models(boards: Boards, dialect: str) -> ModelsResponse:
    """List every model that an installed provider serves in this dialect; a catalog that is broken is warned about."""
    found: dict[str, ListedModel] = {}
    for provider in boards.providers():
        try:
            info = boards.info(provider)
            if dialect != info.dialect and dialect not in info.table.get("dialects", {}):
                continue
            for name in info.model_names():
                if info.model(name).dialect == dialect:
                    found.setdefault(name, ListedModel(id=name, created=CREATED, owner=provider))
        except ConfigurationError as error:
            warnings.warn(f"the models of {provider} are left out: {error}", stacklevel=2)
    return ModelsResponse(models=tuple(found.values()), sandboxed=True)
