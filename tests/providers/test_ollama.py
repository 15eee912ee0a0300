"""Ollama over a real socket: both of its addresses, and what a newcomer meets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import (
    AuthenticationError,
    Client,
    ModelNotFoundError,
    ServerError,
    UnsupportedFeature,
    UnsupportedParameterWarning,
)
from tests.core.server import Server, running, streamed, whole

SAID = {"model": "m", "created_at": "2026-11-20T10:00:00Z", "message": {"role": "assistant", "content": "hi"}}
DONE = {**SAID, "done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2}
NOT_HERE = {"error": "model 'qwen9' not found"}
REMEDY = "model 'qwen9' not found; get it with `ollama pull qwen9`, or see what is there with `ollama list`"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def client(server: Server, **more: Any) -> Client:
    """Return a client whose Ollama stands at the server, as OLLAMA_BASE_URL names it."""
    environ = {"OLLAMA_BASE_URL": server.url.removesuffix("/v1"), **more.pop("environ", {})}
    return Client(providers={"ollama": more}, environ=environ, retries=0)


def test_a_chat_goes_to_the_native_address_without_a_key(server: Server) -> None:
    server.answer(whole(DONE))
    with client(server) as asked:
        response = asked.chat("ollama/m", "hello", max_tokens=9)
    assert (response.text, response.cost.status if response.cost else None) == ("hi", "unknown")
    (sent,) = server.requests
    assert sent["path"] == "/api/chat"
    assert "authorization" not in sent["headers"]
    assert json.loads(sent["body"]) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": False,
        "options": {"num_predict": 9},
    }


def test_a_key_of_the_cloud_is_sent(server: Server) -> None:
    server.answer(whole(DONE))
    with client(server, environ={"OLLAMA_API_KEY": "k"}) as asked:
        asked.chat("ollama/m", "hello")
    assert server.requests[0]["headers"]["authorization"] == "Bearer k"


def test_a_base_url_of_the_compatible_address_is_understood(server: Server) -> None:
    server.answer(whole(DONE))
    for dialect in ("ollama-chat", "openai-chat"):
        with client(server, environ={"OLLAMA_BASE_URL": server.url}, dialect=dialect) as asked:
            if dialect == "ollama-chat":
                asked.chat("ollama/m", "hello")
                continue
            choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
            server.answer(whole({"id": "c", "model": "m", "choices": [choice]}))
            assert asked.chat("ollama/m", "hello").text == "hi"
    assert [sent["path"] for sent in server.requests] == ["/api/chat", "/v1/chat/completions"]


@pytest.mark.parametrize(
    ("dialect", "body"), [("ollama-chat", NOT_HERE), ("openai-chat", {"error": {"message": NOT_HERE["error"]}})]
)
def test_a_model_that_was_not_pulled_says_how_to_pull_it(server: Server, dialect: str, body: Any) -> None:
    server.answer(whole(body, 404))
    with client(server, dialect=dialect) as asked:
        with pytest.raises(ModelNotFoundError) as caught:
            asked.chat("ollama/qwen9", "hello")
        assert caught.value.message.startswith(REMEDY)
        with pytest.raises(ModelNotFoundError) as caught, asked.stream("ollama/qwen9", "hello") as deltas:
            list(deltas)
        assert caught.value.message.startswith(REMEDY)


def test_a_stream_that_fails_keeps_what_came(server: Server) -> None:
    lines = [json.dumps({**SAID, "done": False}).encode() + b"\n", b'{"error": "the runner crashed"}\n']
    server.answer(streamed(*lines, content_type="application/x-ndjson"))
    with (
        client(server) as asked,
        pytest.raises(ServerError, match="the runner crashed") as caught,
        asked.stream("ollama/m", "hello") as deltas,
    ):
        list(deltas)
    assert caught.value.response.text == "hi"


def test_other_refusals_are_left_as_they_are(server: Server) -> None:
    server.answer(whole({"error": "unauthorized"}, 401))
    with client(server) as asked, pytest.raises(AuthenticationError) as caught:
        asked.chat("ollama/m", "hello")
    assert caught.value.message == "unauthorized"


def test_a_forced_call_is_refused_before_anything_is_sent(server: Server) -> None:
    with client(server) as asked, pytest.raises(UnsupportedFeature, match="tool_choice cannot be 'required'"):
        asked.chat("ollama/m", "hello", tools=[{"name": "f"}], tool_choice="required")
    assert not server.requests


def test_what_has_no_word_is_dropped_and_told(server: Server) -> None:
    server.answer(whole(DONE))
    with client(server) as asked, pytest.warns(UnsupportedParameterWarning):
        response = asked.chat("ollama/m", "hello", user="u", reasoning={"effort": "xhigh"}, parallel_tool_calls=True)
    assert {row.parameter: row.action for row in response.adjustments} == {
        "user": "dropped",
        "parallel_tool_calls": "dropped",
        "reasoning": "replaced by high",
    }
    assert json.loads(server.requests[0]["body"])["think"] == "high"


def test_models_are_listed(server: Server) -> None:
    server.answer(whole({"models": [{"name": "qwen3:0.6b", "modified_at": "2026-11-20T10:00:00.123456789Z"}]}))
    with client(server) as asked:
        (model,) = asked.models("ollama").models
    assert (model.id, model.created) == ("qwen3:0.6b", 1795168800)
    assert server.requests[0]["path"] == "/api/tags"
