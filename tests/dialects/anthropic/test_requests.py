"""Requests of every form: what we send parses to what sends the same again, in the form that the API wants."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from anthropic.types.beta import message_create_params as sdk
from hypothesis import HealthCheck, given, settings

from jackfield import (
    Board,
    Bytes,
    Cache,
    CacheOptions,
    ChatRequest,
    Endpoint,
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
    WebSearch,
)
from tests.dialects.anthropic.requests import DIALECT, requests
from tests.dialects.openai.sdk import against

ENDPOINT = Endpoint("any", DIALECT, "https://any.invalid")
often = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def sent(board: Board, request: ChatRequest) -> dict[str, Any]:
    """Return the body as JSON."""
    made = board.translate_request(request, ENDPOINT, board.model(request.model)).encode()
    body: dict[str, Any] = json.loads(made.body)
    return body


def parsed(board: Board, body: Any, **headers: str) -> ChatRequest:
    """Parse a body."""
    found = board.parse_request(HTTPRequest("POST", "", headers, body), {"operation": "chat"})
    assert isinstance(found, ChatRequest)
    return found


@often
@given(request=requests())
def test_a_request_that_was_sent_and_parsed_is_sent_the_same(board: Board, request: ChatRequest) -> None:
    body = sent(board, request)
    assert sent(board, parsed(board, body)) == body


#: Members that are not in the SDK's types, whose version of the API has no sampling, and what the requests make up.
BEYOND = {f"body.{name} is not known" for name in ("temperature", "top_p", "top_k", "metadata.team")}
#: Claude signs what it thinks; what the requests make up is not always signed.
UNSAID = "].signature is missing"


@often
@given(request=requests())
def test_the_official_sdk_knows_everything_that_is_sent(board: Board, request: ChatRequest) -> None:
    body = sent(board, request)
    streamed = bool(body.get("stream"))
    kind = sdk.MessageCreateParamsStreaming if streamed else sdk.MessageCreateParamsNonStreaming
    found = against({"max_tokens": 1, **body}, kind, "body")
    told = {row.partition(" to ")[0] for row in found if not row.endswith(UNSAID)}
    assert told <= BEYOND


@often
@given(request=requests())
def test_turns_alternate_and_results_come_first(board: Board, request: ChatRequest) -> None:
    messages = sent(board, request)["messages"]
    roles = [message["role"] for message in messages]
    assert all(one != other for one, other in pairwise(roles))
    for message in messages:
        if message["role"] == "user" and isinstance(message["content"], list):
            kinds = [block.get("type") == "tool_result" for block in message["content"]]
            assert kinds == sorted(kinds, reverse=True)


def _asked(*messages: Message, **values: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or (Message(role="user", parts="x"),), **values)


def test_where_and_how_a_chat_is_sent(board: Board) -> None:
    made = board.translate_request(_asked(), ENDPOINT, board.model("m"))
    assert (made.method, made.url) == ("POST", "https://any.invalid/v1/messages")
    assert made.headers["anthropic-version"] == "2023-06-01"
    newer = Endpoint("any", DIALECT, "https://any.invalid", settings={"anthropic_version": "2026-10-21"})
    assert board.translate_request(_asked(), newer, board.model("m")).headers["anthropic-version"] == "2026-10-21"
    ours = Endpoint("any", DIALECT, "https://any.invalid", headers={"anthropic-version": "x"})
    assert board.translate_request(_asked(), ours, board.model("m")).headers["anthropic-version"] == "x"
    listed = board.translate_request(ModelsRequest(), ENDPOINT, board.model(""))
    assert (listed.method, listed.url) == ("GET", "https://any.invalid/v1/models?limit=1000")


def test_a_conversation_takes_the_form_of_turns(board: Board) -> None:
    call = ToolCall(id="c", name="f", arguments='{"a": 1}')
    body = sent(
        board,
        _asked(
            Message(role="system", parts="one"),
            Message(role="user", parts="hi"),
            Message(role="developer", parts="two"),
            Message(role="assistant", parts=(Text(text=""), Refusal(text="no"), call)),
            Message(role="user", parts="and?"),
            Message(role="tool", parts=(ToolResult(call_id="c", parts="r", is_error=True),)),
        ),
    )
    assert body["system"] == [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert body["messages"] == [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "no"},
                {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c", "content": "r", "is_error": True},
                {"type": "text", "text": "and?"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("reasoning", "members"),
    [
        (Reasoning(budget=2000), {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (Reasoning(budget=0), {"thinking": {"type": "disabled"}}),
        (Reasoning(enabled=False), {"thinking": {"type": "disabled"}}),
        (Reasoning(effort="none"), {"thinking": {"type": "disabled"}}),
        (Reasoning(enabled=True), {"thinking": {"type": "adaptive"}}),
        (Reasoning(effort="high"), {"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}}),
        (Reasoning(summary="auto"), {"thinking": {"type": "adaptive", "display": "summarized"}}),
        (Reasoning(enabled=True, summary="omitted"), {"thinking": {"type": "adaptive", "display": "omitted"}}),
        (
            Reasoning(budget=2000, effort="low"),
            {"thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": {"effort": "low"}},
        ),
        (Reasoning(), {}),
    ],
)
def test_reasoning_is_thinking_and_effort(board: Board, reasoning: Reasoning, members: dict[str, Any]) -> None:
    body = sent(board, _asked(reasoning=reasoning))
    assert {name: body[name] for name in ("thinking", "output_config") if name in body} == members


@pytest.mark.parametrize(
    "members",
    [
        {"output_config": {"effort": "low"}},
        {"thinking": {"type": "between_tools"}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024, "more": 1}},
        {"output_config": {"format": {"type": "grammar"}}},
        {"output_format": {"type": "json_schema", "schema": {}}},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
        {"container": {"id": "c", "skills": []}, "mcp_servers": [], "inference_geo": "us", "speed": "fast"},
        {"metadata": {"user_id": "u", "team": "t"}},
        {"cache_control": {"type": "persistent"}},
        {"cache_control": {"type": "ephemeral"}},
        {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ],
)
def test_what_has_no_word_of_ours_is_sent_on_as_it_came(board: Board, members: dict[str, Any]) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1, **members}
    assert sent(board, parsed(board, body)) == body


def test_beta_features_that_a_callers_headers_ask_for_go_along(board: Board) -> None:
    request = parsed(board, {"messages": [{"role": "user", "content": "x"}]}, **{"anthropic-beta": "a,b"})
    assert board.translate_request(request, ENDPOINT, board.model("m")).headers["anthropic-beta"] == "a,b"


def test_a_cache_of_the_whole_prompt(board: Board) -> None:
    assert sent(board, _asked(cache=CacheOptions(ttl="1h")))["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert sent(board, _asked(cache=CacheOptions()))["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in sent(board, _asked(cache=CacheOptions(key="k")))
    tool = Tool(name="f", cache=Cache(ttl="5m"))
    (wire,) = sent(board, _asked(tools=(tool,)))["tools"]
    assert wire["cache_control"] == {"type": "ephemeral", "ttl": "5m"}
    assert wire["input_schema"] == {"type": "object", "properties": {}}


def test_tools_that_the_provider_runs(board: Board) -> None:
    place = {"type": "approximate", "approximate": {"city": "Porto"}}
    body = sent(board, _asked(web_search=WebSearch(user_location=place, options={"max_uses": 2})))
    there = {"type": "approximate", "city": "Porto"}
    assert body["tools"] == [{**SEARCH, "user_location": there, "max_uses": 2}]
    hosted = HostedTool(kind="web_search", options={"max_uses": 3})
    both = sent(board, _asked(tools=(hosted,), web_search=WebSearch(user_location=place, options={"max_uses": 2})))
    assert both["tools"] == [{**SEARCH, "user_location": there, "max_uses": 3}]
    (again,) = parsed(board, {**body, "tools": [{**SEARCH, "type": "web_search_20260318"}]}).tools or ()
    assert isinstance(again, HostedTool)
    assert (again.kind, again.dialect, again.options["type"]) == ("web_search", DIALECT, "web_search_20260318")


def test_choices_of_tools(board: Board) -> None:
    tools = Tool(name="f"), Tool(name="g"), HostedTool(kind="web_search")
    allowed = sent(board, _asked(tools=tools, tool_choice=ToolChoice(mode="required", allowed=("g",))))
    assert [tool["name"] for tool in allowed["tools"]] == ["g"]
    assert allowed["tool_choice"] == {"type": "any"}
    alone = sent(board, _asked(tools=tools, parallel_tool_calls=False))
    assert alone["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    none = sent(board, _asked(tools=tools, parallel_tool_calls=False, tool_choice="none"))
    assert none["tool_choice"] == {"type": "none"}
    assert "tool_choice" not in sent(board, _asked(parallel_tool_calls=False))


AUDIO = Media(kind="audio", source=Bytes(data=b"x"))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (_asked(Message(role="user", parts=(AUDIO,))), r"messages\[0\]\.parts\[0\]: the format takes no audio"),
        (_asked(Message(role="assistant", parts=(AUDIO,))), "an assistant's message takes no audio"),
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
        (
            _asked(
                Message(role="user", parts=(Media(kind="document", source=Bytes(data=b"\xff"), mime="text/plain"),))
            ),
            "UTF-8 only",
        ),
        (_asked(response_format=ResponseFormat(type="json")), "no JSON without a schema; give a schema"),
        (_asked(modalities=("text", "audio")), "answers in text, not in audio"),
        (_asked(tools=(Tool(name="f", kind="custom"),)), "f takes free text"),
        (_asked(tools=(HostedTool(kind="file_search"),)), "no file_search tool that needs no options"),
        (_asked(tools=(NativeTool(dialect="other", body={}),)), "no form for a tool of other"),
    ],
)
def test_what_the_format_cannot_say_is_refused_with_its_place(board: Board, request_: ChatRequest, words: str) -> None:
    with pytest.raises(UnsupportedFeature, match=words):
        sent(board, request_)
