"""What the sandbox says: the same every time, as asked, and counted truly."""

import io
import unicodedata
import wave
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jackfield import (
    Assembler,
    Boards,
    Bytes,
    ChatRequest,
    ChatResponse,
    Client,
    HTTPRequest,
    InvalidRequestError,
    Media,
    Message,
    Text,
    Thinking,
    ToolResult,
)
from jackfield_sandbox import AsyncSandboxTransport, Sandbox
from jackfield_sandbox._script import answer
from jackfield_sandbox._streaming import deltas

WEATHER = {
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
CLOCK = {"name": "get_time", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}
BOOK = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "year": {"type": "integer", "minimum": 1450, "maximum": 2030}},
    "required": ["title", "year"],
    "additionalProperties": False,
}
MODEL = "openai/gpt-4o"
CASES: list[dict[str, Any]] = [
    {},
    {"n": 3},
    {"max_tokens": 3},
    {"stop": ["e", " "]},
    {"reasoning": "high", "model": "openai/gpt-5.4"},
    {"logprobs": True, "top_logprobs": 3},
    {"tools": [WEATHER, CLOCK]},
    {"tools": [WEATHER], "max_tokens": 2},
    {"tools": [{"name": "shell", "kind": "custom"}], "model": "openai/gpt-5.4"},
    {"response_format": "json"},
    {"response_format": {"schema": BOOK, "name": "book"}},
    {"modalities": ("text", "audio"), "audio_out": {"voice": "alloy", "format": "pcm16"}, "model": "openai/gpt-audio"},
]


def request(words: str = "hello", **parameters: Any) -> ChatRequest:
    message = Message(role="user", parts=(Text(text=words),))
    return ChatRequest(model=parameters.pop("model", "any"), messages=(message,), **parameters)


def assembled(response: ChatResponse) -> ChatResponse:
    assembler = Assembler()
    for delta in deltas(response):
        assembler.feed(delta)
    return assembler.response()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_request_has_same_answer(client: Client, case: dict[str, Any]) -> None:
    parameters = {"model": MODEL, **case}
    one, two = (client.chat(messages="hello", **parameters) for _ in range(2))
    assert one.raw == two.raw
    assert one.request_id == two.request_id
    assert one.sandboxed


@pytest.mark.parametrize("case", CASES, ids=str)
def test_stream_is_the_whole_answer(client: Client, case: dict[str, Any]) -> None:
    parameters = {"model": MODEL, **case}
    whole = client.chat(messages="hello", **parameters)
    with client.stream(messages="hello", **parameters) as stream:
        count = sum(1 for _ in stream)
    found = stream.response
    assert (found.id, found.model, found.created, found.usage) == (whole.id, whole.model, whole.created, whole.usage)
    for streamed, choice in zip(found.choices, whole.choices, strict=True):
        assert _bare(streamed) == _bare(choice)
    assert count > 3
    assert found.sandboxed


def _bare(choice: Any) -> Any:
    """Leave out what the wire says in one form only: the id and the end of spoken answers."""
    parts = [part.model_copy(update={"provider_state": None}) for part in choice.message.parts]
    return parts, choice.finish_reason, choice.logprobs


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("words", ["hello", "Grüße", "3"])
def test_unrolled_answer_assembles_to_itself(case: dict[str, Any], words: str) -> None:
    whole = answer(request(words, **case))
    assert assembled(whole) == replace(whole, sandboxed=False)


def test_streams_are_cut_at_varied_sizes() -> None:
    longest = max((answer(request(f"words {number}")) for number in range(20)), key=lambda found: len(found.text))
    sizes = {len(delta.text) for delta in deltas(longest) if hasattr(delta, "text")}
    assert len(sizes) > 5


def test_different_requests_have_different_answers() -> None:
    assert len({answer(request(f"question {number}")).text for number in range(50)}) > 45
    assert answer(request(seed=1)).text != answer(request(seed=2)).text


