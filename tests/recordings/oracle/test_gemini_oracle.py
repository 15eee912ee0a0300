"""The oracle of generate-content is judged by hand-written bodies, and by whether it reads every recorded exchange."""

import base64
import hashlib
import json
from typing import Any

import pytest

from tests.recordings.loader import exchanges, expected_count
from tests.recordings.oracle.cases import plain
from tests.recordings.oracle.gemini import read_answer, read_error

PNG = base64.b64encode(b"\x89PNG").decode()
WEB, BOOK = {"web": {"uri": "https://a.example", "title": "A"}}, {"uri": "https://b.example", "startIndex": 1}


def sse(*documents: Any, end: str = "\r\n") -> dict[str, Any]:
    """Return an interaction whose answer is a stream of server-sent events, which has no terminator."""
    body = "".join(f"data: {json.dumps(document)}{end}{end}" for document in documents)
    return plain(body, headers={"Content-Type": "text/event-stream"})


def said(*parts: Any, finish: Any = None, index: int | None = 0, **members: Any) -> dict[str, Any]:
    """Return a document with one candidate."""
    raw: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, **members}
    if index is not None:
        raw["index"] = index
    if finish is not None:
        raw["finishReason"] = finish
    return {"candidates": [raw], "modelVersion": "m", "responseId": "r"}


def choice(**members: Any) -> dict[str, Any]:
    """Return what the oracle says of a candidate that holds only the members given."""
    lists: dict[str, Any] = {
        name: [] for name in ("tool_calls", "provider_calls", "provider_results", "states", "media", "citations")
    }
    absent = dict.fromkeys(("text", "thinking", "refusal", "audio", "finish_detail", "logprobs"))
    return {"index": 0, **lists, **absent, "finish_reason": "stop", "raw_finish_reason": "STOP", **members}


def call(name: str | None, arguments: Any, identity: str | None = None, kind: str = "function") -> dict[str, Any]:
    """Return what the oracle says of a call."""
    return {"id": identity, "name": name, "arguments": arguments, "kind": kind}


CODE = {"language": "PYTHON", "code": "1+1"}
PARTS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "text": ([{"text": "a"}, {"text": "b"}], {"text": "ab"}),
    "empty_text_is_absent": ([{"text": ""}], {}),
    "thoughts_are_not_text": (
        [{"text": "why", "thought": True}, {"text": "so", "thought": False}],
        {"thinking": "why", "text": "so"},
    ),
    "signatures_on_any_part": (
        [
            {"text": "a", "thoughtSignature": "s1"},
            {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s2"},
            {"text": "", "thoughtSignature": "s3"},
        ],
        {"text": "a", "tool_calls": [call("f", {})], "states": ["s1", "s2", "s3"], "finish_reason": "tool_calls"},
    ),
    "calls_with_id_and_without": (
        [{"functionCall": {"id": "x", "name": "f", "args": {"n": 1}}}, {"functionCall": {"name": "g"}}],
        {"tool_calls": [call("f", {"n": 1}, "x"), call("g", {})], "finish_reason": "tool_calls"},
    ),
    "code": (
        [{"executableCode": CODE}, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2\n"}}],
        {
            "provider_calls": [call("code_execution", CODE, kind="code")],
            "provider_results": [
                {"call_id": None, "content": {"outcome": "OUTCOME_OK", "output": "2\n"}, "is_error": False}
            ],
        },
    ),
    "code_that_failed": (
        [
            {"executableCode": {**CODE, "id": "c"}},
            {"codeExecutionResult": {"id": "c", "outcome": "OUTCOME_FAILED"}},
        ],
        {
            "provider_calls": [call("code_execution", CODE, "c", "code")],
            "provider_results": [
                {"call_id": "c", "content": {"id": "c", "outcome": "OUTCOME_FAILED"}, "is_error": True}
            ],
        },
    ),
    "search_by_the_provider": (
        [
            {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["q"]}, "id": "t"}},
            {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "response": {"n": 1}, "id": "t"}},
            {"toolCall": {"toolType": "FILE_SEARCH", "id": "u"}},
        ],
        {
            "provider_calls": [
                call("google_search_web", {"queries": ["q"]}, "t", "web_search"),
                call("file_search", {}, "u", "file_search"),
            ],
            "provider_results": [
                {
                    "call_id": "t",
                    "content": {"toolType": "GOOGLE_SEARCH_WEB", "response": {"n": 1}, "id": "t"},
                    "is_error": False,
                }
            ],
        },
    ),
    "media": (
        [
            {"inlineData": {"mimeType": "image/png", "data": PNG}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/x.pdf"}},
        ],
        {
            "media": [
                {"kind": "image", "mime": "image/png", "sha256": hashlib.sha256(b"\x89PNG").hexdigest()},
                {"kind": "document", "mime": "application/pdf", "url": "gs://b/x.pdf"},
            ]
        },
    ),
}


