"""Requests of every form: what we send parses to what sends the same again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import HealthCheck, given, settings

from jackfield import (
    Board,
    ChatRequest,
    EmbeddingRequest,
    Endpoint,
    HostedTool,
    HTTPRequest,
    Message,
    ModelsRequest,
    NativeTool,
    ProviderState,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
)
from tests.dialects.gemini.requests import DIALECT, requests

ENDPOINT = Endpoint("any", DIALECT, "https://any.invalid/v1beta")
often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
FOREIGN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="


def translated(board: Board, request: ChatRequest) -> HTTPRequest:
    """Return what is sent."""
    return board.translate_request(request, ENDPOINT, board.model(request.model)).encode()


def sent(board: Board, request: ChatRequest) -> dict[str, Any]:
    """Return the body as JSON."""
    body: dict[str, Any] = json.loads(translated(board, request).body)
    return body


def parsed(board: Board, body: Any, url: str = "/v1beta/models/m:generateContent") -> ChatRequest:
    """Parse a body."""
    found = board.parse_request(HTTPRequest("POST", url, {}, body), {"operation": "chat"})
    assert isinstance(found, ChatRequest)
    return found


@often
@given(request=requests())
def test_a_request_that_was_sent_and_parsed_is_sent_the_same(board: Board, request: ChatRequest) -> None:
    once = translated(board, request)
    again = translated(board, parsed(board, json.loads(once.body), once.url))
    assert (again.url, json.loads(again.body)) == (once.url, json.loads(once.body))


@pytest.mark.parametrize(
    ("model", "stream", "url"),
    [
        ("gemini-x", None, "/models/gemini-x:generateContent"),
        ("gemini-x", True, "/models/gemini-x:streamGenerateContent?alt=sse"),
        ("models/gemini-x", None, "/models/gemini-x:generateContent"),
        ("tunedModels/mine", None, "/tunedModels/mine:generateContent"),
        ("a b", None, "/models/a%20b:generateContent"),
    ],
)
def test_the_address_names_the_model(board: Board, model: str, stream: bool | None, url: str) -> None:
    request = ChatRequest(model=model, messages="?", stream=stream)
    found = translated(board, request)
    assert found.url == ENDPOINT.base_url + url
    assert bool(parsed(board, found.body, found.url).stream) is bool(stream)


def test_vertex_has_the_same_paths_behind_its_own(board: Board) -> None:
    base = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google"
    endpoint = Endpoint("any", DIALECT, base)
    request = ChatRequest(model="gemini-x", messages="?")
    found = board.translate_request(request, endpoint, board.model("gemini-x"))
    assert found.url == f"{base}/models/gemini-x:generateContent"
    assert parsed(board, found.body, found.url).model == "gemini-x"


def call(name: str, call_id: str | None = None, **state: Any) -> ToolCall:
    return ToolCall(id=call_id or name, name=name, provider_state=ProviderState(state, DIALECT) if state else None)


def turn(*parts: Any) -> Message:
    return Message(role="assistant", parts=parts)


def test_a_foreign_call_carries_the_documented_signature_and_only_the_first(board: Board) -> None:
    request = ChatRequest(messages=(turn(Text(text="x"), call("a"), call("b")), turn(call("c", minted=True))))
    first, second = sent(board, request)["contents"]
    assert [part.get("thoughtSignature") for part in first["parts"]] == [None, FOREIGN, None]
    assert second["parts"] == [{"functionCall": {"name": "c", "args": {}}}]


def test_a_minted_id_is_sent_neither_with_the_call_nor_with_its_result(board: Board) -> None:
    results = tuple(ToolResult(call_id=name, parts=name) for name in ("a", "b"))
    messages = (turn(call("f", "a", minted=True), call("g", "b", thoughtSignature="s")), *_answers(*results))
    asked, answered = sent(board, ChatRequest(messages=messages))["contents"]
    assert [part["functionCall"].get("id") for part in asked["parts"]] == [None, "b"]
    assert [part["functionResponse"] for part in answered["parts"]] == [
        {"name": "f", "response": {"output": "a"}},
        {"name": "g", "response": {"output": "b"}, "id": "b"},
    ]


def _answers(*results: ToolResult) -> tuple[Message, ...]:
    """Return results as messages of their own, as other dialects have them."""
    return tuple(Message(role="tool", parts=(result,)) for result in results)


def test_results_find_their_calls_by_name_and_order(board: Board) -> None:
    calls: list[dict[str, Any]] = [{"functionCall": {"name": name, "args": {}}} for name in ("f", "g", "f")]
    answers = [{"functionResponse": {"name": name, "response": {"output": 1}}} for name in ("f", "f", "g")]
    body = {"contents": [{"role": "model", "parts": calls}, {"role": "user", "parts": answers}]}
    request = parsed(board, body)
    ids = [part.id for part in request.messages[0].parts if isinstance(part, ToolCall)]
    found = [part.call_id for part in request.messages[1].parts if isinstance(part, ToolResult)]
    assert len(set(ids)) == 3
    assert found == [ids[0], ids[2], ids[1]]
    assert request.messages[1].role == "tool"
    assert sent(board, request) == body


@pytest.mark.parametrize(
    ("response", "is_error", "said"),
    [
        ({"output": "x"}, False, "x"),
        ({"error": "x"}, True, "x"),
        ({"output": [1]}, False, [1]),
        ({"output": {"a": 1}}, False, {"output": {"a": 1}}),
        ({"a": 1}, False, {"a": 1}),
        ({}, False, {}),
        ({"error": "x", "code": 1}, False, {"error": "x", "code": 1}),
    ],
)
def test_a_response_of_any_form_is_read_and_sent_as_it_was(
    board: Board, response: Any, is_error: bool, said: Any
) -> None:
    part = {"functionResponse": {"name": "f", "response": response, "willContinue": True}}
    body = {"contents": [{"role": "user", "parts": [part]}]}
    request = parsed(board, body)
    (result,) = request.messages[0].parts
    assert isinstance(result, ToolResult)
    assert result.is_error is is_error
    assert [part.text if isinstance(part, Text) else getattr(part, "value", None) for part in result.parts] == [said]
    assert sent(board, request) == body


def test_each_schema_goes_back_in_the_member_that_it_came_in(board: Board) -> None:
    schema = {"type": "OBJECT", "properties": {"type": {"type": "STRING"}}}
    small = {"type": "object", "properties": {"type": {"type": "string"}}}
    body = {
        "contents": [],
        "tools": [
            {"functionDeclarations": [{"name": "f", "parameters": schema}]},
            {"functionDeclarations": [{"name": "g", "parametersJsonSchema": small}]},
        ],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": small},
    }
    request = parsed(board, body)
    assert [tool.parameters for tool in request.tools or () if isinstance(tool, Tool)] == [small, small]
    again = sent(board, request)
    (entry,) = again["tools"]
    assert [row.keys() - {"name"} for row in entry["functionDeclarations"]] == [
        {"parameters"},
        {"parametersJsonSchema"},
    ]
    assert again["generationConfig"] == body["generationConfig"]


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest(messages="?", tools=(HostedTool(kind="mcp"),)),
        ChatRequest(messages="?", tools=(HostedTool(kind="file_search"),)),
        ChatRequest(messages="?", tools=(Tool(name="f", kind="custom"),)),
        ChatRequest(messages="?", tools=(NativeTool(dialect="other", body={}),)),
        ChatRequest(messages=(turn(ToolCall(name="f", arguments="[1]")),)),
        ChatRequest(messages=(turn(ToolCall(name="f", arguments="x", kind="custom")),)),
        ChatRequest(messages=(Message(role="tool", parts=(ToolResult(call_id="c", parts="x"),)),)),
        ChatRequest(messages=(Message(role="user", parts=(call("f"),)),)),
        ChatRequest(messages=(Message(role="system", parts=(call("f"),)),)),
    ],
)
def test_what_the_format_cannot_say_is_refused_with_its_place(board: Board, request_: ChatRequest) -> None:
    with pytest.raises(UnsupportedFeature) as caught:
        sent(board, request_)
    assert caught.value.param in ("messages", "tools")


@often
@given(request=requests())
def test_the_official_sdk_knows_the_contents_that_are_sent(board: Board, request: ChatRequest) -> None:
    for content in sent(board, request)["contents"]:
        known = [part for part in content["parts"] if not part.keys() & {"partMetadata", "videoMetadata"}]
        types.Content.model_validate({**content, "parts": known})


def test_embeddings_and_lists_of_models(board: Board) -> None:
    asked = EmbeddingRequest(model="e", inputs=("a", "b"), dimensions=3)
    found = board.translate_request(asked, ENDPOINT, board.model("e"))
    assert found.url == "https://any.invalid/v1beta/models/e:batchEmbedContents"
    route = {"operation": "embedding", "model": "e"}
    again = board.parse_request(HTTPRequest("POST", "", {}, found.body), route)
    assert isinstance(again, EmbeddingRequest)
    assert (again.model, again.inputs, again.dimensions) == ("e", ("a", "b"), 3)
    with pytest.raises(UnsupportedFeature):
        board.translate_request(EmbeddingRequest(model="e", inputs=("a",), user="u"), ENDPOINT, board.model("e"))
    listed = board.translate_request(ModelsRequest(), ENDPOINT, board.model(""))
    assert (listed.method, listed.url) == ("GET", "https://any.invalid/v1beta/models?pageSize=1000")
