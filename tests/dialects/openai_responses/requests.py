"""Chat requests of every form that the format can carry, made by hypothesis: as bodies, and as values of ours."""

from __future__ import annotations

from itertools import count
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
    Reasoning,
    Refusal,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    WebSearch,
)
from tests.dialects.openai.requests import bits, jsons, metadata, numbers, schemas, texts, words
from tests.dialects.openai_responses.items import Item, notes, outputs, said

DIALECT = "openai-responses"
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_caches = st.none() | st.builds(Cache, ttl=st.sampled_from([None, "30m", "12h"]))
_texts = st.builds(Text, text=texts, cache=_caches)
_urls = st.builds(Url, url=texts.map(lambda path: f"https://example.com/{path}"))
_files = st.builds(FileId, file_id=words)
_bytes = st.builds(Bytes, data=bits)


def _media(kind: str, source: Any, **members: Any) -> st.SearchStrategy[Media]:
    return st.builds(Media, kind=st.just(kind), source=source, **members)


_images = _media(
    "image",
    _urls | _bytes | _files,
    mime=st.sampled_from([None, "image/jpeg"]),
    detail=st.sampled_from([None, "auto", "low", "high", "original"]),
    cache=_caches,
)
_documents = _media(
    "document", _urls | _bytes | _files, mime=st.sampled_from([None, "text/plain"]), name=st.none() | words,
    cache=_caches, detail=st.sampled_from([None, "high"]),
)  # fmt: skip
_spoken = _media("audio", _bytes, mime=st.sampled_from([None, "audio/wav", "audio/mpeg"]))
_shown = _texts | st.builds(Data, value=jsons) | _images | _documents | _spoken
_native = st.builds(Native, dialect=st.just(DIALECT), body=st.just({"type": "input_video", "video_url": "x"}))
_calls = st.builds(
    ToolCall, id=st.none() | words, name=words, arguments=texts, kind=st.sampled_from(["function", "custom"])
)
_said = (
    st.builds(Text, text=texts, citations=st.lists(st.builds(Citation, url=said, raw=notes), max_size=1).map(tuple))
    | st.builds(Refusal, text=texts)
    | _calls
)
_results = st.builds(
    ToolResult,
    call_id=words,
    parts=st.lists(_texts | st.builds(Data, value=jsons) | _images | _documents, max_size=3).map(tuple),
)


def _turns(role: str, parts: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Message]:
    return st.builds(Message, role=st.just(role), parts=st.lists(parts, min_size=least, max_size=3).map(tuple))


messages = st.one_of(
    _turns("system", _texts),
    _turns("developer", _texts),
    _turns("user", _shown | _native),
    _turns("assistant", _said, least=1),
    _turns("tool", _results, least=1),
)
_functions = st.builds(
    Tool, name=words, description=st.none() | texts, parameters=st.none() | schemas, strict=st.none() | st.booleans()
)
_grammar = {"type": "grammar", "definition": "start: /x+/", "syntax": "lark"}
_customs = st.builds(
    Tool, kind=st.just("custom"), name=words, description=st.none() | texts,
    format=st.sampled_from([None, {"type": "text"}, _grammar]),
)  # fmt: skip
_mcp = {"type": "mcp", "server_label": "s", "server_url": "https://s.example", "require_approval": "never"}
_hosted: list[Any] = [
    HostedTool(kind="web_search"),
    HostedTool(kind="code"),
    HostedTool(kind="computer"),
    HostedTool(kind="mcp", name="s", options=_mcp, dialect=DIALECT),
    HostedTool(kind="file_search", options={"type": "file_search", "vector_store_ids": ["vs_1"]}, dialect=DIALECT),
    NativeTool(dialect=DIALECT, body={"type": "local_shell"}),
]


@st.composite
def _tooling(draw: st.DrawFn) -> dict[str, Any]:
    """Draw tools, and a choice among them."""
    tools: list[Any] = draw(st.lists(_functions | _customs, max_size=3, unique_by=lambda tool: tool.name))
    names = [tool.name for tool in tools]
    choices = st.none() | st.sampled_from(["auto", "none", "required"]).map(lambda mode: ToolChoice(mode=mode))
    if names:
        choices |= st.sampled_from(names).map(lambda name: ToolChoice(mode="required", name=name))
        allowed = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
        choices |= st.builds(ToolChoice, mode=st.sampled_from(["auto", "required"]), allowed=allowed)
    choice = draw(choices)
    tools += draw(st.lists(st.sampled_from(_hosted), max_size=2, unique_by=id))
    return {"tools": tuple(tools), **({"tool_choice": choice} if choice is not None else {})}


_formats = st.sampled_from([ResponseFormat(type="text"), ResponseFormat(type="json")]) | st.builds(
    lambda schema, **more: ResponseFormat.model_validate({"type": "schema", "schema": schema, **more}),
    schemas, name=words, description=st.none() | texts, strict=st.none() | st.booleans(),
)  # fmt: skip
_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": numbers,
    "top_p": numbers,
    "max_tokens": st.integers(1, 10_000),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "parallel_tool_calls": st.booleans(),
    "response_format": _formats,
    "reasoning": st.builds(
        Reasoning, effort=st.sampled_from([None, *EFFORTS]), summary=st.sampled_from([None, "auto", "detailed"])
    )
    | st.just(Reasoning(enabled=False)),
    "verbosity": st.sampled_from(["low", "medium", "high"]),
    "service_tier": st.sampled_from(["auto", "default", "flex", "priority"]),
    "web_search": st.builds(
        WebSearch,
        context_size=st.sampled_from([None, "low", "high"]),
        user_location=st.sampled_from([None, {"type": "approximate", "approximate": {"city": "Porto"}}]),
    ),
    "metadata": metadata,
    "user": texts,
    "cache": st.builds(CacheOptions, key=st.none() | texts, ttl=st.sampled_from([None, "30m"])),
    "store": st.booleans(),
    "previous": words,
    "stream": st.booleans(),
    "provider_options": st.fixed_dictionaries(
        {},
        optional={
            DIALECT: st.just({"background": True, "truncation": "auto", "max_tool_calls": 3, "conversation": "conv_1"}),
            "other": st.just({"x": 1}),
        },
    ),
}


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    """Draw a request as a user of ours writes it."""
    turns = draw(st.lists(messages, min_size=1, max_size=5))
    values = draw(st.fixed_dictionaries({}, optional=_PARAMETERS))
    if draw(st.booleans()):
        values |= draw(_tooling())
    return ChatRequest(model=draw(words), messages=tuple(turns), **values)


