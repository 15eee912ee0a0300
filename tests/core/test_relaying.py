"""Relays over a real socket: what was written goes on as it came, and so does the answer; and what is not relayed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from jackfield import (
    AsyncClient,
    Boards,
    ChatResponse,
    Client,
    HTTPRequest,
    InvalidInput,
    JackfieldError,
    OverloadedError,
    RateLimitError,
    Relay,
    Request,
    Response,
    hookimpl,
)
from jackfield.relaying import Form
from tests.core.conftest import acme
from tests.core.server import Server, completion, whole

ROUTE = {"operation": "chat"}


@pytest.fixture
def boards(server: Server) -> Boards:
    return Boards(acme(server.url), environ={"JACKFIELD_DISABLE": "otel"})


def asked(**members: Any) -> HTTPRequest:
    body = {"model": "acme/large", "messages": [{"role": "user", "content": "Hi"}], **members}
    return HTTPRequest("POST", "/v1/chat/completions", {}, json.dumps(body).encode())


def split(boards: Boards, request: HTTPRequest) -> Relay | None:
    return boards.dialect("openai-chat").relay_request(request, ROUTE)


Parse = Callable[[], Request]


def formed(client: Client | AsyncClient, request: HTTPRequest) -> tuple[Form | None, Relay, Parse]:
    board = client.boards.dialect("openai-chat")
    relay, parse = board.relay_request(request, ROUTE), partial(board.parse_request, request, ROUTE)
    assert relay is not None
    return client.form(board, relay, parse), relay, parse


def client_of(boards: Boards, **options: Any) -> Client:
    return Client(
        {"acme": {"api_key": "sk-acme-0123456789"}}, boards=boards, retries=0, unsupported="record", **options
    )


def test_text_goes_on_as_it_came_and_the_answer_comes_back_so(server: Server, boards: Boards) -> None:
    odd = json.dumps(completion("Hallo \u4f60", new_member={"a": [1.0, None]}), ensure_ascii=True, indent=1).encode()
    server.answer(whole(odd, x_request_id="req-7"))
    with client_of(boards) as client:
        for text in ("Hi", 'Ol\u00e1 "\\ \U0001f600'):
            form, relay, parse = formed(client, asked(temperature=0.5, messages=[{"role": "user", "content": text}]))
            assert form is not None
            response, answer = client.relay(form, relay, parse)
            assert answer is not None
            assert answer.body == odd
            assert (response.request_id, response.provider, response.model) == ("req-7", "acme", "large-1")
            assert response.usage is not None
            assert (response.usage.input_tokens, response.usage.output_tokens) == (3, 2)
            assert [row.outcome for row in response.attempts] == ["ok"]
    sent = [json.loads(row["body"]) for row in server.requests]
    assert [row["messages"][0]["content"] for row in sent] == ["Hi", 'Ol\u00e1 "\\ \U0001f600']
    assert all({**row, "messages": 0} == {"model": "large", "temperature": 0.5, "messages": 0} for row in sent)
    assert server.requests[1]["headers"]["authorization"] == "Bearer sk-acme-0123456789"


def test_the_async_client_relays_too(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))

    async def ask() -> tuple[Response, Any]:
        async with AsyncClient({"acme": {"api_key": "k"}}, boards=boards) as client:
            form, relay, parse = formed(client, asked())
            assert form is not None
            return await client.relay(form, relay, parse)

    response, answer = asyncio.run(ask())
    assert json.loads(answer.body) == completion()
    assert response.usage is not None


def test_the_first_of_a_shape_is_parsed_and_the_others_are_not(boards: Boards) -> None:
    client, board = client_of(boards), boards.dialect("openai-chat")
    parsed = []

    def form_of(request: HTTPRequest) -> Form | None:
        def parse() -> Any:
            parsed.append(request)
            return board.parse_request(request, ROUTE)

        relay = split(boards, request)
        assert relay is not None
        return client.form(board, relay, parse)

    one = form_of(asked(messages=[{"role": "user", "content": "a"}]))
    assert form_of(asked(messages=[{"role": "user", "content": "b"}])) is one
    assert len(parsed) == 1
    assert form_of(asked(top_p=0.1)) is not one
    assert len(parsed) == 2
    assert form_of(asked(unknown=1)) is None  # members that we do not know may be an API's own, and are looked at
    assert form_of(asked(unknown=1)) is None
    assert len(parsed) == 3


@pytest.mark.parametrize(
    "members",
    [
        {"stream": True},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user", "content": " \n"}]},
        {"messages": [{"role": "user", "content": "Hi", "name": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
        {"messages": [{"role": "tool", "content": "Hi"}]},
        {"messages": [{"role": ["user"], "content": "Hi"}]},
        {"messages": [{"role": "user", "text": "Hi"}]},
        {"messages": "Hi"},
        {"messages": ["Hi"]},
        {"model": None},
        {"model": 7},
    ],
)
def test_what_is_more_than_text_is_parsed(boards: Boards, members: dict[str, Any]) -> None:
    assert split(boards, asked(**members)) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b"\xff"])
def test_what_is_no_request_is_parsed(boards: Boards, body: bytes) -> None:
    assert split(boards, HTTPRequest("POST", "/v1/chat/completions", {}, body)) is None
    assert boards.dialect("openai-chat").relay_request(asked(), {"operation": "embedding"}) is None


def test_numbers_that_json_cannot_hold_are_a_shape_of_their_own(boards: Boards) -> None:
    shapes = []
    for value in (b"null", b"1e999", b"-1e999", b"1", b"1.0", b"true", b'"1"'):
        body = b'{"model":"acme/large","messages":[{"role":"user","content":"Hi"}],"temperature":%s}' % value
        relay = split(boards, HTTPRequest("POST", "/", {}, body))
        assert relay is not None
        shapes.append(relay.shape)
    assert len(set(shapes)) == len(shapes)


def test_a_wrong_request_is_refused_as_it_always_is(boards: Boards) -> None:
    with pytest.raises(InvalidInput, match="temperature"):
        formed(client_of(boards), asked(temperature="hot"))


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def ended(message: dict[str, Any], finish_reason: Any = "stop") -> dict[str, Any]:
    return completion(
        choices=[
            {"index": 0, "message": {"role": "assistant", "content": "Hi", **message}, "finish_reason": finish_reason}
        ]
    )


def told(ask: Callable[[], tuple[Any, Any]]) -> tuple[Any, ...]:
    """Return what comes of a question: its answer, or what its error says."""
    try:
        return ask()
    except JackfieldError as error:
        return type(error), error.message, error.status


@pytest.mark.parametrize(
    "answer",
    [
        completion(usage=None),
        completion(usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "prompt_cache_hit_tokens": 1}),
        completion(choices=[]),
        completion(id=None),
        completion(object=None),
        completion(created=1.5),
        ended({"reasoning": "so"}),
        ended({"role": None}),
        ended({"content": [{"type": "text", "text": "Hi"}]}),
        ended({}, "eos"),
        ended({}, ["stop"]),
        ended({"tool_calls": [CALL]}),  # and ends with "stop"
        ended({"content": None, "tool_calls": [{**CALL, "id": None}]}, "tool_calls"),
        ended(
            {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {}}}]}, "tool_calls"
        ),
        ended({"tool_calls": "f"}),
        completion(id=5),
        completion(model=5),
        {
            **ended({}),
            "choices": [{**ended({})["choices"][0], "logprobs": {"tokens": ["Hi"], "token_logprobs": [-0.1]}}],
        },
        completion(choices=["Hi"]),
        completion(choices=[{"message": {"content": "Hi", "role": "assistant"}, "finish_reason": "stop"}]),
    ],
)
def test_an_answer_that_the_format_writes_otherwise_is_normalized(
    server: Server, boards: Boards, answer: dict[str, Any]
) -> None:
    server.answer(whole(answer))
    with client_of(boards) as client:
        form, relay, parse = formed(client, asked())
        assert form is not None
        long = told(lambda: (client.chat("acme/large", "Hi"), None))
        relayed = told(lambda: client.relay(form, relay, parse))
    known = [long, relayed]
    if isinstance(known[0][0], type):
        assert known[0] == known[1]
        return
    (whole_response, _), (response, found) = known
    assert found is None
    assert isinstance(response, ChatResponse)
    assert response.choices == whole_response.choices
    assert response.usage == whole_response.usage


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (whole({"error": {"message": "slow down"}}, 429), RateLimitError),
        (whole({"error": {"message": "down"}}, 503), OverloadedError),
        (whole({"error": {"message": "not now", "code": 503}}), JackfieldError),
        (whole(b"<html>"), JackfieldError),
        (whole(b"[]"), JackfieldError),
        ([b"HTTP/1.1 200 X\r\ncontent-length: 90\r\n\r\n{", None], JackfieldError),
    ],
)
def test_an_error_is_the_one_of_the_long_way(
    server: Server, boards: Boards, script: Any, error: type[JackfieldError]
) -> None:
    server.answer(script)
    with client_of(boards) as client:
        form, relay, parse = formed(client, asked())
        assert form is not None
        with pytest.raises(error) as relayed:
            client.relay(form, relay, parse)
        with pytest.raises(error) as long:
            client.chat("acme/large", "Hi")
    for name in ("message", "status", "provider", "model", "code", "body"):
        assert getattr(relayed.value, name) == getattr(long.value, name)
    assert type(relayed.value) is type(long.value)


def test_a_relay_is_tried_again(server: Server, boards: Boards) -> None:
    server.answer(whole({}, 503, retry_after="0"), whole(completion()))
    with Client({"acme": {"api_key": "k"}}, boards=boards, retries=1) as client:
        form, relay, parse = formed(client, asked())
        assert form is not None
        response, answer = client.relay(form, relay, parse)
    assert answer is not None
    assert [row.outcome for row in response.attempts] == ["OverloadedError", "ok"]
    assert server.requests[0]["body"] == server.requests[1]["body"]


def test_forms_are_nobody_elses(boards: Boards) -> None:
    """A form holds a credential: a client on somebody's behalf has its own."""
    client = client_of(boards)
    mine, *_ = formed(client, asked())
    theirs, *_ = formed(client.on_behalf({"acme": {"api_key": "sk-theirs"}}), asked())
    assert mine is not None
    assert theirs is not None
    assert theirs.endpoint.credential.values == {"token": "sk-theirs"}
    assert formed(client, asked())[0] is mine


