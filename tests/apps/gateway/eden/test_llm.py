"""`llm/chat` and `generate`: OpenAI's form with this API's ranges, and the passages of a project's documents."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp
from tests.apps.gateway.conftest import ask, served
from tests.apps.gateway.eden.conftest import Shelf, Upstreams
from tests.core.server import DONE, USAGE, chunk, streamed, whole

LLM = "/v2/llm/chat"
GENERATE = "/v2/aiproducts/askyoda/v2/6f3b1a52-6f0e-4f4e-9d6f-0d9f8a6f1c11/generate"
BODY: dict[str, Any] = {"model": "mistral/large-at-most-1000", "messages": [{"role": "user", "content": "Hi"}]}
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize("path", [LLM, GENERATE])
def test_an_answer_is_openais_with_a_cost(address: str, upstreams: Upstreams, path: str) -> None:
    found = ask(address, BODY, path).json()
    assert found["object"] == "chat.completion"
    message = found["choices"][0]["message"]
    assert message == {
        "role": "assistant", "content": "Hello", "tool_calls": None, "function_call": None, "refusal": None,
    }  # fmt: skip
    assert found["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert found["cost"] == 1.8e-05
    assert found.keys() >= {"provider_time", "edenai_time"}


@pytest.mark.parametrize("path", [LLM, GENERATE])
def test_the_cost_of_a_stream_rides_at_its_end(address: str, upstreams: Upstreams, path: str) -> None:
    for options in ({}, {"stream_options": {"include_usage": True}}):
        upstreams["mistral"].answer(streamed(chunk(content="Hello"), chunk(finish="stop"), USAGE, DONE))
        answer = ask(address, {**BODY, "stream": True, **options}, path)
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
        assert events.pop() == "[DONE]"
        rows = [json.loads(event) for event in events]
        assert rows[-1]["cost"] == 1.8e-05
        assert rows[-1]["choices"] == []
        assert bool(rows[-1].get("usage")) is bool(options)
        assert "".join(row["choices"][0]["delta"].get("content", "") for row in rows if row["choices"]) == "Hello"


def test_the_official_sdk_of_openai_talks_to_it(address: str, upstreams: Upstreams) -> None:
    class Here(openai.OpenAI):
        """Asks the API's own address instead of OpenAI's."""

        def _prepare_options(self, options: Any) -> Any:
            options.url = options.url.replace("/chat/completions", "/chat")
            return options

    with Here(base_url=f"{address}/v2/llm", api_key="unused", max_retries=0) as client:
        answer = client.chat.completions.create(**BODY)
        assert answer.choices[0].message.content == "Hello"
        upstreams["mistral"].answer(whole({"message": "because"}, 429))
        with pytest.raises(openai.RateLimitError, match="because"):
            client.chat.completions.create(**BODY)


def test_everything_that_openai_takes_goes_along(address: str, upstreams: Upstreams) -> None:
    body = {
        "model": "openai/gpt-4o", "messages": BODY["messages"], "frequency_penalty": 0.1, "presence_penalty": -0.1,
        "logit_bias": {"50256": -100}, "logprobs": True, "top_logprobs": 2, "max_completion_tokens": 7, "n": 2,
        "response_format": {"type": "json_object"}, "seed": 4, "service_tier": "default", "stop": ["END"],
        "temperature": 0.5, "top_p": 0.5, "parallel_tool_calls": False, "user": "u1",
        "tools": [{"type": "function", "function": FUNCTION}], "tool_choice": "weather",
        "metadata": [{"key": "source", "value": "support"}],
        "prediction": {"type": "content", "content": "Hello"}, "modalities": ["text"],
    }  # fmt: skip
    answer = ask(address, body, LLM)
    assert answer.status_code == 200, answer.text
    sent = upstreams.body()
    for name in ("frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "n", "seed", "stop",
                 "temperature", "top_p", "parallel_tool_calls", "response_format", "service_tier",
                 "prediction", "tools", "max_completion_tokens"):  # fmt: skip
        assert sent[name] == body[name], name
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert sent["metadata"] == {"source": "support"}
    assert "max_tokens" not in sent


def test_the_old_form_of_functions_is_taken(address: str, upstreams: Upstreams) -> None:
    body = {**BODY, "model": "openai/gpt-4o", "functions": [FUNCTION], "function_call": "weather"}
    assert ask(address, body, LLM).status_code == 200
    sent = upstreams.body()
    assert sent["functions"] == [FUNCTION]
    assert sent["function_call"] == {"name": "weather"}


def test_thinking_is_asked_for_by_its_budget(address: str, upstreams: Upstreams) -> None:
    body = {**BODY, "model": "openai/o4-mini", "thinking": {"type": "enabled", "budget_tokens": 1024}}
    answer = ask(address, body, LLM)
    assert answer.status_code == 200
    assert upstreams.body()["reasoning_effort"] == "low"
    assert answer.headers["x-jackfield-adjusted"] == "reasoning"


def test_a_budget_that_was_written_is_kept_beside_a_limit_that_was_not(address: str, upstreams: Upstreams) -> None:
    body = {**BODY, "thinking": {"type": "enabled", "budget_tokens": 2048}, "model": "anthropic/claude-sonnet-4-5"}
    answer = ask(address, body, GENERATE)
    assert "x-jackfield-adjusted" not in answer.headers
    sent = upstreams.body("anthropic")
    assert sent["thinking"]["budget_tokens"] == 2048
    assert sent["max_tokens"] == 2148


def test_generate_sends_its_own_limit_unless_the_caller_has_one(address: str, upstreams: Upstreams) -> None:
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 100), ({"max_tokens": 7}, 7), ({"max_completion_tokens": 9}, 9),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
    ]  # fmt: skip
    for more, most in cases:
        assert ask(address, {**BODY, **more}, GENERATE).status_code == 200
        assert upstreams.body("mistral")["max_tokens"] == most
    ask(address, BODY, LLM)
    assert "max_tokens" not in upstreams.body("mistral")


def test_passages_are_woven_into_the_conversation(address: str, upstreams: Upstreams, shelf: Shelf) -> None:
    body = {
        **BODY, "k": 5, "min_score": 0.5, "filter_documents": {"lang": "en"},
        "conversation_id": "6f3b1a52-6f0e-4f4e-9d6f-0d9f8a6f1c12",
    }  # fmt: skip
    assert ask(address, body, GENERATE).status_code == 200
    assert upstreams.body("mistral")["messages"][-1]["content"] == "Blue light scatters. Hi"
    assert not {"k", "min_score", "filter_documents", "conversation_id"} & upstreams.body("mistral").keys()
    query = shelf.queries[-1]
    assert (query.collection, query.k, query.min_score) == ("6f3b1a52-6f0e-4f4e-9d6f-0d9f8a6f1c11", 5, 0.5)
    assert query.filters == {"lang": "en"}
    assert shelf.answers[-1] == (body["conversation_id"], "Hello")
    upstreams["mistral"].answer(streamed(chunk(content="Streamed"), chunk(finish="stop"), USAGE, DONE))
    assert ask(address, {**body, "stream": True}, GENERATE).status_code == 200
    assert shelf.answers[-1] == (body["conversation_id"], "Streamed")


def test_without_documents_an_error_names_what_is_missing(upstreams: Upstreams) -> None:
    overrides = {"mistral": {"api_key": "sk", "base_url": upstreams["mistral"].url}}
    with served(GatewayApp(overrides, boards=Boards({}, environ={}))) as address:
        answer = ask(address, {**BODY, "k": 5}, GENERATE)
        assert answer.status_code == 501
        assert "jackfield-rag" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("more", "status", "parameter"),
    [
        ({"model": "nobody/x"}, 400, "model"),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, "messages"),
        ({"metadata": [{"key": "k" * 65, "value": "v"}]}, 400, "metadata"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1}}, 400, "thinking"),
        ({"tools": [{"no": "tool"}]}, 400, "tools"),
        ({"fallbacks": ["a"] * 6}, 400, "fallbacks"),
    ],
)
def test_what_is_wrong_is_named(
    address: str, upstreams: Upstreams, more: dict[str, Any], status: int, parameter: str
) -> None:
    answer = ask(address, {**BODY, **more}, LLM)
    assert answer.status_code == status
    assert [*answer.json()["error"]["message"]] == [parameter]


def test_fallbacks_are_asked_in_turn(address: str, upstreams: Upstreams) -> None:
    upstreams["mistral"].answer(whole({"message": "because"}, 500))
    found = ask(address, {**BODY, "fallbacks": ["deepseek"]}, LLM).json()
    assert found["choices"][0]["message"]["content"] == "Hello"
    assert len(upstreams["deepseek"].requests) == 1


def test_a_project_is_a_uuid(address: str) -> None:
    assert ask(address, BODY, "/v2/aiproducts/askyoda/v2/mine/generate").status_code == 404
