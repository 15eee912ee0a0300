"""What single hosts of chat completions write in a form of their own: answers read alike, streamed or whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import (
    ChatResponse,
    Client,
    HTTPRequest,
    Message,
    ProviderError,
    Reply,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class Host:
    """Answers with one body, or with chunks; keeps what was asked."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies = bodies
        self.asked: list[dict[str, Any]] = []

    def send(self, request: HTTPRequest, timeout: Any) -> Reply:
        self.asked.append(json.loads(request.body))
        if self.asked[-1].get("stream"):
            chunks = (f"data: {json.dumps(body)}\n\n".encode() for body in self.bodies)
            return Reply(200, {"content-type": "text/event-stream"}, self._ended(chunks), lambda: None)
        kind = {"content-type": "application/json"}
        return Reply(200, kind, iter((json.dumps(self.bodies[0]).encode(),)), lambda: None)

    def _ended(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        yield from chunks
        yield b"data: [DONE]\n\n"

    def close(self) -> None: ...


def whole(message: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"id": "1", "model": "m", "choices": [choice], "usage": USAGE, **members}


def chunk(delta: dict[str, Any], finish: str | None = None, **members: Any) -> dict[str, Any]:
    """Return a chunk."""
    return {"id": "1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **members}


def asked(host: Host, model: str, messages: Any = "Hi") -> ChatResponse:
    """Ask for a whole answer."""
    return client(host, model).chat(model, messages)


def streamed(host: Host, model: str) -> ChatResponse:
    """Ask for a stream, and read it."""
    with client(host, model).stream(model, "Hi") as deltas:
        for _ in deltas:
            pass
        return deltas.response


def client(host: Host, model: str) -> Client:
    """Return a client of one host."""
    settings = {"api_key": "k", "host": "https://any.invalid"}
    return Client({model.partition("/")[0]: settings}, transport=host, environ={})


THOUGHT = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]


def test_mistral_thinks_in_pieces_of_its_content() -> None:
    usage = {**USAGE, "service_tier": "standard"}
    said = asked(Host(whole({"content": [*THOUGHT, {"type": "text", "text": "4"}]}, usage=usage)), "mistral/m")
    pieces = Host(chunk({"content": THOUGHT}), chunk({"content": "4"}), chunk({}, "stop", usage=usage))
    for found in (said, streamed(pieces, "mistral/m")):
        assert [(part.type, getattr(part, "text", None)) for part in found.message.parts] == [
            ("thinking", "Hm."),
            ("text", "4"),
        ]
        assert found.service_tier == "standard"


@pytest.mark.parametrize("order", ["tk", "ktk", "tkt", "ktkt", "ttkkt"])
def test_text_and_thinking_of_mistral_have_one_order_whole_and_streamed(order: str) -> None:
    pieces = [
        {"type": "text", "text": f"{number}."}
        if kind == "t"
        else {"type": "thinking", "thinking": [{"type": "text", "text": f"Hm {number}."}]}
        for number, kind in enumerate(order)
    ]
    host = Host(whole({"content": pieces}))
    said = asked(host, "mistral/m")
    chunks = Host(*(chunk({"content": [piece]}) for piece in pieces), chunk({}, "stop"))
    assert said.message.parts == streamed(chunks, "mistral/m").message.parts
    for place in range(len(pieces)):
        cut = [row for row in (pieces[:place], pieces[place:]) if row]
        chunks = Host(*(chunk({"content": row}) for row in cut), chunk({}, "stop"))
        assert said.message.parts == streamed(chunks, "mistral/m").message.parts
    merged = [kind for number, kind in enumerate(order) if order[number - 1 : number] != kind]
    assert [part.type for part in said.message.parts] == [{"t": "text", "k": "thinking"}[kind] for kind in merged]
    asked(host, "mistral/m", [Message(role="user", parts="Hi"), said.message, Message(role="user", parts="On.")])
    back = host.asked[-1]["messages"][1]["content"]
    assert [piece["type"] for piece in back] == [{"t": "text", "k": "thinking"}[kind] for kind in merged]


def test_databricks_gets_every_result_behind_its_call_and_nothing_empty() -> None:
    calls = [ToolCall(id=name, name="f", arguments="{}") for name in "ab"]
    results = [ToolResult(call_id=name, parts=(Text(text=name.upper()),)) for name in "ab"]
    host = Host(whole({"content": "Done"}))
    turns = [
        Message(role="user", parts=(Text(text=""), Text(text="Go"))),
        Message(role="assistant", parts=""),
        Message(role="assistant", parts=(Text(text="I look."), *calls)),
        Message(role="tool", parts=tuple(results)),
        Message(role="user", parts="And?"),
    ]
    asked(host, "databricks/m", turns)
    wire = [{"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}} for name in "ab"]
    assert host.asked[0]["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Go"}]},
        {"role": "assistant", "content": "I look.", "tool_calls": [wire[0]]},
        {"role": "tool", "tool_call_id": "a", "content": "A"},
        {"role": "assistant", "content": None, "tool_calls": [wire[1]]},
        {"role": "tool", "tool_call_id": "b", "content": "B"},
        {"role": "user", "content": "And?"},
    ]