@pytest.mark.parametrize(("parts", "expected"), PARTS.values(), ids=PARTS)
def test_parts_are_read_however_they_were_framed(parts: list[Any], expected: dict[str, Any]) -> None:
    documents = [said(part) for part in parts] + [said(finish="STOP")]
    for interaction in (
        plain(said(*parts, finish="STOP")),
        plain(documents),
        sse(*documents),
        sse(*documents, end="\n"),
    ):
        found = read_answer(interaction)
        assert found["choices"] == [choice(**expected)]
        assert (found["id"], found["model"], found["error"]) == ("r", "m", None)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("IMAGE_PROHIBITED_CONTENT", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("UNEXPECTED_TOOL_CALL", "error"),
        ("NO_IMAGE", "error"),
        ("CONTINUATION", "pause"),
        ("OTHER", "unknown"),
        (None, "unknown"),
    ],
)
def test_finish_reasons(raw: str | None, expected: str) -> None:
    (found,) = read_answer(plain(said({"text": "a"}, finish=raw)))["choices"]
    assert (found["finish_reason"], found["raw_finish_reason"]) == (expected, raw)


def test_numbers_of_an_enumeration_are_read_as_names() -> None:
    usage = {"promptTokenCount": 2, "promptTokensDetails": [{"modality": 4, "tokenCount": 2}], "trafficType": 1}
    found = read_answer(plain({**said({"text": "a"}, finish=3), "usageMetadata": usage}))
    assert found["choices"][0]["raw_finish_reason"] == "SAFETY"
    assert found["usage"]["input_audio_tokens"] == 2
    assert found["service_tier"] == "ON_DEMAND"


def test_a_call_outranks_stop_and_unknown_and_nothing_else() -> None:
    part = {"functionCall": {"name": "f", "args": {}}}
    for raw, expected in (("STOP", "tool_calls"), (None, "tool_calls"), ("MAX_TOKENS", "length")):
        assert read_answer(plain(said(part, finish=raw)))["choices"][0]["finish_reason"] == expected


def test_what_explains_the_finish_is_told() -> None:
    ratings = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}]
    blocked = said(finish="SAFETY", safetyRatings=ratings)
    assert read_answer(plain(blocked))["choices"] == [
        choice(finish_reason="content_filter", raw_finish_reason="SAFETY", finish_detail=ratings)
    ]
    assert read_answer(plain(said(finish="STOP", safetyRatings=ratings)))["choices"] == [choice()]
    told = said(finish="STOP", finishMessage="Model generated function call(s).")
    assert read_answer(plain(told))["choices"][0]["finish_detail"] == "Model generated function call(s)."


