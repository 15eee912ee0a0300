"""Cohere over a real socket: both of its addresses, and what a newcomer meets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from jackfield import (
    AuthenticationError,
    Bytes,
    Client,
    Media,
    Message,
    MissingCredential,
    ModelNotFoundError,
    ProviderError,
    Text,
    UnsupportedFeature,
    UnsupportedParameterWarning,
)
from tests.core.server import Server, running, whole

SAID = {
    "id": "c1",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
    "usage": {
        "billed_units": {"input_tokens": 100_000, "output_tokens": 10_000},
        "tokens": {"input_tokens": 101_000, "output_tokens": 10_100},
        "cached_tokens": 900,
    },
}


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def client(server: Server, **more: Any) -> Client:
    """Return a client whose Cohere stands at the server, as CO_API_URL names it."""
    environ = {"CO_API_URL": server.url.removesuffix("/v1"), "CO_API_KEY": "k"}
    return Client(providers={"cohere": more}, environ=environ, retries=0)


def sent(server: Server) -> Any:
    return json.loads(server.requests[-1]["body"])


def test_a_chat_goes_to_the_native_address_and_costs_what_is_billed(server: Server) -> None:
    server.answer(whole(SAID))
    with client(server) as asked:
        response = asked.chat("cohere/command-a-03-2025", "hello", top_p=0.5)
    assert response.text == "hi"
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.cached_tokens) == (100_000, None)
    assert response.cost is not None
    assert response.cost.total == Decimal("0.35")
    assert server.requests[0]["path"] == "/v2/chat"
    assert server.requests[0]["headers"]["authorization"] == "Bearer k"
    assert sent(server)["p"] == 0.5


def test_the_compatible_address_stays_there(server: Server) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    server.answer(whole({"id": "c", "model": "m", "choices": [choice]}))
    compatible = client(server, dialect="openai-chat", base_url=server.url)
    with compatible as asked, pytest.warns(UnsupportedParameterWarning):
        response = asked.chat("cohere/command-a-plus-05-2026", "hello", reasoning={"effort": "medium"}, seed=1)
    assert response.text == "hi"
    assert sent(server)["reasoning_effort"] == "high"
    assert [row.parameter for row in response.adjustments] == ["reasoning"]


def test_without_a_key_the_error_says_where_keys_come_from() -> None:
    with Client(environ={}) as asked, pytest.raises(MissingCredential) as caught:
        asked.chat("cohere/command-a-03-2025", "hello")
    for word in ("CO_API_KEY", "COHERE_API_KEY", "https://dashboard.cohere.com/api-keys"):
        assert word in caught.value.message


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (401, AuthenticationError, "invalid api token"),
        (498, AuthenticationError, "invalid token"),
        (404, ModelNotFoundError, "model 'command-a-03-2024' not found"),
    ],
)
def test_refusals_have_their_class_and_id(server: Server, status: int, kind: type[ProviderError], message: str) -> None:
    server.answer(whole({"id": "r1", "message": message}, status))
    with client(server) as asked, pytest.raises(kind) as caught:
        asked.chat("cohere/command-a-03-2024", "hello")
    assert caught.value.message.startswith(message)
    assert (caught.value.status, caught.value.request_id) == (status, "r1")
    if kind is ModelNotFoundError:
        assert caught.value.message.count("(the catalog has") == 1


def test_a_document_becomes_one_that_can_be_cited_and_a_pdf_is_refused(server: Server) -> None:
    server.answer(whole(SAID))
    note = Media(kind="document", source=Bytes(data=b"The capital is Quack."), mime="text/plain", name="notes.txt")
    with client(server) as asked:
        asked.chat("cohere/command-a-03-2025", [Message(role="user", parts=(note, Text(text="Which?")))])
        assert sent(server)["documents"] == [
            {"id": "notes.txt", "data": {"snippet": "The capital is Quack.", "title": "notes.txt"}}
        ]
        assert sent(server)["messages"] == [{"role": "user", "content": "Which?"}]
        scan = note.model_copy(update={"mime": "application/pdf"})
        with pytest.raises(UnsupportedFeature, match=r"messages\[0\].parts\[0\]: the format takes documents as text"):
            asked.chat("cohere/command-a-03-2025", [Message(role="user", parts=(scan,))])


def test_an_effort_becomes_a_budget_and_is_told(server: Server) -> None:
    server.answer(whole(SAID))
    with client(server) as asked:
        with pytest.warns(UnsupportedParameterWarning):
            response = asked.chat(
                "cohere/command-a-reasoning-08-2025", "hello", reasoning="low", parallel_tool_calls=False
            )
        assert sent(server)["thinking"] == {"type": "enabled", "token_budget": 2048}
        assert {row.parameter for row in response.adjustments} == {"reasoning", "parallel_tool_calls"}
        asked.chat("cohere/command-a-reasoning-08-2025", "hello", reasoning=False)
        assert sent(server)["thinking"] == {"type": "disabled"}


def test_texts_are_embedded(server: Server) -> None:
    body = {"id": "e", "embeddings": {"float": [[0.5, 1], [2, 3]]}, "meta": {"billed_units": {"input_tokens": 4}}}
    server.answer(whole(body))
    with client(server) as asked:
        response = asked.embed("cohere/embed-v4.0", ["a", "b"], dimensions=2)
    assert response.vectors == ((0.5, 1.0), (2.0, 3.0))
    assert response.usage is not None
    assert response.usage.input_tokens == 4
    assert server.requests[0]["path"] == "/v2/embed"
    assert sent(server) == {
        "model": "embed-v4.0",
        "texts": ["a", "b"],
        "input_type": "search_document",
        "output_dimension": 2,
        "embedding_types": ["float"],
    }
