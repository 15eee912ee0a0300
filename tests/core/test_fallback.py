"""Fallback over real sockets, in both colours: who is asked next, what is delivered, and what is written down."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from jackfield import (
    AsyncClient,
    Boards,
    ChatResponse,
    Client,
    ConnectionFailed,
    ContentFilterError,
    Delta,
    Fallback,
    InvalidInput,
    InvalidRequestError,
    MissingCredential,
    OverloadedError,
    PartEnded,
    PartStarted,
    RateLimitError,
    RequestTimeout,
    Restarted,
    ServerError,
    Started,
    StreamInterrupted,
    TextDelta,
    Timeout,
    ToolCall,
    UnknownProvider,
    UnsupportedFeature,
)
from tests.core.server import DONE, USAGE, Server, chunk, completion, running, streamed, whole

#: Asks in one colour, whole or streamed; gives the answer, and what was delivered.
Ask = Callable[..., tuple[ChatResponse, list[Delta]]]
NAMES = ("acme", "beta", "gamma")


@pytest.fixture
def servers() -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        found = {name: stack.enter_context(running()) for name in NAMES}
        for server in found.values():
            server.answer(whole({"error": {"message": "not asked for"}}, 500))
        yield found


def config(servers: dict[str, Server]) -> dict[str, Any]:
    """Write a configuration of three providers; gamma's model takes a beginning, and its context is larger."""
    return {
        "providers": {
            name: {
                "provider": {"name": name, "dialect": "openai-chat", "base_url": server.url},
                "auth": [{"kind": "bearer", "values": {"token": [f"{name.upper()}_KEY"]}}],
                "headers": {"x-only": name},
                "models": [
                    {
                        "id": "large",
                        "context": 8000 if name == "gamma" else 4000,
                        "capabilities": ["streaming", "tools", *(["prefill"] if name == "gamma" else [])],
                        "media": {"image": ["bytes"] if name == "acme" else []},
                        "prices": [{"rates": {"input": "1", "output": "2"}}],
                    }
                ],
            }
            for name, server in servers.items()
        }
    }


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Ask:
    boards = Boards(config(servers), environ={})
    keys: dict[str, dict[str, Any]] = {name: {"api_key": f"key-of-{name}"} for name in NAMES}

    def sync(*values: Any, stream: bool, options: dict[str, Any], out: list[Delta], **named: Any) -> ChatResponse:
        with Client(options.pop("providers", keys), boards=boards, **options) as client:
            if not stream:
                return client.chat(*values, **named)
            with client.stream(*values, **named) as deltas:
                out.extend(deltas)
                return deltas.response

    async def other(
        *values: Any, stream: bool, options: dict[str, Any], out: list[Delta], **named: Any
    ) -> ChatResponse:
        async with AsyncClient(options.pop("providers", keys), boards=boards, **options) as client:
            if not stream:
                return await client.chat(*values, **named)
            async with client.stream(*values, **named) as deltas:
                async for delta in deltas:
                    out.append(delta)
                return deltas.response

    def run(*values: Any, stream: bool = False, **named: Any) -> tuple[ChatResponse, list[Delta]]:
        options: dict[str, Any] = {
            name: named.pop(name) for name in ("retries", "timeout", "providers") if name in named
        }
        options.setdefault("retries", 0)
        out: list[Delta] = named.pop("out", [])
        if request.param == "sync":
            return sync(*values, stream=stream, options=options, out=out, **named), out
        return asyncio.run(other(*values, stream=stream, options=options, out=out, **named)), out

    return run


def said(text: str, *more: bytes) -> list[bytes]:
    """Write a stream that says a text word by word."""
    words = [word + " " for word in text.split(" ")]
    words[-1] = words[-1].removesuffix(" ")
    return [chunk(role="assistant", content=""), *(chunk(content=word) for word in words), *more]


def ended(text: str) -> list[bytes]:
    return said(text, chunk(finish="stop"), USAGE, DONE)


def sent(server: Server) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(server.requests[-1]["body"])
    return body


