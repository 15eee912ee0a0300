"""Every name under which the seeds' APIs know a provider leads to one that is installed, and is answered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings
from jackfield_sandbox import AsyncSandboxTransport
from tests.apps.gateway.conftest import ask, served

BOARDS = Boards(environ={})
#: The names of each feature, and those of the engines behind them. Source: the vendor's public adapter package and the
#: description of its API, version 2, as the notes on the seeds' APIs list them (section 7), read 2026-11-20.
MULTIMODAL = ("amazon", "anthropic", "google", "microsoft", "mistral", "openai", "xai")
TEXT = (
    "amazon", "anthropic", "cohere", "deepseek", "google", "groq", "meta", "microsoft", "mistral", "openai",
    "perplexityai", "replicate", "together_ai", "xai",
)  # fmt: skip
LLM = (
    *TEXT, "bytedance", "cerebras", "cloudflare", "dashscope", "databricks", "deepinfra", "fireworks_ai",
    "huggingface", "iointelligence", "minimax", "nebius", "ovhcloud", "tenstorrent",
)  # fmt: skip
ENGINES = ("azure", "bedrock", "gemini", "perplexity")
#: Who answers under a name that is not his own.
OURS = {
    "dashscope": "alibaba", "fireworks_ai": "fireworks", "meta": "amazon", "perplexityai": "perplexity",
    "together_ai": "together",
}  # fmt: skip
#: What an address is made of, where it is no setting of its own.
SETTINGS = {"base_url": "http://sandbox.invalid/v1", "api_key": "x"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A gateway whose providers the sandbox plays."""
    played = {OURS.get(name, name) for name in LLM}
    overrides = {name: {**SETTINGS, "transport": AsyncSandboxTransport()} for name in sorted(played)}
    with served(GatewayApp(overrides, boards=Boards({}, environ={}), settings=Settings(retries=0))) as found:
        yield found


def test_the_lists_have_the_sizes_that_the_description_has() -> None:
    assert (len(MULTIMODAL), len(TEXT), len(LLM)) == (7, 14, 27)
    assert set(MULTIMODAL) <= set(LLM)


@pytest.mark.needs("recordings")
def test_the_lists_are_those_of_the_notes() -> None:
    notes = Path(os.environ["JACKFIELD_RECORDINGS"]).parent / "specs" / "seed-apis.md"
    section = notes.read_text(encoding="utf-8").partition("\n## 7.")[2].partition("\n## ")[0]
    rows: dict[str, str] = dict(re.findall(r"^\* (\w+)/chat \([^)]*\): (.*)$", section, re.MULTILINE))
    rows["llm"] = rows["llm"].removeprefix("the above plus ")
    told = {name: re.findall(r"\b([a-z]\w+)(?:\([^)]*\))?(?=[,.]|$)", row) for name, row in rows.items()}
    assert tuple(told["multimodal"]) == MULTIMODAL
    assert tuple(told["text"]) == TEXT
    assert (*TEXT, *told["llm"]) == LLM
    engines = {engine for row in rows.values() for engine in re.findall(r"\((\w+)\)", row)}
    assert engines == set(ENGINES)


@pytest.mark.parametrize("name", sorted({*MULTIMODAL, *TEXT, *LLM, *ENGINES}))
def test_every_name_is_an_installed_provider(name: str) -> None:
    provider, model = BOARDS.resolve(f"{name}/any")
    assert model == "any"
    assert provider in BOARDS.providers()
    assert BOARDS.open(provider).info is not None


def test_the_gateway_lists_them_as_working(address: str) -> None:
    rows = httpx.get(f"{address}/v2/info/provider_subfeatures").json()
    assert {row["provider"]["name"] for row in rows} <= set(LLM)
    assert [row["name"] for row in rows if not row["is_working"]] == []


@pytest.mark.parametrize("name", [name for name in LLM if name != "replicate"])  # it answers with predictions
def test_the_gateway_has_an_answer_under_every_name(address: str, name: str) -> None:
    body = {"model": f"{name}/any", "messages": [{"role": "user", "content": "Hello"}]}
    answer = ask(address, body, "/v2/llm/chat")
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"]


def test_a_name_that_nobody_has_is_refused(address: str) -> None:
    body = {"model": "nobody/any", "messages": [{"role": "user", "content": "Hello"}]}
    assert ask(address, body, "/v2/llm/chat").status_code in (400, 404)
