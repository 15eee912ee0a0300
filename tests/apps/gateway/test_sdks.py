"""The official clients of four vendors ask the gateway, each in its own dialect, for models of every provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import anthropic
import botocore.config
import botocore.exceptions
import botocore.session
import openai
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from jackfield import Boards
from jackfield_gateway import GatewayApp
from jackfield_sandbox import AsyncSandboxTransport
from tests.apps.gateway.conftest import served

#: What a model cannot take is dropped, and told in a header; the operator reads it as a warning, once.
pytestmark = pytest.mark.filterwarnings("ignore::jackfield.UnsupportedParameterWarning")
SCHEMA: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
#: One model of each provider, and so of each dialect that may answer.
MODELS = [
    "openai/gpt-4o-mini", "openai/gpt-5.6", "anthropic/claude-haiku-4-5", "google/gemini-2.5-flash",
    "amazon/us.anthropic.claude-haiku-4-5-20251001-v1:0",
]  # fmt: skip
KEY = "gateway-key"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A gateway with a key, in which the sandbox answers for every provider."""
    boards = Boards(environ={})
    sandbox = {"api_key": "sandbox", "transport": AsyncSandboxTransport(boards)}
    providers = {
        "openai": {**sandbox, "base_url": "http://sandbox.invalid/v1"},
        "anthropic": {**sandbox, "base_url": "http://sandbox.invalid"},
        "google": {**sandbox, "base_url": "http://sandbox.invalid/v1beta"},
        "amazon": {**sandbox, "base_url": "http://sandbox.invalid"},
    }
    with served(GatewayApp(providers, key=KEY, boards=boards)) as found:
        yield found


@pytest.fixture(scope="module")
def chat(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0, timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
def claude(address: str) -> Iterator[anthropic.Anthropic]:
    # a key as such goes into the dialect's own header
    headers = {"x-api-key": KEY}
    with anthropic.Anthropic(
        base_url=address, api_key=KEY, default_headers=headers, max_retries=0, timeout=10
    ) as client:
        yield client


@pytest.fixture(scope="module")
def gemini(address: str) -> genai.Client:
    return genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=address, timeout=10_000))


@pytest.fixture(scope="module")
def bedrock(address: str) -> Iterator[Any]:
    # the client sends a key as such over TLS alone, so the header is added
    unsigned = botocore.config.Config(signature_version=botocore.UNSIGNED)
    client = botocore.session.Session().create_client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=address, config=unsigned
    )

    def add_key(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["Authorization"] = f"Bearer {KEY}"

    client.meta.events.register("before-call.bedrock-runtime", add_key)
    yield client
    client.close()


class City(BaseModel):
    """Where it rains."""

    city: str


@pytest.mark.parametrize("model", MODELS)
def test_chat_completions_of_every_provider(chat: openai.OpenAI, model: str) -> None:
    asked: Any = [{"role": "user", "content": "hello"}]
    whole = chat.chat.completions.create(model=model, messages=asked)
    stream = chat.chat.completions.create(model=model, messages=asked, stream=True)
    told = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert told == whole.choices[0].message.content
    assert told
    tool: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
    called = chat.chat.completions.create(model=model, messages=asked, tools=[tool], tool_choice="required")
    call: Any = (called.choices[0].message.tool_calls or [])[0]
    assert json.loads(call.function.arguments).keys() == {"city"}
    turns: Any = [*asked, called.choices[0].message]
    turns += [
        {"role": "tool", "tool_call_id": row.id, "content": "rain"}
        for row in called.choices[0].message.tool_calls or ()
    ]
    answered = chat.chat.completions.create(model=model, messages=turns, tools=[tool])
    assert "rain" in (answered.choices[0].message.content or "")
    parsed = chat.chat.completions.parse(model=model, messages=asked, response_format=City)
    assert isinstance(parsed.choices[0].message.parsed, City)


@pytest.mark.parametrize("model", MODELS)
def test_responses_of_every_provider(chat: openai.OpenAI, model: str) -> None:
    whole = chat.responses.create(model=model, input="hello")
    with chat.responses.stream(model=model, input="hello") as stream:
        told = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert told == whole.output_text == final.output_text
    assert told
    tool: Any = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}
    called = chat.responses.create(model=model, input="hello", tools=[tool], tool_choice="required")
    calls = [item for item in called.output if item.type == "function_call"]
    assert json.loads(calls[0].arguments).keys() == {"city"}
    turns: Any = [{"role": "user", "content": "hello"}, *called.output]
    turns += [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"} for call in calls]
    assert "rain" in chat.responses.create(model=model, input=turns, tools=[tool]).output_text
    assert isinstance(chat.responses.parse(model=model, input="hello", text_format=City).output_parsed, City)


@pytest.mark.parametrize("model", MODELS)
def test_converse_of_every_provider(bedrock: Any, model: str) -> None:
    asked: Any = [{"role": "user", "content": [{"text": "hello"}]}]
    whole = bedrock.converse(modelId=model, messages=asked)["output"]["message"]["content"][0]["text"]
    with closing(bedrock.converse_stream(modelId=model, messages=asked)["stream"]) as stream:
        told = "".join(event.get("contentBlockDelta", {}).get("delta", {}).get("text", "") for event in stream)
    assert told == whole != ""
    tools: Any = [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}}]
    config = {"tools": tools, "toolChoice": {"any": {}}}
    turn = bedrock.converse(modelId=model, messages=asked, toolConfig=config)["output"]["message"]
    calls = [block["toolUse"] for block in turn["content"] if "toolUse" in block]
    assert calls[0]["input"].keys() == {"city"}
    said = [{"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "rain"}]}} for call in calls]
    turns = [*asked, turn, {"role": "user", "content": said}]
    answered = bedrock.converse(modelId=model, messages=turns, toolConfig={"tools": tools})
    assert "rain" in answered["output"]["message"]["content"][0]["text"]


def test_what_a_caller_of_converse_did_wrong_is_his_vendors_exception(bedrock: Any) -> None:
    asked: Any = [{"role": "user", "content": [{"text": "hello"}]}]
    with pytest.raises(botocore.exceptions.ClientError, match="nobody") as caught:
        bedrock.converse(modelId="nobody/nothing", messages=asked)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize("model", MODELS)
def test_messages_of_every_provider(claude: anthropic.Anthropic, model: str) -> None:
    asked: Any = [{"role": "user", "content": "hello"}]
    known: Any = {"model": model, "max_tokens": 500}
    whole = claude.messages.create(messages=asked, **known)
    with claude.messages.stream(messages=asked, **known) as stream:
        told = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert told == "".join(block.text for block in whole.content if block.type == "text")
    assert told
    assert final.usage.output_tokens == whole.usage.output_tokens > 0
    tool: Any = {"name": "get_weather", "input_schema": SCHEMA}
    called = claude.messages.create(messages=asked, tools=[tool], tool_choice={"type": "any"}, **known)
    calls = [block for block in called.content if block.type == "tool_use"]
    assert called.stop_reason == "tool_use"
    results: Any = [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"} for call in calls]
    turns: Any = [*asked, {"role": "assistant", "content": called.content}, {"role": "user", "content": results}]
    answered = claude.messages.create(messages=turns, tools=[tool], **known)
    assert "rain" in "".join(block.text for block in answered.content if block.type == "text")


@pytest.mark.parametrize("model", MODELS)
def test_generated_content_of_every_provider(gemini: genai.Client, model: str) -> None:
    whole = gemini.models.generate_content(model=model, contents="hello")
    told = "".join(row.text or "" for row in gemini.models.generate_content_stream(model=model, contents="hello"))
    assert told == whole.text
    assert told
    declared = types.FunctionDeclaration(name="get_weather", parameters_json_schema=SCHEMA)
    forced = types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY)
    )
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        tool_config=forced,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    called = gemini.models.generate_content(model=model, contents="hello", config=config)
    assert called.function_calls
    assert (called.function_calls[0].args or {}).keys() == {"city"}
    parsed = gemini.models.generate_content(
        model=model,
        contents="hello",
        config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=City),
    )
    assert isinstance(parsed.parsed, City)