def test_texts_are_of_many_scripts_and_lengths() -> None:
    texts = [answer(request(f"number {number}")).text for number in range(300)]
    everything = "".join(texts)
    names = {unicodedata.name(sign, "").partition(" ")[0] for sign in set(everything)}
    assert {"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "THAI"} <= names
    assert {"CJK", "HIRAGANA", "HANGUL"} <= names
    assert any(unicodedata.combining(sign) for sign in everything)
    assert "\N{ZERO WIDTH JOINER}" in everything
    assert any(ord(sign) > 0xFFFF for sign in everything)
    counts = [len(text.split()) for text in texts]
    assert min(counts) <= 3
    assert 200 < max(counts) <= 400


def test_max_tokens_ends_the_answer() -> None:
    found = [answer(request(f"number {number}", max_tokens=2)) for number in range(30)]
    assert all(len(response.text) <= 8 for response in found)
    cut = [response for response in found if response.finish_reason == "length"]
    assert cut
    assert all(response.usage is not None and response.usage.output_tokens == 2 for response in cut)


def test_stop_sequence_is_left_out_and_named() -> None:
    for number in range(30):
        response = answer(request(f"number {number}", stop=["e", "a"]))
        assert "e" not in response.text
        assert "a" not in response.text
        if response.finish_reason == "stop_sequence":
            assert response.choices[0].finish_detail in ("e", "a")
    assert answer(request("number 1", stop=["\0"])).finish_reason == "stop"


def test_usage_is_of_real_lengths() -> None:
    short, long = answer(request("x" * 40)), answer(request("x" * 4000))
    assert short.usage is not None
    assert long.usage is not None
    assert (short.usage.input_tokens, long.usage.input_tokens) == (10, 1000)
    assert long.usage.output_tokens == -(-len(long.text) // 4)
    assert long.usage.cached_tokens == long.usage.reasoning_tokens == 0
    with_tools = answer(request("x" * 40, tools=[WEATHER], tool_choice="none"))
    assert with_tools.usage is not None
    assert (with_tools.usage.input_tokens or 0) > 40


def test_media_counts_as_a_fixed_number() -> None:
    parts = (Text(text="what?"), Media(kind="image", source=Bytes(data=b"\x89PNG" * 1000), mime="image/png"))
    found = answer(ChatRequest(model="m", messages=(Message(role="user", parts=parts),)))
    assert found.usage is not None
    assert found.usage.input_tokens == 2 + 85
    assert found.usage.counts["input.image"] == 85


def test_thinking_only_where_reasoning_is_asked_for() -> None:
    thinking = answer(request(reasoning="low"))
    assert isinstance(thinking.message.parts[0], Thinking)
    assert thinking.usage is not None
    assert thinking.usage.reasoning_tokens
    for parameters in ({}, {"reasoning": "none"}, {"reasoning": False}, {"reasoning": 0}):
        assert not any(isinstance(part, Thinking) for part in answer(request(**parameters)).message.parts)


def test_choices_differ() -> None:
    response = answer(request(n=4))
    assert [choice.index for choice in response.choices] == [0, 1, 2, 3]
    assert len({choice.message.text for choice in response.choices}) == 4


def test_logprobs_are_of_the_text() -> None:
    rows = answer(request(logprobs=True, top_logprobs=2)).choices[0].logprobs["content"]
    assert "".join(row["token"] for row in rows) == answer(request(logprobs=True, top_logprobs=2)).text
    assert all(row["logprob"] <= 0 and len(row["top_logprobs"]) == 2 for row in rows)
    assert all(bytes(row["bytes"]).decode() == row["token"] for row in rows)
    assert answer(request()).choices[0].logprobs is None


def test_spoken_answer_is_sound_with_a_transcript() -> None:
    part = answer(request(modalities=("text", "audio"), audio_out={"format": "wav"})).message.parts[0]
    assert isinstance(part, Media)
    assert part.transcript
    with wave.open(io.BytesIO(part.source.data)) as sound:  # type: ignore[union-attr]
        assert sound.getnframes() == 2400


def test_tools_are_called_with_valid_arguments() -> None:
    several = 0
    for number in range(60):
        response = answer(request(f"number {number}", tools=[WEATHER, CLOCK]))
        assert response.finish_reason == "tool_calls"
        several += len(response.tool_calls) > 1
        assert len({call.id for call in response.tool_calls}) == len(response.tool_calls)
        for call in response.tool_calls:
            schema = (WEATHER if call.name == "get_weather" else CLOCK)["parameters"]
            Draft202012Validator(schema).validate(call.parsed_arguments())  # type: ignore[arg-type]
    assert 5 < several < 40


def test_parallel_calls_can_be_forbidden() -> None:
    for number in range(60):
        response = answer(request(f"number {number}", tools=[WEATHER, CLOCK], parallel_tool_calls=False))
        assert len(response.tool_calls) == 1


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("none", set()),
        ("auto", {"get_weather", "get_time"}),
        ("required", {"get_weather", "get_time"}),
        ({"mode": "required", "name": "get_time"}, {"get_time"}),
        ({"mode": "auto", "allowed": ["get_weather"]}, {"get_weather"}),
        ({"mode": "required", "allowed": ["get_time"]}, {"get_time"}),
    ],
)
def test_tool_choice_is_honoured(choice: Any, expected: set[str]) -> None:
    found: set[str] = set()
    for number in range(30):
        response = answer(request(f"number {number}", tools=[WEATHER, CLOCK], tool_choice=choice))
        found |= {call.name for call in response.tool_calls}
        assert bool(response.text) or response.tool_calls
    assert found == expected