def delivered(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (429, "RateLimitError"), (500, "ServerError"), (503, "OverloadedError"), (401, "AuthenticationError"),
        (402, "BillingError"), (403, "PermissionDenied"), (404, "ModelNotFoundError"),
    ],
)  # fmt: skip
def test_the_next_is_asked_where_one_fails(
    servers: dict[str, Server], ask: Ask, stream: bool, status: int, outcome: str
) -> None:
    servers["acme"].answer(whole({"error": {"message": "no"}}, status, x_request_id="req-1"))
    servers["beta"].answer(streamed(*ended("Hello there")) if stream else whole(completion("Hello there")))
    answer, deltas = ask("acme/large", "Hi", fallbacks=["beta/large"], stream=stream)
    assert (answer.text, answer.provider) == ("Hello there", "beta")
    assert [(row.provider, row.outcome, row.status) for row in answer.attempts] == [
        ("acme", outcome, status), ("beta", "ok", 200),
    ]  # fmt: skip
    assert answer.attempts[0].reason
    assert answer.attempts[1].usage is not None
    assert answer.attempts[1].cost is not None
    assert not any(isinstance(delta, Restarted) for delta in deltas)
    assert sum(isinstance(delta, Started) for delta in deltas) == stream
    assert len(servers["acme"].requests) == 1


