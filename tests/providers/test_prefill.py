"""Answers that go on from a beginning: which models take one, and in which form hosts want to be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import Boards, Client, Message, Text, ToolCall
from tests.core.server import completion, running, whole

BEGUN = [{"role": "user", "content": "Count."}, {"role": "assistant", "content": "One, "}]


def sent(model: str, messages: Any, path: str = "", **more: Any) -> tuple[str, list[dict[str, Any]]]:
    """Return the path that is asked, and the messages."""
    with running() as server:
        server.answer(whole(completion("two.")))
        provider = model.partition("/")[0]
        base = f"http://127.0.0.1:{server.port}{path}"
        with Client({provider: {"api_key": "k", "base_url": base}}, environ={}) as client:
            assert client.chat(model, messages, **more).text == "two."
        (asked,) = server.requests
        return asked["path"], json.loads(asked["body"])["messages"]


@pytest.mark.parametrize(
    ("model", "path", "asked", "member"),
    [
        ("deepseek/deepseek-v4-flash", "", "/beta/chat/completions", {"prefix": True}),
        ("deepseek/deepseek-v4-flash", "/v1", "/beta/chat/completions", {"prefix": True}),
        ("deepseek/deepseek-v4-flash", "/beta", "/beta/chat/completions", {"prefix": True}),
        ("mistral/mistral-medium-latest", "/v1", "/v1/chat/completions", {"prefix": True}),
        ("moonshot/kimi-k2.6", "/v1", "/v1/chat/completions", {"partial": True}),
        ("openrouter/anthropic/claude-sonnet-4.5", "/v1", "/v1/chat/completions", {}),
    ],
)
def test_a_beginning_is_marked_as_the_host_wants_it(model: str, path: str, asked: str, member: dict[str, Any]) -> None:
    where, messages = sent(model, BEGUN, path)
    assert where == asked
    assert messages == [BEGUN[0], {**BEGUN[1], **member}]


@pytest.mark.parametrize("model", ["deepseek/deepseek-v4-flash", "mistral/mistral-medium-latest"])
def test_what_is_no_beginning_is_not_marked(model: str) -> None:
    called = Message(role="assistant", parts=(Text(text="Wait."), ToolCall(id="abcdefgh1", name="f", arguments="{}")))
    for messages in ("Hi", [*BEGUN, {"role": "user", "content": "On."}], [BEGUN[0], called]):
        where, wire = sent(model, messages)
        assert where == "/chat/completions"
        assert all("prefix" not in message for message in wire)


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("anthropic/claude-sonnet-4-5", True),
        ("anthropic/claude-sonnet-4-6", False),
        ("vertex/claude-sonnet-4-5@20250929", True),
        ("vertex/claude-sonnet-4-6", False),
        ("amazon/anthropic.claude-opus-4-5-20251101-v1:0", True),
        ("deepseek/deepseek-v4-pro", True),
        ("mistral/mistral-large-latest", True),
        ("moonshot/kimi-k2.6", True),
        ("openai/gpt-5.4", False),
        ("cohere/command-a-03-2025", False),
    ],
)
def test_the_catalog_says_who_takes_a_beginning(model: str, takes: bool) -> None:
    provider, _, name = model.partition("/")
    known = Boards(environ={}).info(provider).model(name)
    assert known.rung != "unknown"
    assert ("prefill" in (known.capabilities or ())) is takes
