"""Requests of every form: what we send parses to what sends the same again, and botocore's model knows all of it."""

from __future__ import annotations

import base64
import copy
import functools
import json
from itertools import pairwise
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings

from jackfield import (
    Board,
    Bytes,
    Cache,
    ChatRequest,
    Data,
    Endpoint,
    FileId,
    HostedTool,
    HTTPRequest,
    Media,
    Message,
    ModelsRequest,
    NativeTool,
    Reasoning,
    Refusal,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UnsupportedFeature,
    UnsupportedOperation,
    Url,
    WebSearch,
)
from tests.dialects.bedrock.requests import DIALECT, requests

ENDPOINT = Endpoint("any", DIALECT, "https://any.invalid")
often = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"


def sent(board: Board, request: ChatRequest) -> dict[str, Any]:
    """Return the body as JSON."""
    made = board.translate_request(request, ENDPOINT, board.model(request.model)).encode()
    body: dict[str, Any] = json.loads(made.body)
    return body


def parsed(board: Board, body: Any, **route: str) -> ChatRequest:
    """Parse a body."""
    found = board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat", "model": "m", **route})
    assert isinstance(found, ChatRequest)
    return found


@functools.cache
def _shape() -> Any:
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model("Converse").input_shape


def refused_by_botocore(body: dict[str, Any], model: str = "m") -> str:
    """Return what botocore says of a body, which holds bytes as base64; nothing where it takes it."""
    given_body = _with_bytes(copy.deepcopy(body))
    report: str = ParamValidator().validate({"modelId": model, **given_body}, _shape()).generate_report()
    return report


def _with_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: base64.b64decode(inner) if name in ("bytes", "redactedContent") else _with_bytes(inner)
            for name, inner in value.items()
        }
    return [_with_bytes(row) for row in value] if isinstance(value, list) else value


@often
@given(request=requests())
def test_a_request_that_was_sent_and_parsed_is_sent_the_same(board: Board, request: ChatRequest) -> None:
    body = sent(board, request)
    assert sent(board, parsed(board, body)) == body


@often
@given(request=requests())
def test_botocore_knows_everything_that_is_sent(board: Board, request: ChatRequest) -> None:
    assert refused_by_botocore(sent(board, request)) == ""


def test_botocore_refuses_what_is_wrong() -> None:
    assert "Unknown parameter" in refused_by_botocore({"messages": [], "more": 1})
    assert "toolUseId" in refused_by_botocore({"messages": [{"role": "user", "content": [{"toolResult": {}}]}]})


@often
@given(request=requests())
def test_turns_alternate_and_results_come_first(board: Board, request: ChatRequest) -> None:
    messages = sent(board, request)["messages"]
    assert all(one["role"] != other["role"] for one, other in pairwise(messages))
    for message in messages:
        if message["role"] == "user":
            kinds = [block.keys() for block in message["content"] if "cachePoint" not in block]
            assert kinds == sorted(kinds, key=lambda names: "toolResult" not in names)


def _asked(*messages: Message, **values: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or (Message(role="user", parts="x"),), **values)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("m", "m"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1%3A0"),
        (
            PROFILE,
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12cd34ef56",
        ),
    ],
)
def test_where_a_chat_is_sent(board: Board, model: str, path: str) -> None:
    for stream, operation in ((None, "converse"), (True, "converse-stream")):
        request = ChatRequest(model=model, messages="x", stream=stream)
        made = board.translate_request(request, ENDPOINT, board.model(model))
        assert (made.method, made.url) == ("POST", f"https://any.invalid/model/{path}/{operation}")
        route = {"model": path, "stream": "true" if stream else "false"}
        assert parsed(board, made.body, **route) == request.model_copy(update={"messages": request.messages})
    with pytest.raises(UnsupportedOperation):
        board.translate_request(ModelsRequest(), ENDPOINT, board.model(""))


def test_a_conversation_takes_the_form_of_turns(board: Board) -> None:
    call = ToolCall(id="c", name="f", arguments='{"a": 1}')
    image = Media(kind="image", source=Bytes(data=b"png"))
    inner = Text(text="r"), Data(value={"a": 1}), Data(value=[1]), image
    result = ToolResult(call_id="c", parts=inner, is_error=True)
    body = sent(
        board,
        _asked(
            Message(role="system", parts="one"),
            Message(role="user", parts="hi"),
            Message(role="developer", parts=(Text(text="two", cache=Cache()),)),
            Message(role="assistant", parts=(Text(text=""), Refusal(text="no"), call)),
            Message(role="user", parts="and?"),
            Message(role="tool", parts=(result.model_copy(update={"cache": Cache(ttl="1h")}),)),
        ),
    )
    assert body["system"] == [{"text": "one"}, {"text": "two"}, {"cachePoint": {"type": "default"}}]
    picture = {"image": {"format": "png", "source": {"bytes": "cG5n"}}}
    content = [{"text": "r"}, {"json": {"a": 1}}, {"text": "[1]"}, picture]
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "hi"}]},
        {"role": "assistant", "content": [
            {"text": "no"}, {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
        ]},
        {"role": "user", "content": [
            {"toolResult": {"toolUseId": "c", "content": content, "status": "error"}},
            {"cachePoint": {"type": "default", "ttl": "1h"}}, {"text": "and?"},
        ]},
    ]  # fmt: skip