@pytest.mark.parametrize("model", ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"])
def test_thinking_crosses(claude: anthropic.Anthropic, chat: openai.OpenAI, model: str) -> None:
    asked: Any = [{"role": "user", "content": "hello"}]
    if model.startswith("anthropic"):
        done = chat.responses.create(model=model, input="hello", reasoning={"effort": "low", "summary": "auto"})
        assert any(item.type == "reasoning" for item in done.output)
        return
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    found = claude.messages.create(model="google/gemini-2.5-flash", max_tokens=2000, messages=asked, thinking=thinking)
    assert found.content[0].type == "thinking"


def test_a_caller_is_told_what_the_model_could_not_take(chat: openai.OpenAI) -> None:
    asked: Any = {"model": "anthropic/claude-haiku-4-5", "messages": [{"role": "user", "content": "hello"}], "seed": 1}
    raw = chat.chat.completions.with_raw_response.create(**asked)
    assert raw.headers["x-jackfield-adjusted"] == "seed"
    with chat.chat.completions.with_streaming_response.create(**asked, stream=True) as streamed:
        assert streamed.headers["x-jackfield-adjusted"] == "seed"


def test_errors_speak_the_callers_dialect(
    chat: openai.OpenAI, claude: anthropic.Anthropic, gemini: genai.Client
) -> None:
    asked: Any = [{"role": "user", "content": "hello"}]
    with pytest.raises(openai.NotFoundError):
        chat.responses.create(model="nobody/nothing", input="hello")
    with pytest.raises(anthropic.NotFoundError) as caught:
        claude.messages.create(model="nobody/nothing", max_tokens=5, messages=asked)
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert body["error"]["type"] == "not_found_error"
    with pytest.raises(errors.ClientError) as refused:
        gemini.models.generate_content(model="nobody/nothing", contents="hello")
    assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")


def test_errors_inside_a_stream_speak_the_callers_dialect(
    chat: openai.OpenAI, claude: anthropic.Anthropic, gemini: genai.Client
) -> None:
    model = "openai/fault/error=2"
    asked: Any = [{"role": "user", "content": "hello"}]
    events = list(chat.responses.create(model=model, input="hello", stream=True))
    assert events[-1].type == "response.failed"
    with pytest.raises(anthropic.APIStatusError, match="asked for an error"):
        list(claude.messages.create(model=model, max_tokens=50, messages=asked, stream=True))
    with pytest.raises(errors.APIError, match="asked for an error"):
        list(gemini.models.generate_content_stream(model=model, contents="hello"))
