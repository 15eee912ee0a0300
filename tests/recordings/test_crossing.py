"""Every recorded request, asked of every other dialect: nothing of what it says is lost without a word."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import (
    Boards,
    ChatRequest,
    ChatResponse,
    Exchange,
    Message,
    Text,
    Thinking,
    ToolResult,
    UnsupportedFeature,
)
from jackfield.client import Client
from tests.recordings import (
    judge,
    loader,
    test_anthropic_messages,
    test_bedrock_converse,
    test_cohere_chat,
    test_gemini,
    test_ollama_chat,
    test_openai_chat,
    test_openai_responses,
)
from tests.recordings.oracle.asked import Asked
from tests.recordings.oracle.readers import READERS
from tests.recordings.suite import RecordedApi

pytestmark = pytest.mark.needs("recordings")

SOURCES: dict[str, tuple[type[RecordedApi], list[str]]] = {
    "openai-chat": (test_openai_chat.TestOpenAIChat, test_openai_chat.PLAIN),
    "openai-responses": (test_openai_responses.TestOpenAIResponses, test_openai_responses.PLAIN),
    "anthropic-messages": (test_anthropic_messages.TestAnthropicMessages, test_anthropic_messages.PROVIDERS),
    "gemini": (test_gemini.TestGemini, test_gemini.PROVIDERS),
    "bedrock-converse": (test_bedrock_converse.TestBedrockConverse, test_bedrock_converse.PROVIDERS),
    "cohere-chat": (test_cohere_chat.TestCohereChat, test_cohere_chat.PROVIDERS),
    "ollama-chat": (test_ollama_chat.TestOllamaChat, test_ollama_chat.PROVIDERS),
}
#: How many requests of a format cross at least, where fewer than in most were recorded.
LEAST = {"bedrock-converse": 100, "cohere-chat": 80, "ollama-chat": 50}
#: Formats that cannot name tools in a choice, or have none: tools that may not be called are left out.
FILTERING = frozenset({"bedrock-converse", "cohere-chat", "ollama-chat"})
#: Formats in which a message is one text: those of others stand in it one after the other.
JOINED = frozenset({"ollama-chat"})
WAYS = [(one, other) for one in SOURCES for other in SOURCES if one != other]
#: What a dialect may refuse before anything is sent, because it has no word for it: what the refusal says.
REFUSED = {
    "openai-chat": [
        r"the format has no form for a (web_search|web_fetch|code|file_search|mcp|computer|native) tool",
        r"the format takes no (document|audio) by URL", r"previous cannot be",
    ],
    "openai-responses": [
        r"(stop|n|modalities) cannot be", r"the format takes no (audio|video) by",
        r"a (file_search|mcp|web_fetch|computer|native) tool needs options",
    ],
    "anthropic-messages": [
        r"(n|previous) cannot be", r"the format takes no (audio|video)", r"the format has no JSON without a schema",
        r"modalities: the format answers in text", r"has no (file_search|mcp|computer|native) tool that needs",
    ],
    "gemini": [
        r"previous cannot be", r"no form for a (file_search|mcp|computer|native) tool of another dialect",
        r"the format names the function of a result",
    ],
    "bedrock-converse": [
        r"(n|previous) cannot be", r"the format takes no (image|document|audio|video) by",
        r"the format takes no (image|audio)/", r"the format has no JSON without a schema",
        r"modalities: the format answers in text", r"the format cannot forbid calls",
        r"the format has no form for a (web_fetch|file_search|mcp|computer|native) tool",
    ],
    "cohere-chat": [
        r"(n|previous|modalities) cannot be",
        r"the format takes (no (audio|video)|documents (as|of) text|no files by id)",
        r"the format has no form for a (web_search|web_fetch|code|file_search|mcp|computer|native|custom) tool",
        r"takes no such (tool_call|media)", r"the format needs the id of the call",
        r"strict with all tools or with none",
    ],
    "ollama-chat": [
        r"(n|previous|modalities|tool_choice) cannot be", r"the format takes no (audio|video|document)",
        r"the format takes images as bytes only", r"are no JSON object, which the format needs", r"cannot force a call",
        r"the format has no form for a (web_search|web_fetch|code|file_search|mcp|computer|native|custom) tool",
    ],
}  # fmt: skip


@functools.cache
def _client() -> Client:
    """Return a client with one provider for each dialect, which nothing but the dialect describes."""
    providers = {
        name: {"provider": {"name": name, "dialect": name, "base_url": "https://any.invalid/v1"}} for name in SOURCES
    }
    return Client(boards=Boards({"providers": providers}, environ={}), environ={})


def _without_own_words(request: ChatRequest) -> ChatRequest:
    """Drop what only the request's own dialect knows."""
    messages = tuple(
        message.model_copy(update={"parts": tuple(part for part in message.parts if part.type != "native")})
        for message in request.messages
    )
    tools = tuple(tool for tool in request.tools or () if tool.type != "native") or None
    return request.model_copy(update={"provider_options": {}, "messages": messages, "tools": tools})


