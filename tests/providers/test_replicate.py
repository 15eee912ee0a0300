"""Replicate: a prediction is made, followed to its end or to its stream, and read as the answer to a chat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from jackfield import (
    AsyncClient,
    AuthenticationError,
    Boards,
    ChatRequest,
    Client,
    Endpoint,
    Exchange,
    InvalidRequestError,
    NotReadyError,
    ProviderError,
    RequestTimeout,
    StreamInterrupted,
    TextDelta,
    Timeout,
    UnsupportedFeature,
)
from tests.core.server import Server, running, streamed, whole

MODEL = "replicate/openai/gpt-4o-mini"
USER = {"role": "user", "content": "Hello"}
TURNS = [USER, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "More"}]


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """Replicate, and the other host that its streams have."""
    with ExitStack() as stack:
        yield stack.enter_context(running()), stack.enter_context(running())


@pytest.fixture
def replicate(servers: tuple[Server, Server]) -> Server:
    return servers[0]


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def make(server: Server, **more: Any) -> Client:
            providers = {"replicate": {"api_key": "r8_x", "base_url": server.url}}
            return stack.enter_context(Client(providers, environ={}, **more))

        yield make


def prediction(server: Server, status: str = "succeeded", **members: Any) -> dict[str, Any]:
    urls = {"get": f"{server.url}/predictions/p1", "stream": f"{server.url}/streams/s1"}
    metrics = {"input_token_count": 1000, "output_token_count": 2000, "predict_time": 0.5}
    done = {"output": ["Once ", "upon"], "metrics": metrics} if status == "succeeded" else {"output": None}
    created = {"created_at": "2026-11-20T10:00:00Z", "error": None, "model": "openai/gpt-4o-mini"}
    return {"id": "p1", "status": status, "urls": urls, **created, **done, **members}


def test_a_prediction_that_is_ready_is_the_answer(replicate: Server, client: Callable[..., Client]) -> None:
    replicate.answer(whole(prediction(replicate), 201))
    answer = client(replicate).chat(MODEL, "Hello", system="Be brief.", max_tokens=9, temperature=0.5)
    assert (answer.text, answer.id, answer.finish_reason) == ("Once upon", "p1", "unknown")
    assert answer.choices[0].raw_finish_reason == "succeeded"
    assert answer.usage is not None
    assert answer.cost is not None
    assert answer.cost.total == Decimal("0.00135")
    (asked,) = replicate.requests
    assert (asked["method"], asked["path"]) == ("POST", "/v1/predictions")
    assert (asked["headers"]["authorization"], asked["headers"]["prefer"]) == ("Bearer r8_x", "wait=60")
    assert json.loads(asked["body"]) == {
        "version": "openai/gpt-4o-mini",
        "input": {
            "prompt": "Hello",
            "system_prompt": "Be brief.",
            "max_completion_tokens": 9,
            "temperature": 0.5,
        },
    }


def test_a_prediction_that_is_not_ready_is_followed(replicate: Server, client: Callable[..., Client]) -> None:
    replicate.answer(
        whole(prediction(replicate, "starting"), 201),
        whole(prediction(replicate, "processing")),
        whole(prediction(replicate)),
    )
    assert client(replicate).chat(MODEL, "Hello").text == "Once upon"
    assert [(asked["method"], asked["path"]) for asked in replicate.requests] == [
        ("POST", "/v1/predictions"), ("GET", "/v1/predictions/p1"), ("GET", "/v1/predictions/p1"),
    ]  # fmt: skip
    assert {asked["headers"]["authorization"] for asked in replicate.requests} == {"Bearer r8_x"}


def test_a_prediction_that_takes_too_long_is_named_and_not_made_again(
    replicate: Server, client: Callable[..., Client]
) -> None:
    replicate.answer(whole(prediction(replicate, "processing"), 201))
    with pytest.raises(RequestTimeout, match=r"p1 is processing after 0\.5 s.*predictions/p1 later") as failed:
        client(replicate, timeout=Timeout(first=0.5)).chat(MODEL, "Hello")
    assert not failed.value.retryable
    assert [asked["method"] for asked in replicate.requests].count("POST") == 1


EVENTS = (
    b"event: output\nid: 1:0\ndata: Once\n\n",
    b"event: output\nid: 2:0\ndata:  upon\ndata: a time\n\n",
    b"event: done\nid: 3:0\ndata: {}\n\n",
)


def test_a_stream_is_read_where_the_prediction_says_and_gets_no_key(
    servers: tuple[Server, Server], client: Callable[..., Client]
) -> None:
    replicate, streams = servers
    replicate.answer(whole({**prediction(replicate, "starting"), "urls": prediction(streams)["urls"]}, 201))
    streams.answer(streamed(*EVENTS))
    with client(replicate).stream(MODEL, "Hello") as stream:
        texts = [delta.text for delta in stream if isinstance(delta, TextDelta)]
    assert texts == ["Once", " upon\na time"]
    assert (stream.response.text, stream.response.choices[0].raw_finish_reason) == ("Once upon\na time", "succeeded")
    assert stream.response.cost is not None
    assert stream.response.cost.total is None, "a stream tells no usage"
    assert json.loads(replicate.requests[0]["body"])["stream"] is True
    (asked,) = streams.requests
    assert (asked["method"], asked["headers"]["accept"]) == ("GET", "text/event-stream")
    assert "authorization" not in asked["headers"]


def test_both_clients_follow(servers: tuple[Server, Server]) -> None:
    replicate, streams = servers
    replicate.answer(
        whole(prediction(replicate, "starting"), 201),
        whole(prediction(replicate)),
        whole({**prediction(replicate, "starting"), "urls": prediction(streams)["urls"]}, 201),
    )
    streams.answer(streamed(*EVENTS))

    async def ask() -> tuple[str, str]:
        providers = {"replicate": {"api_key": "r8_x", "base_url": replicate.url}}
        async with AsyncClient(providers, environ={}) as asking:
            answer = await asking.chat(MODEL, "Hello")
            async with asking.stream(MODEL, "Hello") as stream:
                async for _ in stream:
                    pass
            return answer.text, stream.response.text

    assert asyncio.run(ask()) == ("Once upon", "Once upon\na time")


@pytest.mark.parametrize(
    ("events", "kind", "message"),
    [
        (EVENTS[:2], StreamInterrupted, "ended before its end"),
        ((EVENTS[0], b'event: error\ndata: {"detail": "out of memory"}\n\n'), ProviderError, "out of memory"),
        ((EVENTS[0], b'event: done\ndata: {"reason": "error"}\n\n'), ProviderError, "the prediction failed"),
    ],
)
def test_a_stream_that_fails_is_an_error_with_what_came(
    replicate: Server, events: tuple[bytes, ...], kind: type[Exception], message: str, client: Callable[..., Client]
) -> None:
    replicate.answer(whole(prediction(replicate, "starting"), 201), streamed(*events))
    stream = client(replicate).stream(MODEL, "Hello")
    with pytest.raises(kind, match=message) as failed:
        list(stream)
    assert getattr(failed.value, "response").text.startswith("Once")  # noqa: B009 - the class is a parameter


def test_a_model_without_a_stream_says_so(replicate: Server, client: Callable[..., Client]) -> None:
    replicate.answer(whole({**prediction(replicate, "starting"), "urls": {}}, 201))
    with pytest.raises(ProviderError, match="the model has no stream"):
        list(client(replicate).stream(MODEL, "Hello"))


@pytest.mark.parametrize("stream", [False, True])
def test_refusals_are_errors_of_the_tree(replicate: Server, stream: bool, client: Callable[..., Client]) -> None:
    refused = {"title": "Unauthenticated", "detail": "You did not pass a valid token", "status": 401}
    replicate.answer(whole(refused, 401))
    asking = client(replicate)
    with pytest.raises(AuthenticationError, match=r"valid token.*REPLICATE_API_TOKEN"):
        _ = list(asking.stream(MODEL, "Hello")) if stream else asking.chat(MODEL, "Hello")
    replicate.answer(whole({"title": "Input validation failed", "detail": "- input: prompt is required"}, 422))
    with pytest.raises(InvalidRequestError, match="prompt is required"):
        _ = list(asking.stream(MODEL, "Hello")) if stream else asking.chat(MODEL, "Hello")


@pytest.mark.parametrize(("status", "error"), [("failed", "CUDA out of memory"), ("canceled", None)])
def test_a_prediction_that_failed_is_an_error(
    replicate: Server, status: str, error: str | None, client: Callable[..., Client]
) -> None:
    replicate.answer(whole(prediction(replicate, status, error=error), 201))
    with pytest.raises(ProviderError, match=error or "p1 is canceled"):
        client(replicate).chat(MODEL, "Hello")


def test_a_whole_conversation_goes_to_those_that_take_one(replicate: Server, client: Callable[..., Client]) -> None:
    replicate.answer(whole(prediction(replicate), 201))
    client(replicate).chat(MODEL, TURNS)
    assert json.loads(replicate.requests[0]["body"])["input"] == {"messages": TURNS}
    with pytest.raises(UnsupportedFeature, match=r"one turn.*not 3 turns; say what came before"):
        client(replicate).chat("replicate/meta/meta-llama-3-8b-instruct", TURNS)
    assert len(replicate.requests) == 1


def test_each_vendor_has_its_own_members(replicate: Server, client: Callable[..., Client]) -> None:
    replicate.answer(whole(prediction(replicate), 201))
    asking = client(replicate)
    asking.chat("replicate/meta/meta-llama-3-8b-instruct", "Hello", max_tokens=5, stop=["a", "b"], top_k=3)
    asking.chat("replicate/openai/gpt-5-nano", "Hello", max_tokens=5, reasoning={"effort": "low"}, verbosity="low")
    asking.chat(
        "replicate/deployments/acme/mine", "Hello", provider_options={"replicate": {"input": {"min_tokens": 2}}}
    )
    assert [(asked["path"], json.loads(asked["body"])["input"]) for asked in replicate.requests] == [
        ("/v1/predictions", {"prompt": "Hello", "max_tokens": 5, "stop_sequences": "a,b", "top_k": 3}),
        (
            "/v1/predictions",
            {"prompt": "Hello", "max_completion_tokens": 5, "reasoning_effort": "low", "verbosity": "low"},
        ),
        ("/v1/deployments/acme/mine/predictions", {"prompt": "Hello", "min_tokens": 2}),
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"stop": ["a,b"]}, "commas"),
        ({"tools": [{"name": "f", "parameters": {"type": "object"}}]}, "tools cannot be"),
        ({"response_format": {"type": "json"}}, "response_format cannot be"),
    ],
)
def test_what_a_prediction_cannot_say_is_refused_before_it_is_sent(
    replicate: Server, asked: dict[str, Any], message: str, client: Callable[..., Client]
) -> None:
    with pytest.raises(UnsupportedFeature, match=message):
        client(replicate).chat("replicate/meta/meta-llama-3-8b-instruct", "Hello", **asked)
    assert replicate.requests == []


def test_an_exchange_without_a_client_says_who_follows() -> None:
    board = Boards(environ={}).open("replicate")
    endpoint = Endpoint("replicate", "openai-chat", "http://127.0.0.1:1/v1")
    exchange = Exchange(
        board, ChatRequest(model="openai/gpt-4o", messages=[USER]), endpoint, datetime(2026, 11, 20, tzinfo=UTC)
    )
    exchange.receive_head(201, {"content-type": "application/json"})
    exchange.receive_data(b'{"id": "p1", "status": "processing", "urls": {"get": "http://127.0.0.1:1/p1"}}')
    with pytest.raises(NotReadyError, match="p1 is processing; a client follows it"):
        exchange.receive_eof()
