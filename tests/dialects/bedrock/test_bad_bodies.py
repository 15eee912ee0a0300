"""What a caller wrote wrong: one line that names the member, and never a fault of ours."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, HTTPRequest, InvalidInput
from tests.dialects.bedrock.requests import NOTE
from tests.dialects.bedrock.test_requests import parsed, sent

MARK = {"cachePoint": {"type": "default", "ttl": "5m"}}
USER: list[dict[str, Any]] = [
    {"toolResult": {"toolUseId": "c", "content": [{"text": "r"}, {"json": {"a": 1}}], "status": "error"}},
    {"text": "a"},
    MARK,
    {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
    {"document": {"format": "txt", "name": "n", "source": {"text": "x"}, "citations": {"enabled": True}}},
    {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/a", "bucketOwner": "1"}}}},
    {"guardContent": {"text": {"text": "x"}}},
]
ASSISTANT: list[dict[str, Any]] = [
    {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
    {"reasoningContent": {"redactedContent": "AAAA"}},
    {"citationsContent": {"content": [{"text": "c"}], "citations": [NOTE]}},
    {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {"query": "q"}, "type": "server_tool_use"}},
    {"toolResult": {"toolUseId": "s", "content": [{"text": "x"}], "type": "nova_grounding_result"}},
    {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
]
#: A body with a member of every kind, good as it is.
BODY: dict[str, Any] = {
    "system": [{"text": "x"}, MARK],
    "messages": [{"role": "assistant", "content": ASSISTANT}, {"role": "user", "content": USER}],
    "toolConfig": {
        "tools": [
            {"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": {}}, "strict": True}},
            MARK,
            {"systemTool": {"name": "nova_grounding"}},
        ],
        "toolChoice": {"tool": {"name": "f"}},
    },
    "inferenceConfig": {"maxTokens": 5, "temperature": 1, "topP": 0.5, "stopSequences": ["a"]},
    "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}},
    "outputConfig": {
        "effort": "low",
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}", "name": "n"}}},
    },
    "serviceTier": {"type": "flex"},
    "requestMetadata": {"team": "x"},
}  # fmt: skip
JUNK: list[Any] = [
    None, 0, 1.5, True, "x", "", [], {}, [None], ["x"], [{}], {"type": "x"}, {"type": ["y"]}, {"x": None}, [[]],
    {"text": 3}, {"toolUse": {}}, {"image": {"source": {"bytes": "A"}}},
]  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in rows:
        yield from _places(inner, (*place, name))


@pytest.mark.parametrize("member", BODY)
def test_whatever_stands_in_a_member_is_parsed_or_refused_by_name(board: Board, member: str) -> None:
    for place in _places({member: BODY[member]}):
        for junk in JUNK:
            body = copy.deepcopy(BODY)
            held: Any = body
            for step in place[:-1]:
                held = held[step]
            held[place[-1]] = junk
            _check(board, body, member)


def _check(board: Board, body: dict[str, Any], member: str) -> None:
    refusal = None
    try:
        sent(board, parsed(board, body))
    except InvalidInput as error:
        refusal = error
    if refusal is not None:
        assert refusal.param
        assert _OURS.get(member, member) in str(refusal) or member in str(refusal)
        assert "\n" not in str(refusal)


#: What a member is called where it is refused when it is used, not when it is read.
_OURS = {"serviceTier": "service_tier", "requestMetadata": "metadata"}


def _turn(content: Any, role: str = "user", **members: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content, **members}]}


def _body(**members: Any) -> dict[str, Any]:
    return {**_turn([{"text": "x"}]), **members}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        (_body(messages=None), "messages", "a list is needed"),
        (_body(messages=["hello"]), "messages[0]", "an object is needed"),
        (_turn([], "robot"), "messages[0].role", "'robot' is none of assistant, system, user"),
        (_turn([], name="n"), "messages[0].name", "no such member"),
        (_turn("x"), "messages[0].content", "a list is needed"),
        (_turn([3]), "messages[0].content[0]", "a block is needed"),
        (_turn([{"text": 3}]), "messages[0].content[0].text", "valid string"),
        (_turn([{"toolResult": {"content": []}}]), "messages[0].content[0].toolUseId", "it is missing"),
        (_turn([{"toolUse": {"toolUseId": "x"}}], "assistant"), "messages[0].content[0].name", "it is missing"),
        (
            _turn([{"image": {"format": "png", "source": {"bytes": "A"}}}]),
            "messages[0].content[0]",
            "base64",
        ),
        (_body(inferenceConfig={"temperature": "hot"}), "inferenceConfig.temperature", "valid number"),
        (_body(inferenceConfig={"maxTokens": "x"}), "inferenceConfig.maxTokens", "valid integer"),
        (_body(inferenceConfig={"stopSequences": 3}), "inferenceConfig.stopSequences", "a list is needed"),
        (_body(inferenceConfig=3), "inferenceConfig", "an object is needed"),
        (_body(toolConfig={"tools": ["f"]}), "toolConfig.tools[0]", "an object is needed"),
        (
            _body(toolConfig={"tools": [{"toolSpec": {"inputSchema": {}}}]}),
            "toolConfig.tools[0].toolSpec.name",
            "a string is needed",
        ),
        (_body(toolConfig={"toolChoice": {"none": {}}}), "toolConfig.toolChoice", "auto, any, tool"),
        (_body(toolConfig={"toolChoice": {"tool": {}}}), "toolConfig.toolChoice.tool.name", "a string is needed"),
        (_body(system="x"), "system", "a list is needed"),
        (_body(headers={"x": "y"}), "headers", "no such member"),
        (
            _body(outputConfig={"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{"}}}}),
            "outputConfig.textFormat.structure.jsonSchema.schema",
            "the JSON text of an object",
        ),
    ],
)
def test_a_bad_body_names_the_member(board: Board, body: dict[str, Any], param: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(board, body)
    assert caught.value.param == param
    assert words in str(caught.value)


@pytest.mark.parametrize("body", [b"{", b"", b"\xff"])
def test_a_body_that_is_no_json_is_refused(board: Board, body: bytes) -> None:
    with pytest.raises(InvalidInput, match="JSON"):
        board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat"})
    for other in (b"[]", b'"x"'):
        with pytest.raises(InvalidInput, match="the body: an object is needed"):
            board.parse_request(HTTPRequest("POST", "", {}, other), {"operation": "chat"})
