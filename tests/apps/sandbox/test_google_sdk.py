"""Google's official client finds in the sandbox what it expects of Google."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from jsonschema import Draft202012Validator
from pydantic import BaseModel

MODEL = "gemini-2.5-flash"
SCHEMA: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city", "days"],
}
TOOL = types.Tool(function_declarations=[types.FunctionDeclaration(name="get_weather", parameters_json_schema=SCHEMA)])


@pytest.fixture(scope="module")
def sdk(url: str) -> Iterator[genai.Client]:
    client = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=url, timeout=10_000))
    yield client
    client.close()


def test_chat_and_stream_agree(sdk: genai.Client) -> None:
    whole = sdk.models.generate_content(model=MODEL, contents="hello")
    chunks = list(sdk.models.generate_content_stream(model=MODEL, contents="hello"))
    assert len(chunks) > 1
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert {chunk.response_id for chunk in chunks} == {whole.response_id}
    assert whole.candidates
    assert chunks[-1].candidates
    assert chunks[-1].candidates[0].finish_reason == whole.candidates[0].finish_reason == types.FinishReason.STOP


def test_a_stream_without_events_is_an_array(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address, timeout=10)
    body = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]})
    headers = {"content-type": "application/json", "x-goog-api-key": "any"}
    connection.request("POST", f"/v1beta/models/{MODEL}:streamGenerateContent", body, headers)
    answer = connection.getresponse()
    rows = json.loads(answer.read())
    assert answer.headers["content-type"].startswith("application/json")
    assert rows[-1]["candidates"][0]["finishReason"] == "STOP"
    connection.close()


def test_tool_round_trip(sdk: genai.Client) -> None:
    config = types.GenerateContentConfig(tools=[TOOL])
    asked = types.Content(role="user", parts=[types.Part(text="hello")])
    first = sdk.models.generate_content(model=MODEL, contents=[asked], config=config)
    assert first.function_calls
    assert first.candidates
    said = first.candidates[0].content
    assert said is not None
    turns = [asked, said]
    for call in first.function_calls:
        Draft202012Validator(SCHEMA).validate(call.args)
        result = types.FunctionResponse(id=call.id, name=call.name, response={"output": "rain in Porto"})
        turns.append(types.Content(role="user", parts=[types.Part(function_response=result)]))
    second = sdk.models.generate_content(model=MODEL, contents=list(turns), config=config)
    assert second.function_calls is None
    assert "rain in Porto" in (second.text or "")


def test_streamed_calls_arrive_whole(sdk: genai.Client) -> None:
    config = types.GenerateContentConfig(tools=[TOOL])
    stream = sdk.models.generate_content_stream(model=MODEL, contents="hello", config=config)
    calls = [call for chunk in stream for call in chunk.function_calls or ()]
    assert calls
    for call in calls:
        Draft202012Validator(SCHEMA).validate(call.args)


def test_thoughts_are_shown_where_they_are_asked_for(sdk: genai.Client) -> None:
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=500)
    config = types.GenerateContentConfig(thinking_config=thinking)
    found = sdk.models.generate_content(model=MODEL, contents="hello", config=config)
    assert found.candidates
    assert found.candidates[0].content is not None
    thoughts = [part.thought for part in found.candidates[0].content.parts or ()]
    assert thoughts == [True, None]
    assert found.usage_metadata is not None
    assert found.usage_metadata.thoughts_token_count


class Author(BaseModel):
    """Who wrote it."""

    name: str
    born: int


class Book(BaseModel):
    """What was written."""

    title: str
    authors: list[Author]


def test_structured_output_is_parsed(sdk: genai.Client) -> None:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Book)
    for number in range(5):
        found = sdk.models.generate_content(model=MODEL, contents=f"book {number}", config=config)
        assert isinstance(found.parsed, Book)


def test_logprobs_and_candidates(sdk: genai.Client) -> None:
    config = types.GenerateContentConfig(candidate_count=2, response_logprobs=True, logprobs=1)
    found = sdk.models.generate_content(model=MODEL, contents="hello", config=config)
    assert len(found.candidates or ()) == 2
    for candidate in found.candidates or ():
        assert candidate.logprobs_result is not None
        chosen = candidate.logprobs_result.chosen_candidates or []
        assert candidate.content is not None
        assert candidate.content.parts
        assert "".join(row.token or "" for row in chosen) == candidate.content.parts[0].text


def test_models_and_embeddings(sdk: genai.Client) -> None:
    assert f"models/{MODEL}" in {model.name for model in sdk.models.list()}
    asked = types.EmbedContentConfig(output_dimensionality=32)
    contents: list[Any] = ["a", "b"]  # the declared type asks for one list of every kind of content
    found = sdk.models.embed_content(model="gemini-embedding-001", contents=contents, config=asked)
    assert [len(row.values or ()) for row in found.embeddings or ()] == [32, 32]


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, errors.ClientError, "INVALID_ARGUMENT"), (401, errors.ClientError, "UNAUTHENTICATED"),
        (403, errors.ClientError, "PERMISSION_DENIED"), (404, errors.ClientError, "NOT_FOUND"),
        (429, errors.ClientError, "RESOURCE_EXHAUSTED"), (500, errors.ServerError, "INTERNAL"),
        (503, errors.ServerError, "UNAVAILABLE"), (504, errors.ServerError, "DEADLINE_EXCEEDED"),
    ],
)  # fmt: skip
def test_error_classes(sdk: genai.Client, status: int, kind: type[errors.APIError], word: str) -> None:
    with pytest.raises(kind) as caught:
        sdk.models.generate_content(model=f"fault/status={status}", contents="hello")
    assert (caught.value.code, caught.value.status) == (status, word)


def test_an_error_in_a_stream_is_raised(sdk: genai.Client) -> None:
    said: list[str] = []
    with pytest.raises(errors.APIError, match="asked for an error") as caught:
        said.extend(
            chunk.text or "" for chunk in sdk.models.generate_content_stream(model="fault/error=2", contents="x")
        )
    assert caught.value.status == "INTERNAL"
    assert said
