"""What is sent to every provider is what the official SDK of the format would send, but for what only that host has.

What only a host has is read out of its catalog (its names for members, how it is asked to think, the sampling that it
takes beyond the format) or stands here with a reason.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from jackfield import Boards, Endpoint, Exchange, ModelInfo, UnsupportedFeature
from tests.providers.official import DIALECTS, objections
from tests.providers.requests import REQUESTS, request
from tests.providers.test_catalogs import PROVIDERS

AT = datetime(2026, 11, 20, tzinfo=UTC)
#: Models to ask where the default one speaks another dialect.
MODELS: Mapping[tuple[str, str], str] = {
    ("amazon", "anthropic-messages"): "anthropic.claude-sonnet-4-6",
    ("amazon", "openai-chat"): "openai.gpt-oss-120b-1:0",
    ("amazon", "openai-responses"): "openai.gpt-oss-120b-1:0",
    ("microsoft", "anthropic-messages"): "claude-sonnet-4-6",
    ("microsoft", "openai-responses"): "gpt-5.5",
    ("openai", "openai-responses"): "gpt-5.5",
    ("perplexity", "openai-chat"): "sonar",
    ("vertex", "anthropic-messages"): "claude-sonnet-4-6",
}
#: What is not of the official types and right all the same, by dialect and provider, each with the reason.
BEYOND: Mapping[tuple[str, str], Mapping[str, str]] = {
    **{
        ("openai-chat", host): {
            "body.messages[2].name is not known": "the tool's name beside its result, which it took in recordings",
        }
        for host in ("baseten", "cerebras", "mistral", "openai")
    },
    ("openai-chat", "ibm"): {
        "body.model is missing": "it is called model_id",
        "body.model_id is not known": "the same",
        "body.tool_choice_option is not known": "a choice in words; tool_choice names a tool",
    },
    ("openai-chat", "minimax"): {"body.reasoning_split is not known": "the trace in a member of its own"},
    ("openai-chat", "together"): {"body.logprobs: 2 is no <class 'bool'>": "a whole number there"},
    ("openai-responses", "any"): {
        f"body.tools[{number}].strict is missing": "the types want it said; hosts do without in recordings"
        for number in range(2)
    },
    ("anthropic-messages", "any"): {
        f"body.{name} is not known": "the types are of a version without sampling; the one that is asked has it"
        for name in ("temperature", "top_p")
    },
    ("anthropic-messages", "amazon"): {
        "body.model is missing": "it stands in the address",
        "body.anthropic_version is not known": "a header elsewhere",
    },
    ("ollama-chat", "any"): {
        "body.messages[1].tool_calls[0].id is not known": "recorded, with the answer's own id",
        "body.messages[2].tool_call_id is not known": "the same",
        "body.tools[0].function.parameters.additionalProperties is not known": "recorded: any JSON schema passes",
    },
    ("anthropic-messages", "vertex"): {
        "body.model is missing": "it stands in the address",
        "body.anthropic_version is not known": "a header elsewhere",
    },
}


#: What is no body of the dialect at all, with the reason.
OTHERS: Mapping[tuple[str, str], str] = {
    (
        "replicate",
        "openai-chat",
    ): "the input of a prediction, whose members each model names itself; see test_replicate",
}


@functools.cache
def boards() -> Boards:
    """Return what is installed, without anybody's environment."""
    return Boards(environ={})


def spoken(provider: str) -> list[str]:
    """List the dialects of a provider that have official types."""
    info = boards().info(provider)
    return [name for name in DIALECTS if name in {info.dialect, *info.table.get("dialects", {})}]


def asked(provider: str, dialect: str) -> str:
    """Name the model that is asked: the default one, where that speaks the dialect."""
    return MODELS.get((provider, dialect)) or boards().info(provider).default_model or "any"


@functools.cache
def sent(provider: str, dialect: str, model: str) -> dict[str, list[str]]:
    """Return what the official types have against each request, without what only this host has by its catalog."""
    board = boards().open(provider, dialect)
    found: dict[str, list[str]] = {}
    for name in REQUESTS:
        try:
            exchange = Exchange(board, request(name, model), Endpoint(provider, dialect, "https://any.invalid"), AT)
        except UnsupportedFeature:
            continue
        own = {f"body.{member} is not known" for member in of_the_host(exchange.model)}
        rows = objections(dialect, exchange.http_request.json())
        found[name] = [row for row in (row.partition(" to ")[0] for row in rows) if row not in own]
    return found


def wrong(provider: str, dialect: str, model: str) -> list[str]:
    """Say what is wrong with what is sent, and no known exception."""
    known = {**BEYOND.get((dialect, "any"), {}), **BEYOND.get((dialect, provider), {})}
    found = sent(provider, dialect, model)
    assert {"text", "system", "stream"} <= found.keys()
    return [f"{model}, {name}: {row}" for name, rows in found.items() for row in rows if row not in known]


def of_the_host(model: ModelInfo) -> set[str]:
    """Return the members that only this host has, as its catalog tells."""
    form = model.thinking or {}
    names = {name for key in ("on", "always", "off") for name in form.get(key, {})}
    names |= {form[key].partition(".")[0] for key in ("effort", "budget") if key in form}
    taken = {name for name in ("top_k", "repetition_penalty") if name not in model.limits or model.limits[name].taken}
    return names | set(model.rename.values()) | taken


PAIRS = [
    (provider, dialect) for provider in PROVIDERS for dialect in spoken(provider) if (provider, dialect) not in OTHERS
]


@pytest.mark.parametrize(("provider", "dialect"), PAIRS)
def test_what_is_sent_is_of_the_official_types(provider: str, dialect: str) -> None:
    found = wrong(provider, dialect, asked(provider, dialect))
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_sent_to_any_model_is_of_the_official_types(provider: str) -> None:
    info = boards().info(provider)
    sold = [model for name in info.model_names() if not (model := info.model(name)).retired]
    chats = [
        (model.dialect, model.id)
        for model in sold
        if "chat" in model.operations and model.dialect in DIALECTS and (provider, model.dialect) not in OTHERS
    ]
    found = [row for dialect, model in chats for row in wrong(provider, dialect, model)]
    assert not found, "\n".join(found)


def test_every_exception_is_still_one() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for provider, dialect in PAIRS:
        rows = {row for rows in sent(provider, dialect, asked(provider, dialect)).values() for row in rows}
        for owner in ("any", provider):
            found.setdefault((dialect, owner), set()).update(rows)
    assert {key: gone for key, rows in BEYOND.items() if (gone := set(rows) - found[key])} == {}


@pytest.mark.parametrize(
    ("dialect", "body", "member"),
    [
        ("bedrock-converse", {"messages": [{"role": "user", "content": [{"text": 1}]}]}, "text"),
        ("bedrock-converse", {"messages": [], "more": 1}, "more"),
        ("cohere-chat", {"model": "m", "messages": [{"role": "user", "content": 1}]}, "content"),
        ("cohere-chat", {"model": "m", "messages": [], "more": 1}, "more"),
        ("cohere-chat", {"messages": []}, "model"),
        ("ollama-chat", {"model": "m", "messages": [{"role": "user", "content": [1]}]}, "content"),
        ("ollama-chat", {"model": "m", "messages": [], "options": {"more": 1}}, "more"),
    ],
)
def test_what_is_wrong_is_told(dialect: str, body: dict[str, object], member: str) -> None:
    assert any(member in row for row in objections(dialect, body))
