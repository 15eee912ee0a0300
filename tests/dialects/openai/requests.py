"""Chat requests of every form that the format can carry, made by hypothesis.

`requests()` are what the official SDK has types for; `requests(hosts=True)` adds what only other hosts of the format
take: cache breakpoints, more sampling, video, thinking that goes back, members and tools that nobody here knows.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from jackfield import (
    AudioOutput,
    Bytes,
    Cache,
    CacheOptions,
    ChatRequest,
    Data,
    FileId,
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

DIALECT = "openai-chat"
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")

texts = st.text(max_size=20)
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
numbers = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))
bits = st.binary(max_size=12)
jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
schemas = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(words, st.just({"type": "string"}), max_size=3)},
    optional={"required": st.lists(words, max_size=2), "$defs": st.just({"x": {"enum": [None, 1, "ä"]}})},
)
caches = st.none() | st.builds(Cache, ttl=st.none() | st.sampled_from(["5m", "1h"]))
metadata = st.dictionaries(words, texts, max_size=3)


def _texts(hosts: bool) -> st.SearchStrategy[Text]:
    return st.builds(Text, text=texts, cache=caches if hosts else st.none())


def _shown(hosts: bool) -> st.SearchStrategy[Any]:
    """What a user's message may hold."""
    details = st.none() | st.sampled_from(["auto", "low", "high"])
    urls = st.builds(Url, url=texts.map(lambda path: f"https://example.com/{path}"))
    found: st.SearchStrategy[Any] = (
        _texts(hosts)
        | st.builds(Data, value=jsons)
        | st.builds(Media, kind=st.just("image"), source=urls, detail=details)
        | st.builds(
            Media,
            kind=st.just("image"),
            source=st.builds(Bytes, data=bits),
            mime=st.sampled_from([None, "image/png", "image/jpeg"]),
            detail=details,
        )
        | st.builds(
            Media, kind=st.just("document"), source=st.builds(Bytes, data=bits), name=st.none() | texts,
            mime=st.sampled_from([None, "application/pdf"]),
        )
        | st.builds(
            Media, kind=st.sampled_from(["document", "image", "video"]), name=st.none() | texts,
            source=st.builds(FileId, file_id=texts),
        )
        | st.builds(
            Media,
            kind=st.just("audio"),
            source=st.builds(Bytes, data=bits),
            mime=st.sampled_from([None, "audio/wav", "audio/mpeg", "audio/x-wav"]),
        )
    )  # fmt: skip
    if hosts:
        videos = urls | st.builds(Bytes, data=bits)
        found |= st.builds(Media, kind=st.just("video"), source=videos)
        found |= st.builds(Native, dialect=st.just(DIALECT), body=st.just({"type": "guard", "guard": {"level": 3}}))
    return found


def _said(hosts: bool) -> st.SearchStrategy[Any]:
    """What an assistant's message may hold."""
    calls = st.builds(
        ToolCall, id=words, name=words, arguments=texts, kind=st.sampled_from(["function", "custom"]),
    ) | st.builds(ToolCall, id=words, name=words, arguments=jsons.map(lambda value: f'{{"x": "{value}"}}'))  # fmt: skip
    found: st.SearchStrategy[Any] = (
        _texts(False)
        | st.builds(Refusal, text=texts)
        | calls
        | st.builds(Thinking, text=texts)
        | st.builds(Media, kind=st.just("audio"), source=st.builds(FileId, file_id=words))
    )
    if hosts:
        state = st.fixed_dictionaries(
            {"field": st.sampled_from(["reasoning_content", "reasoning"])},
            optional={"details": st.just([{"type": "reasoning.text", "text": "x", "signature": "s"}])},
        )
        found |= st.builds(Thinking, text=texts, provider_state=st.builds(ProviderState, data=state))
    return found


def _results(hosts: bool) -> st.SearchStrategy[ToolResult]:
    parts = _texts(hosts) | st.builds(Data, value=jsons)
    images = st.builds(Media, kind=st.just("image"), source=st.builds(Bytes, data=bits))
    held = st.lists(parts | images, max_size=3).map(tuple)
    return st.builds(ToolResult, call_id=words, name=st.none() | words, parts=held)


def messages(hosts: bool) -> st.SearchStrategy[Message]:
    """Return messages of every role."""
    names = st.none() | words
    turns = st.lists(_texts(hosts), min_size=1, max_size=3).map(tuple)
    shown = st.lists(_shown(hosts), max_size=4).map(tuple)
    said = st.lists(_said(hosts), max_size=4).map(tuple)
    results = st.lists(_results(hosts), min_size=1, max_size=2).map(tuple)
    return (
        st.builds(Message, role=st.sampled_from(["system", "developer"]), parts=turns, name=names)
        | st.builds(Message, role=st.just("user"), parts=shown, name=names)
        | st.builds(Message, role=st.just("assistant"), parts=said, name=names)
        | st.builds(Message, role=st.just("tool"), parts=results)
    )


