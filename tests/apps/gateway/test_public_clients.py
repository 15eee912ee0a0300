"""Clients that strangers wrote for the APIs that the gateway speaks, as they are, pointed at it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp
from jackfield_sandbox import AsyncSandboxTransport, stand_in
from tests.apps.gateway.conftest import served
from tests.apps.gateway.eden.conftest import Shelf

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    boards, transport = Boards({}, environ={}), AsyncSandboxTransport()
    providers = {name: stand_in(boards, name, transport) for name in boards.providers()}
    with served(GatewayApp(providers, key="jf-key", boards=boards, retriever=Shelf())) as found:
        yield found


def run(code: str, address: str) -> Any:
    """Run a client in a process of its own, as it warns at its import and reads the environment; return its JSON."""
    environ = {"PATH": os.environ["PATH"], "ADDRESS": address, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environ,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


_LANGCHAIN = """
import asyncio, json, os
from langchain_community.chat_models import ChatEdenAI
from langchain_core.messages import HumanMessage, ToolMessage
def client(**more):
    key = os.environ.get("KEY", "jf-key")
    return ChatEdenAI(edenai_api_url=os.environ["ADDRESS"] + "/v2", edenai_api_key=key, **more)
"""


def test_langchains_client_of_eden_chats_and_streams(address: str) -> None:
    found = run(
        _LANGCHAIN
        + """
chat = client(provider="openai", model="gpt-4o-mini", max_tokens=256, temperature=0.75, streaming=True)
found = []
async def aside(asked):
    return (await chat.ainvoke(asked)).content, [part.content async for part in chat.astream(asked)]
for words in ("Hi", "Tell me", "A river", "Go on", "And then?", "A hill", "A lake", "A road"):
    asked = [HumanMessage(content=words)]
    whole, parts = chat.invoke(asked).content, [part.content for part in chat.stream(asked)]
    found.append([whole, parts, *asyncio.run(aside(asked))])
print(json.dumps(found))
""",
        address,
    )
    for whole, parts, later, later_parts in found:
        assert whole == later == "".join(parts) == "".join(later_parts) != ""
    assert max(len(parts) for _, parts, _, _ in found) > 5


def test_langchains_client_of_eden_calls_tools_and_brings_results(address: str) -> None:
    found = run(
        _LANGCHAIN
        + """
from pydantic import BaseModel, Field
class weather(BaseModel):
    "Tell the weather of a city."
    city: str = Field(description="its name")
chat = client(provider="anthropic", model="claude-haiku-4-5", fallback_providers="openai").bind_tools([weather])
asked = HumanMessage(content="Weather in Paris?")
first = chat.invoke([asked])
results = [ToolMessage(content="sunny", tool_call_id=call["id"]) for call in first.tool_calls]
second = chat.invoke([asked, first, *results])
third = client(provider="openai").with_structured_output(weather).invoke("Weather in Paris?")
print(json.dumps([first.tool_calls, second.content, third.city]))
""",
        address,
    )
    calls, content, city = found
    assert calls[0]["name"] == "weather"
    assert isinstance(calls[0]["args"]["city"], str)
    assert content
    assert isinstance(city, str)


def test_langchains_client_of_eden_sees_errors(address: str) -> None:
    found = run(
        _LANGCHAIN
        + """
import requests
told = []
os.environ["KEY"] = "jf-wrong"
for ask in (lambda: client().invoke("Hi"), lambda: list(client().stream("Hi"))):
    try:
        ask()
    except requests.HTTPError as error:
        told.append(error.response.status_code)
print(json.dumps(told))
""",
        address,
    )
    assert found == [403, 403]


_JAMAI = """
import json, os, warnings
from jamaibase import JamAI
from jamaibase import types as t
jam = JamAI(token="jf-key", project_id="p1", api_base=os.environ["ADDRESS"] + "/api", user_id="u1")
def ask(**more):
    return jam.generate_chat_completions(t.ChatRequest(
        model="openai/gpt-4o-mini", messages=[t.ChatEntry.user("Hi")], **more))
"""


def test_jamais_client_chats_and_streams(address: str) -> None:
    found = run(
        _JAMAI
        + """
whole = ask()
chunks = list(ask(stream=True))
print(json.dumps([whole.content, whole.usage.total_tokens, [type(row).__name__ for row in chunks],
                  "".join(row.content or "" for row in chunks)]))
""",
        address,
    )
    whole, tokens, kinds, streamed = found
    assert whole == streamed != ""
    assert tokens > 0
    assert set(kinds) == {"ChatCompletionChunkResponse"}


def test_jamais_client_gets_references_first(address: str) -> None:
    found = run(
        _JAMAI
        + """
rag = t.RAGParams(table_id="papers", k=2)
whole = ask(rag_params=rag)
chunks = list(ask(rag_params=rag, stream=True))
print(json.dumps([whole.references.chunks[0].text, [type(row).__name__ for row in chunks][:2], chunks[0].search_query]))
""",
        address,
    )
    assert found == ["Blue light scatters.", ["References", "ChatCompletionChunkResponse"], "sky"]


def test_jamais_client_lists_models(address: str) -> None:
    found = run(
        _JAMAI
        + """
infos = jam.model_info().data
print(json.dumps([len(infos), jam.model_ids(prefer="openai/gpt-4o")[0], len(jam.model_ids(capabilities=["image"]))]))
""",
        address,
    )
    count, first, seeing = found
    assert count > 1000
    assert first == "openai/gpt-4o"
    assert 0 < seeing < count


def test_jamais_client_sees_errors(address: str) -> None:
    found = run(
        _JAMAI
        + """
from jamaibase.utils import exceptions as e
told = []
for more in ({"rag_params": t.RAGParams(table_id="nowhere")}, {"max_tokens": 10**9}):
    try:
        ask(**more)
        told.append("answered")
    except e.JamaiException as error:
        told.append(type(error).__name__)
jam.headers["Authorization"] = "Bearer jf-wrong"
try:
    ask()
except e.JamaiException as error:
    told.append(type(error).__name__)
print(json.dumps(told))
""",
        address,
    )
    assert found[0] == "BadInputError"
    assert found[2] == "AuthorizationError"


def test_nothing_of_them_is_loaded_here() -> None:
    assert not {"langchain_community", "jamaibase"} & sys.modules.keys()
    assert asyncio.iscoroutinefunction(Shelf().retrieve)
