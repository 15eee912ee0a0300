"""How each host is asked to think, or not to: in its own form, and what it cannot be told is recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import ChatRequest, Client, Exchange

WORDS = (
    "thinking", "reasoning", "reasoning_effort", "enable_thinking", "thinking_budget", "chat_template_kwargs",
    "chat_template_args",
)  # fmt: skip


def asked(model: str, reasoning: Any) -> tuple[dict[str, Any], list[str]]:
    """Return what of a request's body speaks of thinking, and what was adjusted."""
    provider = model.partition("/")[0]
    client = Client(
        {provider: {"api_key": "k", "base_url": "https://any.invalid", "dialect": "openai-chat"}}, environ={}
    )
    exchange: Exchange = client.exchange(ChatRequest(model=model, messages="Hi", reasoning=reasoning))
    body = json.loads(exchange.http_request.body)
    adjusted = [row.action for row in exchange.adjustments]
    return {name: body[name] for name in WORDS if name in body}, adjusted


ON, OFF = {"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}}
CASES: list[tuple[str, Any, dict[str, Any], list[str]]] = [
    ("deepseek/deepseek-v4-pro", False, OFF, []),
    ("deepseek/deepseek-v4-pro", "none", OFF, []),
    ("deepseek/deepseek-v4-pro", "max", {"reasoning_effort": "max"}, []),
    ("deepseek/deepseek-v4-pro", "low", {"reasoning_effort": "high"}, ["replaced by high"]),
    ("deepseek/deepseek-v4-pro", None, {}, []),
    ("zai/glm-4.7", True, ON, []),
    ("zai/glm-4.7", "high", ON, ["replaced by medium"]),
    ("zai/glm-5.3", "high", {"reasoning_effort": "high"}, []),
    ("zai/glm-5.3", False, {"reasoning_effort": "low"}, ["replaced by low"]),
    ("xiaomi/mimo-v2.5", False, OFF, []),
    ("alibaba/qwen3.8-max", False, {"enable_thinking": False}, []),
    ("alibaba/qwen3.8-max", 4000, {"enable_thinking": True, "thinking_budget": 4000}, []),
    (
        "alibaba/qwen3.8-max",
        "low",
        {"enable_thinking": True, "thinking_budget": 2048},
        ["replaced by a budget of 2048"],
    ),
    ("alibaba/qwen3-coder-plus", True, {}, ["dropped"]),
    ("openrouter/any/model", True, {"reasoning": {"enabled": True}}, []),
    ("openrouter/any/model", "low", {"reasoning": {"effort": "low"}}, []),
    ("openrouter/any/model", 2000, {"reasoning": {"max_tokens": 2000}}, []),
    ("vercel-gateway/any/model", False, {"reasoning": {"enabled": False}}, []),
    ("snowflake/claude-sonnet-4-6", "low", {"reasoning": {"effort": "low"}}, []),
    ("baseten/zai-org/GLM-5.2", True, {"chat_template_args": {"enable_thinking": True}}, []),
    ("llama-cpp/any", False, {"chat_template_kwargs": {"enable_thinking": False}}, []),
    ("groq/openai/gpt-oss-120b", "high", {"reasoning_effort": "high"}, []),
]


@pytest.mark.parametrize(("model", "reasoning", "written", "adjusted"), CASES)
def test_a_host_is_asked_to_think_in_its_own_form(
    model: str, reasoning: Any, written: dict[str, Any], adjusted: list[str]
) -> None:
    if adjusted:
        with pytest.warns(UserWarning, match="reasoning was"):
            assert asked(model, reasoning) == (written, adjusted)
    else:
        assert asked(model, reasoning) == (written, adjusted)


def test_what_a_caller_writes_of_the_hosts_own_wins() -> None:
    request = ChatRequest(
        model="deepseek/deepseek-v4-pro",
        messages="Hi",
        reasoning="max",
        provider_options={"deepseek": {"thinking": {"type": "auto"}}},
    )
    exchange = Client({"deepseek": {"api_key": "k"}}, environ={}).exchange(request)
    assert json.loads(exchange.http_request.body)["thinking"] == {"type": "auto"}