def _tools(hosts: bool) -> st.SearchStrategy[Any]:
    functions = st.builds(
        Tool, name=words, description=st.none() | texts, parameters=st.none() | schemas,
        strict=st.none() | st.booleans(), cache=caches if hosts else st.none(),
    )  # fmt: skip
    grammar = {"type": "grammar", "grammar": {"definition": "start: /x+/", "syntax": "lark"}}
    forms = st.none() | st.just({"type": "text"}) | st.just(grammar)
    customs = st.builds(Tool, kind=st.just("custom"), name=words, description=st.none() | texts, format=forms)
    return functions | customs


@st.composite
def _tooling(draw: st.DrawFn, hosts: bool) -> dict[str, Any]:
    """Draw tools, and a choice among them."""
    tools: list[Any] = draw(st.lists(_tools(hosts), max_size=4, unique_by=lambda tool: tool.name))
    names = [tool.name for tool in tools]
    choices = st.none() | st.sampled_from(["auto", "none", "required"]).map(lambda mode: ToolChoice(mode=mode))
    if names:
        choices |= st.sampled_from(names).map(lambda name: ToolChoice(mode="required", name=name))
        allowed = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
        choices |= st.builds(ToolChoice, mode=st.sampled_from(["auto", "required"]), allowed=allowed)
    choice = draw(choices)
    if hosts and draw(st.booleans()):
        tools.append(NativeTool(dialect=DIALECT, body={"type": "openrouter:web", "max": 3}))
    return {"tools": tuple(tools), **({"tool_choice": choice} if choice is not None else {})}


_formats = st.sampled_from([ResponseFormat(type="text"), ResponseFormat(type="json")]) | st.builds(
    lambda schema, **more: ResponseFormat.model_validate({"type": "schema", "schema": schema, **more}),
    schemas, name=words, description=st.none() | texts, strict=st.none() | st.booleans(),
)  # fmt: skip
_places = st.none() | st.just({"type": "approximate", "approximate": {"city": "Porto", "country": "PT"}})
_sizes = st.none() | st.sampled_from(["low", "medium", "high"])
_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": numbers,
    "top_p": numbers,
    "max_tokens": st.integers(1, 10_000),
    "stop": st.lists(texts, max_size=4).map(tuple),
    "seed": st.integers(0, 2**53),
    "n": st.integers(1, 8),
    "frequency_penalty": numbers,
    "presence_penalty": numbers,
    "logit_bias": st.dictionaries(st.integers(0, 200_000).map(str), st.integers(-100, 100), max_size=3),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "parallel_tool_calls": st.booleans(),
    "response_format": _formats,
    "reasoning": st.sampled_from(EFFORTS).map(lambda effort: Reasoning(effort=effort)) | st.just(Reasoning(budget=0)),
    "verbosity": st.sampled_from(["low", "medium", "high"]),
    "service_tier": st.sampled_from(["auto", "default", "flex", "priority"]),
    "modalities": st.just(("text", "audio")),
    "audio_out": st.builds(
        AudioOutput, voice=words | st.just({"id": "voice_1"}), format=st.sampled_from(["wav", "mp3", "pcm16"])
    ),
    "prediction": texts,
    "web_search": st.builds(WebSearch, context_size=_sizes, user_location=_places),
    "metadata": metadata,
    "user": texts,
    "cache": st.builds(CacheOptions, key=texts),
    "store": st.booleans(),
    "stream": st.booleans(),
}
_BEYOND: dict[str, st.SearchStrategy[Any]] = {
    "top_k": st.integers(1, 100),
    "repetition_penalty": numbers,
    "provider_options": st.fixed_dictionaries(
        {}, optional={DIALECT: st.just({"safe_prompt": True, "plugins": [{"id": "web"}]}), "other": st.just({"x": 1})}
    ),
}


@st.composite
def requests(draw: st.DrawFn, hosts: bool = False) -> ChatRequest:
    """Draw a request."""
    turns = draw(st.lists(messages(hosts), min_size=1, max_size=5))
    parameters = {**_PARAMETERS, **(_BEYOND if hosts else {})}
    values = draw(st.fixed_dictionaries({}, optional=parameters))
    if draw(st.booleans()):
        values |= draw(_tooling(hosts))
    return ChatRequest(model=draw(words), messages=tuple(turns), **values)