def test_a_trace_goes_back_to_mistral_as_it_came_and_to_nobody_else() -> None:
    host = Host(whole({"content": [*THOUGHT, {"type": "text", "text": "4"}]}))
    mine = client(host, "mistral/m")
    first = mine.chat("mistral/m", "2 + 2?")
    turns = [Message(role="user", parts="2 + 2?"), first.message, Message(role="user", parts="Sure?")]
    mine.chat("mistral/m", turns)
    assert host.asked[-1]["messages"][1]["content"] == [*THOUGHT, {"type": "text", "text": "4"}]
    other = Host(whole({"content": "Yes"}))
    with pytest.warns(UserWarning, match="thinking was dropped"):
        asked(other, "groq/m", turns)
    assert other.asked[-1]["messages"][1] == {"role": "assistant", "content": "4"}
    assert any(isinstance(part, Thinking) for part in first.message.parts)


def test_groq_states_the_usage_of_a_stream_in_a_member_of_its_own() -> None:
    host = Host(chunk({"content": "Hi"}), chunk({}, "stop", x_groq={"id": "r", "usage": USAGE}))
    usage = streamed(host, "groq/m").usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (10, 5)


@pytest.mark.parametrize(
    ("model", "flat", "counted"),
    [
        ("cerebras/m", {"image_tokens": 3}, {"input.image": 3}),
        ("together/m", {"cached_tokens": 4, "reasoning_tokens": 2}, {"input.cache_read": 4, "output.reasoning": 2}),
        ("mistral/m", {"num_cached_tokens": 4}, {"input.cache_read": 4}),
    ],
)
def test_counts_beside_the_totals_are_read(model: str, flat: dict[str, int], counted: dict[str, int]) -> None:
    usage = asked(Host(whole({"content": "Hi"}, usage={**USAGE, **flat})), model).usage
    assert usage is not None
    assert usage.counts == {"input": 10, "output": 5, **counted}


def test_log_probabilities_of_old_completions_become_rows() -> None:
    old = {"tokens": ["Hi"], "token_logprobs": [-0.5], "top_logprobs": [{"Hi": -0.5, "Ho": -2.0}]}
    answer = whole({"content": "Hi"})
    answer["choices"][0]["logprobs"] = old
    tops = [{"token": "Hi", "logprob": -0.5}, {"token": "Ho", "logprob": -2.0}]
    row = {"token": "Hi", "logprob": -0.5, "top_logprobs": tops}
    assert asked(Host(answer), "together/m").choices[0].logprobs == {"content": [row]}


@pytest.mark.parametrize(
    "provider", ["groq", "mistral", "cloudflare", "ibm", "databricks", "deepseek", "minimax", "meta"]
)
def test_quirks_of_chat_completions_leave_other_formats_alone(provider: str) -> None:
    answer = {
        "id": "r", "object": "response", "status": "completed", "model": "m",
        "output": [{"type": "message", "id": "1", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}],
    }  # fmt: skip
    host = Host(answer)
    settings = {"api_key": "k", "dialect": "openai-responses", "base_url": "https://any.invalid/v1"}
    found = Client({provider: settings}, transport=host, environ={}).chat(f"{provider}/m", "Hi")
    assert found.text == "Hi"
    assert host.asked[0]["model"] == "m"


def test_what_cloudflare_says_inside_a_good_status_is_its_error() -> None:
    wrapped = {"errors": [{"message": "AiError: no", "code": 3030}], "success": False, "result": None}
    settings = {"api_key": "k", "account_id": "a", "api": "run"}
    with pytest.raises(ProviderError, match="AiError: no"):
        Client({"cloudflare": settings}, transport=Host(wrapped), environ={}, retries=0).chat("cloudflare/@cf/m", "Hi")


def test_thinking_of_mistral_may_be_a_text() -> None:
    piece = {"type": "thinking", "thinking": "Hm."}
    found = asked(Host(whole({"content": [piece, {"type": "text", "text": "4"}]})), "mistral/m")
    assert [getattr(part, "text", None) for part in found.message.parts] == ["Hm.", "4"]


def test_a_null_beside_groqs_own_usage_hides_nothing() -> None:
    host = Host(chunk({"content": "Hi"}), chunk({}, "stop", usage=None, x_groq={"usage": USAGE}))
    assert streamed(host, "groq/m").usage is not None
