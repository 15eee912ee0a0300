"""Embeddings: Hugging Face calls them feature extraction, at an address of their own for each model.

Sources: huggingface.co/docs/inference-providers/tasks/feature-extraction; @huggingface/tasks 0.19.78, its input and
output of the task; huggingface_hub, inference/_providers/hf_inference.py; read 2026-11-30. No usage is stated.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from jackfield import (
    EmbeddingRequest,
    EmbeddingResponse,
    Endpoint,
    HTTPRequest,
    HTTPResponse,
    Request,
    Response,
    ResponseFormatError,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed, read_json

_CUTS = {"start": "Left", "end": "Right"}


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Ask the router's own inference for the features of texts; what a text is for is the name of a prompt."""
    if not isinstance(request, EmbeddingRequest):
        return None
    body: dict[str, Any] = {"inputs": list(request.inputs)}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.input_type is not None:
        body["prompt_name"] = request.input_type
    if request.truncate is not None:
        body["truncate"] = request.truncate != "none"
        if request.truncate in _CUTS:
            body["truncation_direction"] = _CUTS[request.truncate]
    host = endpoint.base_url.removesuffix("/v1")
    url = f"{host}/hf-inference/models/{quote(request.model, safe='/-._~')}/pipeline/feature-extraction"
    return HTTPRequest("POST", url, {}, body)


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Read a list of vectors; a model that gives one for each token of a text is none for embeddings."""
    if not isinstance(request, EmbeddingRequest):
        return None
    rows = read_json(response)
    if not isinstance(rows, list):
        return None
    if len(rows) != len(request.inputs):
        raise ResponseFormatError(f"the answer has {len(rows)} embeddings of {len(request.inputs)} texts")
    try:
        vectors = tuple(tuple(map(float, row)) for row in rows)
    except MALFORMED as error:
        raise malformed("the answer", error) from error
    return EmbeddingResponse(model=request.model, vectors=vectors, raw=rows)