def test_sources_are_citations_and_a_query_that_is_empty_no_search() -> None:
    grounding = {"groundingChunks": [WEB], "webSearchQueries": ["", "q"]}
    first = said({"text": "a"}, groundingMetadata={})
    last = said(finish="STOP", groundingMetadata=grounding, citationMetadata={"citations": [BOOK]})
    used = {"usageMetadata": {"promptTokenCount": 1}}
    found = read_answer(sse(first, {**last, **used}, said(groundingMetadata={"groundingChunks": [WEB]})))
    assert found["choices"] == [choice(text="a", citations=[WEB, BOOK])]
    assert found["usage"]["web_searches"] == 1
    assert read_answer(plain({**said(), **used}))["usage"]["web_searches"] is None


def test_logprobs_are_said_in_common_words_and_joined() -> None:
    def row(name: str, *others: str) -> dict[str, Any]:
        chosen = {"token": name, "tokenId": 7, "logProbability": -0.5}
        return {
            "chosenCandidates": [chosen],
            "topCandidates": [{"candidates": [{"token": other, "logProbability": -1} for other in others]}],
        }

    found = read_answer(sse(*(said({"text": "x"}, logprobsResult=made) for made in (row("a", "b"), row("c")))))
    first = {"token": "a", "logprob": -0.5, "token_id": 7, "top_logprobs": [{"token": "b", "logprob": -1}]}
    second = {"token": "c", "logprob": -0.5, "token_id": 7, "top_logprobs": []}
    assert found["choices"][0]["logprobs"] == {"content": [first, second], "refusal": []}
    bare = said({"text": "x"}, logprobsResult={"chosenCandidates": [{"token": "a", "logProbability": 0}]})
    rows = read_answer(sse(bare))["choices"][0]["logprobs"]["content"]
    assert rows == [{"token": "a", "logprob": 0}]


def test_candidates_are_told_apart_by_index_or_place() -> None:
    one, two = said({"text": "a"}, index=None)["candidates"] + said({"text": "b"}, index=None)["candidates"]
    assert [item["text"] for item in read_answer(plain({"candidates": [one, two]}))["choices"]] == ["a", "b"]
    second = said({"text": "b"}, index=1)
    found = read_answer(sse(said({"text": "a"}), second, said({"text": "c"}), second))["choices"]
    assert [(item["index"], item["text"]) for item in found] == [(0, "ac"), (1, "bb")]


def test_content_may_be_missing() -> None:
    document = {"candidates": [{"content": None, "finishReason": "STOP"}], "usageMetadata": {"totalTokenCount": None}}
    found = read_answer(plain(document))
    assert found["choices"] == [choice()]
    assert found["usage"]["input_tokens"] is None


def test_usage_is_read_as_inclusive_totals_and_the_last_one_wins() -> None:
    usage = {
        "promptTokenCount": 10,
        "toolUsePromptTokenCount": 5,
        "cachedContentTokenCount": 4,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 2,
        "promptTokensDetails": [
            {"modality": "IMAGE", "tokenCount": 6},
            {"modality": "DOCUMENT", "tokenCount": 1},
            {"modality": "VIDEO", "tokenCount": 2},
        ],
        "toolUsePromptTokensDetails": [{"modality": "IMAGE", "tokenCount": 5}],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
        "serviceTier": "flex",
    }
    found = read_answer(sse({**said(), "usageMetadata": {"promptTokenCount": 1}}, {**said(), "usageMetadata": usage}))
    assert found["service_tier"] == "flex"
    assert {name: count for name, count in found["usage"].items() if count is not None} == {
        "input_tokens": 15,
        "output_tokens": 5,
        "cached_tokens": 4,
        "reasoning_tokens": 2,
        "input_image_tokens": 11,
        "input_document_tokens": 1,
        "input_video_tokens": 2,
        "output_audio_tokens": 3,
    }


def test_a_blocked_prompt_is_an_error() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []}, "modelVersion": "m"}
    found = read_answer(plain(blocked))
    assert found["error"] == {"class": "ContentFilterError", "message": None, "code": "SAFETY", "type": None}
    assert found["choices"] == []
    blocked["promptFeedback"]["blockReasonMessage"] = "no"  # type: ignore[index]
    assert read_answer(sse(blocked))["error"]["message"] == "no"
    assert read_answer(plain({**said({"text": "a"}), "promptFeedback": {"blockReason": "OTHER"}}))["error"] is None


