"""Embeddings through InvokeModel, whose bodies are those of the model's vendor; the tokens stand in a header.

Sources: the recorded exchanges (amazon/invoke-model); docs.aws.amazon.com/bedrock/latest/userguide, the pages of Titan
Text Embeddings, of Cohere Embed and of Nova Multimodal Embeddings, read 2026-11-30.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from jackfield import (
    EmbeddingRequest,
    EmbeddingResponse,
    Endpoint,
    HTTPRequest,
    HTTPResponse,
    ResponseFormatError,
    UnsupportedOperation,
)
from jackfield.reading import MALFORMED, malformed, read_json

_FAMILY = re.compile(r"(?:^|[./:])(amazon\.titan-embed-(?!image)|amazon\.nova-2-multimodal-embeddings|cohere\.embed)")
_COUNT = "x-amzn-bedrock-input-token-count"
_COHERE: Mapping[str, str] = {
    "query": "search_query", "document": "search_document", "classification": "classification",
    "clustering": "clustering",
}  # fmt: skip
_NOVA: Mapping[str, str] = {
    "query": "GENERIC_RETRIEVAL", "document": "GENERIC_INDEX", "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}  # fmt: skip


def invoked(request: EmbeddingRequest, endpoint: Endpoint) -> HTTPRequest:
    """Translate to the words of the model's vendor.

    Raises:
        UnsupportedOperation: it is none of those whose words are known.
    """
    family = _family(request.model)
    if family == "cohere.embed":
        body = _cohere(request)
    elif family == "amazon.nova-2-multimodal-embeddings":
        body = _nova(request)
    elif family:
        body = {"inputText": request.inputs[0]}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
    else:
        raise UnsupportedOperation(
            f"no embeddings of {request.model!r:.60} here; there are those of Titan Text, Nova and Cohere",
            provider=endpoint.provider,
            model=request.model,
        )
    return HTTPRequest("POST", f"{endpoint.base_url}/model/{quote(request.model, safe='')}/invoke", {}, body)


def _family(model: str) -> str:
    found = _FAMILY.search(model)
    return found[1] if found else ""


def _cohere(request: EmbeddingRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "texts": list(request.inputs),
        "input_type": _COHERE.get(request.input_type or "document", "search_document"),
        "embedding_types": ["float"],
    }
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    if request.truncate is not None:
        # version 3 takes START and END, version 4 LEFT and RIGHT
        words = {"start": "LEFT", "end": "RIGHT"} if "embed-v4" in request.model else {}
        body["truncate"] = words.get(request.truncate, request.truncate.upper())
    return body


def _nova(request: EmbeddingRequest) -> dict[str, Any]:
    # a text that is too long has to be cut somewhere, or refused: there is no default
    text = {"value": request.inputs[0], "truncationMode": (request.truncate or "none").upper()}
    asked: dict[str, Any] = {
        "embeddingPurpose": _NOVA.get(request.input_type or "document", "GENERIC_INDEX"), "text": text,
    }  # fmt: skip
    if request.dimensions is not None:
        asked["embeddingDimension"] = request.dimensions
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": asked}


def read_vectors(request: EmbeddingRequest, response: HTTPResponse) -> EmbeddingResponse:
    """Read the vectors of whichever vendor.

    Raises:
        ResponseFormatError: there are none, or not as many as texts.
    """
    body = read_json(response)
    try:
        rows = body["embeddings"] if "embeddings" in body else [body["embedding"]]
        if isinstance(rows, dict):
            rows = rows["float"]
        vectors = tuple(tuple(map(float, row["embedding"] if isinstance(row, dict) else row)) for row in rows)
    except MALFORMED as error:
        raise malformed("the answer", error) from error
    if len(vectors) != len(request.inputs):
        raise ResponseFormatError(f"the answer has {len(vectors)} embeddings of {len(request.inputs)} texts")
    count = response.headers.get(_COUNT) or ""
    usage = {"inputTokens": int(count)} if count.isdecimal() else None
    return EmbeddingResponse(model=request.model, vectors=vectors, raw=body, raw_usage=usage)
