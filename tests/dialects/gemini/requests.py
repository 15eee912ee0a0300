"""Chat requests of every form that the format can carry, made by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from jackfield import (
    AudioOutput,
    Bytes,
    ChatRequest,
    Data,
    FileId,
    HostedTool,
    Media,
    Message,
    Native,
    NativeTool,
    ProviderState,
    Reasoning,
    Refusal,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    WebSearch,
)
from tests.dialects.openai.requests import bits, jsons, numbers, schemas, texts, words

DIALECT = "gemini"
signatures = st.sampled_from(["c2lnMQ==", "c2lnMg=="])
objects = st.dictionaries(texts, jsons, max_size=3)


def _state(**more: Any) -> st.SearchStrategy[Any]:
    signed = st.fixed_dictionaries(more, optional={"thoughtSignature": signatures})
    return st.builds(ProviderState, data=signed, dialect=st.just(DIALECT))


def _json(value: Any) -> str:
    from pydantic_core import to_json

    return to_json(value).decode()


_urls = st.builds(Url, url=texts.map(lambda path: f"https://example.com/{path}"))
_held = st.builds(Bytes, data=bits) | _urls | st.builds(FileId, file_id=words.map(lambda name: f"gs://{name}"))
_media = st.builds(
    Media,
    kind=st.sampled_from(["image", "audio", "video", "document"]),
    source=_held,
    mime=st.sampled_from([None, "image/png", "audio/wav", "video/mp4", "application/pdf"]),
    name=st.none() | texts,
    options=st.sampled_from(
        [{}, {"videoMetadata": {"fps": 2}}, {"mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}}]
    ),
)
_shown = (
    st.builds(Text, text=texts)
    | st.builds(Data, value=jsons)
    | _media
    | st.builds(Native, dialect=st.just(DIALECT), body=st.just({"partMetadata": {"a": 1}, "text": "x"}))
)
_ran = st.builds(
    ToolCall, id=words, name=st.just("code_execution"), kind=st.just("code"), executed_by=st.just("provider"),
    arguments=texts.map(lambda code: _json({"language": "PYTHON", "code": code})),
    provider_state=_state(type=st.just("executableCode"), minted=st.booleans()),
) | st.builds(
    ToolCall, id=words, name=st.just("url_context"), kind=st.just("web_fetch"), executed_by=st.just("provider"),
    arguments=st.just("") | objects.map(_json),
    provider_state=_state(type=st.just("toolCall"), toolType=st.just("URL_CONTEXT")),
)  # fmt: skip
_came = st.builds(
    ToolResult, call_id=words, name=st.just("code_execution"),
    parts=texts.map(lambda text: (Data(value={"outcome": "OUTCOME_OK", "output": text}),)),
    provider_state=_state(type=st.just("codeExecutionResult")),
)  # fmt: skip
_said = (
    st.builds(Text, text=texts, provider_state=st.none() | _state())
    | st.builds(Thinking, text=texts, kind=st.just("summary"), provider_state=_state())
    | st.builds(Refusal, text=texts)
    | st.builds(ToolCall, id=words, name=words, arguments=objects.map(_json), provider_state=st.none() | _state())
    | st.builds(ToolCall, id=words, name=words, arguments=st.just(""), provider_state=_state(minted=st.just(True)))
    | _ran
    | _came
    | _media
)
_results = st.builds(
    ToolResult,
    call_id=st.none() | words,
    name=words,
    parts=st.lists(st.builds(Text, text=texts) | st.builds(Data, value=jsons) | _media, max_size=3).map(tuple),
    is_error=st.booleans(),
)


def messages() -> st.SearchStrategy[Message]:
    """Return messages of every role."""
    state = st.none() | st.just(ProviderState({"members": {"role": "user"}}, DIALECT))
    turns = st.lists(st.builds(Text, text=texts), min_size=1, max_size=3).map(tuple)
    shown = st.lists(_shown, max_size=4).map(tuple)
    said = st.lists(_said, max_size=5).map(tuple)
    results = st.lists(_results, min_size=1, max_size=2).map(tuple)
    return (
        st.builds(Message, role=st.sampled_from(["system", "developer"]), parts=turns, provider_state=state)
        | st.builds(Message, role=st.just("user"), parts=shown)
        | st.builds(Message, role=st.just("assistant"), parts=said)
        | st.builds(Message, role=st.just("tool"), parts=results)
    )


_functions = st.builds(Tool, name=words, description=st.none() | texts, parameters=st.none() | schemas) | st.builds(
    Tool, name=words, options=st.just({"behavior": "BLOCKING"}), dialect=st.just(DIALECT)
)
_hosted = st.sampled_from(
    [
        HostedTool(kind="web_search", name="googleSearch", options={"timeRangeFilter": {"a": 1}}, dialect=DIALECT),
        HostedTool(kind="web_search"),
        HostedTool(kind="web_fetch", name="urlContext", dialect=DIALECT),
        HostedTool(kind="code"),
        HostedTool(kind="file_search", name="fileSearch", options={"fileSearchStoreNames": ["x"]}, dialect=DIALECT),
        NativeTool(dialect=DIALECT, body={"mcpServers": []}),
    ]
)


@st.composite
def _tooling(draw: st.DrawFn) -> dict[str, Any]:
    """Draw tools, and a choice among them."""
    functions: list[Tool] = draw(st.lists(_functions, max_size=4, unique_by=lambda tool: tool.name))
    names = [tool.name for tool in functions]
    choices = st.none() | st.sampled_from(["auto", "none", "required"]).map(lambda mode: ToolChoice(mode=mode))
    if names:
        choices |= st.sampled_from(names).map(lambda name: ToolChoice(mode="required", name=name))
        allowed = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
        choices |= st.builds(ToolChoice, mode=st.sampled_from(["auto", "required"]), allowed=allowed)
    choice = draw(choices)
    tools = draw(st.permutations([*functions, *draw(st.lists(_hosted, max_size=2))]))
    return {"tools": tuple(tools), **({"tool_choice": choice} if choice is not None else {})}


_formats = st.sampled_from([ResponseFormat(type="text"), ResponseFormat(type="json")]) | schemas.map(
    lambda schema: ResponseFormat.model_validate({"type": "schema", "schema": schema})
)
_efforts = st.sampled_from(["minimal", "low", "medium", "high", "xhigh"])
_thinking = (
    st.builds(Reasoning, effort=_efforts, summary=st.sampled_from([None, "auto", "none"]))
    | st.builds(Reasoning, budget=st.integers(0, 30_000), summary=st.none() | st.just("detailed"))
    | st.builds(Reasoning, enabled=st.booleans(), effort=st.none() | st.just("low"))
    | st.just(Reasoning(effort="none"))
    | st.just(Reasoning())
)
_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": numbers,
    "top_p": numbers,
    "top_k": st.integers(1, 100),
    "max_tokens": st.integers(1, 10_000),
    "stop": st.lists(texts, max_size=4).map(tuple),
    "seed": st.integers(0, 2**31 - 1),
    "n": st.integers(1, 8),
    "frequency_penalty": numbers,
    "presence_penalty": numbers,
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "response_format": _formats,
    "reasoning": _thinking,
    "service_tier": st.sampled_from(["flex", "standard", "priority"]),
    "modalities": st.just(("text", "image")),
    "audio_out": st.builds(AudioOutput, voice=words | st.just({"multiSpeakerVoiceConfig": {"a": []}})),
    "web_search": st.builds(WebSearch, options=st.sampled_from([{}, {"excludeDomains": ["x"]}])),
    "metadata": st.dictionaries(words, texts, max_size=3),
    "stream": st.booleans(),
    "provider_options": st.fixed_dictionaries(
        {},
        optional={
            DIALECT: st.just({"safetySettings": [{"threshold": "OFF"}], "generationConfig": {"imageConfig": {"a": 1}}}),
            "other": st.just({"x": 1}),
        },
    ),
}


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    """Draw a request."""
    turns = draw(st.lists(messages(), min_size=1, max_size=5))
    values = draw(st.fixed_dictionaries({}, optional=_PARAMETERS))
    if draw(st.booleans()):
        values |= draw(_tooling())
    return ChatRequest(model=draw(words), messages=tuple(turns), **values)
