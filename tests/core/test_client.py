"""Clients over real sockets: answers, streams, retries, faults, and what bad input gets."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import httpx2
import pytest

import jackfield
from jackfield import AsyncClient, Boards, ChatRequest, ChatResponse, Client, TextDelta, Timeout, ToolCall
from tests.core.conftest import acme
from tests.core.server import DONE, USAGE, Server, chunk, completion, streamed, whole

KEY = "sk-acme-0123456789abcdef"
HELLO = [
    chunk(role="assistant", content=""),
    chunk(content="Hel"),
    chunk(content="lo"),
    chunk(finish="stop"),
    USAGE,
    DONE,
]

#: Sends a request in each colour and over each library: chat or stream, whole answers come back.
Ask = Callable[..., ChatResponse]


def _sync(transport: Any, boards: Boards, *args: Any, stream: bool, options: dict[str, Any], **parameters: Any) -> Any:
    with Client({"acme": {"api_key": KEY}}, boards=boards, transport=transport, **options) as client:
        if not stream:
            return client.chat(*args, **parameters)
        with client.stream(*args, **parameters) as deltas:
            for _ in deltas:
                pass
            return deltas.response


def _async(transport: Any, boards: Boards, *args: Any, stream: bool, options: dict[str, Any], **parameters: Any) -> Any:
    async def run() -> ChatResponse:
        try:
            async with AsyncClient({"acme": {"api_key": KEY}}, boards=boards, transport=transport, **options) as client:
                if not stream:
                    return await client.chat(*args, **parameters)
                async with client.stream(*args, **parameters) as deltas:
                    async for _ in deltas:
                        pass
                    return deltas.response
        finally:
            if transport is not None:
                assert not transport.is_closed, "a client that was given stays open"
                await transport.aclose()

    return asyncio.run(run())


@pytest.fixture(params=["sync", "async", "sync-httpx", "sync-httpx2", "async-httpx", "async-httpx2"])
def ask(request: pytest.FixtureRequest, boards: Boards) -> Ask:
    colour, _, library = request.param.partition("-")
    modules: dict[str, Any] = {"httpx": httpx, "httpx2": httpx2}
    run = _sync if colour == "sync" else _async

    def send(*args: Any, stream: bool = False, **parameters: Any) -> ChatResponse:
        known = ("retries", "timeout", "unsupported")
        options: dict[str, Any] = {name: parameters.pop(name) for name in known if name in parameters}
        transport: Any = None
        if library:
            transport = modules[library].Client() if colour == "sync" else modules[library].AsyncClient()
        try:
            answer: ChatResponse = run(transport, boards, *args, stream=stream, options=options, **parameters)
        finally:
            if library and colour == "sync":
                assert not transport.is_closed, "a client that was given stays open"
                transport.close()
        return answer

    return send


def test_an_answer_has_text_usage_cost_and_raw(server: Server, ask: Ask) -> None:
    server.answer(whole(completion("Hi there"), x_request_id="req-7"))
    answer = ask("acme/large", "Hello")
    assert answer.text == "Hi there"
    assert answer.finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.cached_tokens) == (3, 2, None)
    assert answer.cost is not None
    assert (answer.cost.total, answer.cost.status) == (Decimal("0.000008"), "priced")
    assert answer.raw == completion("Hi there")
    assert (answer.provider, answer.model, answer.request_id) == ("acme", "large-1", "req-7")
    assert [attempt.outcome for attempt in answer.attempts] == ["ok"]
    assert not answer.sandboxed
    sent = server.requests[0]
    assert sent["path"] == "/v1/chat/completions"
    assert sent["headers"]["authorization"] == f"Bearer {KEY}"
    assert json.loads(sent["body"]) == {"model": "large", "messages": [{"role": "user", "content": "Hello"}]}


def test_a_stream_assembles_to_the_whole_answer(server: Server, ask: Ask) -> None:
    server.answer(whole(completion("Hello")), streamed(*HELLO))
    first, second = ask("acme/large", "Hi"), ask("acme/large", "Hi", stream=True)
    for name in ("id", "model", "choices", "usage", "cost", "created", "adjustments", "provider"):
        assert getattr(first, name) == getattr(second, name), name
    assert json.loads(server.requests[1]["body"])["stream_options"] == {"include_usage": True}


def test_parameters_have_the_unified_names(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    tool = {"name": "f", "parameters": {"type": "object"}}
    with Client({"acme": {"api_key": KEY}}, boards=boards) as client:
        client.chat(
            "acme/large", "Hi", system="Be brief", temperature=0.5, tools=[tool], tool_choice="required", stop="x"
        )
    body = json.loads(server.requests[0]["body"])
    assert body["messages"][0] == {"role": "system", "content": "Be brief"}
    assert body["tools"] == [{"type": "function", "function": tool}]
    assert (body["temperature"], body["tool_choice"], body["stop"]) == (0.5, "required", ["x"])


def test_a_tool_call_has_id_name_and_arguments(server: Server, ask: Ask) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    server.answer(whole(completion(choices=[choice])))
    answer = ask("acme/large", "Hi")
    assert answer.tool_calls == (ToolCall(id="c1", name="f", arguments='{"a": 1}'),)
    assert answer.tool_calls[0].parsed_arguments() == {"a": 1}
    assert answer.finish_reason == "tool_calls"


@pytest.mark.parametrize("stream", [False, True])
def test_a_rate_limit_is_waited_out_as_long_as_asked(server: Server, ask: Ask, stream: bool) -> None:
    refused = whole({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, 429, retry_after_ms="120")
    server.answer(refused, streamed(*HELLO) if stream else whole(completion("Hello")))
    began = time.monotonic()
    answer = ask("acme/large", "Hi", stream=stream)
    assert time.monotonic() - began >= 0.12
    assert answer.text == "Hello"
    assert [attempt.outcome for attempt in answer.attempts] == ["RateLimitError", "ok"]
    assert answer.attempts[0].wait >= 0.12
    assert answer.attempts[0].status == 429


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "body", "kind", "tries"),
    [
        (401, {"error": {"message": "bad key"}}, jackfield.AuthenticationError, 1),
        (402, {"error": "no credit"}, jackfield.BillingError, 1),
        (403, {"error": {"message": "no"}}, jackfield.PermissionDenied, 1),
        (404, {"error": {"message": "no model"}}, jackfield.ModelNotFoundError, 1),
        (400, {"error": {"message": "?", "code": "context_length_exceeded"}}, jackfield.ContextLengthError, 1),
        (
            400,
            {"error": {"message": "?", "code": "unsupported_value", "param": "n"}},
            jackfield.UnsupportedParameterError,
            1,
        ),
        (413, {}, jackfield.RequestTooLargeError, 1),
        (422, {"detail": [{"msg": "bad"}]}, jackfield.InvalidRequestError, 1),
        (429, {"error": {"message": "?", "type": "insufficient_quota"}}, jackfield.BillingError, 1),
        (500, {"error": {"message": "boom"}}, jackfield.ServerError, 2),
        (503, {"error": {"message": "busy"}}, jackfield.OverloadedError, 2),
        (529, {}, jackfield.OverloadedError, 2),
    ],
)
def test_a_refusal_is_an_error_of_its_class(
    server: Server,
    boards: Boards,
    status: int,
    body: Any,
    kind: type[jackfield.JackfieldError],
    tries: int,
    stream: bool,
) -> None:
    server.answer(whole(body, status, x_request_id="req-9", retry_after="0"))
    with pytest.raises(kind) as caught:
        _sync(None, boards, "acme/large", "Hi", stream=stream, options={"retries": 1})
    error = caught.value
    assert type(error) is kind
    assert (error.provider, error.model, error.status, error.request_id) == ("acme", "large", status, "req-9")
    assert error.body == json.dumps(body).encode()
    assert error.retryable is (tries == 2)
    assert len(error.attempts) == len(server.requests) == tries


@pytest.mark.parametrize("stream", [False, True])
def test_an_html_page_is_an_error_that_carries_it(server: Server, ask: Ask, stream: bool) -> None:
    page = b"<html><h1>Welcome to the proxy</h1></html>"
    server.answer(whole(page, content_type="text/html"))
    with pytest.raises(jackfield.ResponseFormatError) as caught:
        ask("acme/large", "Hi", stream=stream)
    assert caught.value.body == page
    assert caught.value.status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_an_empty_answer_is_an_error(server: Server, ask: Ask, stream: bool) -> None:
    server.answer(whole(b""))
    with pytest.raises(jackfield.ResponseFormatError, match="empty"):
        ask("acme/large", "Hi", stream=stream)


def test_a_stream_that_breaks_off_is_an_error_that_keeps_what_came(server: Server, ask: Ask) -> None:
    server.answer(streamed(*HELLO[:3], finished=False))
    with pytest.raises(jackfield.StreamInterrupted) as caught:
        ask("acme/large", "Hi", stream=True)
    assert caught.value.response.text == "Hello"
    assert len(server.requests) == 1, "nothing is sent again once a delta is out"


def test_a_stream_that_ends_without_its_end_is_an_error(server: Server, ask: Ask) -> None:
    server.answer(streamed(*HELLO[:3]))
    with pytest.raises(jackfield.StreamInterrupted) as caught:
        ask("acme/large", "Hi", stream=True)
    assert caught.value.response.text == "Hello"


def test_an_error_in_a_stream_comes_after_what_was_said(server: Server, boards: Boards) -> None:
    failed = b'data: {"error": {"message": "overheated", "code": "server_error"}}\n\n'
    server.answer(streamed(b"".join(HELLO[:3]) + failed))
    said = ""

    def listen(stream: jackfield.Stream) -> None:
        nonlocal said
        for delta in stream:
            said += delta.text if isinstance(delta, TextDelta) else ""

    with Client({"acme": {"api_key": KEY}}, boards=boards) as client, client.stream("acme/large", "Hi") as stream:
        with pytest.raises(jackfield.ServerError, match="overheated") as caught:
            listen(stream)
        assert not stream.sandboxed
    assert said == "Hello"
    assert caught.value.response.text == "Hello"


def test_a_reset_before_the_head_is_tried_again(server: Server, ask: Ask) -> None:
    server.answer([None], whole(completion("Hello")))
    answer = ask("acme/large", "Hi", retries=1)
    assert [attempt.outcome for attempt in answer.attempts] == ["ConnectionFailed", "ok"]


def test_nobody_at_the_port_is_a_failed_connection(boards: Boards) -> None:
    elsewhere = Boards(acme("http://127.0.0.1:9/v1"), environ={})
    with pytest.raises(jackfield.ConnectionFailed) as caught:
        _sync(None, elsewhere, "acme/large", "Hi", stream=False, options={"retries": 0})
    assert caught.value.provider == "acme"


@pytest.mark.parametrize("stream", [False, True])
def test_silence_is_a_timeout(server: Server, ask: Ask, stream: bool) -> None:
    server.answer([5.0])
    began = time.monotonic()
    with pytest.raises(jackfield.RequestTimeout):
        ask("acme/large", "Hi", stream=stream, retries=0, timeout=Timeout(first=0.2, between=0.2))
    assert time.monotonic() - began < 3


@pytest.mark.alone
def test_the_total_limit_covers_all_attempts(server: Server, ask: Ask) -> None:
    server.answer(whole({"error": "busy"}, 503, retry_after="30"))
    began = time.monotonic()
    with pytest.raises(jackfield.OverloadedError) as caught:
        ask("acme/large", "Hi", retries=5, timeout=1.0)
    assert time.monotonic() - began < 1
    assert caught.value.retry_after == 30.0


def test_a_wait_of_more_than_a_minute_is_the_callers_to_decide(server: Server, ask: Ask) -> None:
    server.answer(whole({"error": "come back later"}, 429, retry_after="3600"))
    with pytest.raises(jackfield.RateLimitError) as caught:
        ask("acme/large", "Hi", retries=3)
    assert caught.value.retry_after == 3600.0
    assert len(server.requests) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_total_limit_ends_a_silence_within_one_attempt(server: Server, ask: Ask, stream: bool) -> None:
    server.answer([5.0])
    began = time.monotonic()
    with pytest.raises(jackfield.RequestTimeout):
        ask("acme/large", "Hi", stream=stream, timeout=Timeout(total=0.3))
    assert time.monotonic() - began < 3


def test_a_broken_content_coding_is_an_error_of_the_provider(server: Server, ask: Ask) -> None:
    server.answer(whole(b"this is no gzip", content_encoding="gzip", x_request_id="req-3"))
    with pytest.raises(jackfield.ResponseFormatError, match="content coding") as caught:
        ask("acme/large", "Hi")
    error = caught.value
    assert (error.provider, error.model, error.status, error.request_id) == ("acme", "large", 200, "req-3")
    assert [attempt.outcome for attempt in error.attempts] == ["ResponseFormatError"]


def test_leaving_a_stream_closes_the_connection(server: Server, boards: Boards) -> None:
    server.answer(streamed(HELLO[0], HELLO[1], 5.0, *HELLO[2:]))
    with Client({"acme": {"api_key": KEY}}, boards=boards) as client, client.stream("acme/large", "Hi") as stream:
        for delta in stream:
            if isinstance(delta, TextDelta):
                break
    assert server.closed_early.wait(2)


@pytest.mark.alone
def test_cancelling_a_task_closes_the_connection(server: Server, boards: Boards) -> None:
    server.answer(streamed(HELLO[0], HELLO[1], 5.0, *HELLO[2:]))

    async def run() -> None:
        async with AsyncClient({"acme": {"api_key": KEY}}, boards=boards) as client:
            task = asyncio.create_task(client.chat(ChatRequest(model="acme/large", messages="Hi", stream=True)))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert server.closed_early.wait(2)


def test_tuning_that_the_model_cannot_take_is_dropped_and_told_once(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    with Client({"acme": {"api_key": KEY}}, boards=boards) as client:
        with pytest.warns(jackfield.UnsupportedParameterWarning, match=r"acme/large: seed was dropped"):
            answer = client.chat("acme/large", "Hi", seed=7)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            client.chat("acme/large", "Hi", seed=8)
    assert [(row.parameter, row.action) for row in answer.adjustments] == [("seed", "dropped")]
    assert "seed" not in json.loads(server.requests[0]["body"])


def test_tuning_out_of_range_is_clamped(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    with (
        Client({"acme": {"api_key": KEY}}, boards=boards) as client,
        pytest.warns(jackfield.UnsupportedParameterWarning),
    ):
        client.chat("acme/large", "Hi", temperature=1.7)
    assert json.loads(server.requests[0]["body"])["temperature"] == 1.0


def test_policies_refuse_or_pass_tuning_on(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    with pytest.raises(jackfield.UnsupportedFeature, match="seed would be dropped"):
        _sync(None, boards, "acme/large", "Hi", stream=False, options={"unsupported": "error"}, seed=7)
    assert not server.requests
    answer = _sync(None, boards, "acme/large", "Hi", stream=False, options={"unsupported": "pass"}, seed=7)
    assert json.loads(server.requests[0]["body"])["seed"] == 7
    assert answer.adjustments == ()


@pytest.mark.parametrize("policy", ["warn", "error", "pass"])
def test_meaning_that_the_model_cannot_take_is_refused_under_every_policy(
    server: Server, boards: Boards, policy: str
) -> None:
    with pytest.raises(jackfield.UnsupportedFeature, match="stop cannot be"):
        _sync(None, boards, "acme/large", "Hi", stream=False, options={"unsupported": policy}, stop=["a", "b", "c"])
    sound = [{"role": "user", "parts": [{"type": "media", "kind": "audio", "source": b"RIFF"}]}]
    with pytest.raises(jackfield.UnsupportedFeature, match=r"messages\[0\].parts\[0\]: the model takes no audio"):
        _sync(None, boards, "acme/large", sound, stream=False, options={"unsupported": policy})
    link = [{"role": "user", "parts": [{"type": "media", "kind": "image", "source": "https://x.invalid/a.png"}]}]
    with pytest.raises(jackfield.UnsupportedFeature, match="no image by url; give it as bytes"):
        _sync(None, boards, "acme/large", link, stream=True, options={"unsupported": policy, "media": False})
    assert not server.requests


@pytest.mark.parametrize(
    ("messages", "parameters", "message"),
    [
        ([{"role": "user", "parts": "x"}, {"role": "robot", "parts": "x"}], {}, r"messages\[1\]\.role"),
        (
            [{"role": "user", "parts": [{"type": "text", "txt": "x"}]}],
            {},
            r"messages\[0\]\.parts\[0\]\.text: field required",
        ),
        (
            [{"role": "user", "parts": [{"type": "smell"}]}],
            {},
            r"messages\[0\]\.parts\[0\] needs a type that is one of",
        ),
        ("x", {"temprature": 1}, "temprature is not known; did you mean temperature"),
        ("x", {"temperature": "hot"}, "temperature"),
        ("x", {"n": 0}, "n: input should be greater than or equal to 1"),
        (None, {}, "messages are missing"),
    ],
)
def test_bad_input_names_the_place(boards: Boards, messages: Any, parameters: dict[str, Any], message: str) -> None:
    with (
        Client({"acme": {"api_key": KEY}}, boards=boards) as client,
        pytest.raises(jackfield.InvalidInput, match=message),
    ):
        client.chat("acme/large", messages, **parameters)


def test_an_unknown_provider_names_the_nearest_and_the_package(boards: Boards) -> None:
    with Client(boards=boards) as client:
        with pytest.raises(jackfield.UnknownProvider, match=r"did you mean acme\?.*pip install jackfield-acne"):
            client.chat("acne/large", "Hi")
        with pytest.raises(jackfield.UnknownProvider):
            client.chat("nothing-like-it", "Hi")


def test_an_unknown_model_is_asked_for_and_the_refusal_names_the_nearest(server: Server, boards: Boards) -> None:
    server.answer(whole({"error": {"message": "no such model", "code": "model_not_found"}}, 404))
    with pytest.raises(jackfield.ModelNotFoundError, match="no such model \\(the catalog has large\\)"):
        _sync(None, boards, "acme/larg", "Hi", stream=False, options={})
    server.answer(whole(completion(model="brand-new")))
    answer = _sync(None, boards, "acme/brand-new", "Hi", stream=False, options={})
    assert answer.cost.total is None
    assert answer.cost.status == "unknown"


def test_a_bare_model_and_a_bare_provider_find_their_way(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    for name in ("large", "acme", "acme/large"):
        _sync(None, boards, name, "Hi", stream=False, options={})
    assert {json.loads(request["body"])["model"] for request in server.requests} == {"large"}


def test_a_missing_key_names_the_variable(server: Server, boards: Boards) -> None:
    with Client(boards=boards, environ={}) as client, pytest.raises(jackfield.MissingCredential, match="ACME_API_KEY"):
        client.chat("acme/large", "Hi")
    server.answer(whole(completion()))
    with Client(boards=boards, environ={"ACME_API_KEY": KEY}) as client:
        client.chat("acme/large", "Hi")
    assert server.requests[0]["headers"]["authorization"] == f"Bearer {KEY}"


PAIR = {
    "auth": [
        {"kind": "bearer", "values": {"token": ["ACME_TOKEN"]}},
        {"kind": "pair", "values": {"name": ["ACME_NAME"], "secret": ["ACME_SECRET"], "more": ["ACME_MORE"]}},
        {"kind": "pair", "values": {"name": ["ACME_NAME"], "secret": ["ACME_SECRET"]}},
    ]
}


@pytest.mark.parametrize(
    ("overrides", "environ", "expected"),
    [
        ({}, {"ACME_TOKEN": "t", "ACME_NAME": "n", "ACME_SECRET": "s"}, ("bearer", {"token": "t"})),
        ({}, {"ACME_NAME": "n", "ACME_SECRET": "s"}, ("pair", {"name": "n", "secret": "s"})),
        (
            {},
            {"ACME_NAME": "n", "ACME_SECRET": "s", "ACME_MORE": "m"},
            ("pair", {"name": "n", "secret": "s", "more": "m"}),
        ),
        (
            {"name": "N", "secret": "S"},
            {"ACME_TOKEN": "t", "ACME_NAME": "n", "ACME_MORE": "m"},
            ("pair", {"name": "N", "secret": "S"}),
        ),
        ({"api_key": "k"}, {"ACME_NAME": "n", "ACME_SECRET": "s"}, ("bearer", {"token": "k"})),
    ],
)
def test_a_credential_of_several_values_is_not_mixed(
    overrides: dict[str, str], environ: dict[str, str], expected: tuple[str, dict[str, str]]
) -> None:
    config = acme("http://acme.invalid")
    config["providers"]["acme"] |= PAIR
    client = Client({"acme": overrides}, boards=Boards(config, environ={}), environ=environ)
    credential = client.exchange(ChatRequest(model="acme/large", messages="Hi")).endpoint.credential
    assert (credential.kind, credential.values) == expected


def test_a_missing_credential_of_several_values_names_those_that_are_needed() -> None:
    config = acme("http://acme.invalid")
    config["providers"]["acme"] |= PAIR
    client = Client(boards=Boards(config, environ={}), environ={"ACME_NAME": "n"})
    with pytest.raises(jackfield.MissingCredential, match="set ACME_TOKEN or ACME_NAME and ACME_SECRET, or give"):
        client.chat("acme/large", "Hi")


def test_the_key_is_in_no_repr_and_no_error(server: Server, boards: Boards) -> None:
    server.answer(whole({"error": {"message": "bad key"}}, 401))
    client = Client({"acme": {"api_key": KEY}}, boards=boards)
    exchange = client.exchange(ChatRequest(model="acme/large", messages="Hi"))
    shown = [repr(client), repr(exchange), repr(exchange.endpoint), repr(exchange.authorized()), str(exchange.endpoint)]
    with pytest.raises(jackfield.AuthenticationError) as caught:
        client.chat("acme/large", "Hi")
    client.close()
    shown += [repr(caught.value), str(caught.value), repr(vars(caught.value))]
    assert not [text for text in shown if KEY in text]


def test_provider_options_are_merged_last_and_seen_by_nobody_else(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    options = {
        "acme": {"extra": {"a": 1}, "messages": None, "headers": {"X-Trace": "7"}, "query": {"v": "2"}},
        "other": {"secret": True},
    }
    _sync(None, boards, "acme/large", "Hi", stream=False, options={}, provider_options=options)
    sent = server.requests[0]
    assert json.loads(sent["body"]) == {"model": "large", "extra": {"a": 1}}
    assert (sent["headers"]["x-trace"], sent["path"]) == ("7", "/v1/chat/completions?v=2")
    options = {"acme": {"headers": {"Authorization": "Bearer mine"}}}
    with pytest.raises(jackfield.InvalidInput, match="may not set the header authorization"):
        _sync(None, boards, "acme/large", "Hi", stream=False, options={}, provider_options=options)


def test_an_exchange_needs_no_client(server: Server, boards: Boards) -> None:
    request = ChatRequest(model="acme/large", messages="Hi", stream=True)
    exchange = Client({"acme": {"api_key": KEY}}, boards=boards).exchange(request)
    sent = exchange.authorized()
    assert (sent.method, sent.url) == ("POST", f"{server.url}/chat/completions")
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    for piece in HELLO:
        exchange.receive_data(piece)
    with pytest.raises(jackfield.JackfieldError, match="not ended"):
        exchange.response  # noqa: B018
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    assert response.text == "Hello"


def test_what_signs_is_told_the_time_of_each_attempt(server: Server) -> None:
    seen: list[datetime] = []

    class Signer:
        @jackfield.hookimpl
        def authorize(self, http_request: jackfield.HTTPRequest, at: datetime) -> jackfield.HTTPRequest:
            seen.append(at)
            return http_request

    boards = Boards(environ={})
    boards.register("provider", "acme", Signer(), acme(server.url)["providers"]["acme"])
    server.answer(whole({"error": {"message": "later"}}, 503, retry_after="0"), whole(completion("Hello")))
    with Client({"acme": {"api_key": KEY}}, boards=boards) as client:
        assert client.chat("acme/large", "Hi").text == "Hello"
        exchange = client.exchange(ChatRequest(model="acme/large", messages="Hi"))
    assert timedelta() < seen[1] - seen[0] < timedelta(minutes=1)
    exchange.authorized()
    later = exchange.at + timedelta(hours=1)
    exchange.authorized(later)
    assert seen[2:] == [exchange.at, later]


def test_threads_share_a_client(server: Server, boards: Boards) -> None:
    server.answer(whole(completion("Hello")))
    found: list[str] = []
    with Client({"acme": {"api_key": KEY}}, boards=boards) as client:
        threads = [
            threading.Thread(target=lambda: found.append(client.chat("acme/large", "Hi").text)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == ["Hello"] * 8


def test_models_and_embeddings_go_through_the_same_seam(server: Server) -> None:
    provider = acme(server.url)
    provider["providers"]["acme"]["provider"]["operations"] = ["chat", "models", "embedding"]
    boards = Boards(provider, environ={})
    vectors = {
        "data": [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}],
        "usage": {"prompt_tokens": 2},
    }
    server.answer(whole({"data": [{"id": "a", "owned_by": "acme"}]}), whole(vectors))
    with Client({"acme": {"api_key": KEY}}, boards=boards) as client:
        assert [model.id for model in client.models("acme").models] == ["a"]
        answer = client.embed("acme/small", ["x", "y"])
    assert answer.vectors == ((1.0, 2.0), (3.0, 4.0))
    assert server.requests[0]["method"] == "GET"


def test_an_operation_that_the_provider_does_not_offer_is_refused(boards: Boards) -> None:
    with Client({"acme": {"api_key": KEY}}, boards=boards) as client, pytest.raises(jackfield.UnsupportedOperation):
        client.embed("acme/large", "x")