@pytest.mark.parametrize(("choice", "calls"), [(None, False), ("auto", False), ("required", True)])
def test_tool_result_is_spoken_of(choice: Any, calls: bool) -> None:
    asked = ChatRequest(
        model="any",
        messages=(
            Message(role="user", parts="weather?"),
            Message(role="tool", parts=(ToolResult(call_id="call_1", parts="31 degrees in Porto"),)),
        ),
        tools=(WEATHER,),
        tool_choice=choice,
    )
    response = answer(asked)
    assert bool(response.tool_calls) is calls
    if not calls:
        assert "31 degrees in Porto" in response.text


def test_unknown_tool_choice_is_refused(client: Client) -> None:
    with pytest.raises(InvalidRequestError, match="no tool is named 'nothing'; there are get_weather"):
        client.chat(MODEL, "hi", tools=[WEATHER], tool_choice={"mode": "required", "name": "nothing"})


def test_custom_tool_gets_free_text(client: Client) -> None:
    call = client.chat("openai/gpt-5.4", "hi", tools=[{"name": "shell", "kind": "custom"}]).tool_calls[0]
    assert call.kind == "custom"
    assert call.arguments


def test_json_answers_are_valid() -> None:
    for number in range(40):
        response = answer(request(f"number {number}", response_format={"schema": BOOK, "name": "book"}))
        Draft202012Validator(BOOK).validate(_json(response))
        assert isinstance(_json(answer(request(f"number {number}", response_format="json"))), dict)


def _json(response: ChatResponse) -> Any:
    import json

    return json.loads(response.text)


def test_schema_that_nothing_satisfies_is_refused(client: Client) -> None:
    wrong = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 1}}, "required": ["a"]}
    with pytest.raises(InvalidRequestError, match="no multiple of 1 lies between 3 and 1"):
        client.chat(MODEL, "hi", response_format={"schema": wrong, "name": "wrong"})


def test_unmet_keywords_are_named(client: Client) -> None:
    phase = {"type": "string", "format": "moon-phase"}
    schema = {"type": "object", "properties": {"a": phase}, "not": {"required": ["b"]}}
    response = client.chat(MODEL, "hi", response_format={"schema": schema, "name": "x"})
    assert response.headers["x-jackfield-sandbox-unmet"] == "format:moon-phase, not"
    assert "x-jackfield-sandbox-unmet" not in client.chat(MODEL, "hi").headers


def test_old_functions_are_answered_in_their_form(boards: Boards) -> None:
    for number in range(20):
        body = {"model": "m", "messages": [{"role": "user", "content": f"{number}"}], "functions": [WEATHER, CLOCK]}
        given = Sandbox(boards).answer(HTTPRequest("POST", "/v1/chat/completions", {}, body))
        text = b"".join(step for step in given.body if isinstance(step, bytes))
        assert text.count(b'"function_call":{') == 1
        assert b'"finish_reason":"function_call"' in text


def test_vectors_are_of_length_one_and_repeatable(boards: Boards) -> None:
    def vectors(*texts: str, **more: Any) -> Any:
        body = {"model": "text-embedding-3-small", "input": list(texts), **more}
        given = Sandbox(boards).answer(HTTPRequest("POST", "https://api.example/v1/embeddings", {}, body))
        return _body(given)["data"]

    one, two = vectors("a", "b")
    assert sum(x * x for x in one["embedding"]) == pytest.approx(1)
    assert len(one["embedding"]) == 256
    assert one["embedding"] != two["embedding"]
    assert vectors("b")[0]["embedding"] == two["embedding"]
    assert len(vectors("a", dimensions=64)[0]["embedding"]) == 64


def _body(given: Any) -> Any:
    import json

    return json.loads(b"".join(step for step in given.body if isinstance(step, bytes)))


def test_models_are_those_of_the_catalogs(client: Client, boards: Boards) -> None:
    found = {model.id for model in client.models("openai").models}
    info = boards.info("openai")
    spoken = {name for name in info.model_names() if info.model(name).dialect == "openai-chat"}
    assert len(spoken) > 20
    assert spoken <= found
    assert not (set(info.model_names()) - spoken) & found


def test_async_client_gets_the_same_answer(client: Client, boards: Boards) -> None:
    import asyncio

    from jackfield import AsyncClient

    async def ask() -> tuple[str, str]:
        provider = {"api_key": "any", "transport": AsyncSandboxTransport(boards)}
        async with AsyncClient(providers={"openai": provider}, boards=boards, environ={}) as asking:
            whole = await asking.chat(MODEL, "hello")
            async with asking.stream(MODEL, "hello") as stream:
                async for _ in stream:
                    pass
                return whole.text, stream.response.text

    assert asyncio.run(ask()) == (client.chat(MODEL, "hello").text,) * 2


def test_threads_share_one_transport(client: Client) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: client.chat(MODEL, f"number {number % 4}").text, range(64)))
    assert len(set(found)) == 4
    assert found[:4] * 16 == found
