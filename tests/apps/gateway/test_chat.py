"""Chats through the gateway: the official SDK, streams, errors in the caller's envelope, callers that hang up."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from jackfield import Boards
from jackfield_gateway import GatewayApp
from tests.apps.gateway.conftest import ask, served
from tests.core.conftest import acme
from tests.core.server import DONE, USAGE, Server, chunk, completion, streamed, whole

BODY = {"model": "acme/large", "messages": [{"role": "user", "content": "Hi"}]}
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def sdk(demo: str) -> Any:
    with openai.OpenAI(base_url=f"{demo}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_the_official_sdk_chats(sdk: openai.OpenAI) -> None:
    answer = sdk.chat.completions.create(model="openai/gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    assert answer.system_fingerprint == "fp_jackfield_sandbox"


def test_the_official_sdk_streams_what_it_would_have_got_whole(sdk: openai.OpenAI) -> None:
    longest = 0
    for words in ("Hi", "Tell me", "A river", "Go on", "And then?"):
        ask: dict[str, Any] = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": words}]}
        answer = sdk.chat.completions.create(**ask)
        chunks = list(sdk.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
        text = "".join(row.delta.content or "" for part in chunks for row in part.choices)
        assert text == answer.choices[0].message.content
        assert chunks[-1].usage == answer.usage
        assert chunks[-1].choices == []
        assert {part.system_fingerprint for part in chunks} == {"fp_jackfield_sandbox"}
        longest = max(longest, len(chunks))
    assert longest > 10


def test_usage_is_not_streamed_to_a_caller_who_did_not_ask(sdk: openai.OpenAI) -> None:
    chunks = list(
        sdk.chat.completions.create(
            model="openai/gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
    )
    assert all(part.usage is None and part.choices for part in chunks)


def test_the_official_sdk_calls_tools_and_brings_results(sdk: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "Weather in Paris?"}]
    first = sdk.chat.completions.create(model="openai/gpt-4o-mini", messages=messages, tools=[TOOL])
    calls = first.choices[0].message.tool_calls
    assert calls
    assert first.choices[0].finish_reason == "tool_calls"
    call: Any = calls[0]
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    messages.append(first.choices[0].message)
    messages += [{"role": "tool", "tool_call_id": row.id, "content": "sunny"} for row in calls]
    second = sdk.chat.completions.create(model="openai/gpt-4o-mini", messages=messages, tools=[TOOL])
    assert second.choices[0].message.content


def test_the_official_sdk_parses_structured_output(sdk: openai.OpenAI) -> None:
    class City(BaseModel):
        name: str
        people: int

    answer = sdk.chat.completions.parse(
        model="openai/gpt-4o-mini", messages=[{"role": "user", "content": "A city"}], response_format=City
    )
    assert isinstance(answer.choices[0].message.parsed, City)


def test_the_official_sdk_lists_the_catalogs(sdk: openai.OpenAI) -> None:
    names = {model.id for model in sdk.models.list()}
    assert "openai/gpt-4o-mini" in names


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
def test_the_official_sdk_sees_the_error_of_the_provider(
    upstream: Server, gateway: str, status: int, kind: type[openai.APIStatusError]
) -> None:
    upstream.answer(whole({"error": {"message": "because", "code": "why"}}, status, retry_after="0", x_request_id="r1"))
    with openai.OpenAI(base_url=f"{gateway}/v1", api_key="unused", max_retries=0) as client:
        for stream in (False, True):
            with pytest.raises(kind) as caught:
                client.chat.completions.create(**BODY, stream=stream)  # type: ignore[call-overload]
            assert caught.value.body == {"message": "because", "type": caught.value.type, "param": None, "code": "why"}
            assert caught.value.request_id == "r1"


def test_a_bare_model_name_finds_its_provider(upstream: Server, gateway: str) -> None:
    upstream.answer(whole(completion("Hi")))
    assert ask(gateway, {**BODY, "model": "large"}).json()["choices"][0]["message"]["content"] == "Hi"


def test_what_the_dialect_does_not_know_goes_to_a_provider_of_the_same_dialect(upstream: Server, gateway: str) -> None:
    upstream.answer(whole(completion("Hi")))
    ask(gateway, {**BODY, "brand_new": {"a": [1]}})
    assert json.loads(upstream.requests[0]["body"])["brand_new"] == {"a": [1]}


@pytest.mark.parametrize("member", ["base_url", "api_base", "api_key", "host", "url"])
def test_no_member_of_a_body_moves_the_providers_key_elsewhere(upstream: Server, gateway: str, member: str) -> None:
    upstream.answer(whole(completion("Hi")))
    answer = ask(gateway, {**BODY, member: "http://127.0.0.1:9/steal", "nested": {member: "http://127.0.0.1:9"}})
    assert answer.status_code == 200
    assert upstream.requests[0]["headers"]["host"] == upstream.url.split("/")[2]
    assert ask(gateway, {**BODY, "headers": {"x": "y"}}).status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{not json", 400, "not JSON"),
        (b"[]", 400, "no JSON object"),
        (b"{}", 400, "messages: a list is needed"),
        (b'{"messages": []}', 400, "model: a name is needed"),
        (b'{"model": "acme/large", "messages": [{"role": "robot", "content": "x"}]}', 400, "messages[0].role"),
        (b'{"model": "acme/large", "messages": [{"role": "user"}]}', 400, "messages[0].content"),
        (b'{"model": "acne/large", "messages": [{"role": "user", "content": "x"}]}', 404, "did you mean acme?"),
        (
            b'{"model": "acme/large", "messages": [{"role": "user", "content": "x"}], "temperature": "hot"}',
            400,
            "temperature",
        ),
        (
            b'{"model": "acme/large", "messages": [{"role": "user", "content": "x"}], "stop": ["a","b","c"]}',
            400,
            "stop cannot",
        ),
    ],
)
def test_bad_input_is_refused_in_the_callers_envelope(
    upstream: Server, gateway: str, body: bytes, status: int, message: str
) -> None:
    answer = httpx.post(f"{gateway}/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert message in error["message"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert not upstream.requests


def test_a_missing_key_names_the_variable(upstream: Server) -> None:
    boards = Boards(acme(upstream.url), environ={})
    with served(GatewayApp(boards=boards)) as address:
        answer = ask(address, BODY)
    assert answer.status_code == 401
    assert "ACME_API_KEY" in answer.json()["error"]["message"]
    assert not upstream.requests


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/chat/completions", 405), ("POST", "/v1/nothing", 404)]
)
def test_an_address_that_nothing_has_is_named(gateway: str, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, gateway + path, json={} if method == "POST" else None)
    assert answer.status_code == status
    assert path in answer.json()["error"]["message"]


def test_the_first_page_and_health_are_there(gateway: str) -> None:
    assert "POST /v1/chat/completions" in httpx.get(gateway).text
    assert httpx.get(f"{gateway}/healthz").json() == {"status": "ok"}


def test_an_error_after_the_first_delta_ends_the_stream_with_its_envelope(upstream: Server, gateway: str) -> None:
    upstream.answer(streamed(chunk(content="Hel"), chunk(content="lo"), finished=False))
    answer = ask(gateway, {**BODY, "stream": True})
    assert answer.status_code == 200
    events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert "[DONE]" not in events
    assert "broke off" in json.loads(events[-1])["error"]["message"]
    assert "".join(json.loads(event)["choices"][0]["delta"].get("content", "") for event in events[:-1]) == "Hello"


def test_deltas_come_as_they_are_sent(upstream: Server, gateway: str) -> None:
    upstream.answer(streamed(chunk(content="first"), 0.6, chunk(content="second"), chunk(finish="stop"), USAGE, DONE))
    began = time.monotonic()
    with httpx.stream("POST", f"{gateway}/v1/chat/completions", json={**BODY, "stream": True}) as answer:
        lines = answer.iter_lines()
        assert "first" in next(lines)
        assert time.monotonic() - began < 0.5
        assert any("second" in line for line in lines)


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_that_hangs_up_closes_the_providers_connection(upstream: Server, gateway: str, stream: bool) -> None:
    upstream.answer(streamed(chunk(content="Hello"), 8.0, DONE) if stream else [8.0])
    host, _, port = gateway.removeprefix("http://").partition(":")
    body = json.dumps({**BODY, "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        if stream:
            assert caller.recv(10)
        until = time.monotonic() + 5
        while not upstream.requests and time.monotonic() < until:
            time.sleep(0.01)
    assert upstream.closed_early.wait(1), "the provider goes on talking to nobody"


def test_what_a_caller_writes_in_a_message_reaches_a_provider_of_the_same_dialect(
    upstream: Server, gateway: str
) -> None:
    upstream.answer(whole(completion("Hi")))
    turn = {"role": "assistant", "content": "Hm", "reasoning_content": "Let me think", "prefix": True}
    messages = [{"role": "user", "content": "Hi", "cache_control": {"type": "ephemeral"}}, turn]
    assert ask(gateway, {**BODY, "messages": messages}).status_code == 200
    assert json.loads(upstream.requests[0]["body"])["messages"] == messages
