"""The official client of Anthropic finds in the sandbox what it expects of its vendor."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import TextBlock, ToolUseBlock
from jsonschema import Draft202012Validator
from pydantic import BaseModel

MODEL = "claude-opus-5"
TOOL: Any = {
    "name": "get_weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}
ASKED: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def sdk(url: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=url, api_key="any", max_retries=0, timeout=10) as client:
        yield client


def said(message: anthropic.types.Message) -> str:
    """Return the text of a message."""
    return "".join(block.text for block in message.content if isinstance(block, TextBlock))


def test_chat_and_stream_agree(sdk: anthropic.Anthropic) -> None:
    whole = sdk.messages.create(model=MODEL, max_tokens=100, messages=ASKED, system="be brief")
    with sdk.messages.stream(model=MODEL, max_tokens=100, messages=ASKED, system="be brief") as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == said(whole) == said(final)
    assert text
    assert (final.id, final.model, final.stop_reason) == (whole.id, whole.model, "end_turn")
    assert (final.usage.input_tokens, final.usage.output_tokens) == (
        whole.usage.input_tokens, whole.usage.output_tokens,
    )  # fmt: skip
    assert whole.usage.output_tokens > 0


def test_events_come_in_the_order_of_the_format(sdk: anthropic.Anthropic) -> None:
    stream = sdk.messages.create(model=MODEL, max_tokens=100, messages=ASKED, stream=True)
    kinds = list(dict.fromkeys(event.type for event in stream))
    assert kinds == [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
        "message_stop",
    ]  # fmt: skip


def test_tool_round_trip(sdk: anthropic.Anthropic) -> None:
    first = sdk.messages.create(model=MODEL, max_tokens=500, messages=ASKED, tools=[TOOL])
    assert first.stop_reason == "tool_use"
    calls = [block for block in first.content if isinstance(block, ToolUseBlock)]
    assert calls
    results: Any = []
    for call in calls:
        Draft202012Validator(TOOL["input_schema"]).validate(call.input)
        results.append({"type": "tool_result", "tool_use_id": call.id, "content": "rain in Porto"})
    turns: Any = [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    second = sdk.messages.create(model=MODEL, max_tokens=500, messages=turns, tools=[TOOL])
    assert second.stop_reason == "end_turn"
    assert "rain in Porto" in said(second)


def test_streamed_tool_calls_accumulate(sdk: anthropic.Anthropic) -> None:
    choice: Any = {"type": "any", "disable_parallel_tool_use": True}
    with sdk.messages.stream(model=MODEL, max_tokens=500, messages=ASKED, tools=[TOOL], tool_choice=choice) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_message()
    assert "input_json" in kinds
    (call,) = (block for block in final.content if isinstance(block, ToolUseBlock))
    assert isinstance(call.input, dict)
    assert call.input.keys() == {"city", "days"}


@pytest.mark.parametrize("thinking", [{"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}])
def test_thinking_comes_before_the_answer_and_goes_back(sdk: anthropic.Anthropic, thinking: Any) -> None:
    asked: Any = {"model": MODEL, "max_tokens": 2000, "thinking": thinking}
    whole = sdk.messages.create(**asked, messages=ASKED)
    assert [block.type for block in whole.content] == ["thinking", "text"]
    with sdk.messages.stream(**asked, messages=ASKED) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    turns: Any = [*ASKED, {"role": "assistant", "content": whole.content}, {"role": "user", "content": "and?"}]
    assert said(sdk.messages.create(**asked, messages=turns))


class Author(BaseModel):
    """Who wrote it."""

    name: str
    born: int | None


class Book(BaseModel):
    """What was written."""

    title: str
    authors: list[Author]


def test_structured_output_is_parsed(sdk: anthropic.Anthropic) -> None:
    for number in range(5):
        asked: Any = [{"role": "user", "content": f"book {number}"}]
        done = sdk.messages.parse(model=MODEL, max_tokens=500, messages=asked, output_format=Book)
        assert isinstance(done.parsed_output, Book)


def test_models(sdk: anthropic.Anthropic) -> None:
    models = sdk.models.list()
    assert models.data
    assert not models.has_more


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, anthropic.BadRequestError), (401, anthropic.AuthenticationError), (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError), (413, anthropic.ContentTooLargeError), (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError), (529, anthropic.OverloadedError),
    ],
)  # fmt: skip
def test_error_classes(sdk: anthropic.Anthropic, status: int, error: type[anthropic.APIStatusError]) -> None:
    with pytest.raises(error) as caught:
        sdk.messages.create(model=f"fault/status={status}", max_tokens=10, messages=ASKED)
    assert caught.value.status_code == status
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert body["error"]["type"]


def test_broken_streams(sdk: anthropic.Anthropic) -> None:
    def read(fault: str) -> None:
        for _ in sdk.messages.create(model=f"fault/{fault}", max_tokens=100, messages=ASKED, stream=True):
            pass

    with pytest.raises(anthropic.APIStatusError, match="asked for an error"):
        read("error=2")
    with pytest.raises(anthropic.APITimeoutError):
        sdk.with_options(timeout=0.2).messages.create(model="fault/stall=5", max_tokens=10, messages=ASKED)