def test_several_keys_take_the_long_way(boards: Boards) -> None:
    client = Client({"acme": {"api_keys": ["one", "two"]}}, boards=boards, retries=0)
    assert formed(client, asked())[0] is None


class _Observer:
    @hookimpl
    def exchange_finished(self, exchange: Any) -> None:
        """See what is answered."""


class _Wrapper:
    @hookimpl(wrapper=True)
    def translate_request(self) -> Generator[None, Any, Any]:
        return (yield)


class _Margin:
    @hookimpl(wrapper=True)
    def compute_cost(self) -> Generator[None, Any, Any]:
        return (yield)


@pytest.mark.parametrize(("extension", "relays"), [(_Observer, False), (_Wrapper, False), (_Margin, True)])
def test_nothing_is_relayed_past_who_looks_at_what_is_said(server: Server, extension: Any, relays: bool) -> None:
    boards = Boards(acme(server.url), environ={"JACKFIELD_DISABLE": "otel"})
    boards.register("extension", "looker", extension())
    assert (formed(client_of(boards), asked())[0] is not None) is relays


def test_a_provider_of_another_dialect_is_not_relayed_to(boards: Boards) -> None:
    client = Client({"anthropic": {"api_key": "k"}, "groq": {"api_key": "k"}}, boards=boards, unsupported="record")
    for model in ("anthropic/claude-sonnet-4-5", "groq/llama-3.3-70b-versatile"):  # the second has hooks of its own
        assert formed(client, asked(model=model, max_tokens=5))[0] is None


