"""What is asked in the other dialects: whole, streamed, for a tool, and refused, in the SDK's words and in ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["DIALECTS", "OURS", "REFUSED", "SCENARIOS", "Dialect"]

CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "description": "Weather now", "parameters": CITY}
HELLO, PORTO = "Say hello.", "How is the weather in Porto? Use the tool."
#: What the sandbox is told, in a header, so that it refuses; a provider is asked with a wrong key instead.
REFUSED = "status=401"
SCENARIOS = ("plain", "stream", "tool_call", "error_401")
#: Keyword arguments of `Client.chat` or `Client.stream`.
OURS: Mapping[str, dict[str, Any]] = {
    "plain": {"messages": HELLO, "max_tokens": 200},
    "stream": {"messages": HELLO, "max_tokens": 200, "stream": True},
    "tool_call": {"messages": PORTO, "max_tokens": 200, "tools": [WEATHER]},
    "error_401": {"messages": HELLO, "max_tokens": 200},
}

#: Asks by the official SDK: address, key, headers and scenario; a refusal is whatever the SDK raises.
Ask = Callable[[str, str, Mapping[str, str], str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A dialect: who is asked in it and where, and the cassettes' folder."""

    name: str
    provider: str
    model: str
    folder: str
    base_url: str
    ask: Ask


def _read(answer: Any) -> None:
    """Read a stream to its end."""
    for _ in answer:
        pass


def _anthropic(url: str, key: str, headers: Mapping[str, str], scenario: str) -> None:
    import anthropic

    text = OURS[scenario]["messages"]
    more: dict[str, Any] = {"stream": True} if scenario == "stream" else {}
    if scenario == "tool_call":
        more["tools"] = [{"name": "get_weather", "description": "Weather now", "input_schema": CITY}]
    with anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, default_headers=headers) as client:
        answer = client.messages.create(
            model=ANTHROPIC.model, max_tokens=200, messages=[{"role": "user", "content": text}], **more
        )
        if scenario == "stream":
            _read(answer)


def _responses(url: str, key: str, headers: Mapping[str, str], scenario: str) -> None:
    import openai

    more: dict[str, Any] = {"stream": True} if scenario == "stream" else {}
    if scenario == "tool_call":
        more["tools"] = [{"type": "function", **WEATHER}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, default_headers=headers) as client:
        answer: Any = client.responses.create(
            model=RESPONSES.model, max_output_tokens=200,
            input=[{"role": "user", "content": OURS[scenario]["messages"]}], **more,
        )  # fmt: skip
        if scenario == "stream":
            _read(answer)


def _google(url: str, key: str, headers: Mapping[str, str], scenario: str) -> None:
    from google import genai
    from google.genai import types

    config = types.GenerateContentConfig(max_output_tokens=200)
    if scenario == "tool_call":
        told = types.FunctionDeclaration(name="get_weather", description="Weather now", parameters_json_schema=CITY)
        config.tools = [types.Tool(function_declarations=[told])]
    options = types.HttpOptions(base_url=url, api_version="v1beta", headers=dict(headers))
    client = genai.Client(api_key=key, http_options=options)
    try:
        text = OURS[scenario]["messages"]
        if scenario == "stream":
            _read(client.models.generate_content_stream(model=GOOGLE.model, contents=text, config=config))
        else:
            client.models.generate_content(model=GOOGLE.model, contents=text, config=config)
    finally:
        client.close()


def _amazon(url: str, key: str, headers: Mapping[str, str], scenario: str) -> None:
    import botocore.config
    import botocore.session

    client: Any = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=key,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send", lambda request, **_: request.headers.update(headers))
    asked: dict[str, Any] = {
        "modelId": AMAZON.model,
        "messages": [{"role": "user", "content": [{"text": OURS[scenario]["messages"]}]}],
        "inferenceConfig": {"maxTokens": 200},
    }
    if scenario == "tool_call":
        tool = {"name": "get_weather", "description": "Weather now", "inputSchema": {"json": CITY}}
        asked["toolConfig"] = {"tools": [{"toolSpec": tool}]}
    try:
        if scenario == "stream":
            events = client.converse_stream(**asked)["stream"]
            _read(events)
            events.close()
        else:
            client.converse(**asked)
    finally:
        client.close()


def _cohere(url: str, key: str, headers: Mapping[str, str], scenario: str) -> None:
    import cohere
    import httpx

    asked: dict[str, Any] = {
        "model": COHERE.model,
        "messages": [{"role": "user", "content": OURS[scenario]["messages"]}],
        "max_tokens": 200,
    }
    if scenario == "tool_call":
        asked["tools"] = [{"type": "function", "function": WEATHER}]
    with httpx.Client(headers=headers) as library:
        client = cohere.ClientV2(api_key=key, base_url=url, httpx_client=library)
        if scenario == "stream":
            _read(client.chat_stream(**asked))
        else:
            client.chat(**asked)


def _ollama(url: str, key: str, headers: Mapping[str, str], scenario: str) -> None:
    import ollama

    client = ollama.Client(host=url, headers={**headers, "authorization": f"Bearer {key}"})
    tools = [{"type": "function", "function": WEATHER}] if scenario == "tool_call" else None
    messages = [{"role": "user", "content": OURS[scenario]["messages"]}]
    more: dict[str, Any] = {"model": OLLAMA.model, "messages": messages, "options": {"num_predict": 200}}
    if scenario == "stream":
        _read(client.chat(**more, stream=True))
    else:
        client.chat(**more, tools=tools)
    client._client.close()


ANTHROPIC = Dialect(
    name="anthropic-messages", provider="anthropic", model="claude-sonnet-4-6", folder="anthropic",
    base_url="https://api.anthropic.com", ask=_anthropic,
)  # fmt: skip
RESPONSES = Dialect(
    name="openai-responses", provider="openai", model="gpt-5.4", folder="openai-responses",
    base_url="https://api.openai.com", ask=_responses,
)  # fmt: skip
GOOGLE = Dialect(
    name="gemini", provider="google", model="gemini-2.5-flash", folder="google",
    base_url="https://generativelanguage.googleapis.com", ask=_google,
)  # fmt: skip
AMAZON = Dialect(
    name="bedrock-converse", provider="amazon", model="amazon.nova-lite-v1:0", folder="amazon",
    base_url="https://bedrock-runtime.us-east-1.amazonaws.com", ask=_amazon,
)  # fmt: skip
COHERE = Dialect(
    name="cohere-chat", provider="cohere", model="command-a-03-2025", folder="cohere",
    base_url="https://api.cohere.com", ask=_cohere,
)  # fmt: skip
OLLAMA = Dialect(
    name="ollama-chat", provider="ollama", model="gpt-oss:20b", folder="ollama", base_url="https://ollama.com",
    ask=_ollama,
)  # fmt: skip
DIALECTS = (ANTHROPIC, RESPONSES, GOOGLE, AMAZON, COHERE, OLLAMA)