def _recorded(source: str) -> Iterator[tuple[loader.Exchange, ChatRequest]]:
    kind, providers = SOURCES[source]
    suite = kind()
    for provider in providers:
        for recorded in suite.recorded(provider):
            if recorded.request_json is not None:
                yield recorded, _without_own_words(suite.parsed(recorded))


def _opened(request: ChatRequest, target: str) -> Exchange:
    client = _client()
    board, endpoint, _ = client._route(f"{target}/any")
    asked = request.model_copy(update={"model": "any"})
    return Exchange(board, asked, endpoint, judge.AT)


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_nothing_is_lost_on_the_way_to_another_dialect(source: str, target: str) -> None:
    crossed, wrong = 0, []
    refused: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for recorded, request in _recorded(source):
        where = f"{recorded.file}[{recorded.index}]"
        try:
            exchange = _opened(request, target)
        except UnsupportedFeature as error:
            refused[error.message] += 1
            if not any(re.search(words, error.message) for words in REFUSED[target]):
                wrong.append(f"{where} refused: {error.message}")
            continue
        crossed += 1
        adjusted = {adjustment.parameter for adjustment in exchange.adjustments}
        dropped.update(adjusted)
        said = _callable(READERS[source](recorded.request_json or {}, recorded.url), request, target)
        found = READERS[target](exchange.http_request.json(), exchange.http_request.url)
        wrong += [f"{where}: {row}" for row in _lost(said, found, adjusted, target in JOINED)]
    print(f"{source} to {target}: {crossed} crossed; adjusted {dict(dropped)}; refused {dict(refused)}")
    assert not wrong, "\n".join(wrong[:40])
    assert crossed > LEAST.get(source, 100)


def _callable(said: Asked, request: ChatRequest, target: str) -> Asked:
    """Leave out what may not be called, where a format has no other way to say so than to leave it out."""
    choice = request.tool_choice
    if target in FILTERING and choice is not None:
        allowed = (choice.name,) if choice.name is not None else choice.allowed
        if allowed is not None or choice.mode == "none":
            said.hosted = set()
            said.tools = {name: schema for name, schema in said.tools.items() if name in (allowed or ())}
    return said


HOME = {
    "openai-chat": ("zai", "simple_streaming|thinking"),
    "openai-responses": ("openai", "."),
    "anthropic-messages": ("anthropic", "."),
    "gemini": ("google", "."),
    "bedrock-converse": ("amazon", "."),
    "cohere-chat": ("cohere", "."),
    "ollama-chat": ("ollama", "."),
}


def _thoughtful(source: str) -> tuple[ChatRequest, ChatResponse]:
    """Find a recorded answer that holds thinking with state, and a call for the caller to run."""
    kind, _ = SOURCES[source]
    suite = kind()
    for recorded in suite.recorded(HOME[source][0]):
        if recorded.is_error:
            continue
        exchange = _opened(suite.parsed(recorded), source)
        judge.run(exchange, recorded, [recorded.response_bytes])
        response = exchange.response if exchange.failure is None else None
        if isinstance(response, ChatResponse) and response.tool_calls and _states(response.message):
            assert isinstance(exchange.request, ChatRequest)
            return _without_own_words(exchange.request), response
    raise LookupError(f"no recorded answer of {source} holds thinking and a call")


def _states(message: Message) -> list[str]:
    """Return the opaque texts in a message; the trace itself where a format sends that back."""
    found = []
    for part in message.parts:
        data = part.provider_state.data if part.provider_state is not None else {}
        found += [value for name, value in data.items() if name in _OPAQUE and isinstance(value, str)]
        if isinstance(part, Thinking) and "field" in data and part.text:
            found.append(part.text)
    return found


_OPAQUE = ("signature", "data", "thoughtSignature", "encrypted_content")


