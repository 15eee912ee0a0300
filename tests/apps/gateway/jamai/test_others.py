"""Embeddings and rerankings, in the API's own form, in OpenAI's, and in each dialect that has an address for them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apps.gateway.conftest import ask
from tests.apps.gateway.eden.conftest import Upstreams
from tests.core.server import whole

VECTORS = {"data": [{"index": 0, "embedding": [0.5, 1.0]}], "model": "m", "usage": {"prompt_tokens": 3}}
EMBEDDING = {"model": "openai/text-embedding-3-small", "input": "x"}


def test_a_text_is_embedded(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(whole(VECTORS))
    for more in ({}, {"type": "query"}):
        found = ask(address, {**EMBEDDING, **more}, "/api/v1/embeddings")
        assert found.status_code == 200, found.text
        assert found.json()["data"] == [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
        assert ("x-jackfield-adjusted" in found.headers) is bool(more), "only what was written is missed"
    assert upstreams.body()["input"] == ["x"]


def test_vectors_come_as_text_where_that_is_asked_for(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(whole(VECTORS))
    found = ask(address, {**EMBEDDING, "encoding_format": "base64"}, "/api/v1/embeddings").json()
    assert found["data"][0]["embedding"] == "AAAAPwAAgD8="


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("embeddings", {"input": "x"}, "body.model"),
        ("embeddings", {**EMBEDDING, "type": "other"}, "body.type"),
        ("embeddings", {**EMBEDDING, "dimensions": 0}, "body.dimensions"),
        ("rerank", {"model": "m", "documents": ["d"]}, "body.query"),
        ("rerank", {"model": "m", "query": "q", "documents": []}, "body.documents"),
    ],
)
def test_what_is_wrong_is_named_in_the_envelope(address: str, path: str, body: dict[str, Any], place: str) -> None:
    found = ask(address, body, f"/api/v1/{path}")
    assert (found.status_code, found.json()["error"]) == (422, "validation_error")
    assert place in found.json()["message"]


@pytest.mark.parametrize("path", ["/api/v1/rerank", "/v1/rerank", "/v2/rerank"])
def test_who_cannot_rerank_says_so(address: str, path: str) -> None:
    body = {"model": "openai/gpt-4o-mini", "query": "q", "documents": ["d"]}
    found = ask(address, body, path)
    assert 400 <= found.status_code < 500
    assert "no rerank here" in found.text
