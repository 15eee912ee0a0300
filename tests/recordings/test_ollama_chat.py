"""Recorded exchanges in Ollama's own chat format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from jackfield import EmbeddingRequest, EmbeddingResponse, ModelsRequest, ModelsResponse
from tests.recordings import equivalences_ollama, loader
from tests.recordings.oracle import ollama_chat as oracle
from tests.recordings.suite import RecordedApi, params, read_list

pytestmark = pytest.mark.needs("recordings")

DIALECT = "ollama-chat"
PROVIDERS = ["ollama"]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PROVIDERS, fast="none"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestOllamaChat(RecordedApi):
    """Every recording of the format."""

    DIALECT = DIALECT
    API = "chat"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS = (b'"done":true', b'"done": true')

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        return equivalences_ollama.normal(body)

    def wanted(self, recorded: loader.Exchange) -> bool:
        return urlsplit(recorded.url).path == "/api/chat"

    def events(self, data: bytes) -> list[bytes]:
        return data.splitlines(keepends=True)

    def says_something(self, data: bytes) -> bool:
        return bool(data)


def test_only_what_manages_models_is_left_out() -> None:
    """Models are pulled and listed at other addresses."""
    suite = TestOllamaChat()
    others = [row for row in loader.exchanges("ollama", "chat") if not suite.wanted(row)]
    assert sorted(urlsplit(row.url).path for row in others) == ["/api/pull"] * 3 + ["/api/tags"]


def test_lists_of_models_are_read() -> None:
    seen = 0
    for api in ("chat", "models"):
        for recorded in loader.exchanges("ollama", api):
            if urlsplit(recorded.url).path == "/api/tags":
                response = read_list(DIALECT, recorded, ModelsRequest())
                assert isinstance(response, ModelsResponse)
                assert "gemma3:4b" in {model.id for model in response.models}
                assert all(model.created for model in response.models)
                seen += 1
    assert seen == 2


def test_embeddings_are_read() -> None:
    seen = 0
    for recorded in loader.exchanges("ollama", "embeddings"):
        if urlsplit(recorded.url).path == "/api/embed" and not recorded.is_error:
            given = (recorded.request_json or {})["input"]
            texts = (given,) if isinstance(given, str) else tuple(given)
            response = read_list(DIALECT, recorded, EmbeddingRequest(inputs=texts))
            assert isinstance(response, EmbeddingResponse)
            assert [len(vector) > 100 for vector in response.vectors] == [True] * len(texts)
            seen += 1
    assert seen > 0