def test_a_breakpoint_inside_a_result_goes_behind_it(board: Board) -> None:
    result = ToolResult(call_id="c", parts=(Text(text="r", cache=Cache(ttl="5m")),))
    (turn,) = sent(board, _asked(Message(role="tool", parts=(result,))))["messages"]
    assert turn["content"] == [
        {"toolResult": {"toolUseId": "c", "content": [{"text": "r"}]}},
        {"cachePoint": {"type": "default", "ttl": "5m"}},
    ]


@pytest.mark.parametrize(
    ("reasoning", "members"),
    [
        (Reasoning(budget=2000), {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (Reasoning(budget=0), {"thinking": {"type": "disabled"}}),
        (Reasoning(enabled=False), {"thinking": {"type": "disabled"}}),
        (Reasoning(effort="none"), {"thinking": {"type": "disabled"}}),
        (Reasoning(enabled=True), {"thinking": {"type": "adaptive"}}),
        (Reasoning(effort="high"), {"effort": "high"}),
        (Reasoning(summary="auto"), {"thinking": {"type": "adaptive", "display": "summarized"}}),
        (Reasoning(enabled=True, effort="low"), {"effort": "low", "thinking": {"type": "adaptive"}}),
        (Reasoning(), {}),
    ],
)
def test_reasoning_is_an_effort_and_thinking(board: Board, reasoning: Reasoning, members: dict[str, Any]) -> None:
    body = sent(board, _asked(reasoning=reasoning))
    found = {**body.get("outputConfig", {}), **body.get("additionalModelRequestFields", {})}
    assert found == members


BLOCKS: list[dict[str, Any]] = [
    {"document": {"name": "d", "source": {"s3Location": {"uri": "s3://bucket/a", "bucketOwner": "123456789012"}}}},
    {"document": {"format": "md", "name": "d", "source": {"content": [{"text": "x"}]}}},
    {"document": {"format": "odd", "name": "d", "source": {"bytes": "AAAA"}}},
    {"audio": {"format": "mpeg", "source": {"bytes": "AAAA"}}},
    {"video": {"format": "three_gp", "source": {"s3Location": {"uri": "s3://bucket/a"}}}},
    {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}]}},
    {"toolAddition": {"tool": {"name": "f"}}},
    {"guardContent": {"text": {"text": "x", "qualifiers": ["query"]}}},
    {"cachePoint": {"type": "default"}},
    {"cachePoint": {"type": "another"}},
    {"toolResult": {"toolUseId": "c", "content": [{"json": [1]}, {"searchResult": {"source": "s"}}], "type": "t"}},
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_a_user_goes_back_as_it_came(board: Board, block: dict[str, Any]) -> None:
    body = {"messages": [{"role": "user", "content": [block]}]}
    assert sent(board, parsed(board, body)) == body


