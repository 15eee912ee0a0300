"""Recorded embeddings, rerankings, token counts and lists of models: each is read as the oracle reads it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import (
    Boards,
    EmbeddingRequest,
    EmbeddingResponse,
    Endpoint,
    Exchange,
    JackfieldError,
    ModelsRequest,
    ModelsResponse,
    Request,
    RerankResponse,
    Response,
    TokenCountResponse,
)
from tests.recordings import (
    equivalences_anthropic,
    equivalences_bedrock,
    equivalences_gemini,
    judge,
    loader,
)
from tests.recordings.asked_others import COUNTS, EMBEDDINGS, RERANKINGS, Case
from tests.recordings.oracle import operations as oracle

pytestmark = pytest.mark.needs("recordings")
BOARDS = Boards(environ={})
#: How many exchanges each folder has that are read; the rest is left out by its reader, with the reason beside it.
READ = {
    "openai/embeddings/openai": 8, "microsoft/embeddings/microsoft": 2, "mistral/embeddings/mistral": 7,
    "openrouter/embeddings/openrouter": 4, "local-openai/embeddings/openai-compatible": 2,
    "voyage/embeddings/voyage": 6, "cohere/embeddings/cohere": 6, "google/embeddings/google": 8,
    "ollama/embeddings/ollama": 4, "amazon/invoke-model/amazon": 3, "cohere/rerank/cohere": 6,
    "voyage/rerank/voyage": 1,
}  # fmt: skip
EQUIVALENCES = {
    "anthropic-messages": equivalences_anthropic.normal, "bedrock-converse": equivalences_bedrock.normal,
    "gemini": equivalences_gemini.normal,
}  # fmt: skip
LISTS = (
    ("alibaba", "openai-chat"), ("anthropic", "anthropic-messages"), ("cerebras", "openai-chat"),
    ("cohere", "cohere-chat"), ("google", "gemini"), ("groq", "openai-chat"), ("mistral", "openai-chat"),
    ("ollama", "ollama-chat"), ("openai", "openai-chat"), ("xiaomi", "openai-chat"),
)  # fmt: skip


def asked(case: Case) -> Iterator[tuple[loader.Exchange, Request]]:
    """Yield the exchanges of a folder that are read, with what they ask."""
    for recorded in loader.exchanges(case.folder, case.api):
        request = case.read(recorded.url, recorded.request_json or {})
        if request is not None:
            yield recorded, request


def opened(provider: str, dialect: str, request: Request) -> Exchange:
    """Open an exchange with a provider's own board, as its client would."""
    endpoint = Endpoint(provider, dialect, "https://recorded.invalid/v1")
    return Exchange(BOARDS.open(provider, dialect), request, endpoint, judge.AT, "record")


def answered(case: Case, recorded: loader.Exchange, request: Request) -> Response | None:
    """Return the answer; of a refusal check what it says, and return None."""
    exchange = opened(case.provider, case.dialect, request)
    _, error = judge.run(exchange, recorded, judge.split(recorded.response_bytes, 64))
    if not recorded.is_error:
        assert error is None, f"{recorded.file}: {error}"
        return exchange.response
    assert isinstance(error, JackfieldError)
    assert error.message.startswith(oracle.complaint(recorded.interaction).rstrip(". "))
    assert error.status == recorded.response["status"]
    assert error.provider == case.provider
    return None


@pytest.mark.parametrize("case", EMBEDDINGS, ids=str)
def test_embeddings_are_read_as_the_oracle_reads_them(case: Case) -> None:
    count = 0
    for recorded, request in asked(case):
        count += 1
        response = answered(case, recorded, request)
        if response is None:
            continue
        assert isinstance(response, EmbeddingResponse)
        assert isinstance(request, EmbeddingRequest)
        expected = oracle.vectors(recorded.interaction)
        assert [list(vector) for vector in response.vectors] == expected, recorded.file
        assert len(expected) == len(request.inputs)
        found = None if response.usage is None else response.usage.input_tokens
        assert found == oracle.input_tokens(recorded.interaction), recorded.file
        assert response.raw == oracle.body_of(recorded.interaction)
    assert count == READ[str(case)]


