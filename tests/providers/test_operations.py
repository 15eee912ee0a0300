"""Every operation that a catalog declares, of a provider or of a model, can be asked there, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from jackfield import (
    Boards,
    ChatRequest,
    EmbeddingRequest,
    Endpoint,
    Exchange,
    HTTPResponse,
    ModelsRequest,
    ProviderError,
    Request,
    RerankRequest,
    TokenCountRequest,
    UnsupportedOperation,
)

BOARDS = Boards(environ={})
AT = datetime(2026, 11, 30, tzinfo=UTC)
BODIES = (b"null", b"5", b'{"data": 5, "results": 5, "models": 5}', b"<html>")
WORDS = "blue light scatters"
#: Models of pictures and films, whose words nobody here knows; the error says what there is.
UNSPOKEN = {
    "amazon/amazon.titan-embed-image-v1", "amazon/twelvelabs.marengo-embed-2-7-v1:0",
    "amazon/twelvelabs.marengo-embed-3-0-v1:0",
}  # fmt: skip


def question(operation: str, model: str) -> Request | None:
    """Ask something of a kind."""
    match operation:
        case "embedding":
            return EmbeddingRequest(model=model, inputs=(WORDS,))
        case "rerank":
            return RerankRequest(model=model, query="why", documents=(WORDS, "the sea"))
        case "token_count":
            return TokenCountRequest.of(ChatRequest(model=model, messages=WORDS))
        case "models":
            return ModelsRequest()
    return None


def declared() -> Iterator[tuple[str, str, str]]:
    """Give every operation beside chat with a provider and a model; one that no catalog knows is as good as any."""
    for provider in BOARDS.providers():
        info = BOARDS.info(provider)
        for operation in info.operations:
            if operation in ("models", "token_count"):
                yield provider, info.default_model or "any", operation
            elif provider != "amazon":  # there the name says in whose words a model is asked
                yield provider, "any", operation
        for name in info.model_names():
            if "chat" not in (operations := info.model(name).operations):
                yield from ((provider, name, operation) for operation in operations)


CASES = sorted({row for row in declared() if question(row[2], "m") is not None})


def opened(provider: str, model: str, operation: str) -> Exchange:
    dialect = BOARDS.info(provider).model(model).dialect
    asked = question(operation, model)
    assert asked is not None
    endpoint = Endpoint(provider, dialect, "https://declared.invalid/v1")
    return Exchange(BOARDS.open(provider, dialect), asked, endpoint, AT, "record")


def test_there_are_many() -> None:
    kinds = [operation for _, _, operation in CASES]
    assert all(kinds.count(kind) >= 4 for kind in ("embedding", "rerank", "token_count", "models"))


@pytest.mark.parametrize(("provider", "model", "operation"), CASES)
def test_what_is_declared_can_be_asked(provider: str, model: str, operation: str) -> None:
    if f"{provider}/{model}" in UNSPOKEN:
        with pytest.raises(UnsupportedOperation, match="there are those of Titan Text, Nova and Cohere"):
            opened(provider, model, operation)
        return
    exchange = opened(provider, model, operation)
    sent = exchange.http_request
    assert sent.url.startswith("https://declared.invalid/"), "it goes where the credential belongs"
    assert sent.method == ("GET" if operation == "models" else "POST")
    if operation != "models" and b"invokeModel" not in sent.body:
        assert WORDS.encode() in sent.body
    assert not exchange.adjustments


@pytest.mark.parametrize(("provider", "model", "operation"), CASES)
def test_an_answer_that_is_none_is_an_error_of_the_provider(provider: str, model: str, operation: str) -> None:
    if f"{provider}/{model}" in UNSPOKEN:
        return
    exchange = opened(provider, model, operation)
    for body in BODIES if operation == "models" else (*BODIES, b"{}"):  # a list of models may be empty
        with pytest.raises(ProviderError):
            exchange.board.normalize_response(exchange.request, HTTPResponse(200, {}, body))
