"""What can be asked beside chat, by both clients, over real sockets: the wire, the answer, its cost, every refusal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from jackfield import (
    AsyncClient,
    ChatRequest,
    Client,
    InvalidInput,
    ModelNotFoundError,
    RateLimitError,
    ResponseFormatError,
    TokenCountRequest,
    UnsupportedFeature,
    UnsupportedOperation,
)
from tests.core.server import Server, running, whole

DOCUMENTS = ("Ruby is a language", "Paris is in France", "Rails is a framework")
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def listening() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def server(listening: Server) -> Server:
    listening.requests.clear()
    return listening


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, server: Server) -> Ask:
    """Call a method of a client whose every provider listens on loopback."""
    names = ("cohere", "voyage", "together", "jina", "openai", "anthropic", "google", "huggingface", "amazon")
    settings = {name: {"base_url": server.url, "api_key": "key-of-nobody"} for name in names}

    def sync(method: str, *values: Any, **parameters: Any) -> Any:
        with Client(settings, retries=0, unsupported="record", environ={}) as client:
            return getattr(client, method)(*values, **parameters)

    async def other(method: str, *values: Any, **parameters: Any) -> Any:
        async with AsyncClient(settings, retries=0, unsupported="record", environ={}) as client:
            return await getattr(client, method)(*values, **parameters)

    return sync if request.param == "sync" else lambda *values, **given: asyncio.run(other(*values, **given))


def sent(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(server.requests[-1]["body"])
    return found


def path(server: Server) -> str:
    return str(server.requests[-1]["path"])


ROWS = [{"index": 0, "relevance_score": 0.5}, {"index": 2, "relevance_score": 0.9}]
RERANKS = {
    "cohere/rerank-v3.5": (
        "/v1/v2/rerank", {"id": "r", "results": ROWS, "meta": {"billed_units": {"search_units": 1}}}, {"top_n": 2},
    ),
    "voyage/rerank-2-lite": (
        "/v1/rerank", {"object": "list", "data": ROWS, "model": "rerank-2-lite", "usage": {"total_tokens": 57}},
        {"top_k": 2, "return_documents": False},
    ),
    "together/mixedbread-ai/Mxbai-Rerank-Large-V2": (
        "/v1/rerank", {"id": "r", "model": "m", "usage": {"prompt_tokens": 9, "total_tokens": 9}, "results": ROWS},
        {"top_n": 2, "return_documents": False},
    ),
    "jina/jina-reranker-v3": (
        "/v1/rerank", {"model": "jina-reranker-v3", "usage": {"total_tokens": 815}, "results": ROWS},
        {"top_n": 2, "return_documents": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("model", RERANKS)
def test_documents_come_in_order_with_their_scores(ask: Ask, server: Server, model: str) -> None:
    address, body, more = RERANKS[model]
    server.answer(whole(body))
    answer = ask("rerank", model, "ruby", DOCUMENTS, top_n=2, return_documents=True)
    provider, _, name = model.partition("/")
    assert path(server) == address
    assert sent(server) == {"model": name, "query": "ruby", "documents": [*DOCUMENTS], **more}
    found = [(row.index, row.relevance_score, row.document) for row in answer.results]
    assert found == [(2, 0.9, DOCUMENTS[2]), (0, 0.5, DOCUMENTS[0])]
    assert (answer.raw, answer.provider, answer.adjustments) == (body, provider, ())


def test_a_search_unit_has_a_price(ask: Ask, server: Server) -> None:
    server.answer(whole(RERANKS["cohere/rerank-v3.5"][1]))
    assert ask("rerank", "cohere/rerank-v3.5", "ruby", DOCUMENTS).cost.total == Decimal("0.002")


def test_tokens_of_a_reranking_have_a_price(ask: Ask, server: Server) -> None:
    server.answer(whole(RERANKS["voyage/rerank-2-lite"][1]))
    answer = ask("rerank", "voyage/rerank-2-lite", "ruby", DOCUMENTS)
    assert answer.usage.input_tokens == 57
    assert answer.cost.total == Decimal("0.02") * 57 / 1_000_000
    assert [row.document for row in answer.results] == [None, None]


@pytest.mark.parametrize(
    "rows",
    [
        [{"index": 3, "relevance_score": 0.1}],
        [{"index": -1, "relevance_score": 0.1}],
        [{"index": 0, "relevance_score": 0.1}, {"index": 0, "relevance_score": 0.2}],
        [{"index": 0}],
        [{"index": "0", "relevance_score": 0.1}],
        None,
    ],
)
def test_results_of_no_document_are_an_error(ask: Ask, server: Server, rows: Any) -> None:
    server.answer(whole({"results": rows}))
    for model in ("cohere/rerank-v3.5", "jina/jina-reranker-v3"):
        with pytest.raises(ResponseFormatError):
            ask("rerank", model, "ruby", DOCUMENTS)


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (404, ModelNotFoundError)])
def test_a_refused_reranking_is_the_error_of_its_status(ask: Ask, server: Server, status: int, kind: Any) -> None:
    server.answer(whole({"detail": "no"}, status))
    with pytest.raises(kind, match="no") as caught:
        ask("rerank", "jina/jina-reranker-v3", "ruby", DOCUMENTS)
    assert (caught.value.provider, caught.value.status) == ("jina", status)


@pytest.mark.parametrize(
    ("values", "param"),
    [({"documents": []}, "documents"), ({"documents": "one"}, "documents"), ({"top_n": 0}, "top_n"),
     ({"top": 1}, "top")],
)  # fmt: skip
def test_a_reranking_that_cannot_be_is_refused(ask: Ask, server: Server, values: Any, param: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask("rerank", "cohere/rerank-v3.5", "ruby", **{"documents": DOCUMENTS, **values})
    assert caught.value.param == param
    assert not server.requests


VECTORS = {"data": [{"index": 0, "embedding": [1, 2]}], "model": "m", "usage": {"total_tokens": 3}}
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
EMBEDDINGS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "voyage/voyage-3.5": (
        "/v1/embeddings", VECTORS,
        {"model": "voyage-3.5", "input": ["x"], "output_dimension": 2, "input_type": "query", "truncation": True},
    ),
    "jina/jina-embeddings-v3": (
        "/v1/embeddings", VECTORS,
        {"model": "jina-embeddings-v3", "input": ["x"], "dimensions": 2, "embedding_type": "float",
         "task": "retrieval.query", "truncate": True},
    ),
    "cohere/embed-v4.0": (
        "/v1/v2/embed", {"id": "e", "embeddings": {"float": [[1, 2]]}, "meta": {"billed_units": {"input_tokens": 3}}},
        {"model": "embed-v4.0", "texts": ["x"], "input_type": "search_query", "output_dimension": 2,
         "truncate": "END", "embedding_types": ["float"]},
    ),
    "huggingface/intfloat/e5": (
        "/hf-inference/models/intfloat/e5/pipeline/feature-extraction", [[1, 2]],
        {"inputs": ["x"], "dimensions": 2, "prompt_name": "query", "truncate": True, "truncation_direction": "Right"},
    ),
    "amazon/cohere.embed-v4:0": (
        "/v1/model/cohere.embed-v4%3A0/invoke", {"embeddings": {"float": [[1, 2]]}},
        {"texts": ["x"], "input_type": "search_query", "embedding_types": ["float"], "output_dimension": 2,
         "truncate": "RIGHT"},
    ),
    f"amazon/{NOVA}": (
        f"/v1/model/{NOVA.replace(':', '%3A')}/invoke", {"embeddings": [{"embedding": [1, 2]}]},
        {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_RETRIEVAL", "embeddingDimension": 2,
            "text": {"value": "x", "truncationMode": "END"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("model", EMBEDDINGS)
def test_embeddings_are_asked_for_in_each_providers_words(ask: Ask, server: Server, model: str) -> None:
    address, body, wanted = EMBEDDINGS[model]
    server.answer(whole(body))
    answer = ask("embed", model, "x", input_type="query", truncate="end", dimensions=2)
    assert (path(server), sent(server)) == (address, wanted)
    assert (answer.vectors, answer.adjustments, answer.raw) == (((1.0, 2.0),), (), body)


def test_what_a_text_is_for_is_left_out_where_nobody_asks_and_said(ask: Ask, server: Server) -> None:
    server.answer(whole(VECTORS))
    answer = ask("embed", "openai/text-embedding-3-small", ["x"], input_type="query", user="u")
    assert "input_type" not in sent(server)
    assert sent(server)["user"] == "u", "a chat's other name for it is none of an embedding"
    assert [(row.parameter, row.action) for row in answer.adjustments] == [("input_type", "dropped")]


def test_a_batch_that_is_too_large_is_refused_before_anything_is_sent(ask: Ask, server: Server) -> None:
    with pytest.raises(UnsupportedFeature, match="at most 1 are taken at once, so send them in parts") as caught:
        ask("embed", "amazon/amazon.titan-embed-text-v2:0", ["x", "y"])
    assert (caught.value.param, caught.value.provider) == ("inputs", "amazon")
    with pytest.raises(UnsupportedFeature, match="1001 texts; at most 1000"):
        ask("rerank", "voyage/rerank-2", "q", ["d"] * 1001)
    assert not server.requests


@pytest.mark.parametrize("rows", [[[[0.1, 0.2]]], [], [[1], [2]], ["x"]])
def test_features_that_are_no_embedding_are_an_error(ask: Ask, server: Server, rows: Any) -> None:
    server.answer(whole(rows))
    with pytest.raises(ResponseFormatError):
        ask("embed", "huggingface/intfloat/e5", "x")


COUNTS = {
    "anthropic/claude-sonnet-4-5": ("/v1/v1/messages/count_tokens", {"input_tokens": 14}, "messages"),
    "google/gemini-2.5-flash": (
        "/v1/models/gemini-2.5-flash:countTokens", {"totalTokens": 14}, "generateContentRequest",
    ),
    "openai/gpt-4.1-mini": ("/v1/responses/input_tokens", {"input_tokens": 14}, "input"),
    "amazon/amazon.nova-lite-v1:0": ("/v1/model/amazon.nova-lite-v1%3A0/count-tokens", {"inputTokens": 14}, "input"),
    "cohere/command-a-03-2025": ("/v1/v1/tokenize", {"tokens": [*range(14)]}, "text"),
}  # fmt: skip


@pytest.mark.parametrize("model", COUNTS)
def test_tokens_are_counted_by_the_provider(ask: Ask, server: Server, model: str) -> None:
    address, body, member = COUNTS[model]
    server.answer(whole(body))
    answer = ask("count_tokens", model, "What is the capital of France?")
    assert (path(server), answer.input_tokens, answer.estimated) == (address, 14, False)
    assert "What is the capital of France?" in json.dumps(sent(server)[member])
    assert not {"max_tokens", "stream", "generationConfig", "max_output_tokens"} & sent(server).keys()
    assert answer.raw == body


def test_a_count_has_tools_and_the_system_in_it(ask: Ask, server: Server) -> None:
    server.answer(whole({"input_tokens": 588}))
    tools = [{"name": "weather", "parameters": {"type": "object", "properties": {}}}]
    ask("count_tokens", "anthropic/claude-sonnet-4-5", "Hi", system="Be terse.", tools=tools, max_tokens=5)
    assert sent(server).keys() == {"model", "messages", "system", "tools"}


@pytest.mark.parametrize("count", [None, -1, "14", 1.5, True])
def test_a_count_that_is_none_is_an_error(ask: Ask, server: Server, count: Any) -> None:
    server.answer(whole({"input_tokens": count}))
    with pytest.raises(ResponseFormatError, match="input_tokens"):
        ask("count_tokens", "anthropic/claude-sonnet-4-5", "Hi")


def test_what_a_tokenizer_of_texts_cannot_count_is_refused(ask: Ask, server: Server) -> None:
    with pytest.raises(UnsupportedFeature, match="one text alone"):
        ask("count_tokens", "cohere/command-a-03-2025", "Hi", system="Be terse.")
    assert not server.requests


def test_what_is_said_to_one_provider_is_said_in_its_count(ask: Ask, server: Server) -> None:
    server.answer(whole({"totalTokens": 5}))
    ask("count_tokens", "google/gemini-2.5-flash", "Hi", provider_options={"google": {"cachedContent": "c"}})
    assert sent(server)["generateContentRequest"]["cachedContent"] == "c"
    assert sent(server).keys() == {"generateContentRequest"}


def test_a_count_does_not_name_its_model_twice() -> None:
    request = TokenCountRequest.of(ChatRequest(model="m", messages="Hi", stream=True))
    assert (request.model, request.chat.model, request.chat.stream, request.asked.model) == ("m", "", None, "m")


@pytest.mark.parametrize(
    ("method", "values"),
    [("rerank", ("openai/gpt-4.1", "q", ["d"])), ("rerank", ("amazon/m", "q", ["d"])),
     ("count_tokens", ("together/m", "Hi")), ("embed", ("anthropic/m", "x"))],
)  # fmt: skip
def test_what_a_provider_does_not_offer_names_it_and_the_remedy(
    ask: Ask, server: Server, method: str, values: Any
) -> None:
    with pytest.raises(UnsupportedOperation, match=r"no \w+ here; there is chat.*ask a provider that has it") as caught:
        ask(method, *values)
    assert caught.value.provider == values[0].partition("/")[0]
    assert not server.requests
