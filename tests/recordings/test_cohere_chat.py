"""Recorded exchanges in Cohere's chat format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from jackfield import EmbeddingRequest, EmbeddingResponse, ModelsRequest, ModelsResponse
from tests.recordings import equivalences_cohere, loader
from tests.recordings.oracle import cohere_chat as oracle
from tests.recordings.suite import RecordedApi, params, read_list

pytestmark = pytest.mark.needs("recordings")

DIALECT = "cohere-chat"
PROVIDERS = ["cohere"]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PROVIDERS, fast="none"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestCohereChat(RecordedApi):
    """Every recording of version 2."""

    DIALECT = DIALECT
    API = "chat"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS = (b'"message-end"',)

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        return equivalences_cohere.normal(body)

    def wanted(self, recorded: loader.Exchange) -> bool:
        return urlsplit(recorded.url).path == "/v2/chat"


def test_only_version_1_is_left_out() -> None:
    """Version 1 is another format: one `message` with a `chat_history`, an answer of one `text`, lines of JSON."""
    suite = TestCohereChat()
    others = [row for row in loader.exchanges("cohere", "chat") if not suite.wanted(row)]
    assert {urlsplit(row.url).path for row in others} == {"/v1/chat"}
    assert len(others) == 18


def test_lists_of_models_are_read() -> None:
    seen = 0
    for recorded in loader.exchanges("cohere", "models"):
        response = read_list(DIALECT, recorded, ModelsRequest())
        assert isinstance(response, ModelsResponse)
        assert {"command-a-03-2025", "embed-v4.0"} <= {model.id for model in response.models}
        seen += 1
    assert seen == 1


def test_embeddings_are_read() -> None:
    """Both versions answer in one form where the type of the embeddings is asked for; one recording asks for int8."""
    seen = 0
    for recorded in loader.exchanges("cohere", "embeddings"):
        if b'"float":' in recorded.response_bytes:
            texts = tuple((recorded.request_json or {})["texts"])
            response = read_list(DIALECT, recorded, EmbeddingRequest(inputs=texts))
            assert isinstance(response, EmbeddingResponse)
            assert [len(vector) > 100 for vector in response.vectors] == [True] * len(texts)
            assert response.raw_usage
            seen += 1
    assert seen == 6