def test_ids_that_an_answer_leaves_out_are_those_of_the_long_way(server: Server, boards: Boards) -> None:
    server.answer(whole(ended({"content": None, "tool_calls": [{**CALL, "id": None}]}, "tool_calls")))
    minted = []
    with client_of(boards) as client:
        for text in ("one", "two"):
            form, relay, parse = formed(client, asked(messages=[{"role": "user", "content": text}]))
            assert form is not None
            response, _ = client.relay(form, relay, parse)
            assert isinstance(response, ChatResponse)
            assert response.tool_calls == client.chat("acme/large", text).tool_calls
            minted.append(response.tool_calls[0].id)
    assert minted[0] != minted[1]


def test_an_answer_of_the_sandbox_is_normalized(server: Server, boards: Boards) -> None:
    server.answer(whole(completion(), x_jackfield_sandbox="1"))
    with client_of(boards) as client:
        form, relay, parse = formed(client, asked())
        assert form is not None
        response, answer = client.relay(form, relay, parse)
    assert answer is None
    assert response.sandboxed


def test_what_stands_in_forms_is_bounded(boards: Boards) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "d" * 20_000, "parameters": {}}}
    client = client_of(boards)
    assert formed(client, asked(tools=[tool]))[0] is None
    assert not client._forms
    for number in range(2_100):
        formed(client, asked(seed=number))
    assert len(client._forms) <= 2_000


def test_names_that_callers_make_up_are_kept_up_to_a_bound(boards: Boards) -> None:
    board = boards.open("acme")
    for number in range(10_050):
        board.model(f"m{number}")
        board.price_sheet("acme", f"m{number}", {}, datetime.now(UTC))
    assert len(board._models) <= 10_000
    assert board.model("m10049").id == "m10049"