def test_an_error_inside_a_stream_is_told() -> None:
    fault = {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
    for interaction in (sse(said({"text": "a"}), fault), plain([said({"text": "a"}), fault])):
        found = read_answer(interaction)
        assert found["error"] == {"class": "OverloadedError", "message": "busy", "code": "UNAVAILABLE", "type": None}
        assert [item["text"] for item in found["choices"]] == ["a"]


def refused(*details: dict[str, Any], status: str | None = "S", message: str = "bad") -> dict[str, Any]:
    """Return an error's body."""
    return {"error": {"code": 7, "message": message, "status": status, "details": list(details)}}


QUOTA = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
LONG = "The input token count (9) exceeds the maximum number of tokens allowed (8)."
UNKNOWN = {"fieldViolations": [{"field": "tools[0]", "description": 'Unknown name "x": Cannot find field.'}]}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, refused({"reason": "API_KEY_INVALID"}), "AuthenticationError"),
        (401, refused(), "AuthenticationError"),
        (403, refused({"reason": "API_KEY_SERVICE_BLOCKED"}), "AuthenticationError"),
        (403, refused({"reason": "SERVICE_DISABLED"}), "PermissionDenied"),
        (402, refused(), "BillingError"),
        (429, refused(QUOTA), "BillingError"),
        (429, refused(message="Quota exceeded, limit: 0, model: x"), "BillingError"),
        (429, refused({"violations": [{"quotaId": "PerMinute"}]}, message="limit: 05"), "RateLimitError"),
        (404, refused(), "ModelNotFoundError"),
        (400, refused(message=LONG), "ContextLengthError"),
        (400, refused(UNKNOWN), "UnsupportedParameterError"),
        (400, refused({"fieldViolations": [{"field": "contents"}]}), "InvalidRequestError"),
        (400, refused(), "InvalidRequestError"),
        (413, "", "RequestTooLargeError"),
        (503, [refused()], "OverloadedError"),
        (504, refused(), "RequestTimeout"),
        (500, "<html>", "ServerError"),
    ],
)
def test_refusal_has_the_class_its_status_and_fields_name(status: int, body: Any, expected: str) -> None:
    assert read_error(plain(body, status))["class"] == expected


def test_refusal_carries_its_fields() -> None:
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "46.5s"}
    found = read_error(plain([refused(UNKNOWN, delay, status="RESOURCE_EXHAUSTED")], 429))
    assert found == {
        "class": "RateLimitError",
        "status": 429,
        "message": "bad",
        "request_id": None,
        "retryable": True,
        "code": "RESOURCE_EXHAUSTED",
        "param": "tools[0]",
        "retry_after": 46.5,
    }
    headers = {"Retry-After": ["2"]}
    assert read_error(plain(refused(delay, status=None), 429, headers))["retry_after"] == 2.0
    assert read_error(plain(refused(status=None), 400))["code"] == "7"


@pytest.mark.parametrize("body", ["[]", '{"data": []}', '{"name": "fileSearchStores/x"}', "", "{}"])
def test_body_that_is_no_generated_content_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_answer(plain(body))


@pytest.mark.needs("recordings")
def test_every_generate_content_exchange_is_readable() -> None:
    seen = asked = 0
    for exchange in exchanges("google", "generate-content"):
        seen += 1
        where = f"{exchange.file}#{exchange.index}"
        if exchange.url.partition("?")[0].rpartition(":")[2] not in ("generateContent", "streamGenerateContent"):
            continue
        asked += 1
        if exchange.is_error:
            assert read_error(exchange.interaction)["class"], where
            continue
        found = read_answer(exchange.interaction)
        assert found["model"] is not None, where
        assert found["choices"], where
        assert found["usage"] is not None, where
    assert seen == expected_count("google", "generate-content")
    assert asked > seen * 0.9
