"""Relays of the recorded chats, judged by the long way: what is sent of a shape, and what is known of an answer."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from jackfield import (
    Board,
    Boards,
    ChatRequest,
    Client,
    Facts,
    HTTPRequest,
    HTTPResponse,
    JackfieldError,
    Relay,
    Response,
    Usage,
)
from jackfield.relaying import RelayedExchange
from tests.recordings import loader

pytestmark = pytest.mark.needs("recordings")

ROUTE = {"operation": "chat"}
#: Who is asked: hosts that are a catalog and no code, and one with other limits for some of its models.
PROVIDERS = ["openai", "together", "xai", "alibaba", "perplexity", "openrouter", "zai"]


@functools.cache
def boards() -> Boards:
    """Return what is installed, less what observes every exchange: then nothing is relayed."""
    return Boards(environ={"JACKFIELD_DISABLE": "otel"})


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every recorded request of the format that is no stream, each body once."""
    seen = set()
    for provider, api in loader.apis():
        if api != "chat-completions":
            continue
        for recorded in loader.exchanges(provider, api):
            body = recorded.request_json
            if body is not None and "messages" in body and not body.get("stream"):
                text = json.dumps(body)
                if text not in seen:
                    seen.add(text)
                    yield recorded.file, body


def relay_of(body: dict[str, Any]) -> tuple[Relay | None, HTTPRequest]:
    asked = HTTPRequest("POST", "/v1/chat/completions", {}, json.dumps(body).encode())
    return boards().dialect("openai-chat").relay_request(asked, ROUTE), asked


def said_otherwise(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body of the same shape that says something else."""
    rows = [
        {**row, "content": f'{row["content"][::-1]} \u4f60\u597d "{number}"\\'}
        for number, row in enumerate(body["messages"])
    ]
    return {**body, "messages": rows}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_relayed_request_is_what_the_long_way_makes_of_it(provider: str) -> None:
    board = boards().dialect("openai-chat")
    client = Client({provider: {"api_key": "k"}}, boards=boards(), unsupported="record", environ={})
    model = {"openai": "gpt-5-mini", "perplexity": "sonar"}.get(provider, "any-model")
    compared = 0
    for file, recorded in bodies():
        body = {**recorded, "model": f"{provider}/{model}"}
        relay, asked = relay_of(body)
        if relay is None:
            continue
        try:
            form = client.form(board, relay, lambda asked=asked: board.parse_request(asked, ROUTE))  # type: ignore[misc]
        except JackfieldError:
            continue  # the long way refuses it as well
        if form is None:
            continue
        other, asked = relay_of(said_otherwise(body))
        assert other is not None
        assert other.shape == relay.shape, file
        request = board.parse_request(asked, ROUTE)
        exchange, _ = client._relayed(form, other, lambda request=request: request)  # type: ignore[misc]
        long = client.exchange(request)
        assert isinstance(exchange, RelayedExchange)
        assert json.loads(exchange.http_request.body) == json.loads(long.http_request.body), file
        assert exchange.http_request.url == long.http_request.url
        assert exchange.authorized().headers == long.authorized().headers
        assert exchange.adjustments == long.adjustments, file
        assert {**dict(form.request), "messages": ()} == {**dict(long.request), "messages": ()}, file
        compared += 1
    assert compared >= 40, f"only {compared} were relayed"


def test_shapes_differ_where_anything_but_text_does() -> None:
    """Every two recorded bodies of one shape differ in nothing but the text of their turns."""
    known: dict[bytes, Any] = {}
    shared = 0
    for file, body in bodies():
        relay, _ = relay_of(body)
        if relay is None:
            continue
        rest = {**body, "model": None, "messages": [row["role"] for row in body["messages"]]}
        shared += relay.shape in known
        assert known.setdefault(relay.shape, rest) == rest, file
    assert shared > 20


def used(board: Board, request: ChatRequest, response: Response) -> Usage | None:
    return board.usage_items(request, response.raw_usage or {}, Facts())


def assert_as_rendered(body: Any, rendered: Any, where: str) -> None:
    """Every member that the gateway would write has the value that it has in the provider's answer."""
    if isinstance(rendered, dict):
        assert isinstance(body, dict), where
        for name, value in rendered.items():
            # what is nothing may as well be absent; hosts state sums that are none (recorded, cerebras)
            if (value or name in body) and name != "total_tokens":
                assert_as_rendered(body.get(name), value, f"{where} {name}")
    elif isinstance(rendered, list):
        assert isinstance(body, list), where
        assert len(body) == len(rendered), where
        for number, (one, other) in enumerate(zip(body, rendered, strict=True)):
            assert_as_rendered(one, other, f"{where}[{number}]")
    else:
        assert body == rendered or not (body or rendered), where


def test_a_relayed_answer_tells_what_the_whole_one_does() -> None:
    board = boards().open("openai")
    request = ChatRequest(model="gpt-4o-mini", messages="Hi")
    relayed = rendered = 0
    for provider, api in loader.apis():
        if api != "chat-completions":
            continue
        for recorded in loader.exchanges(provider, api):
            if recorded.is_error or recorded.streaming or b'"choices"' not in recorded.response_bytes:
                continue
            answer = HTTPResponse(200, {"content-type": "application/json"}, recorded.response_bytes)
            try:
                whole = board.normalize_response(request, answer)
            except JackfieldError as error:
                with pytest.raises(type(error)):
                    assert board.relay_response(request, answer) is not None or board.normalize_response(
                        request, answer
                    )
                continue
            if (light := board.relay_response(request, answer)) is None:
                rendered += 1
                continue
            relayed += 1
            answered = replace(whole, usage=used(board, request, whole))
            rendered_body = json.loads(board.render_response(request, answered).body)
            assert_as_rendered(json.loads(recorded.response_bytes), rendered_body, recorded.file)
            for name in ("id", "model", "created", "service_tier", "raw_usage"):
                assert getattr(light, name) == getattr(whole, name), (recorded.file, name)
    assert relayed > 200, (relayed, rendered)
    assert rendered > 20, (relayed, rendered)
