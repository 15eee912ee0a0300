"""Every address for what is asked beside chat reaches a provider of any dialect, and is answered in its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings
from tests.apps.gateway.conftest import ask, served
from tests.apps.gateway.eden.conftest import Upstreams
from tests.core.server import running, whole

HI = [{"role": "user", "content": "Hi"}]
CONTENTS = [{"role": "user", "parts": [{"text": "Hi"}]}]
PROVIDERS = ("anthropic", "cohere", "google", "openai")
#: What a provider is told in its own dialect: where it listens, what it answers.
COUNTERS = {
    "anthropic/claude-sonnet-4-5": ("/v1/v1/messages/count_tokens", {"input_tokens": 14}),
    "google/gemini-2.5-flash": ("/v1/models/gemini-2.5-flash:countTokens", {"totalTokens": 14}),
    "openai/gpt-4.1-mini": ("/v1/responses/input_tokens", {"input_tokens": 14}),
}
#: How a caller asks for a count: address, body, and where the number stands in the answer.
CALLERS: dict[str, tuple[dict[str, Any], str]] = {
    "/v1/messages/count_tokens": ({"messages": HI}, "input_tokens"),
    "/v1/responses/input_tokens": ({"input": "Hi"}, "input_tokens"),
    "/v1beta/models/{model}:countTokens": ({"contents": CONTENTS}, "totalTokens"),
    "/v1/models/{model}:countTokens": ({"generateContentRequest": {"contents": CONTENTS}}, "totalTokens"),
}
RANKED = {
    "id": "r",
    "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}],
    "meta": {"billed_units": {"search_units": 1}},
}
RERANK = {"model": "cohere/rerank-v3.5", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 2}


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with running() as one, running() as two, running() as three, running() as four:
        yield Upstreams(zip(PROVIDERS, (one, two, three, four), strict=True))


@pytest.fixture(scope="module")
def address(upstreams: Upstreams) -> Iterator[str]:
    settings = {name: {"base_url": server.url, "api_key": "k"} for name, server in upstreams.items()}
    with served(GatewayApp(settings, boards=Boards(environ={}), settings=Settings(retries=0))) as found:
        yield found


@pytest.mark.parametrize("model", COUNTERS)
@pytest.mark.parametrize("path", CALLERS)
def test_tokens_are_counted_in_any_format_by_any_provider(
    address: str, upstreams: Upstreams, path: str, model: str
) -> None:
    where, answer = COUNTERS[model]
    server = upstreams[model.partition("/")[0]]
    server.answer(whole(answer))
    body, member = CALLERS[path]
    named = path.replace("{model}", model.replace("/", "%2F"))
    found = ask(address, body if named != path else {"model": model, **body}, named)
    assert found.status_code == 200, found.text
    assert found.json()[member] == 14
    assert server.requests[-1]["path"] == where


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank", "/api/v1/rerank"])
def test_documents_are_ranked(address: str, upstreams: Upstreams, path: str) -> None:
    upstreams["cohere"].answer(whole(RANKED))
    documents = ["a", "b"] if path.startswith("/api") else RERANK["documents"]
    found = ask(address, {**RERANK, "documents": documents, "return_documents": True}, path)
    assert found.status_code == 200, found.text
    assert upstreams.body("cohere")["documents"] == ["a", "b"]
    assert found.json()["results"] == [
        {"index": 1, "relevance_score": 0.9, "document": {"text": "b"}},
        {"index": 0, "relevance_score": 0.1, "document": {"text": "a"}},
    ]
    said = found.json()["meta"]["billed_units"] if path == "/v2/rerank" else found.json()["usage"]
    assert said == {"search_units": 1}


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/rerank", {**RERANK, "documents": 5}), ("/v2/rerank", {**RERANK, "query": None}),
     ("/v1/messages/count_tokens", {"model": "anthropic/claude-sonnet-4-5"}), ("/v1/rerank", [])],
)  # fmt: skip
def test_what_is_wrong_is_refused(address: str, path: str, body: Any) -> None:
    assert ask(address, body, path).status_code == 400