@pytest.mark.parametrize(
    "block",
    [
        {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": [{"title": "t"}]}},
        {"citationsContent": {"content": [{"text": "a"}]}},
        {"citationsContent": {"citations": [{"location": {"web": {"url": "https://example.com"}}}]}},
        {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
        {"reasoningContent": {"reasoningText": {"text": "t"}}},
        {"toolUse": {"toolUseId": "c", "name": "f", "input": {}, "more": 1}},
        {"toolUse": {"toolUseId": "c", "name": "unheard_of", "input": {}, "type": "server_tool_use"}},
        {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
    ],
)
def test_a_block_of_the_assistant_goes_back_as_it_came(board: Board, block: dict[str, Any]) -> None:
    body = {"messages": [{"role": "assistant", "content": [block, {"text": "x"}]}]}
    assert sent(board, parsed(board, body)) == body


@pytest.mark.parametrize(
    "members",
    [
        {"outputConfig": {"effort": "low"}},
        {"outputConfig": {"effort": "unheard of"}},
        {"outputConfig": {"textFormat": {"type": "grammar"}}},
        {"additionalModelRequestFields": {"thinking": {"type": "between_tools"}, "top_k": 3}},
        {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024, "more": 1}}},
        {"additionalModelRequestFields": {"thinking": {"type": "disabled"}}, "outputConfig": {"effort": "low"}},
        {"performanceConfig": {"latency": "optimized"}, "promptVariables": {"a": {"text": "b"}}},
        {"inferenceConfig": {"maxTokens": 3, "topK": 4}},
        {"toolConfig": {"tools": [{"cachePoint": {"type": "default"}}, {"systemTool": {"name": "another"}}]}},
        {"toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"odd": {}}}}]}},
        {"toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}, "more": 1}}]}},
        {"serviceTier": {"type": "flex"}, "requestMetadata": {"team": "x"}},
        {"system": [{"guardContent": {"text": {"text": "x"}}}, {"cachePoint": {"type": "default", "ttl": "1h"}}]},
    ],
)
def test_what_has_no_word_of_ours_is_sent_on_as_it_came(board: Board, members: dict[str, Any]) -> None:
    body = {"messages": [{"role": "user", "content": [{"text": "x"}]}], **members}
    assert sent(board, parsed(board, body)) == body


def test_tools_and_their_breakpoints(board: Board) -> None:
    tools = Tool(name="f", description="", cache=Cache(ttl="5m")), HostedTool(kind="code")
    assert sent(board, _asked(tools=tools, web_search=WebSearch()))["toolConfig"]["tools"] == [
        {"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
        {"cachePoint": {"type": "default", "ttl": "5m"}},
        {"systemTool": {"name": "nova_code_interpreter"}},
        {"systemTool": {"name": "nova_grounding"}},
    ]
    more = sent(board, _asked(web_search=WebSearch(options={"max": 2})))
    assert more["toolConfig"]["tools"] == [{"systemTool": {"name": "nova_grounding", "max": 2}}]
    twice = sent(board, _asked(tools=(HostedTool(kind="web_search"),), web_search=WebSearch()))
    assert twice["toolConfig"]["tools"] == [{"systemTool": {"name": "nova_grounding"}}]


def test_choices_of_tools(board: Board) -> None:
    tools = Tool(name="f"), Tool(name="g"), HostedTool(kind="web_search")
    allowed = sent(board, _asked(tools=tools, tool_choice=ToolChoice(mode="required", allowed=("g",))))["toolConfig"]
    assert [tool["toolSpec"]["name"] for tool in allowed["tools"]] == ["g"]
    assert allowed["toolChoice"] == {"any": {}}
    assert "toolConfig" not in sent(board, _asked(tools=tools, tool_choice="none"))
    assert "toolConfig" not in sent(board, _asked(tool_choice="required"))
    called = Message(role="assistant", parts=(ToolCall(id="c", name="f"),))
    with pytest.raises(UnsupportedFeature, match="tool_choice: the format cannot forbid calls"):
        sent(board, _asked(called, tools=tools, tool_choice="none"))


def test_documents_have_names_that_the_format_takes(board: Board) -> None:
    one = Media(kind="document", source=Bytes(data=b"x"), mime="text/x-log")
    two = Media(kind="document", source=Bytes(data=b"y"), name="my  report.v2 (final).pdf")
    (turn,) = sent(board, _asked(Message(role="user", parts=(one, two, one))))["messages"]
    found = [(block["document"]["format"], block["document"]["name"]) for block in turn["content"]]
    assert found == [("txt", "document 0-0"), ("pdf", "my- report-v2 (final)-pdf"), ("txt", "document 0-2")]


def _media(kind: Any, source: Any = b"x", **members: Any) -> ChatRequest:
    return _asked(Message(role="user", parts=(Media(kind=kind, source=source, **members),)))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (_media("image", mime="image/bmp"), r"messages\[0\]\.parts\[0\]: the format takes no image/bmp; give one of"),
        (_media("image", Url(url="https://x.example")), "takes no image by URL but s3://; give its bytes"),
        (_media("document", FileId(file_id="f")), "takes no document by a file's id"),
        (
            _asked(Message(role="user", parts=(ToolCall(id="c", name="f"),))),
            r"messages\[0\]\.parts\[0\]: a tool_call cannot stand in this role",
        ),
        (
            _asked(Message(role="assistant", parts=(ToolCall(id="c", name="f", arguments="[1]"),))),
            r"messages\[0\]\.parts\[0\]: the arguments of f are no JSON object",
        ),
        (_asked(Message(role="assistant", parts=(ToolCall(name="f"),))), "needs an id for a call"),
        (_asked(Message(role="tool", parts=(ToolResult(parts="x"),))), "needs the id of the call"),
        (_asked(response_format=ResponseFormat(type="json")), "no JSON without a schema; give a schema"),
        (_asked(modalities=("text", "audio")), "answers in text, not in audio"),
        (_asked(tools=(Tool(name="f", kind="custom"),)), "f takes free text"),
        (_asked(tools=(HostedTool(kind="file_search"),)), "no form for a file_search tool"),
        (_asked(tools=(NativeTool(dialect="other", body={}),)), "no form for a tool of other"),
    ],
)  # fmt: skip
def test_what_the_format_cannot_say_is_refused_with_its_place(board: Board, request_: ChatRequest, words: str) -> None:
    with pytest.raises(UnsupportedFeature, match=words):
        sent(board, request_)
