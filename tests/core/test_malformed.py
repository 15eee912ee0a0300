"""Answers whose JSON is not of the format: each is an answer after all, or an error of the provider with its body."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import jackfield
from jackfield import Boards, ChatRequest, ChatResponse, Client, Exchange
from tests.core.conftest import acme

CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
NOTE = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
MESSAGE = {
    "role": "assistant",
    "content": "Hi",
    "refusal": "No",
    "reasoning": "Hm",
    "reasoning_details": [{"type": "reasoning.text", "text": "Hm"}],
    "annotations": [NOTE],
    "audio": {"id": "a1", "data": "AAAA", "transcript": "t", "expires_at": 1},
    "tool_calls": [CALL, {"index": 1, "id": "c2", "type": "custom", "custom": {"name": "g", "input": "x"}}],
    "function_call": {"name": "f", "arguments": "{}"},
}
CHOICE = {"index": 0, "message": MESSAGE, "logprobs": {"content": [{"token": "Hi"}]}, "finish_reason": "stop"}
USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 1},
    "cached_tokens": 1,
    "cost": 0.1,
}
BODY = {
    "id": "chatcmpl-1",
    "created": 1,
    "model": "large",
    "service_tier": "default",
    "system_fingerprint": "fp",
    "choices": [CHOICE],
    "usage": USAGE,
}
STREAMED = {**BODY, "choices": [{**{name: CHOICE[name] for name in CHOICE if name != "message"}, "delta": MESSAGE}]}
ODD: list[Any] = [
    None, True, -1, 7, 1.5, 1e400, 10**30, "", "é", [], [None], ["x"], [[]], {}, {"a": 1}, [{}], [{"type": []}],
    [{"index": {}}], [{"index": "0"}], [{"function": "x"}], [{"function": {"name": 3}}], [{"id": 3, "function": {}}],
]  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*place, key))


def _with(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = _with(changed[place[0]], place[1:], odd)
    return changed


def _exchange(stream: bool) -> Exchange:
    client = Client({"acme": {"api_key": "k"}}, boards=Boards(acme("http://acme.invalid"), environ={}))
    return client.exchange(ChatRequest(model="acme/large", messages="Hi", stream=stream or None))


def _read(exchange: Exchange, answer: bytes, content_type: str = "application/json") -> ChatResponse:
    exchange.restart()
    exchange.receive_head(200, {"content-type": content_type})
    exchange.receive_data(answer)
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    return response


def _check(exchange: Exchange, answer: bytes) -> None:
    """Read an answer: what can be read is well-formed in turn, anything else an error with the body."""
    error = None
    try:
        response = _read(exchange, answer)
    except jackfield.ProviderError as caught:
        error = caught
    if error is not None:
        assert error.body, error
        assert "\n" not in error.message
        assert error.provider == "acme"
        return
    assert all(isinstance(value, str | None) for value in (response.id, response.model, response.service_tier))
    assert response.usage is None or all(count >= 0 for count in response.usage.counts.values())
    assert response.to_json()
    for choice in response.choices:
        assert type(choice.index) is int
        assert choice.message.model_validate(choice.message.model_dump()) == choice.message
    rendered = exchange.board.render_response(exchange.request, response)
    assert json.loads(rendered.body)["choices"] is not None


@pytest.mark.parametrize("place", list(_places(BODY)), ids=str)
def test_a_whole_answer_with_an_odd_member(place: tuple[Any, ...]) -> None:
    exchange = _exchange(False)
    for odd in ODD:
        _check(exchange, json.dumps(_with(BODY, place, odd)).encode())


@pytest.mark.parametrize("place", list(_places(STREAMED)), ids=str)
@pytest.mark.parametrize(
    "before", [b"", b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n']
)
def test_a_chunk_with_an_odd_member(place: tuple[Any, ...], before: bytes) -> None:
    exchange = _exchange(True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for odd in ODD:
            event = b"data: " + json.dumps(_with(STREAMED, place, odd)).encode() + b"\n\n"
            _check(exchange, before + event + event + b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("place", "odd"),
    [
        (("choices",), [None]),
        (("choices",), ["x"]),
        (("choices", 0, "index"), "0"),
        (("choices", 0, "logprobs"), "x"),
        (("usage",), [3, 2]),
        (("id",), 7),
        (("model",), ["large"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_member_of_the_wrong_type_is_never_passed_over(stream: bool, place: tuple[Any, ...], odd: Any) -> None:
    body = json.dumps(_with(STREAMED if stream else BODY, place, odd)).encode()
    answer = b"data: " + body + b"\n\ndata: [DONE]\n\n" if stream else body
    with pytest.raises(jackfield.ResponseFormatError, match="is not of the format") as caught:
        _read(_exchange(stream), answer)
    assert caught.value.body == body
    assert caught.value.__cause__ is not None


def test_a_choice_without_a_message_is_an_error_unless_it_was_filtered() -> None:
    with pytest.raises(jackfield.ResponseFormatError, match="no message"):
        _read(_exchange(False), json.dumps(_with(BODY, ("choices", 0, "message"), None)).encode())
    filtered = {**BODY, "choices": [{"index": 0, "finish_reason": "content_filter"}]}
    assert _read(_exchange(False), json.dumps(filtered).encode()).finish_reason == "content_filter"


def test_what_arrived_before_a_malformed_chunk_is_kept() -> None:
    exchange = _exchange(True)
    exchange.receive_head(200, {"content-type": "text/event-stream"})
    said = b'data: {"id": "c", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}\n\n'
    deltas = exchange.receive_data(said + b'data: {"choices": [{"index": 0, "delta": {"content": 7}}]}\n\n')
    assert [delta.text for delta in deltas if isinstance(delta, jackfield.TextDelta)] == ["Hel"]
    assert isinstance(exchange.failure, jackfield.ResponseFormatError)
    assert exchange.failure.response.text == "Hel"


@pytest.mark.parametrize("cost", [-1, True, "much", float("nan")])
def test_a_stated_cost_that_is_no_amount_counts_as_not_stated(cost: Any) -> None:
    answer = _read(_exchange(False), json.dumps(_with(BODY, ("usage", "cost"), cost)).encode())
    assert answer.cost is not None
    assert answer.cost.status == "priced"


@pytest.mark.parametrize(
    "data", [7, [None], [{"embedding": ["x"]}], [{"embedding": "AAA="}], [{"embedding": None}], []]
)
def test_an_odd_embedding_is_an_error(data: Any) -> None:
    config = acme("http://acme.invalid")
    config["providers"]["acme"]["provider"]["operations"] = ["embedding"]
    client = Client({"acme": {"api_key": "k"}}, boards=Boards(config, environ={}))
    exchange = client.exchange(jackfield.EmbeddingRequest(model="acme/large", inputs=("x",)))
    exchange.receive_head(200, {})
    exchange.receive_data(json.dumps({"data": data}).encode())
    with pytest.raises(jackfield.ResponseFormatError):
        exchange.receive_eof()
