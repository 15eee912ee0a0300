"""Every provider's data, held against the chats that were recorded with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from jackfield import Boards
from tests.providers.test_catalogs import PROVIDERS
from tests.recordings import loader

#: Names that providers answered and that no catalog has, with the reason.
UNLISTED = {
    "databricks": {"us.anthropic.claude-3-7-sonnet-20250219-v1:0": "the name of the host behind it, in an answer"},
    "huggingface": {
        "accounts/fireworks/models/deepseek-v4-pro": "the name of the host behind the router, in an answer",
        "llama3.1-8b": "the name of the host behind the router, in an answer",
        "meta-llama/llama-3.2-1b-instruct": "the name of the host behind the router, in an answer",
        "meta-llama/llama-3.3-70b-instruct": "the name of the host behind the router, in an answer",
        "moonshotai/kimi-k2-instruct-0905": "the name of the host behind the router, in an answer",
        "Qwen/Qwen3-4B-fast": "the name of the host behind the router, in an answer",
    },
    "microsoft": {
        "AZURE_DEPLOYMENT-2025-04-14": "the name of a deployment, replaced by the recorder",
        "openllmetry-testing": "the name of a deployment",
    },
    "openai": {"moonshotai/kimi-k2": "another server answered behind the host's name"},
    "openrouter": {
        "x-ai/grok-4": "what the router chose; sold no more, and in no source under this name",
        "x-ai/grok-4.1-fast": "sold no more, and in no source but as a free variant",
    },
    "pollinations": {
        "gpt-4.1-mini-2025-04-14": "the model behind the name that was asked for",
        "gpt-4.1-nano-2025-04-14": "the model behind the name that was asked for",
        "gpt-4o-mini-2024-07-18": "the model behind the name that was asked for",
        "gpt-oss-20b": "the model behind the name that was asked for",
    },
}
_ROOT = loader.root()
#: The providers of which a chat was recorded; without the recordings all, and each test says that it needs them.
RECORDED = [name for name in PROVIDERS if _ROOT is None or (_ROOT / name / "chat-completions").is_dir()]
MODEL = re.compile(rb'"model"\s*:\s*"([^"\\]+)"')


def answered(provider: str) -> Iterator[str]:
    """Give the names that a recorded chat asked for and that the provider answered, and those in the answers."""
    for recorded in loader.exchanges(provider, "chat-completions"):
        if not recorded.is_error:
            asked = (recorded.request_json or {}).get("model")
            yield from [asked] if asked else ()
            yield from {name.decode() for name in MODEL.findall(recorded.response_bytes)}


@pytest.mark.needs("recordings")
@pytest.mark.parametrize("provider", RECORDED)
def test_every_recorded_model_that_was_answered_is_known(provider: str) -> None:
    board = Boards(environ={}).open(provider)
    unlisted = UNLISTED.get(provider, {})
    names = set(answered(provider))
    assert names
    assert {name for name in names if board.model(name).rung == "unknown"} == set(unlisted) & names


@pytest.mark.needs("recordings")
@pytest.mark.parametrize("provider", ["cohere", "ollama"])
def test_every_recorded_model_of_a_native_chat_is_known(provider: str) -> None:
    board = Boards(environ={}).open(provider)
    asked = ((recorded.request_json or {}, recorded) for recorded in loader.exchanges(provider, "chat"))
    names = {body["model"] for body, recorded in asked if "messages" in body and not recorded.is_error}
    assert len(names) > 4
    assert {name for name in names if board.model(name).rung == "unknown"} == set()


@pytest.mark.needs("recordings")
@pytest.mark.parametrize("provider", RECORDED)
def test_what_a_model_took_in_a_recorded_chat_is_not_forbidden_to_it(provider: str) -> None:
    board = Boards(environ={}).open(provider)
    wrong = set()
    for recorded in loader.exchanges(provider, "chat-completions"):
        body = recorded.request_json or {}
        if recorded.is_error or not isinstance(body.get("model"), str):
            continue
        model = board.model(body["model"])
        for key, value in body.items():
            # a name that something else is renamed to is not the parameter of that name
            limit = None if key in model.rename.values() else model.limits.get(key)
            if limit is not None and not limit.taken and value is not None:
                wrong.add((body["model"], key))
            if limit is not None and limit.range is not None and type(value) in (int, float):
                low, high = limit.range
                wrong |= set() if low <= value <= high else {(body["model"], key)}
    assert wrong == set()