def test_nothing_of_the_first_leaks_into_the_second(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(whole({"error": {"message": "no"}}, 500))
    servers["beta"].answer(whole(completion()))
    options = {"acme": {"x_acme": 1, "headers": {"x-more": "1"}}, "beta": {"x_beta": 2}}
    ask("acme/large", "Hi", fallbacks=["beta/large"], provider_options=options, temperature=0.5)
    first, second = servers["acme"].requests[0], servers["beta"].requests[0]
    assert (first["headers"]["authorization"], second["headers"]["authorization"]) == (
        "Bearer key-of-acme", "Bearer key-of-beta",
    )  # fmt: skip
    assert (first["headers"]["x-only"], second["headers"]["x-only"]) == ("acme", "beta")
    assert "x-more" not in second["headers"]
    assert sent(servers["beta"]) == {
        "model": "large", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5, "x_beta": 2,
    }  # fmt: skip


def test_each_is_retried_before_the_next_is_asked(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(whole({"error": {"message": "wait"}}, 429, retry_after="0"))
    servers["beta"].answer(whole({"error": {"message": "no key"}}, 401))
    servers["gamma"].answer(whole(completion()))
    answer, _ = ask("acme/large", "Hi", fallbacks=("beta/large", "gamma/large"), retries=1)
    outcomes = [(row.provider, row.outcome) for row in answer.attempts]
    assert outcomes == [
        ("acme", "RateLimitError"), ("acme", "RateLimitError"), ("beta", "AuthenticationError"), ("gamma", "ok"),
    ]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_where_all_fail_the_last_error_has_every_attempt(servers: dict[str, Server], ask: Ask, stream: bool) -> None:
    for name, status in (("acme", 429), ("beta", 503), ("gamma", 500)):
        servers[name].answer(whole({"error": {"message": f"{name} says no"}}, status))
    with pytest.raises(ServerError, match="gamma says no") as caught:
        ask("acme/large", "Hi", fallbacks=["beta/large", "gamma/large"], stream=stream)
    assert [row.outcome for row in caught.value.attempts] == ["RateLimitError", "OverloadedError", "ServerError"]


def test_a_wrong_request_and_a_refusal_go_to_the_caller(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(whole({"error": {"message": "no such thing", "param": "messages"}}, 400))
    with pytest.raises(InvalidRequestError):
        ask("acme/large", "Hi", fallbacks=["beta/large"])
    refusal = {"error": {"message": "not this", "code": "content_filter"}}
    servers["acme"].answer(whole(refusal, 400))
    with pytest.raises(ContentFilterError):
        ask("acme/large", "Hi", fallbacks=["beta/large"])
    assert not servers["beta"].requests
    servers["beta"].answer(whole(completion()))
    answer, _ = ask("acme/large", "Hi", fallbacks=Fallback(("beta/large",), refusals=True))
    assert answer.provider == "beta"


def test_a_context_overflow_goes_to_a_larger_model_alone(servers: dict[str, Server], ask: Ask) -> None:
    overflow = {"error": {"message": "too long", "code": "context_length_exceeded"}}
    servers["acme"].answer(whole(overflow, 400))
    servers["gamma"].answer(whole(completion()))
    answer, _ = ask("acme/large", "Hi", fallbacks=["beta/large", "gamma/large"])
    assert [(row.provider, row.outcome) for row in answer.attempts] == [
        ("acme", "ContextLengthError"), ("beta", "skipped"), ("gamma", "ok"),
    ]  # fmt: skip
    assert not servers["beta"].requests


def test_what_cannot_be_asked_is_passed_over(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(whole({"error": {"message": "down"}}, 503))
    picture = [{"role": "user", "content": [{"type": "media", "kind": "image", "source": b"png"}]}]
    with pytest.raises(OverloadedError) as caught:
        ask("acme/large", picture, fallbacks=["beta/large"])
    assert [row.outcome for row in caught.value.attempts] == ["OverloadedError", "UnsupportedFeature"]
    servers["gamma"].answer(whole(completion()))
    keys = {"acme": {"api_key": "a"}, "gamma": {"api_key": "c"}}
    answer, _ = ask("acme/large", "Hi", fallbacks=["beta/large", "gamma/large"], providers=keys)
    assert [row.outcome for row in answer.attempts] == ["OverloadedError", "MissingCredential", "ok"]
    answer, _ = ask("beta/large", "Hi", fallbacks=["gamma/large"], providers=keys)
    assert [row.outcome for row in answer.attempts] == ["MissingCredential", "ok"]
    with pytest.raises(MissingCredential):
        ask("beta/large", "Hi", fallbacks=[], providers=keys)
    with pytest.raises(UnsupportedFeature):
        ask("beta/large", picture, fallbacks=["gamma/large"])


@pytest.mark.parametrize("end", [[], [None], [5.0]], ids=["cut", "reset", "stall"])
def test_a_broken_stream_goes_on_by_an_instruction(servers: dict[str, Server], ask: Ask, end: list[Any]) -> None:
    servers["acme"].answer(streamed(*said("The cat sat on the"), *end, finished=False))
    servers["beta"].answer(streamed(*ended("sat on the mat and slept.")))
    answer, deltas = ask(
        "acme/large", "Tell", fallbacks=["beta/large"], stream=True, timeout=Timeout(between=0.4, first=0.4)
    )
    assert delivered(deltas) == answer.text == "The cat sat on the mat and slept."
    (restarted,) = (delta for delta in deltas if isinstance(delta, Restarted))
    assert (restarted.provider, restarted.mode) == ("beta", "continue")
    assert answer.finish_reason == "stop"
    assert answer.provider == "beta"
    assert [row.outcome for row in answer.attempts] == ["StreamInterrupted", "ok"]
    asked = sent(servers["beta"])["messages"]
    assert [turn["role"] for turn in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"] == "The cat sat on the"
    check_parts(deltas)


def test_a_broken_stream_goes_on_by_prefill_where_the_model_takes_it(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(streamed(*said("The cat sat "), finished=False))
    servers["gamma"].answer(streamed(*ended(" on the mat.")))
    answer, _ = ask("acme/large", "Tell", fallbacks=["gamma/large"], stream=True)
    assert answer.text == "The cat sat on the mat."
    asked = sent(servers["gamma"])["messages"]
    assert [(turn["role"], turn["content"]) for turn in asked] == [("user", "Tell"), ("assistant", "The cat sat")]


def test_a_prefill_that_is_refused_is_asked_by_words(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(streamed(*said("The cat sat"), finished=False))
    refused = whole({"error": {"message": "a conversation must end with a user message"}}, 400)
    servers["gamma"].answer(refused, streamed(*ended(" on the mat.")))
    answer, deltas = ask("acme/large", "Tell", fallbacks=["gamma/large"], stream=True)
    assert answer.text == delivered(deltas) == "The cat sat on the mat."
    assert [turn["role"] for turn in sent(servers["gamma"])["messages"]] == ["user", "assistant", "user"]
    assert [row.outcome for row in answer.attempts] == ["StreamInterrupted", "InvalidRequestError", "ok"]


def test_a_rerun_begins_again_and_says_so(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(streamed(*said("The cat sat"), finished=False))
    servers["beta"].answer(streamed(*ended("A dog barked.")))
    fallbacks = Fallback(("beta/large",), on_interruption="rerun")
    answer, deltas = ask("acme/large", "Tell", fallbacks=fallbacks, stream=True)
    assert answer.text == "A dog barked."
    place = next(number for number, delta in enumerate(deltas) if isinstance(delta, Restarted))
    assert delivered(deltas[:place]) == "The cat sat"
    assert delivered(deltas[place:]) == "A dog barked."
    assert [turn["role"] for turn in sent(servers["beta"])["messages"]] == ["user"]


def test_raise_gives_up_with_what_had_come(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(streamed(*said("The cat sat"), finished=False))
    with pytest.raises(StreamInterrupted) as caught:
        ask("acme/large", "Tell", fallbacks=Fallback(("beta/large",), on_interruption="raise"), stream=True)
    assert caught.value.response.text == "The cat sat"
    assert not servers["beta"].requests


def test_a_call_that_is_cut_is_never_delivered_half(servers: dict[str, Server], ask: Ask) -> None:
    call = [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a"'}}]
    broken = [*said("Let me look."), chunk(tool_calls=call)]
    servers["acme"].answer(streamed(*broken, finished=False))
    whole_call = [{"index": 0, "id": "call_2", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]
    going = [chunk(role="assistant", content=""), chunk(tool_calls=whole_call), chunk(finish="tool_calls"), USAGE, DONE]
    servers["beta"].answer(streamed(*going))
    tools = [{"name": "f", "parameters": {"type": "object"}}]
    answer, deltas = ask("acme/large", "Go", tools=tools, fallbacks=["beta/large"], stream=True)
    assert answer.text == "Let me look."
    assert [(found.id, found.arguments) for found in answer.tool_calls] == [("call_2", '{"a":1}')]
    started = [delta.value for delta in deltas if isinstance(delta, PartStarted)]
    assert [part.id for part in started if isinstance(part, ToolCall)] == ["call_2"]
    assert answer.finish_reason == "tool_calls"
    check_parts(deltas)


def test_a_stream_that_said_nothing_is_replaced_in_silence(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(streamed(chunk(role="assistant", content=""), finished=False))
    servers["beta"].answer(streamed(*ended("Hello")))
    answer, deltas = ask("acme/large", "Hi", fallbacks=["beta/large"], stream=True)
    assert answer.text == delivered(deltas) == "Hello"
    assert not any(isinstance(delta, Restarted) for delta in deltas)
    assert sum(isinstance(delta, Started) for delta in deltas) == 1


def test_what_goes_on_may_break_off_too(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(streamed(*said("One two"), finished=False))
    servers["beta"].answer(streamed(*said(" three four"), finished=False))
    servers["gamma"].answer(streamed(*ended(" five.")))
    answer, deltas = ask("acme/large", "Count", fallbacks=["beta/large", "gamma/large"], stream=True)
    assert answer.text == delivered(deltas) == "One two three four five."
    assert [delta.provider for delta in deltas if isinstance(delta, Restarted)] == ["beta", "gamma"]
    assert sent(servers["gamma"])["messages"][-1] == {"role": "assistant", "content": "One two three four"}
    check_parts(deltas)


def test_the_total_limit_is_for_all(servers: dict[str, Server], ask: Ask) -> None:
    for name in ("acme", "beta"):
        servers[name].answer([2.0, None])
    with pytest.raises(RequestTimeout):
        ask("acme/large", "Hi", fallbacks=["beta/large", "gamma/large"], timeout=Timeout(first=0.4, total=0.6))


def test_a_host_that_is_not_there_is_passed_over(servers: dict[str, Server], ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    servers["beta"].answer(whole(completion()))
    keys = {name: {"api_key": name} for name in NAMES}
    keys["acme"]["base_url"] = f"http://127.0.0.1:{port}/v1"
    answer, _ = ask("acme/large", "Hi", fallbacks=["beta/large"], providers=keys)
    assert [row.outcome for row in answer.attempts] == ["ConnectionFailed", "ok"]
    with pytest.raises(ConnectionFailed):
        ask("acme/large", "Hi", fallbacks=[], providers=keys)


def test_bad_input_is_told_before_anything_is_sent(servers: dict[str, Server], ask: Ask) -> None:
    with pytest.raises(UnknownProvider, match="acmee"):
        ask("acme/large", "Hi", fallbacks=["acmee/large"])
    for wrong, what in (
        (["beta/large"] * 6, "at most 5"), ([7], "names of models"), (7, "names of models"), ([""], "names of models"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=what):
            ask("acme/large", "Hi", fallbacks=wrong)
    with pytest.raises(InvalidInput, match="'continue', 'rerun' or 'raise'"):
        Fallback(("a/b",), on_interruption="ask")  # type: ignore[arg-type]
    assert not any(server.requests for server in servers.values())


def test_one_name_is_enough(servers: dict[str, Server], ask: Ask) -> None:
    servers["acme"].answer(whole({"error": {"message": "slow down"}}, 429))
    with pytest.raises(RateLimitError):
        ask("acme/large", "Hi")
    servers["beta"].answer(whole(completion("Hi")))
    assert ask("acme/large", "Hi", fallbacks="beta/large")[0].text == "Hi"


def check_parts(deltas: list[Delta]) -> None:
    """Every part of what was delivered starts once, in order, and ends once."""
    opened: set[int] = set()
    count = 0
    for delta in deltas:
        if isinstance(delta, PartStarted):
            assert delta.part == count
            count += 1
            opened.add(delta.part)
        elif isinstance(delta, PartEnded):
            opened.remove(delta.part)
        elif hasattr(delta, "part"):
            assert delta.part in opened
    assert not opened
