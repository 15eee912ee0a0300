"""Chat requests of every form that the format can carry, made by hypothesis."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from jackfield import (
    Bytes,
    Cache,
    ChatRequest,
    Citation,
    Data,
    HostedTool,
    Media,
    Message,
    Native,
    NativeTool,
    ProviderState,
    Reasoning,
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

DIALECT = "bedrock-converse"

texts = st.text(max_size=20)
full = st.text(min_size=1, max_size=20)
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
numbers = st.floats(0, 1, allow_nan=False).map(lambda value: round(value, 3))
bits = st.binary(min_size=1, max_size=12)
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
caches = st.none() | st.builds(Cache, ttl=st.none() | st.sampled_from(["5m", "1h"]))
NOTE = {"title": "t", "sourceContent": [{"text": "a"}], "location": {"documentPage": {"documentIndex": 0, "start": 1}}}
WEB = {"location": {"web": {"url": "https://example.com/a", "domain": "example.com"}}}


def state(**data: Any) -> ProviderState:
    """Return state of this format."""
    return ProviderState(data, DIALECT)


_texts = st.builds(
    Text,
    text=full,
    cache=caches,
    citations=st.sampled_from([(), (Citation(raw=NOTE),), (Citation(url="https://x.example", raw={"type": "other"}),)]),
)
_plain = st.builds(Text, text=full, cache=caches)
_sources = st.builds(Bytes, data=bits) | words.map(lambda name: Url(url=f"s3://bucket/{name}"))
_media = (
    st.builds(
        Media, kind=st.just("image"), source=_sources, cache=caches,
        mime=st.sampled_from([None, "image/png", "image/jpeg", "image/webp"]),
    )
    | st.builds(
        Media, kind=st.just("document"), source=_sources, name=st.none() | words, provider_state=st.just(state()),
        mime=st.sampled_from(["application/pdf", "text/csv", "text/plain"]),
        options=st.sampled_from([{}, {"citations": {"enabled": True}}, {"context": "c"}]),
    )
    | st.builds(
        Media, kind=st.just("document"), source=texts.map(lambda text: Bytes(data=text.encode())), name=words,
        mime=st.just("text/plain"), provider_state=st.just(state(source="text")),
    )
    | st.builds(Media, kind=st.just("video"), source=_sources, mime=st.sampled_from([None, "video/mp4", "video/3gpp"]))
)  # fmt: skip
_audio = st.builds(
    Media, kind=st.just("audio"), source=_sources, mime=st.sampled_from([None, "audio/mp3", "audio/wav"])
)
_guarded = {"guardContent": {"text": {"text": "x", "qualifiers": ["query"]}}}
_natives = st.builds(Native, dialect=st.just(DIALECT), body=st.just(_guarded))
_shown = _texts | _media | _audio | st.builds(Data, value=jsons) | _natives
_results = st.builds(
    ToolResult, call_id=words, name=st.none() | words, is_error=st.booleans(), cache=caches,
    parts=st.lists(_texts | _media | st.builds(Data, value=jsons), max_size=3).map(tuple),
)  # fmt: skip
_calls = st.builds(
    ToolCall, id=words, name=words, arguments=objects.map(json.dumps) | st.just(""), cache=caches
)  # fmt: skip
_thoughts = st.builds(
    Thinking, text=texts, provider_state=st.sampled_from([state(), state(signature="s")])
) | st.builds(Thinking, kind=st.just("redacted"), provider_state=st.just(state(data="b3BhcXVl")))
_ran = st.sampled_from(
    [
        ToolCall(
            id="t_1", name="nova_grounding", arguments='{"query":"x"}', kind="web_search", executed_by="provider",
            provider_state=state(type="server_tool_use"),
        ),
        ToolResult(
            call_id="t_1", name="nova_grounding", parts=(Data(value=[{"text": "[HIDDEN]"}]),),
            provider_state=state(type="nova_grounding_result", status="success"),
        ),
    ]
)  # fmt: skip
_said = _texts | _calls | _thoughts | _ran


def _some(parts: st.SearchStrategy[Any], low: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(parts, min_size=low, max_size=4).map(tuple)


messages = (
    st.builds(Message, role=st.sampled_from(["system", "developer"]), parts=_some(_plain, 1))
    | st.builds(Message, role=st.just("user"), parts=_some(_shown))
    | st.builds(Message, role=st.just("user"), parts=_some(_shown | _results))
    | st.builds(Message, role=st.just("assistant"), parts=_some(_said))
    | st.builds(Message, role=st.just("tool"), parts=_some(_results, 1))
    | st.builds(
        Message, role=st.just("system"), parts=_some(_texts, 1), provider_state=st.just(state(inline=True))
    )
)  # fmt: skip
_functions = st.builds(
    Tool, name=words, description=st.none() | texts, parameters=st.none() | schemas, strict=st.none() | st.booleans(),
    cache=caches,
)  # fmt: skip
_hosted = st.sampled_from(
    [
        HostedTool(kind="web_search"),
        HostedTool(kind="code"),
        HostedTool(kind="web_search", name="nova_grounding", dialect=DIALECT, options={"name": "nova_grounding"}),
        NativeTool(dialect=DIALECT, body={"systemTool": {"name": "another"}}),
    ]
)


@st.composite
def _tooling(draw: st.DrawFn) -> dict[str, Any]:
    """Draw tools, and a choice among them."""
    tools: list[Any] = draw(st.lists(_functions, max_size=4, unique_by=lambda tool: tool.name))
    names = [tool.name for tool in tools]
    choices = st.none() | st.sampled_from(["auto", "required"]).map(lambda mode: ToolChoice(mode=mode))
    if names:
        choices |= st.sampled_from(names).map(lambda name: ToolChoice(mode="required", name=name))
        allowed = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
        choices |= st.builds(ToolChoice, mode=st.sampled_from(["auto", "required"]), allowed=allowed)
    choice = draw(choices)
    tools += draw(st.lists(_hosted, max_size=2))
    return {"tools": tuple(tools), **({"tool_choice": choice} if choice is not None else {})}


_efforts = st.sampled_from(["none", "low", "medium", "high", "xhigh", "max"])
_displays = st.sampled_from([None, "summarized", "omitted", "auto"])
_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": numbers,
    "top_p": numbers,
    "top_k": st.integers(1, 100),
    "max_tokens": st.integers(1, 10_000),
    "stop": st.lists(full, max_size=4).map(tuple),
    "n": st.just(1),
    "response_format": st.just(ResponseFormat(type="text"))
    | st.tuples(schemas, st.none() | words).map(
        lambda row: ResponseFormat.model_validate({"type": "schema", "schema": row[0], "name": row[1]})
    ),
    "reasoning": st.builds(Reasoning, effort=_efforts, summary=_displays)
    | st.builds(Reasoning, budget=st.integers(0, 9000), summary=_displays, effort=st.none() | _efforts)
    | st.builds(Reasoning, enabled=st.booleans(), summary=_displays, effort=st.none() | _efforts),
    "service_tier": st.sampled_from(["default", "priority", "flex"]),
    "modalities": st.just(("text",)),
    "web_search": st.builds(WebSearch),
    "metadata": st.dictionaries(words, words, max_size=2),
    "stream": st.booleans(),
    "provider_options": st.fixed_dictionaries(
        {},
        optional={
            DIALECT: st.just({
                "additionalModelRequestFields": {"team": "x"},
                "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
                "additionalModelResponseFieldPaths": ["/stop_sequence"],
            }),
            "other": st.just({"x": 1}),
        },
    ),
}  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    """Draw a request."""
    turns = draw(st.lists(messages, min_size=1, max_size=5))
    values = draw(st.fixed_dictionaries({}, optional=_PARAMETERS))
    if draw(st.booleans()):
        values |= draw(_tooling())
    return ChatRequest(model=draw(words), messages=tuple(turns), **values)
