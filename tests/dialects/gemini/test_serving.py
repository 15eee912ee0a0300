"""What is served: both spellings, tools that Google runs, and a conversation that comes home or moves away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import (
    Board,
    Bytes,
    ChatRequest,
    ChatResponse,
    Endpoint,
    Exchange,
    HostedTool,
    HTTPRequest,
    Media,
    Message,
    Native,
    NativeTool,
    ProviderState,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from tests.dialects.gemini.requests import DIALECT
from tests.dialects.gemini.test_answers import AT, read
from tests.dialects.gemini.test_requests import FOREIGN, parsed, sent

HERE = Endpoint("here", DIALECT, "https://here.invalid/v1beta", origin="here")
ELSEWHERE = Endpoint("there", DIALECT, "https://there.invalid/v1beta", origin="there")


def test_members_in_snake_case_are_the_same(board: Board) -> None:
    camel: dict[str, Any] = {
        "systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": "-_8="}},
                    {"fileData": {"fileUri": "gs://x", "mimeType": "image/png"}},
                ],
            },
            {
                "role": "model",
                "parts": [{"functionCall": {"name": "f_g", "args": {"a_b": 1}}, "thoughtSignature": "s"}],
            },
            {"role": "user", "parts": [{"functionResponse": {"name": "f_g", "response": {"a_b": 1}}}]},
        ],
        "tools": [
            {"functionDeclarations": [{"name": "f_g", "parametersJsonSchema": {"properties": {"a_b": {}}}}]},
            {"googleSearch": {}},
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {
            "maxOutputTokens": 5,
            "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True},
        },
    }
    snake = json.loads(
        json.dumps(camel)
        .replace("systemInstruction", "system_instruction")
        .replace("inlineData", "inline_data")
        .replace("fileData", "file_data")
        .replace("mimeType", "mime_type")
        .replace("fileUri", "file_uri")
        .replace("functionCall", "function_call")
        .replace("function_callingConfig", "function_calling_config")
        .replace("thoughtSignature", "thought_signature")
        .replace("functionResponse", "function_response")
        .replace("functionDeclarations", "function_declarations")
        .replace("parametersJsonSchema", "parameters_json_schema")
        .replace("googleSearch", "google_search")
        .replace("toolConfig", "tool_config")
        .replace("generationConfig", "generation_config")
        .replace("maxOutputTokens", "max_output_tokens")
        .replace("thinkingConfig", "thinking_config")
        .replace("thinkingLevel", "thinking_level")
        .replace("includeThoughts", "include_thoughts")
    )
    assert parsed(board, snake) == parsed(board, camel)
    camel["contents"][0]["parts"][0]["inlineData"]["data"] = "+/8="
    assert sent(board, parsed(board, snake)) == camel


def test_the_systems_turns_are_lifted_in_order(board: Board) -> None:
    turns = (
        Message(role="system", parts="a"),
        Message(role="user", parts="b"),
        Message(role="developer", parts=(Text(text="c"), Text(text="d"))),
    )
    body = sent(board, ChatRequest(messages=turns))
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": "b"}]}],
        "systemInstruction": {"parts": [{"text": "a"}, {"text": "c"}, {"text": "d"}]},
    }
    first, *_ = parsed(board, {**body, "systemInstruction": "plain"}).messages
    assert (first.role, first.text) == ("system", "plain")


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"googleSearch": {"timeRangeFilter": {}}}, "web_search"),
        ({"googleSearchRetrieval": {"dynamicRetrievalConfig": {}}}, "web_search"),
        ({"urlContext": {}}, "web_fetch"),
        ({"codeExecution": {}}, "code"),
        ({"fileSearch": {"fileSearchStoreNames": ["x"]}}, "file_search"),
        ({"computerUse": {"environment": "ENVIRONMENT_BROWSER"}}, "computer"),
        ({"googleMaps": {"enableWidget": True}}, "native"),
    ],
)
def test_tools_that_google_runs_are_hosted_tools(board: Board, entry: dict[str, Any], kind: str) -> None:
    body = {"contents": [], "tools": [entry]}
    request = parsed(board, body)
    (tool,) = request.tools or ()
    assert isinstance(tool, HostedTool)
    assert (tool.kind, tool.dialect, tool.options) == (kind, DIALECT, next(iter(entry.values())))
    assert sent(board, request) == body


def test_one_entry_may_hold_tools_of_every_kind(board: Board) -> None:
    functions = [
        {"name": "f", "behavior": "BLOCKING"},
        {"name": "g", "parameters": {}, "parametersJsonSchema": {}},
    ]
    request = parsed(
        board, {"contents": [], "tools": [{"functionDeclarations": functions, "googleSearch": {}, "somethingNew": {}}]}
    )
    first, second, third, fourth = request.tools or ()
    assert first == Tool(name="f", options={"behavior": "BLOCKING"}, dialect=DIALECT)
    assert second == NativeTool(dialect=DIALECT, body={"functionDeclarations": [functions[1]]})
    assert third == HostedTool(kind="web_search", name="googleSearch", dialect=DIALECT)
    assert fourth == NativeTool(dialect=DIALECT, body={"somethingNew": {}})
    assert sent(board, request)["tools"] == [
        {"functionDeclarations": [functions[0]]},
        {"functionDeclarations": [functions[1]]},
        {"googleSearch": {}},
        {"somethingNew": {}},
    ]


@pytest.mark.parametrize("kind", ["web_search", "web_fetch", "code"])
def test_a_hosted_tool_of_another_dialect_gets_the_form_of_this_one(board: Board, kind: Any) -> None:
    tool = HostedTool(kind=kind, name="their_name", options={"max_uses": 3}, dialect="other")
    exchange = Exchange(board, ChatRequest(messages="?", tools=(tool,)), HERE, AT)
    name = {"web_search": "googleSearch", "web_fetch": "urlContext", "code": "codeExecution"}[kind]
    assert exchange.http_request.json()["tools"] == [{name: {}}]
    assert [row.parameter for row in exchange.adjustments] == ["tools"]


@pytest.mark.parametrize(
    ("config", "mode", "names"),
    [
        ({"mode": "AUTO"}, "auto", None),
        ({"mode": "NONE"}, "none", None),
        ({"mode": "ANY"}, "required", None),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, "required", ("f", "g")),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, "auto", ("f",)),
        ({"mode": "VALIDATED"}, "auto", None),
        ({"mode": "MODE_UNSPECIFIED"}, None, None),
        ({"mode": "ANY", "allowedFunctionNames": ["f"], "streamFunctionCallArguments": True}, "required", None),
    ],
)
def test_modes_of_choice(board: Board, config: dict[str, Any], mode: str | None, names: Any) -> None:
    body = {"contents": [], "toolConfig": {"functionCallingConfig": config, "retrievalConfig": {"languageCode": "pt"}}}
    request = parsed(board, body)
    choice = request.tool_choice
    assert (None if choice is None else (choice.mode, choice.allowed)) == (None if mode is None else (mode, names))
    assert sent(board, request) == body


@pytest.mark.parametrize(
    "config",
    [
        {"thinkingBudget": 0},
        {"thinkingBudget": -1},
        {"thinkingBudget": 512, "includeThoughts": True},
        {"thinkingLevel": "HIGH"},
        {"includeThoughts": False},
        {"thinkingBudget": 1, "somethingNew": 2},
    ],
)
def test_thinking_is_asked_for_as_it_was(board: Board, config: dict[str, Any]) -> None:
    body = {"contents": [], "generationConfig": {"thinkingConfig": config}}
    assert sent(board, parsed(board, body)) == body


@pytest.mark.parametrize(
    ("url", "serving"),
    [
        ("/v1beta/models/m:streamGenerateContent?alt=sse", {"framing": "sse"}),
        ("/v1beta/models/m:streamGenerateContent?key=x", {"framing": "json"}),
        ("/v1beta/models/m:streamGenerateContent", {"framing": "json"}),
        ("/v1beta/models/m:generateContent?alt=json", {}),
    ],
)
def test_the_query_says_how_a_stream_is_answered(board: Board, url: str, serving: dict[str, str]) -> None:
    request = parsed(board, {"contents": []}, url)
    assert request.serving == serving
    assert bool(request.stream) is bool(serving)
    if serving:
        kind = board.stream_encoder(request, AT).headers["content-type"]
        assert kind.partition(";")[0] == {"sse": "text/event-stream", "json": "application/json"}[serving["framing"]]


def test_a_route_names_model_and_stream(board: Board) -> None:
    route = {"operation": "chat", "model": "gemini-x", "stream": "true", "project": "p"}
    found = board.parse_request(HTTPRequest("POST", "/any", {}, {"contents": []}), route)
    assert (found.model, found.stream) == ("gemini-x", True)


def _conversation(board: Board) -> ChatRequest:
    """Return a conversation whose second turn is an answer of the endpoint `here`."""
    parts = [
        {"text": "hm", "thought": True},
        {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s1"},
        {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s2"},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        {"text": "a", "thoughtSignature": "s3"},
    ]
    answer = {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}
    asked = ChatRequest(model="m", messages="hi")
    exchange = Exchange(board, asked, HERE, AT)
    exchange.receive_head(200, {})
    exchange.receive_data(json.dumps(answer).encode())
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    (call,) = response.tool_calls
    result = ToolResult(call_id=call.id, name="f", parts=(Text(text="r"),))
    return ChatRequest(model="m", messages=(*asked.messages, response.message, Message(role="tool", parts=(result,))))


def test_an_answer_goes_home_as_it_came(board: Board) -> None:
    body = Exchange(board, _conversation(board), HERE, AT).http_request.json()
    assert body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"text": "hm", "thought": True},
                {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s1"},
                {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s2"},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                {"text": "a", "thoughtSignature": "s3"},
            ],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "r"}}}]},
    ]


def test_an_answer_that_moves_leaves_its_state_behind(board: Board) -> None:
    exchange = Exchange(board, _conversation(board), ELSEWHERE, AT)
    model, tool = exchange.http_request.json()["contents"][1:]
    call_id = model["parts"][0]["functionCall"]["id"]
    assert model["parts"] == [
        {"functionCall": {"name": "f", "args": {}, "id": call_id}, "thoughtSignature": FOREIGN},
        {"text": "a"},
    ]
    assert tool["parts"][0]["functionResponse"]["id"] == call_id
    assert [row.parameter for row in exchange.adjustments] == ["thinking", "tool_call"]


def test_unknown_parts_and_beside_members_are_kept(board: Board) -> None:
    medium = {"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}, "videoMetadata": {"fps": 2}}
    body = {"contents": [{"role": "user", "parts": [medium, {"somethingNew": {"a": 1}}]}]}
    request = parsed(board, body)
    shown, unknown = request.messages[0].parts
    assert isinstance(shown, Media)
    assert (shown.kind, shown.source, shown.options) == (
        "video", Bytes(data=b"\x00\x00\x00"), {"videoMetadata": {"fps": 2}},
    )  # fmt: skip
    assert unknown == Native(dialect=DIALECT, body={"somethingNew": {"a": 1}})
    assert sent(board, request) == body


def test_numbers_of_enumerations_are_read_as_their_names(board: Board) -> None:
    rows = [{"modality": 4, "tokenCount": 2}]
    answer = {
        "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": 2}],
        "usageMetadata": {"promptTokenCount": 3, "promptTokensDetails": rows, "trafficType": 1},
    }
    found = read(board, json.dumps(answer).encode(), ChatRequest(model="m", messages="?"))
    assert (found.finish_reason, found.choices[0].raw_finish_reason) == ("length", "MAX_TOKENS")
    assert found.usage is not None
    assert (dict(found.usage.counts), found.usage.facts) == ({"input": 3, "input.audio": 2}, {"tier": "standard"})
    assert found.service_tier == "ON_DEMAND"


def test_a_thought_without_state_is_written_where_it_is_at_home(board: Board) -> None:
    thought = Thinking(text="t", kind="summary", provider_state=ProviderState({}, DIALECT))
    call = ToolCall(id="c", name="f", provider_state=ProviderState({}, DIALECT))
    body = sent(board, ChatRequest(messages=(Message(role="assistant", parts=(thought, call)),)))
    assert body["contents"][0]["parts"] == [
        {"text": "t", "thought": True},
        {"functionCall": {"name": "f", "args": {}, "id": "c"}},
    ]


def test_text_with_members_that_nobody_knows_is_text(board: Board) -> None:
    part = {"text": "a", "speechMetadata": {"speaker": "x"}}
    body = {"contents": [{"role": "model", "parts": [part]}]}
    request = parsed(board, body)
    assert request.messages[0].text == "a"
    assert sent(board, request) == body
    asked = ChatRequest(model="m", messages="?")
    answer = json.dumps({"candidates": [{"content": body["contents"][0], "finishReason": "STOP"}]}).encode()
    found = read(board, answer, asked)
    assert found.text == "a"
    stream = read(board, b"data: " + answer + b"\n\n")
    assert stream.message == found.message
    assert json.loads(board.render_response(asked, found).body)["candidates"][0]["content"]["parts"] == [part]
