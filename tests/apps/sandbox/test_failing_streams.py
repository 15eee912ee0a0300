"""An error in the middle of a good stream, at a real socket, as each dialect writes it and reads it again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jackfield import AsyncClient, Boards, Client, InvalidRequestError, JackfieldError, ServerError, TextDelta, Timeout

#: Dialects, and the path below which each has its routes.
DIALECTS = {
    "openai-chat": "/v1",
    "openai-responses": "/v1",
    "anthropic-messages": "",
    "bedrock-converse": "",
    "gemini": "/v1beta",
    "cohere-chat": "",
    "ollama-chat": "",
}
#: Where the format's word for a failure means another thing in recordings: Cohere's ERROR was refused with 422.
OTHERS = {"cohere-chat": InvalidRequestError}


def boards_of(dialect: str, url: str) -> Boards:
    """Return boards with a provider that is its dialect alone."""
    provider = {"name": "plain", "dialect": dialect, "base_url": url + DIALECTS[dialect]}
    auth = [{"kind": "none"}]
    return Boards({"providers": {"plain": {"provider": provider, "auth": auth}}}, environ={})


@pytest.mark.parametrize("transport", ["httpx2", "fast"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_error_in_a_stream_is_the_providers_after_what_came(url: str, dialect: str, transport: str) -> None:
    options: dict[str, Any] = {
        "boards": boards_of(dialect, url), "environ": {}, "retries": 0, "timeout": Timeout(first=10, between=10),
        "transport": transport, "providers": {"plain": {"api_key": "any"}},
    }  # fmt: skip
    model = "plain/fault/error=4"
    texts: list[str] = []

    def hear(client: Client) -> None:
        for delta in client.stream(model, "hello there"):
            if isinstance(delta, TextDelta):
                texts.append(delta.text)

    with Client(**options) as client, pytest.raises(JackfieldError) as caught:
        hear(client)

    async def read() -> JackfieldError:
        async with AsyncClient(**options) as asked:
            try:
                async for _ in asked.stream(model, "hello there"):
                    pass
            except JackfieldError as error:
                return error
        raise AssertionError("the stream ended well")

    for error in (caught.value, asyncio.run(read())):
        assert type(error) is OTHERS.get(dialect, ServerError), repr(error)
        assert (error.provider, error.status) == ("plain", 200)
        assert error.response is not None
        assert error.attempts[-1].outcome == type(error).__name__
    assert texts, "what came before it has been delivered"
    assert "".join(texts) == caught.value.response.text


def test_every_dialect_is_here() -> None:
    assert set(Boards(environ={}).dialects()) == set(DIALECTS)
