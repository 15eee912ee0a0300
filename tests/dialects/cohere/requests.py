"""Chat requests of every form that the format can carry, made by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pydantic_core import to_json

from jackfield import (
    Bytes,
    ChatRequest,
    Citation,
    Data,
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
)

DIALECT = "cohere-chat"

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
SOURCE = {"type": "document", "id": "d", "document": {"id": "d", "snippet": "s", "title": "t"}}
NOTE = {"start": 0, "end": 1, "text": "a", "sources": [SOURCE], "type": "TEXT_CONTENT"}


def state(**data: Any) -> ProviderState:
    """Return state of this format."""
    return ProviderState(data, DIALECT)


NATIVE = NativeTool(dialect=DIALECT, body={"type": "x", "function": {"name": "x"}})
_texts = st.builds(Text, text=texts)
_cited = st.builds(
    Text,
    text=texts,
    citations=st.sampled_from([(), (Citation(raw=NOTE),), (Citation(url="https://x.example", raw={"type": "other"}),)]),
)
_images = st.builds(
    Media,
    kind=st.just("image"),
    source=st.binary(max_size=12).map(lambda data: Bytes(data=data))
    | texts.map(lambda path: Url(url=f"https://example.com/{path}")),
    mime=st.sampled_from([None, "image/png", "image/jpeg"]),
    detail=st.sampled_from([None, "auto", "high"]),
    options=st.sampled_from([{}, {"more": 1}]),
)
_notes = st.builds(
    Media,
    kind=st.just("document"),
    source=texts.map(lambda text: Bytes(data=text.encode())),
    mime=st.sampled_from(["text/plain", "application/json"]),
    name=st.none() | words,
) | st.builds(Data, value=objects, provider_state=st.just(state(documents={"id": "d"})))
_data = st.builds(Data, value=jsons)
_native = st.just(Native(dialect=DIALECT, body={"type": "hologram", "x": 1}))
_shown = _texts | _images | _data | _notes | _native
_found = (
    st.builds(Data, value=objects, provider_state=st.none() | st.just(state(document={"id": "d"})))
    | st.builds(Text, text=texts, provider_state=st.just(state(document={"id": "d"})))
    | _data
)
_results = st.builds(
    ToolResult, call_id=words, name=st.none() | words, is_error=st.booleans(),
    parts=st.lists(_texts | _found | _images, max_size=3).map(tuple),
)  # fmt: skip
_calls = st.builds(ToolCall, id=words, name=words, arguments=objects.map(lambda value: to_json(value).decode()))
_thoughts = st.builds(Thinking, text=texts, group=st.sampled_from([None, "tool_plan"]), provider_state=st.just(state()))
_said = _cited | _calls | _thoughts | st.builds(Refusal, text=texts) | _data | _native


def _some(parts: st.SearchStrategy[Any], low: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(parts, min_size=low, max_size=4).map(tuple)


messages = (
    st.builds(Message, role=st.sampled_from(["system", "developer"]), parts=_some(_texts, 1))
    | st.builds(Message, role=st.just("user"), parts=_some(_shown))
    | st.builds(Message, role=st.just("assistant"), parts=_some(_said))
    | st.builds(Message, role=st.just("tool"), parts=_some(_results, 1))
)


@st.composite
def _tooling(draw: st.DrawFn) -> dict[str, Any]:
    """Draw tools that are strict alike, and a choice among them."""
    strict = draw(st.none() | st.booleans())
    functions = st.builds(
        Tool, name=words, description=st.none() | texts, parameters=st.none() | schemas, strict=st.just(strict)
    )
    tools: list[Any] = draw(st.lists(functions, max_size=4, unique_by=lambda tool: tool.name))
    names = [tool.name for tool in tools]
    choices = st.none() | st.sampled_from(["auto", "none", "required"]).map(lambda mode: ToolChoice(mode=mode))
    if names:
        choices |= st.sampled_from(names).map(lambda name: ToolChoice(mode="required", name=name))
        allowed = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
        choices |= st.builds(ToolChoice, mode=st.sampled_from(["auto", "required"]), allowed=allowed)
    choice = draw(choices)
    if strict is None:
        tools += draw(
            st.sampled_from([[], [NativeTool(dialect=DIALECT, body={"type": "x", "function": {"name": "x"}})]])
        )
    return {"tools": tuple(tools), **({"tool_choice": choice} if choice is not None else {})}


_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": numbers,
    "top_p": numbers,
    "top_k": st.integers(0, 500),
    "max_tokens": st.integers(1, 10_000),
    "seed": st.integers(0, 2**31),
    "frequency_penalty": numbers,
    "presence_penalty": numbers,
    "logprobs": st.booleans(),
    "stop": st.lists(texts, max_size=4).map(tuple),
    "n": st.just(1),
    "response_format": st.sampled_from([ResponseFormat(type="text"), ResponseFormat(type="json")])
    | schemas.map(lambda schema: ResponseFormat.model_validate({"type": "schema", "schema": schema})),
    "reasoning": st.builds(Reasoning, budget=st.integers(0, 9000))
    | st.builds(Reasoning, enabled=st.booleans())
    | st.just(Reasoning(effort="none")),
    "stream": st.booleans(),
    "provider_options": st.fixed_dictionaries(
        {}, optional={DIALECT: st.just({"safety_mode": "OFF", "priority": 3}), "other": st.just({"x": 1})}
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
