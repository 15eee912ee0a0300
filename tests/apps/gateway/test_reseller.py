"""The OpenAI-compatible API: fallbacks, what an answer cost and who was tried, contexts and prices of models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings
from jackfield_sandbox import AsyncSandboxTransport, stand_in
from tests.apps.gateway.conftest import ask, served
from tests.core.server import DONE, USAGE, Server, chunk, completion, running, streamed, whole


@pytest.fixture(scope="module")
def demo_of_all() -> Iterator[str]:
    """A gateway in which the sandbox stands in for every installed provider."""
    boards, transport = Boards({}, environ={}), AsyncSandboxTransport()
    providers = {name: stand_in(boards, name, transport) for name in boards.providers()}
    with served(GatewayApp(providers, boards=boards)) as found:
        yield found


BODY: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def second() -> Iterator[Server]:
    with running() as server:
        server.answer(whole(completion("Hello")))
        yield server


@pytest.fixture
def address(upstream: Server, second: Server) -> Iterator[str]:
    upstream.answer(whole(completion("Hello")))
    providers = {
        "openai": {"api_key": "sk-1", "base_url": upstream.url},
        "deepseek": {"api_key": "sk-2", "base_url": second.url},
    }
    with served(GatewayApp(providers, boards=Boards({}, environ={}), settings=Settings(retries=0))) as found:
        yield found


def test_choice_fallbacks_are_a_member(address: str, upstream: Server, second: Server) -> None:
    body = {**BODY, "fallbacks": ["deepseek-chat"]}
    assert ask(address, body).json()["choices"][0]["message"]["content"] == "Hello"
    assert "fallbacks" not in json.loads(upstream.requests[0]["body"])
    upstream.answer(whole({"error": {"message": "because"}}, 500))
    assert ask(address, body).json()["choices"][0]["message"]["content"] == "Hello"
    assert len(second.requests) == 1
    assert "fallbacks" not in json.loads(second.requests[0]["body"])
    assert second.requests[0]["headers"]["authorization"] == "Bearer sk-2"
    for wrong in (["a/b"] * 6, [7], {"a": 1}):
        assert ask(address, {**BODY, "fallbacks": wrong}).status_code == 400


def test_choice_details_by_header(address: str, upstream: Server, second: Server) -> None:
    assert "jackfield" not in ask(address, BODY).json()
    upstream.answer(whole({"error": {"message": "because"}}, 500))
    told = {"x-jackfield-details": "1"}
    found = ask(address, {**BODY, "fallbacks": ["deepseek-chat"]}, **told).json()["jackfield"]
    assert (found["provider"], found["cost_status"]) == ("deepseek", "priced")
    assert found["cost"] > 0
    assert [(row["provider"], row["outcome"], row["status"]) for row in found["attempts"]] == [
        ("openai", "ServerError", 500), ("deepseek", "ok", 200),
    ]  # fmt: skip
    upstream.answer(streamed(chunk(content="Hello"), chunk(finish="stop"), USAGE, DONE))
    for options in ({}, {"stream_options": {"include_usage": True}}):
        answer = ask(address, {**BODY, "stream": True, **options}, **told)
        *events, end = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
        assert end == "[DONE]"
        rows = [json.loads(event) for event in events]
        assert rows[-1]["jackfield"]["cost"] == 1.65e-06
        assert all("jackfield" not in row for row in rows[:-1])


def test_the_official_sdk_reads_streams_with_details(address: str, upstream: Server) -> None:
    upstream.answer(streamed(chunk(content="Hello"), chunk(finish="stop"), USAGE, DONE))
    headers = {"x-jackfield-details": "1"}
    with openai.OpenAI(base_url=f"{address}/v1", api_key="unused", default_headers=headers) as client:
        chunks = list(client.chat.completions.create(**BODY, stream=True))
    assert "".join(row.delta.content or "" for part in chunks for row in part.choices) == "Hello"
    assert chunks[-1].model_extra is not None
    assert chunks[-1].model_extra["jackfield"]["provider"] == "openai"


def test_details_are_told_in_every_dialect_that_is_asked_whole(address: str) -> None:
    body = {"model": "openai/gpt-4o-mini", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    found = ask(address, body, "/v1/messages", **{"x-jackfield-details": "yes"}).json()
    assert found["type"] == "message"
    assert found["jackfield"]["cost"] == 1.65e-06


def test_choice_price_lists_of_models(address: str) -> None:
    rows = {row["id"]: row for row in httpx.get(f"{address}/v1/models", timeout=20).json()["data"]}
    assert rows["openai/gpt-4o"]["context_window"] == 128_000
    assert rows["openai/gpt-4o"]["pricing"] == {"input": "2.5", "output": "10"}
    found = httpx.get(f"{address}/v1/models", params={"price_list": "reseller"}).json()["data"]
    one = next(row for row in found if row["id"] == "gpt-4o")
    assert (one["context_window"], one["pricing"]) == (128_000, {"input": "1.25", "output": "5"})
    assert httpx.get(f"{address}/v1/models", params={"price_list": "nobody"}).status_code == 400


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o", "gpt-4o-mini", "gpt-4.1", "claude-3-5-sonnet-20241022", "claude-3-5-haiku-20241022",
        "gemini-2.5-flash-preview-05-20", "gemini-2.0-flash", "deepseek-chat", "llama-3.3-70b-instruct",
    ],
)  # fmt: skip
def test_bare_names_of_the_table_are_answered(demo_of_all: str, model: str) -> None:
    answer = ask(demo_of_all, {**BODY, "model": model})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-jackfield-sandbox"] == "1"
