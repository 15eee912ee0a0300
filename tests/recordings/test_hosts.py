"""Recorded exchanges with the hosts of chat completions, each through its own provider's board: catalog and quirks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from jackfield import ChatRequest, ChatResponse, Endpoint, Exchange, InvalidInput, UnsupportedFeature
from tests.recordings import judge, loader
from tests.recordings import test_openai_chat as format_alone
from tests.recordings.suite import boards, params

pytestmark = pytest.mark.needs("recordings")

HOSTS = [
    "alibaba", "amazon", "avian", "baseten", "cerebras", "crusoe", "databricks", "deepseek", "groq", "huggingface",
    "microsoft", "mistral", "ollama", "openrouter", "perplexity", "pollinations", "snowflake", "together",
    "vercel-gateway", "writer", "xai", "xiaomi", "zai",
]  # fmt: skip
#: Hosts that call their chat otherwise.
APIS: Mapping[str, str] = {"writer": "chat", "cloudflare": "run"}
#: Requests that are wrong, or of a form that only this host takes: their answers are read all the same.
OWN_FORMS: Mapping[tuple[str, str], str] = {
    ("writer", "chat_tool_calls"): "the result of a call that names no call",
    ("cloudflare", "SquareRoot-2"): "the result of a call that names no call",
    ("together", "TopLogprobs"): "logprobs is a whole number there",
    ("openrouter", "tool_choice_required"): "tool_choice is {type: any}, another format's word that it takes",
    ("pollinations", "MultiModal-Audio"): "a URL stands where audio data should: refused there as well",
}
#: Requests that we write otherwise, for a reason.
OTHERWISE: Mapping[tuple[str, str], str] = {
    ("zai", "glm-4-7-flash-thinking"): "an effort of a model whose thinking is on or off by its documents",
    ("openrouter", "string_tool_results"): "an image in a tool's result, which it takes: we let it follow as a user's",
}


def named(table: Mapping[tuple[str, str], str], recorded: loader.Exchange) -> bool:
    """Tell whether an exchange is one of those that a table names."""
    return any(recorded.file.startswith(f"{host}/") and part in recorded.file for host, part in table)


@pytest.fixture(params=HOSTS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(HOSTS, fast="writer"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestHosts(format_alone.TestOpenAIChat):
    """Every recording of the format, read as a user of that provider reads it."""

    SERVING: ClassVar[Mapping[str, Any]] = {"include_usage": True}

    def api_of(self, provider: str) -> str:
        return APIS.get(provider, self.API)

    def parsed(self, recorded: loader.Exchange) -> ChatRequest:
        try:
            return super().parsed(recorded)
        except InvalidInput:
            assert named(OWN_FORMS, recorded), recorded.file
            body = recorded.request_json or {}
            return ChatRequest(model=body.get("model", "any"), messages="?", stream=recorded.streaming or None)

    def said(self, recorded: loader.Exchange, message: str) -> str:
        """Leave out what our catalog adds: names that are near, and remedies."""
        message = message.partition(" (the catalog has ")[0]
        for remedy in boards().info(recorded.file.partition("/")[0]).table.get("remedies", {}).values():
            message = message.removesuffix(f" ({remedy})")
        return message

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        """An answer without an id gets one made where it is written as a stream; calls of a host have no form there."""
        found = super().comparable(response)
        del found["id"]
        for choice in found["choices"]:
            choice |= {"provider_calls": [], "provider_results": []}
        return found

    def opened(self, recorded: loader.Exchange) -> Exchange:
        request = self.parsed(recorded)
        try:
            return self.exchange(recorded, request)
        except UnsupportedFeature:
            # what the model does not take was tried there, and is not asked here: its answer is read all the same
            return self.exchange(recorded, request.model_copy(update={"model": "any"}))

    def exchange(self, recorded: loader.Exchange, request: ChatRequest) -> Exchange:
        """Open an exchange with the host that was recorded."""
        host = recorded.file.partition("/")[0]
        endpoint = Endpoint(host, self.DIALECT, "https://recorded.invalid/v1")
        return Exchange(boards().open(host, self.DIALECT), request, endpoint, judge.AT, "pass")

    def test_every_recorded_request_survives_parse_and_translate(self, provider: str) -> None:
        wrong: list[str] = []
        otherwise = 0
        for recorded in self.recorded(provider):
            if (body := recorded.request_json) is None or named(OWN_FORMS, recorded):
                continue
            again = self.opened(recorded).http_request.json() | {"model": body.get("model")}
            if self.normal(again) == self.normal(body):
                continue
            if named(OTHERWISE, recorded):
                otherwise += 1
            else:
                wrong.append(f"{recorded.file}[{recorded.index}]")
        assert not wrong, "\n".join(wrong)
        assert otherwise >= sum(host == provider for host, _ in OTHERWISE)

    def test_what_is_refused_here_was_refused_there(self, provider: str) -> None:
        """A limit of a catalog that refuses before anything is sent is right where the host refused it, too."""
        refused, wrong = 0, []
        for recorded in self.recorded(provider):
            try:
                self.exchange(recorded, self.parsed(recorded))
            except UnsupportedFeature as error:
                refused += 1
                if not recorded.is_error and self.ORACLE.read_answer(recorded.interaction)["error"] is None:
                    wrong.append(f"{recorded.file}[{recorded.index}]: {error}")
        print(f"{provider}: {refused} refused here, too")
        assert not wrong, "\n".join(wrong)


def test_every_exception_is_still_one() -> None:
    for host, part in (*OWN_FORMS, *OTHERWISE):
        recorded = loader.exchanges(host, APIS.get(host, "chat-completions"))
        assert any(part in exchange.file for exchange in recorded), (host, part)