@pytest.mark.parametrize("case", RERANKINGS, ids=str)
def test_rerankings_are_read_as_the_oracle_reads_them(case: Case) -> None:
    count = 0
    for recorded, request in asked(case):
        count += 1
        response = answered(case, recorded, request)
        assert isinstance(response, RerankResponse)
        expected = oracle.ranking(recorded.interaction)
        assert [(row.index, row.relevance_score) for row in response.results] == expected, recorded.file
        assert response.usage is not None
        units = [item.count for item in response.usage.others if item.unit == "search_unit"]
        assert (units[0] if units else None) == oracle.search_units(recorded.interaction)
        assert response.usage.input_tokens == oracle.input_tokens(recorded.interaction)
    assert count == READ[str(case)]


@pytest.mark.parametrize("case", COUNTS, ids=lambda case: f"{case}/{case.dialect}")
def test_token_counts_are_read_as_the_oracle_reads_them(case: Case) -> None:
    count = 0
    for recorded, request in asked(case):
        count += 1
        response = answered(case, recorded, request)
        if response is not None:
            assert isinstance(response, TokenCountResponse)
            assert response.input_tokens == oracle.count(recorded.interaction) > 0
            assert not response.estimated
    assert count > 0


def test_every_recorded_count_is_read_by_one_of_the_boards() -> None:
    """Left out are four questions of one SDK which models Cohere has, with the address of a tokenizer."""
    for folder, left in (("anthropic", 0), ("amazon", 0), ("google", 0), ("openai", 0), ("cohere", 4)):
        cases = [case for case in COUNTS if case.folder == folder]
        here = {(row.file, row.index) for case in cases for row, _ in asked(case)}
        assert len(list(loader.exchanges(folder, "count-tokens"))) - len(here) == left


@pytest.mark.parametrize("case", [*EMBEDDINGS, *RERANKINGS, *COUNTS], ids=lambda case: f"{case}/{case.dialect}")
def test_what_was_asked_is_sent_as_it_was_recorded(case: Case) -> None:
    for recorded, request in asked(case):
        sent = opened(case.provider, case.dialect, request).http_request
        body, wanted = sent.json(), recorded.request_json
        if case.api == "count-tokens" and case.dialect in EQUIVALENCES:
            body, wanted = (chat_of(case.dialect, given) for given in (body, wanted))
        if case.provider != "openai" or "instructions" not in (wanted or {}):
            assert normal(body) == normal(wanted), recorded.file
        path = recorded.url.partition("?")[0].replace("%3A", ":")
        verb = "/".join(path.split("/")[-2:]) if ":" not in path.rpartition("/")[2] else path.rpartition("/")[2]
        if "/v1/embed" not in path and "/v1/rerank" not in path and "/deployments/" not in path:
            assert sent.url.partition("?")[0].replace("%3A", ":").endswith(verb.rpartition("/")[2]), recorded.file


@pytest.mark.parametrize(("provider", "dialect"), LISTS)
def test_lists_of_models_are_read_as_the_oracle_reads_them(provider: str, dialect: str) -> None:
    seen = 0
    for recorded in loader.exchanges(provider, "models"):
        if recorded.request["method"] != "GET" or recorded.url.partition("?")[0].count("/models/"):
            continue  # one model by name, or what became of one
        case = Case(provider, "models", provider, dialect, lambda url, body: ModelsRequest())
        response = answered(case, recorded, ModelsRequest())
        seen += 1
        if response is not None:
            assert isinstance(response, ModelsResponse)
            assert [model.id for model in response.models] == oracle.names(recorded.interaction)
    assert seen > 0


def chat_of(dialect: str, body: Any) -> Any:
    """Return the chat inside a count, brought to the form in which equal ones are equal."""
    inner = body.get("generateContentRequest", body)
    if isinstance(given := inner.get("input"), dict):
        inner = given.get("converse") or json.loads(base64.b64decode(given["invokeModel"]["body"]))
    found = EQUIVALENCES[dialect](dict(inner))
    found.pop("metadata", None)  # who asks bears on no count
    assert found.get("messages") or found.get("contents")
    return found


def normal(body: Any) -> Any:
    """Bring a body to the form in which equal questions are equal; each line is one equivalence."""
    if isinstance(body, list):
        return [normal(row) for row in body]
    if not isinstance(body, dict):
        return body
    found = {name: normal(value) for name, value in body.items() if value not in (None, [], "")}
    if isinstance(found.get("input"), str):
        found["input"] = [found["input"]]  # one text is a list of one
    for name in ("encoding_format", "return_documents", "embedding_types", "normalize", "options"):
        found.pop(name, None)  # how numbers are written, and what is so by itself
    return found
