"""The official client of one vendor finds in the sandbox what it expects of that vendor."""

import json
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
ASKED: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def sdk(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=10) as client:
        yield client


def test_chat_and_stream_agree(sdk: openai.OpenAI) -> None:
    whole = sdk.chat.completions.create(model="gpt-4o", messages=ASKED)
    options: Any = {"include_usage": True}
    stream = sdk.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True, stream_options=options)
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert {chunk.id for chunk in chunks} == {whole.id}
    assert whole.system_fingerprint == "fp_jackfield_sandbox"


def test_tool_round_trip(sdk: openai.OpenAI) -> None:
    first = sdk.chat.completions.create(model="gpt-4o", messages=ASKED, tools=[TOOL])
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls
    turns = [*ASKED, message]
    for call in message.tool_calls:
        assert call.type == "function"
        Draft202012Validator(TOOL["function"]["parameters"]).validate(json.loads(call.function.arguments))
        turns.append({"role": "tool", "tool_call_id": call.id, "content": "rain in Porto"})
    second = sdk.chat.completions.create(model="gpt-4o", messages=turns, tools=[TOOL])
    assert second.choices[0].finish_reason == "stop"
    assert "rain in Porto" in (second.choices[0].message.content or "")


def test_streamed_tool_calls_accumulate(sdk: openai.OpenAI) -> None:
    with sdk.chat.completions.stream(model="gpt-4o", messages=ASKED, tools=[TOOL]) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.delta" in kinds
    calls = final.choices[0].message.tool_calls
    assert calls
    arguments = calls[0].function.parsed_arguments
    assert isinstance(arguments, dict)
    assert arguments.keys() == {"city", "days"}


class Author(BaseModel):
    """Who wrote it."""

    name: str
    born: int | None


class Book(BaseModel):
    """What was written."""

    title: str
    kind: Literal["novel", "essay"]
    authors: list[Author]
    rating: float = Field(ge=0, le=5)


def test_structured_output_is_parsed(sdk: openai.OpenAI) -> None:
    for number in range(10):
        asked: Any = [{"role": "user", "content": f"book {number}"}]
        done = sdk.chat.completions.parse(model="gpt-4o", messages=asked, response_format=Book)
        assert isinstance(done.choices[0].message.parsed, Book)


def test_models_and_embeddings(sdk: openai.OpenAI) -> None:
    assert "gpt-4o" in {model.id for model in sdk.models.list()}
    found = sdk.embeddings.create(model="text-embedding-3-small", input=["a", "b"], dimensions=32)
    assert [len(row.embedding) for row in found.data] == [32, 32]


def test_logprobs_and_choices(sdk: openai.OpenAI) -> None:
    done = sdk.chat.completions.create(model="gpt-4o", messages=ASKED, n=2, logprobs=True, top_logprobs=1)
    for choice in done.choices:
        assert choice.logprobs is not None
        assert "".join(row.token for row in choice.logprobs.content or ()) == choice.message.content


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError), (401, openai.AuthenticationError), (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError), (409, openai.ConflictError), (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError), (500, openai.InternalServerError), (529, openai.InternalServerError),
    ],
)  # fmt: skip
def test_error_classes(sdk: openai.OpenAI, status: int, error: type[openai.APIStatusError]) -> None:
    with pytest.raises(error) as caught:
        sdk.chat.completions.create(model=f"fault/status={status}", messages=ASKED)
    assert caught.value.status_code == status
    assert caught.value.request_id


def test_broken_streams(sdk: openai.OpenAI) -> None:
    def read(fault: str) -> None:
        for _ in sdk.chat.completions.create(model=f"fault/{fault}", messages=ASKED, stream=True):
            pass

    with pytest.raises(openai.APIError, match="asked for an error"):
        read("error=2")
    with pytest.raises(openai.APIConnectionError):
        read("cut=2")
    with pytest.raises(openai.APITimeoutError):
        sdk.with_options(timeout=0.2).chat.completions.create(model="fault/stall=5", messages=ASKED)
