"""Chat requests of every form that the format can carry, made by hypothesis."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from jackfield import (
    Bytes,
    Cache,
    CacheOptions,
    ChatRequest,
    Citation,
    Data,
    FileId,
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

DIALECT = "anthropic-messages"

texts = st.text(max_size=20)
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
numbers = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))
bits = st.binary(max_size=12)
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
NOTE = {
    "type": "char_location", "cited_text": "a", "document_index": 0, "document_title": None, "start_char_index": 0,
    "end_char_index": 1,
}  # fmt: skip
FOUND = {"type": "web_search_result", "url": "https://example.com", "title": "t", "encrypted_content": "e"}


def state(**data: Any) -> ProviderState:
    """Return state of this format."""
    return ProviderState(data, DIALECT)


_texts = st.builds(
    Text,
    text=texts,
    cache=caches,
    citations=st.sampled_from([(), (Citation(raw=NOTE),), (Citation(url="https://x.example", raw={"type": "other"}),)]),
)
_urls = st.builds(Url, url=texts.map(lambda path: f"https://example.com/{path}"))
_files = st.builds(FileId, file_id=words)
_options = st.sampled_from([{}, {"citations": {"enabled": True}}, {"context": "c"}])
_media = (
    st.builds(
        Media, kind=st.just("image"), source=st.builds(Bytes, data=bits) | _urls | _files, cache=caches,
        mime=st.sampled_from([None, "image/png", "image/jpeg"]),
    )
    | st.builds(
        Media, kind=st.just("document"), source=st.builds(Bytes, data=bits) | _urls | _files, name=st.none() | texts,
        mime=st.sampled_from([None, "application/pdf"]), options=_options,
    )
    | st.builds(
        Media, kind=st.just("document"), source=texts.map(lambda text: Bytes(data=text.encode())), options=_options,
        mime=st.sampled_from(["text/plain", "text/markdown"]),
    )
)  # fmt: skip
_block = {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}}
_searched = {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]}
_natives = st.builds(Native, dialect=st.just(DIALECT), body=st.sampled_from([_block, _searched]))
_shown = _texts | _media | st.builds(Data, value=jsons) | _natives
_results = st.builds(
    ToolResult, call_id=words, name=st.none() | words, is_error=st.booleans(), cache=caches,
    parts=st.lists(_texts | _media | st.builds(Data, value=jsons), max_size=3).map(tuple),
)  # fmt: skip
_calls = st.builds(
    ToolCall, id=words, name=words, arguments=objects.map(json.dumps) | st.just(""), cache=caches,
    provider_state=st.none() | st.just(state(members={"caller": {"type": "direct"}})),
)  # fmt: skip
_thoughts = st.builds(
    Thinking, text=texts, provider_state=st.sampled_from([state(), state(signature="s"), state(signature="")])
) | st.builds(Thinking, kind=st.just("redacted"), provider_state=st.just(state(data="opaque")))
_ran = st.sampled_from(
    [
        ToolCall(
            id="srvtoolu_1", name="web_search", arguments='{"query":"x"}', kind="web_search", executed_by="provider",
            provider_state=state(type="server_tool_use"),
        ),
        ToolResult(
            call_id="srvtoolu_1", name="web_search", parts=(Data(value=[FOUND]),),
            provider_state=state(type="web_search_tool_result"),
        ),
        ToolCall(
            id="mcptoolu_1", name="ask", arguments="{}", kind="mcp", executed_by="provider",
            provider_state=state(type="mcp_tool_use", members={"server_name": "wiki"}),
        ),
        ToolResult(
            call_id="mcptoolu_1", parts=(Data(value=[{"type": "text", "text": "x"}]),),
            provider_state=state(type="mcp_tool_result", members={"is_error": False}),
        ),
    ]
)  # fmt: skip
_said = (
    _texts | _calls | _thoughts | _ran | st.just(Native(dialect=DIALECT, body={"type": "compaction", "content": "c"}))
)


def _some(parts: st.SearchStrategy[Any], low: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(parts, min_size=low, max_size=4).map(tuple)


messages = (
    st.builds(Message, role=st.sampled_from(["system", "developer"]), parts=_some(_texts, 1))
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
        HostedTool(kind="web_fetch"),
        HostedTool(kind="code"),
        HostedTool(
            kind="computer", name="computer", dialect=DIALECT,
            options={"type": "computer_20251124", "name": "computer", "display_width_px": 3, "display_height_px": 4},
        ),
        NativeTool(dialect=DIALECT, body={"type": "memory_20250818", "name": "memory"}),
    ]
)  # fmt: skip


@st.composite
def _tooling(draw: st.DrawFn) -> dict[str, Any]:
    """Draw tools, and a choice among them."""
    tools: list[Any] = draw(st.lists(_functions, max_size=4, unique_by=lambda tool: tool.name))
    names = [tool.name for tool in tools]
    choices = st.none() | st.sampled_from(["auto", "none", "required"]).map(lambda mode: ToolChoice(mode=mode))
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
    "stop": st.lists(texts, max_size=4).map(tuple),
    "n": st.just(1),
    "parallel_tool_calls": st.booleans(),
    "response_format": st.just(ResponseFormat(type="text"))
    | schemas.map(lambda schema: ResponseFormat.model_validate({"type": "schema", "schema": schema})),
    "reasoning": st.builds(Reasoning, effort=_efforts, summary=_displays)
    | st.builds(Reasoning, budget=st.integers(0, 9000), summary=_displays, effort=st.none() | _efforts)
    | st.builds(Reasoning, enabled=st.booleans(), summary=_displays, effort=st.none() | _efforts),
    "service_tier": st.sampled_from(["auto", "standard_only"]),
    "modalities": st.just(("text",)),
    "web_search": st.builds(
        WebSearch,
        user_location=st.sampled_from([None, {"type": "approximate", "approximate": {"city": "Porto"}}, {"city": "x"}]),
        options=st.sampled_from([{}, {"max_uses": 3}]),
    ),
    "user": texts,
    "cache": st.builds(CacheOptions, ttl=st.sampled_from([None, "5m", "1h"])),
    "stream": st.booleans(),
    "provider_options": st.fixed_dictionaries(
        {}, optional={DIALECT: st.just({"container": "c", "metadata": {"team": "x"}}), "other": st.just({"x": 1})}
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
