"""What a page says arrives as it says, and its answers are read, whole and streamed, by both clients; its error too."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

import jackfield
from jackfield import AsyncClient, Boards, ChatResponse, Client, JackfieldError, StreamInterrupted, Thinking, Tool
from tests.core.server import Server, running

from .page import KEY, PAGES, Page, origin

#: What a provider does not take is asked for on purpose, and said once in a warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")

BOARDS = Boards(environ={})
WEATHER = Tool(
    name="weather",
    description="Tells the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CALLING = [name for name in PAGES if "no_calls" not in Page.read(name).table]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, server: Server) -> Page:
    server.requests.clear()
    return Page.read(request.param)


def checked(page: Page, part: str, answer: ChatResponse, *, stream: bool) -> None:
    """Hold an answer against what the page says."""
    says = page.says(part, stream=stream)
    thought = "".join(piece.text for piece in answer.message.parts if isinstance(piece, Thinking))
    assert (answer.text, thought) == (says.get("text", ""), says.get("thinking", ""))
    assert [[call.name, call.arguments] for call in answer.tool_calls] == says.get("calls", [])
    assert answer.finish_reason == says["finish"]
    assert (answer.usage.counts if answer.usage else {}) == says["usage"]
    assert answer.request_id == page.request_id


def asked(page: Page, server: Server, part: str, *, stream: bool) -> dict[str, Any]:
    """Return the body that arrived, once its address and its key are as they should be."""
    first = next(request for request in server.requests if request["method"] == "POST")
    assert first["path"] == "/v1" + page.path(part, stream=stream)
    assert first["headers"]["authorization"] == f"Bearer {KEY}"
    body: dict[str, Any] = json.loads(first["body"])
    return body


def test_a_whole_answer_is_read_and_the_request_has_the_names_of_the_page(page: Page, server: Server) -> None:
    page.answer(server, "text", stream=False)
    with Client(page.settings(server), environ={}, retries=0) as client:
        checked(page, "text", client.chat(page.model, "Hello", **page.parameters), stream=False)
    body = asked(page, server, "text", stream=False)
    for name, value in page.table["sent"].items():
        if isinstance(value, dict):
            assert body[name].items() >= value.items()
        else:
            assert body[name] == value
    assert not body.keys() & set(page.table["unsent"]["names"])


def streamed(page: Page, server: Server, **parameters: Any) -> ChatResponse:
    """Ask for a stream with the other client, and read it."""

    async def read() -> ChatResponse:
        async with (
            AsyncClient(page.settings(server), environ={}, retries=0) as client,
            client.stream(page.model, "Hello", **page.parameters, **parameters) as deltas,
        ):
            async for _ in deltas:
                pass
            return deltas.response

    return asyncio.run(read())


def test_a_stream_says_what_a_whole_answer_says(page: Page, server: Server) -> None:
    page.answer(server, "text", stream=True)
    checked(page, "text", streamed(page, server), stream=True)
    body = asked(page, server, "text", stream=True)
    assert not body.keys() & set(page.table["unsent"]["names"])


def test_a_stream_that_is_cut_is_no_short_answer(page: Page, server: Server) -> None:
    first = page.table["text"]["stream"].strip().partition("\n\n")[0]
    page.answer(server, "text", stream=True, events=f"{first}\n\n")
    with pytest.raises(StreamInterrupted):
        streamed(page, server)


@pytest.mark.parametrize("page", CALLING, indirect=True)
def test_calls_of_tools_are_read_whole_and_streamed(page: Page, server: Server) -> None:
    page.answer(server, "call", stream=False)
    with Client(page.settings(server), environ={}, retries=0) as client:
        checked(page, "call", client.chat(page.model, "Hello", tools=[WEATHER], **page.parameters), stream=False)
    (tool,) = asked(page, server, "call", stream=False)["tools"]
    assert tool == {"type": "function", "function": WEATHER.model_dump(include={"name", "description", "parameters"})}
    page.answer(server, "call", stream=True)
    checked(page, "call", streamed(page, server, tools=[WEATHER]), stream=True)


def test_an_error_has_a_class_a_message_and_the_id_of_its_request(page: Page, server: Server) -> None:
    says = page.table["error"]
    page.fail(server)
    with (
        Client(page.settings(server), environ={}, retries=0) as client,
        pytest.raises(JackfieldError) as whole,
    ):
        client.chat(page.model, "Hello")
    with pytest.raises(JackfieldError) as streaming:
        streamed(page, server)
    for caught in (whole.value, streaming.value):
        assert type(caught) is getattr(jackfield, says["class"])
        assert caught.message.startswith(says["message"])
        assert (caught.code, caught.status) == (says.get("code"), says["status"])
        assert (caught.request_id, caught.provider) == (page.request_id, page.provider)


def test_every_provider_that_was_checked_against_documentation_has_a_page() -> None:
    """Who has no chat has none of these pages: what it answers is held to in tests/core/test_operations.py."""
    infos = [BOARDS.info(name) for name in BOARDS.providers()]
    told = {info.name for info in infos if info.verified == "documentation" and "chat" in info.operations}
    assert {Page.read(name).provider for name in PAGES} == told


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_where_it_is_and_when_it_was_read(name: str) -> None:
    address, day = origin(name)
    assert re.match(r"https://(?!localhost)", address)
    assert date(2026, 1, 1) < date.fromisoformat(day) <= date(2026, 11, 30)
