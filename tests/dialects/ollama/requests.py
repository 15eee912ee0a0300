"""Chat requests of every form that the format can carry, made by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pydantic_core import to_json

from jackfield import (
    Bytes,
    ChatRequest,
    Data,
    Media,
    Message,
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
)

DIALECT = "ollama-chat"

texts = st.text(max_size=20)
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
numbers = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))
jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, jsons, max_size=3)
schemas = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(words, st.just({"type": "string"}), max_size=3)},
    optional={"required": st.lists(words, max_size=2), "$defs": st.just({"x": {"enum": [None, 1, "ä"]}})},
)


def state(**data: Any) -> ProviderState:
    """Return state of this format."""
    return ProviderState(data, DIALECT)


_texts = st.builds(Text, text=texts)
_images = st.builds(
    Media, kind=st.just("image"), source=st.binary(max_size=12).map(lambda data: Bytes(data=data)),
    mime=st.sampled_from([None, "image/png"]),
)  # fmt: skip
_data = st.builds(Data, value=jsons)
_results = st.builds(
    ToolResult, call_id=st.none() | words, name=st.none() | words, is_error=st.booleans(),
    parts=st.lists(_texts | _data | _images, max_size=3).map(tuple),
)  # fmt: skip
_calls = st.builds(
    ToolCall, id=st.none() | words, name=words,
    arguments=objects.map(lambda value: to_json(value).decode()) | st.just(""),
    provider_state=st.none() | st.just(state(minted=True)),
)  # fmt: skip
_thoughts = st.builds(Thinking, text=texts, provider_state=st.just(state()))
_said = _texts | _calls | _thoughts | st.builds(Refusal, text=texts) | _data


def _some(parts: st.SearchStrategy[Any], low: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(parts, min_size=low, max_size=4).map(tuple)


messages = (
    st.builds(Message, role=st.sampled_from(["system", "developer"]), parts=_some(_texts, 1))
    | st.builds(Message, role=st.just("user"), parts=_some(_texts | _images | _data))
    | st.builds(Message, role=st.just("assistant"), parts=_some(_said))
    | st.builds(Message, role=st.just("tool"), parts=_some(_results, 1))
)
_functions = st.builds(Tool, name=words, description=st.none() | texts, parameters=st.none() | schemas)
_NATIVE = NativeTool(dialect=DIALECT, body={"type": "x", "function": {"name": "x"}})


@st.composite
def _tooling(draw: st.DrawFn) -> dict[str, Any]:
    """Draw tools, and a choice among them."""
    tools: list[Any] = draw(st.lists(_functions, max_size=4, unique_by=lambda tool: tool.name))
    choices = st.none() | st.sampled_from(["auto", "none"]).map(lambda mode: ToolChoice(mode=mode))
    if names := [tool.name for tool in tools]:
        allowed = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
        choices |= st.builds(ToolChoice, allowed=allowed)
    choice = draw(choices)
    tools += draw(st.sampled_from([[], [_NATIVE]]))
    return {"tools": tuple(tools), **({"tool_choice": choice} if choice is not None else {})}


_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": numbers,
    "top_p": numbers,
    "top_k": st.integers(1, 100),
    "max_tokens": st.integers(1, 10_000),
    "seed": st.integers(0, 2**31),
    "frequency_penalty": numbers,
    "presence_penalty": numbers,
    "repetition_penalty": numbers,
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "stop": st.lists(texts, max_size=4).map(tuple),
    "n": st.just(1),
    "response_format": st.sampled_from([ResponseFormat(type="text"), ResponseFormat(type="json")])
    | schemas.map(lambda schema: ResponseFormat.model_validate({"type": "schema", "schema": schema})),
    "reasoning": st.builds(Reasoning, effort=st.sampled_from(["none", "low", "medium", "high"]))
    | st.builds(Reasoning, enabled=st.booleans()),
    "stream": st.booleans(),
    "provider_options": st.fixed_dictionaries(
        {},
        optional={
            DIALECT: st.just({"keep_alive": "5m", "options": {"num_ctx": 4096, "mirostat": 1}}),
            "other": st.just({"x": 1}),
        },
    ),
}


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    """Draw a request."""
    turns = draw(st.lists(messages, min_size=1, max_size=5))
    values = draw(st.fixed_dictionaries({}, optional=_PARAMETERS))
    if draw(st.booleans()):
        values |= draw(_tooling())
    return ChatRequest(model=draw(words), messages=tuple(turns), **values)
