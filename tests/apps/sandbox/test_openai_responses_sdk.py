"""The official client of one vendor finds in the sandbox what it expects of that vendor's responses."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from jsonschema import Draft202012Validator
from openai.types.responses import ResponseFunctionToolCall, ResponseReasoningItem
from pydantic import BaseModel

SCHEMA: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL: Any = {"type": "function", "name": "get_weather", "strict": True, "parameters": SCHEMA}
ASKED: Any = [{"role": "user", "content": "hello"}]
MODEL = "gpt-5.6"


@pytest.fixture(scope="module")
def sdk(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=10) as client:
        yield client


def test_chat_and_stream_agree(sdk: openai.OpenAI) -> None:
    whole = sdk.responses.create(model=MODEL, input="hello", instructions="be brief")
    events = list(sdk.responses.create(model=MODEL, input="hello", instructions="be brief", stream=True))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last = events[-1]
    assert text == whole.output_text
    assert last.type == "response.completed"
    assert last.response.output_text == text
    assert last.response.usage == whole.usage
    assert last.response.id == whole.id
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert whole.metadata == {"jackfield": "sandbox"}


def test_events_come_in_the_order_of_the_format(sdk: openai.OpenAI) -> None:
    kinds = list(dict.fromkeys(event.type for event in sdk.responses.create(model=MODEL, input="hello", stream=True)))
    assert kinds == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
        "response.output_text.delta", "response.output_text.done", "response.content_part.done",
        "response.output_item.done", "response.completed",
    ]  # fmt: skip


def test_tool_round_trip(sdk: openai.OpenAI) -> None:
    first = sdk.responses.create(model=MODEL, input=ASKED, tools=[TOOL])
    calls = [item for item in first.output if isinstance(item, ResponseFunctionToolCall)]
    assert calls
    turns: Any = [*ASKED, *first.output]
    for call in calls:
        Draft202012Validator(SCHEMA).validate(json.loads(call.arguments))
        turns.append({"type": "function_call_output", "call_id": call.call_id, "output": "rain in Porto"})
    second = sdk.responses.create(model=MODEL, input=turns, tools=[TOOL])
    assert second.status == "completed"
    assert "rain in Porto" in second.output_text


def test_streamed_tool_calls_accumulate(sdk: openai.OpenAI) -> None:
    with sdk.responses.stream(model=MODEL, input=ASKED, tools=[TOOL], tool_choice="required") as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_response()
    assert "response.function_call_arguments.delta" in kinds
    calls = [item for item in final.output if isinstance(item, ResponseFunctionToolCall)]
    assert calls
    assert json.loads(calls[0].arguments).keys() == {"city", "days"}


def test_reasoning_is_summarized(sdk: openai.OpenAI) -> None:
    asked: Any = {"model": MODEL, "input": "hello", "reasoning": {"effort": "low", "summary": "auto"}}
    whole = sdk.responses.create(**asked)
    (thought,) = (item for item in whole.output if isinstance(item, ResponseReasoningItem))
    assert thought.summary[0].text
    with sdk.responses.stream(**asked) as stream:
        told = "".join(event.delta for event in stream if event.type == "response.reasoning_summary_text.delta")
        final = stream.get_final_response()
    assert told == thought.summary[0].text
    assert final.output_text == whole.output_text
    assert whole.usage is not None
    assert whole.usage.output_tokens_details.reasoning_tokens > 0


class Book(BaseModel):
    """What was written."""

    title: str
    pages: int | None


def test_structured_output_is_parsed(sdk: openai.OpenAI) -> None:
    for number in range(10):
        done = sdk.responses.parse(model=MODEL, input=f"book {number}", text_format=Book)
        assert isinstance(done.output_parsed, Book)


def test_an_answer_that_is_too_long_is_incomplete(sdk: openai.OpenAI) -> None:
    done = sdk.responses.create(model=MODEL, input="hello", max_output_tokens=2)
    assert done.status == "incomplete"
    assert done.incomplete_details is not None
    assert done.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError), (401, openai.AuthenticationError), (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError), (429, openai.RateLimitError), (500, openai.InternalServerError),
    ],
)  # fmt: skip
def test_error_classes(sdk: openai.OpenAI, status: int, error: type[openai.APIStatusError]) -> None:
    with pytest.raises(error) as caught:
        sdk.responses.create(model=f"fault/status={status}", input="hello")
    assert caught.value.status_code == status


def test_an_error_inside_a_stream_is_an_answer_that_failed(sdk: openai.OpenAI) -> None:
    events = list(sdk.responses.create(model="fault/error=2", input="hello", stream=True))
    last = events[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert "asked for an error" in last.response.error.message
    with pytest.raises(openai.APIConnectionError):
        list(sdk.responses.create(model="fault/cut=2", input="hello", stream=True))


def test_what_the_format_cannot_say_is_refused_in_its_words(sdk: openai.OpenAI) -> None:
    nothing: Any = [{"role": "user"}]
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.responses.create(model=MODEL, input=nothing)
    assert caught.value.param == "input[0].content"