@pytest.mark.parametrize(("home", "away"), WAYS)
def test_a_conversation_moves_to_another_provider_and_back(home: str, away: str) -> None:
    request, first = _thoughtful(home)
    _, second = _thoughtful(away)
    here, there = _states(first.message), _states(second.message)
    assert here
    assert there
    turns = [Message(role="user", parts="What now?"), first.message, _results(first), second.message, _results(second)]
    talk = ChatRequest(messages=tuple(turns), tools=request.tools)
    for target, states, others, foreign in ((away, there, here, first), (home, here, there, second)):
        exchange = _opened(talk, target)
        wire = json.dumps(exchange.http_request.json(), ensure_ascii=False)
        for state in states:
            assert json.dumps(state, ensure_ascii=False)[1:-1] in wire, f"{target} got not back what it had said"
        for state in others:
            assert json.dumps(state, ensure_ascii=False)[1:-1] not in wire, f"{target} got what another had said"
        found = READERS[target](exchange.http_request.json(), "")
        calls = [row for row in found.atoms if row[0] == "call"]
        answered = [row[1] for row in found.atoms if row[0] == "result"]
        assert [row[2] for row in calls] == [call.name for call in (*first.tool_calls, *second.tool_calls)]
        assert sorted(str(row[1]) for row in calls) == sorted(map(str, answered))
        thought = any(isinstance(part, Thinking) for part in foreign.message.parts)
        assert ("thinking" in {adjustment.parameter for adjustment in exchange.adjustments}) is thought


def _results(response: ChatResponse) -> Message:
    parts = tuple(
        ToolResult(call_id=call.id, name=call.name, parts=(Text(text="done"),)) for call in response.tool_calls
    )
    return Message(role="tool", parts=parts)


def _lost(said: Asked, found: Asked, adjusted: set[str], joined: bool) -> Iterator[str]:
    """Say what of a request is not in its translation, and was not reported."""
    ids = _Ids("call_id" in adjusted)
    for role in ("system", "user", "assistant"):
        one, other = ([row[2] for row in asked.atoms if row[:2] == ("text", role)] for asked in (said, found))
        if not (_is_in_one(one, other) if joined else _is_within(one, other)):
            yield f"{role} says {_shown(one)}, not {_shown(other)}"
    for kind in ("media", "call", "result"):
        one, other = ([row for row in asked.atoms if row[0] == kind] for asked in (said, found))
        if len(one) != len(other) or not all(_is_same(*rows, joined) for rows in zip(one, other, strict=True)):
            yield f"{kind} {_shown(one)} is not {_shown(other)}"
        elif kind != "media":
            for before, after in zip(one, other, strict=True):
                yield from ids.compare(kind, before[1], after[1])
    if said.tools.keys() - found.tools.keys():
        yield f"tools {sorted(said.tools)} are {sorted(found.tools)}"
    for name, schema in said.tools.items():
        if schema != found.tools.get(name, schema):
            yield f"the schema of {name} {_shown(schema)} is {_shown(found.tools[name])}"
    if missing := said.hosted - found.hosted - adjusted:
        yield f"hosted tools {sorted(missing)} are gone"


def _is_same(one: tuple[Any, ...], other: tuple[Any, ...], joined: bool) -> bool:
    """Compare two atoms: of media the content, as not every format says the kind; results may say that media follow."""
    if one[0] == "media":
        return bool(one[2] == other[2])
    if one[0] == "result":
        return _is_same_result(_unwrapped(one[2]), _unwrapped(other[2]), joined)
    return one[2:] == other[2:]


def _is_same_result(one: Any, other: Any, joined: bool) -> bool:
    """Compare what a tool returned; texts of which there were several stand apart in a format that joins them."""
    if not isinstance(other, str):
        return bool(one == other)
    said = one if isinstance(one, str) else json.dumps(one)
    return "".join(other.split()).startswith("".join(said.split())) if joined else other.startswith(said)


def _unwrapped(value: Any) -> Any:
    """One format wraps a result so; in others an object of this one member says the same."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("output", "error"):
        return next(iter(value.values()))
    return value


class _Ids:
    """Ids of calls: the same there; where there was none, or none that fits, the same for call and result."""

    def __init__(self, may_change: bool) -> None:
        self._may_change = may_change
        self._calls: list[tuple[str | None, str | None]] = []

    def compare(self, kind: str, before: str | None, after: str | None) -> Iterator[str]:
        if before is not None and before != after and not self._may_change:
            yield f"the id {before} of a {kind} became {after}"
        if kind == "call":
            self._calls.append((before, after))
        elif (before, after) not in self._calls and before not in (None, after):
            yield f"the result of {before} answers {after}"
        elif before is None and self._calls and after not in [made for _, made in self._calls]:
            yield f"a result answers {after}, which no call is"


def _is_within(one: list[str], other: list[str]) -> bool:
    """Tell whether texts stand in others in the same order; a translation may say more than the request."""
    rest = iter(other)
    return all(any(text == candidate for candidate in rest) for text in one)


def _is_in_one(one: list[str], other: list[str]) -> bool:
    """Tell whether texts stand in the same order in others that may be several of them."""
    place, whole = 0, "\n\n".join(other)
    for text in one:
        if (found := whole.find(text, place)) < 0:
            return False
        place = found + len(text)
    return True


def _shown(value: Any) -> str:
    return str(value)[:300]