_breakpoints = st.sampled_from([{}, {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}])
_input = st.one_of(
    st.builds(lambda text, mark: {"type": "input_text", "text": text, **mark}, texts, _breakpoints),
    st.sampled_from(
        [
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "original"},
            {"type": "input_image", "file_id": "file-1", "detail": "auto"},
            {"type": "input_file", "file_url": "https://a.example/x.pdf", "detail": "low"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "x.pdf"},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"type": "input_video", "video_url": "x"},
        ]
    ),
)
_given = st.builds(
    lambda role, content, more: {"role": role, "content": content, **more},
    st.sampled_from(["user", "system", "developer"]),
    texts | st.lists(_input, min_size=1, max_size=3),
    st.sampled_from([{}, {"type": "message"}, {"type": "message", "status": "completed"}]),
)
_shot = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}
_outcome = {"outcome": {"type": "exit", "exit_code": 0}, "stdout": "x", "stderr": ""}
_answers: list[Item] = [
    {"type": "custom_tool_call_output", "call_id": "c", "output": "x"},
    {"type": "computer_call_output", "call_id": "c", "output": _shot, "acknowledged_safety_checks": [{"id": "sc_1"}]},
    {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot", "file_id": "file-1"}},
    {"type": "local_shell_call_output", "id": "call_1", "output": "x"},
    {"type": "shell_call_output", "call_id": "c", "output": [_outcome], "max_output_length": 9},
    {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "no"},
    {"type": "apply_patch_call_output", "call_id": "c", "status": "completed"},
    {"type": "item_reference", "id": "msg_1"},
    {"id": "msg_1"},
    {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
    {"type": "compaction_trigger"},
]
_called = st.builds(
    lambda output, more: {"type": "function_call_output", "call_id": "c", "output": output, **more},
    texts | st.lists(_input.filter(lambda row: row["type"] != "input_audio"), min_size=1, max_size=2),
    st.sampled_from([{}, {"id": "fco_1", "status": "completed"}]),
)
_MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "instructions": texts,
    "include": st.sampled_from(
        [["reasoning.encrypted_content"], ["message.output_text.logprobs"],
         ["message.output_text.logprobs", "web_search_call.action.sources"]]
    ),
    "text": st.sampled_from(
        [{"verbosity": "low"}, {"format": {"type": "json_object"}, "verbosity": "high"},
         {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}}]
    ),
    "reasoning": st.sampled_from([{"effort": "low"}, {"summary": "auto", "context": "all_turns"}, {"mode": "pro"}]),
    "tool_choice": st.sampled_from(
        ["auto", {"type": "function", "name": "f"}, {"type": "custom", "name": "g"}, {"type": "web_search"},
         {"type": "mcp", "server_label": "s"}, {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]},
         {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]}]
    ),
    "previous_response_id": words,
    "conversation": st.sampled_from(["conv_1", {"id": "conv_1"}]),
    "background": st.booleans(),
    "parallel_tool_calls": st.booleans(),
    "max_output_tokens": st.integers(1, 100),
    "prompt": st.just({"id": "pmpt_1", "version": "2", "variables": {"a": "b"}}),
    "prompt_cache_key": words,
    "prompt_cache_options": st.sampled_from([{"ttl": "30m"}, {"mode": "explicit", "ttl": "12h"}, {"mode": "implicit"}]),
    "safety_identifier": words,
    "service_tier": st.just("flex"),
    "store": st.booleans(),
    "metadata": metadata,
    "truncation": st.just("auto"),
    "stream": st.booleans(),
    "stream_options": st.just({"include_obfuscation": False}),
}  # fmt: skip
_tools: list[Any] = [
    {"type": "function", "name": "f", "parameters": {}, "strict": True, "defer_loading": True},
    {"type": "custom", "name": "g", "format": {"type": "text"}},
    {"type": "web_search", "search_context_size": "low"},
    {"type": "web_search_preview"},
    {"type": "code_interpreter", "container": "cntr_1"},
    {"type": "image_generation", "quality": "low"},
    {"type": "namespace", "name": "n", "description": "d", "tools": []},
    _mcp,
]


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a body as a caller of the API writes it, with items of earlier answers in it."""
    ids = count()
    rows: list[Item] = []
    for _ in range(draw(st.integers(0, 3))):
        rows += [{**row} for row in draw(st.lists(_given | _called | st.sampled_from(_answers), max_size=2))]
        rows += outputs(draw, ids, 3)
    body: dict[str, Any] = {"model": draw(words), "input": draw(st.just(rows) | texts)}
    body |= draw(st.fixed_dictionaries({}, optional=_MEMBERS))
    body["tools"] = [*_tools[:2], *draw(st.lists(st.sampled_from(_tools[2:]), max_size=3, unique_by=id))]
    return body
