"""Microsoft's addresses: the v1 API, the older ones with a version, Foundry's models, and Claude in Foundry."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import Boards, ChatRequest, Client, ConfigurationError, HTTPRequest
from jackfield.operations import EmbeddingRequest, Request

KEY = {"AZURE_OPENAI_API_KEY": "k"}


def asked(request: Request, overrides: dict[str, str] | None = None, **environ: Any) -> HTTPRequest:
    """Return what is sent for a request."""
    return Client({"microsoft": overrides or {}}, environ={**KEY, **environ}).exchange(request).authorized()


def chat(model: str = "gpt-4o") -> ChatRequest:
    """Return a request."""
    return ChatRequest(model=f"microsoft/{model}", messages="Hi", max_tokens=5)


@pytest.mark.parametrize(
    "environ",
    [
        {"AZURE_OPENAI_RESOURCE": "contoso"},
        {"AZURE_OPENAI_ENDPOINT": "https://contoso.openai.azure.com/"},
        {"AZURE_OPENAI_ENDPOINT": "https://contoso.openai.azure.com"},
        {"AZURE_OPENAI_ENDPOINT": "https://contoso.openai.azure.com/openai"},
        {"AZURE_OPENAI_ENDPOINT": "https://contoso.openai.azure.com/openai/v1"},
        {"AZURE_OPENAI_ENDPOINT": "https://contoso.openai.azure.com/openai/v1/"},
    ],
)
def test_the_v1_api_is_asked_unless_a_version_is_set(environ: dict[str, Any]) -> None:
    sent = asked(chat(), **environ)
    assert sent.url == "https://contoso.openai.azure.com/openai/v1/chat/completions"
    assert sent.headers["api-key"] == "k"


def test_a_version_leads_to_a_deployments_own_address() -> None:
    environ: dict[str, Any] = {"AZURE_OPENAI_RESOURCE": "contoso", "OPENAI_API_VERSION": "2024-12-01-preview"}
    base = "https://contoso.openai.azure.com/openai"
    sent = asked(chat("my deployment"), **environ)
    assert sent.url == f"{base}/deployments/my%20deployment/chat/completions?api-version=2024-12-01-preview"
    sent = asked(EmbeddingRequest(model="microsoft/ada", inputs=("Hi",)), **environ)
    assert sent.url == f"{base}/deployments/ada/embeddings?api-version=2024-12-01-preview"
    assert asked(chat("gpt-5.5"), **environ).url == f"{base}/responses?api-version=2024-12-01-preview"


def test_a_version_and_an_endpoint_of_the_v1_api_lead_to_the_same_address() -> None:
    endpoint = "https://contoso.openai.azure.com/openai/v1/"
    sent = asked(chat("ours"), AZURE_OPENAI_ENDPOINT=endpoint, OPENAI_API_VERSION="2024-10-21")
    base = "https://contoso.openai.azure.com/openai"
    assert sent.url == f"{base}/deployments/ours/chat/completions?api-version=2024-10-21"


def test_foundrys_models_are_asked_at_their_own_address() -> None:
    overrides = {"base_url": "https://contoso.services.ai.azure.com/models", "api_version": "2024-05-01-preview"}
    sent = asked(chat("Phi-4"), overrides)
    assert sent.url == ("https://contoso.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview")
    assert json.loads(sent.body)["model"] == "Phi-4"


def test_claude_in_foundry_gets_its_key_under_both_names() -> None:
    sent = asked(chat("claude-opus-4-6"), ANTHROPIC_FOUNDRY_RESOURCE="contoso", OPENAI_API_VERSION="2024-10-21")
    assert sent.url == "https://contoso.services.ai.azure.com/anthropic/v1/messages"
    assert (sent.headers["api-key"], sent.headers["x-api-key"]) == ("k", "k")
    assert sent.headers["anthropic-version"] == "2023-06-01"


def test_claude_in_foundry_has_a_price_and_its_own_format() -> None:
    known = Boards(environ={}).info("microsoft").model("claude-sonnet-4-6")
    assert (known.dialect, known.rung) == ("anthropic-messages", "id")
    assert known.rules


def test_without_a_resource_its_setting_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'endpoint' has no value; set AZURE_OPENAI_ENDPOINT"):
        asked(chat())


def test_a_base_url_with_a_query_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has a query behind it"):
        asked(chat(), {"base_url": "https://contoso.openai.azure.com/openai/v1?api-version=preview"})
