"""What a caller or a provider wrote wrong: one line that names the member, and never a fault of ours."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, HTTPRequest, InvalidInput, ProviderError, StreamInterrupted
from tests.dialects.gemini.test_answers import ASKED, STREAMED, read
from tests.dialects.gemini.test_requests import parsed, sent

MEDIUM = {"inlineData": {"mimeType": "image/png", "data": "AAAA", "displayName": "x"}}
RAN = {"executableCode": {"language": "PYTHON", "code": "1", "id": "e"}, "thoughtSignature": "s"}
#: A body with a member of every kind, good as it is.
BODY: dict[str, Any] = {
    "systemInstruction": {"role": "user", "parts": [{"text": "x"}]},
    "contents": [
        {"role": "user", "parts": [{"text": "a"}, MEDIUM, {"fileData": {"fileUri": "u", "mimeType": "m"}}]},
        {
            "role": "model",
            "parts": [
                {"text": "t", "thought": True, "thoughtSignature": "s"},
                {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c"}},
                RAN,
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1", "id": "e"}},
                {"toolCall": {"toolType": "URL_CONTEXT", "args": {}, "id": "t"}},
                {"toolResponse": {"toolType": "URL_CONTEXT", "response": {}, "id": "t"}},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "f", "id": "c", "response": {"output": 1}, "parts": [MEDIUM]}}],
        },
    ],
    "tools": [
        {"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "OBJECT"}}]},
        {"functionDeclarations": [{"name": "g", "parametersJsonSchema": {"type": "object"}}]},
        {"googleSearch": {}},
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}},
    "generationConfig": {
        "temperature": 1,
        "topK": 40.0,
        "candidateCount": 1,
        "stopSequences": ["x"],
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT"},
        "responseModalities": ["TEXT"],
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "v"}}},
        "thinkingConfig": {"thinkingBudget": 1, "includeThoughts": True},
    },
    "serviceTier": "flex",
    "labels": {"a": "b"},
}
ANSWER: dict[str, Any] = {
    "candidates": [
        {
            "index": 0,
            "content": {
                "role": "model",
                "parts": [
                    *BODY["contents"][1]["parts"],
                    {"text": "a"},
                    MEDIUM,
                    {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}},
                ],
            },
            "finishReason": "STOP",
            "finishMessage": "m",
            "safetyRatings": [{"category": "X"}],
            "groundingMetadata": {"groundingChunks": [{"web": {"uri": "u", "title": "t"}}], "webSearchQueries": ["q"]},
            "citationMetadata": {"citations": [{"uri": "u", "startIndex": 0}]},
            "logprobsResult": {
                "chosenCandidates": [{"token": "a", "logProbability": -1}],
                "topCandidates": [{"candidates": [{"token": "a", "logProbability": -1}]}],
            },
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}]},
    "modelVersion": "m",
    "responseId": "x",
    "createTime": "2026-11-20T00:00:00Z",
}
JUNK: list[Any] = [None, 0, -1.5, True, "x", "", [], {}, [None], ["x"], [{}], {"x": None}, [[]], {"text": 3}]


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in rows:
        yield from _places(inner, (*place, name))


def _mutants(whole: dict[str, Any], member: str) -> Iterator[dict[str, Any]]:
    for place in _places({member: whole[member]}):
        for junk in JUNK:
            body = copy.deepcopy(whole)
            held: Any = body
            for step in place[:-1]:
                held = held[step]
            held[place[-1]] = junk
            yield body


@pytest.mark.parametrize("member", BODY)
def test_whatever_stands_in_a_member_is_parsed_or_refused_by_name(board: Board, member: str) -> None:
    for body in _mutants(BODY, member):
        refusal = None
        try:
            sent(board, parsed(board, body))
        except InvalidInput as error:
            refusal = error
        if refusal is not None:
            assert refusal.param
            assert "\n" not in str(refusal)


@pytest.mark.parametrize("member", ANSWER)
@pytest.mark.parametrize("as_stream", [False, True])
def test_a_mutated_answer_is_read_or_an_error_of_the_provider(board: Board, member: str, as_stream: bool) -> None:
    for body in _mutants(ANSWER, member):
        data = json.dumps(body).encode()
        problem = None
        try:
            if as_stream:
                read(board, b"data: " + data + b"\r\n\r\n", STREAMED)
            else:
                read(board, data, ASKED)
        except (ProviderError, StreamInterrupted) as error:
            problem = str(error)
        assert problem is None or "\n" not in problem


@pytest.mark.parametrize("data", [b"", b"x", b"[]", b"3", b'"x"', b"{}", b"<html>", b"\xff", b'{"candidates":[]}'])
@pytest.mark.parametrize("as_stream", [False, True])
def test_a_body_that_is_no_answer_is_an_error_of_the_provider(board: Board, data: bytes, as_stream: bool) -> None:
    with pytest.raises((ProviderError, StreamInterrupted)):
        read(board, data, STREAMED if as_stream else ASKED)


def _body(**members: Any) -> dict[str, Any]:
    return {"contents": [{"parts": [{"text": "x"}]}], **members}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({}, "contents", "a list is needed"),
        ({"contents": ["x"]}, "contents[0]", "an object is needed"),
        ({"contents": [{"role": "robot"}]}, "contents[0].role", "'robot' is none of user, model"),
        ({"contents": [{"parts": ["x"]}]}, "contents[0].parts[0]", "an object is needed"),
        ({"contents": [{"parts": [{"text": 3}]}]}, "contents[0].parts[0]", "a string is needed"),
        (
            {"contents": [{"parts": [{"inlineData": {"data": "A!"}}]}]},
            "contents[0].parts[0]",
            "base64",
        ),
        (
            {"contents": [{"parts": [{"functionResponse": {"response": {}}}]}]},
            "contents[0].parts[0].functionResponse.name",
            "a string is needed",
        ),
        (_body(generationConfig={"temperature": "hot"}), "generationConfig.temperature", "valid number"),
        (_body(generationConfig={"candidateCount": 0}), "generationConfig.candidateCount", "greater than"),
        (_body(generationConfig={"stopSequences": 3}), "generationConfig.stopSequences", "valid tuple"),
        (_body(tools={}), "tools", "a list is needed"),
        (_body(tools=[{"functionDeclarations": [{}]}]), "tools[0].functionDeclarations[0]", "valid string"),
        (
            _body(toolConfig={"functionCallingConfig": {"mode": "MAYBE"}}),
            "toolConfig.functionCallingConfig.mode",
            "'MAYBE' is none of AUTO, ANY, NONE, VALIDATED",
        ),
        (_body(headers={"x": "y"}), "headers", "no such member"),
    ],
)
def test_a_bad_body_names_the_member(board: Board, body: dict[str, Any], param: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(board, body)
    assert caught.value.param == param
    assert words in str(caught.value)


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(board: Board, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat"})
