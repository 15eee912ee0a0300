"""The oracle of Cohere's chat format is judged by hand-written bodies, and reads every recorded exchange."""

from typing import Any

import pytest

from tests.recordings.loader import exchanges, expected_count
from tests.recordings.oracle.cases import plain, stream
from tests.recordings.oracle.cohere_chat import read_answer, read_error
from tests.recordings.oracle.words import choice_words, usage_words


def answer(finish: str | None = "COMPLETE", message: Any = None, **members: Any) -> dict[str, Any]:
    return plain({"id": "m1", "finish_reason": finish, "message": {"role": "assistant", **(message or {})}, **members})


def said(*blocks: dict[str, Any], **members: Any) -> dict[str, Any]:
    return answer(message={"content": list(blocks), **members})


def event(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "delta": {"message": message}}
    return found if index is None else {**found, "index": index}


def begun() -> dict[str, Any]:
    return {"id": "m1", **event("message-start", role="assistant", content=[], tool_plan="", tool_calls=[])}


def ended(finish: str | None = "COMPLETE", **members: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": finish, **members}}


def told(*events: dict[str, Any]) -> dict[str, Any]:
    return stream(begun(), *events)


def choice(raw: str | None = "COMPLETE", reason: str = "stop", **members: Any) -> dict[str, Any]:
    return {"index": 0, **choice_words(finish_reason=reason, raw_finish_reason=raw, **members)}


def asked(call_id: str | None, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def called(call_id: str | None, name: str, arguments: Any) -> dict[str, Any]:
    return {"id": call_id, "name": name, "arguments": arguments, "kind": "function"}


CITED = [{"start": 0, "end": 1, "text": "a", "sources": [{"type": "tool", "id": "t:0"}]}, {"start": 2, "end": 3}]
CALLS = {"tool_plan": "I will.", "tool_calls": [asked("a", "f", '{"x":1}'), asked("b", "g", "")]}

CHOICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (said({"type": "text", "text": "a"}, {"type": "text", "text": "b"}), choice(text="ab")),
    "no_content": (answer(), choice()),
    "null_content": (answer(message={"content": None, "tool_calls": None, "citations": None}), choice()),
    "empty_text_is_absent": (said({"type": "text", "text": ""}), choice()),
    "thinking": (
        said({"type": "thinking", "thinking": "why"}, {"type": "text", "text": "a"}),
        choice(text="a", thinking="why"),
    ),
    "citations_in_order": (said({"type": "text", "text": "a b"}, citations=CITED), choice(text="a b", citations=CITED)),
    "calls_with_a_plan": (
        answer("TOOL_CALL", CALLS),
        choice(
            "TOOL_CALL", "tool_calls", thinking="I will.", tool_calls=[called("a", "f", {"x": 1}), called("b", "g", {})]
        ),
    ),
    "call_with_reason_complete": (
        answer("COMPLETE", {"tool_calls": [asked("a", "f", "{}")]}),
        choice("COMPLETE", "tool_calls", tool_calls=[called("a", "f", {})]),
    ),
    "call_cut_by_length_keeps_raw_arguments": (
        answer("MAX_TOKENS", {"tool_calls": [asked("a", "f", '{"x":')]}),
        choice("MAX_TOKENS", "length", tool_calls=[called("a", "f", '{"x":')]),
    ),
    **{
        raw: (answer(raw), choice(raw, reason))
        for raw, reason in {
            "STOP_SEQUENCE": "stop_sequence",
            "MAX_TOKENS": "length",
            "ERROR_TOXIC": "content_filter",
            "ERROR": "error",
            "TIMEOUT": "error",
            "BORED": "unknown",
        }.items()
    },
    "no_reason": (answer(None), choice(None, "unknown")),
    "logprobs": (
        answer(logprobs=[{"text": "ab", "token_ids": [1, 2], "logprobs": [-0.5, -1]}, {"text": "c", "logprobs": [0]}]),
        choice(
            logprobs={
                "content": [
                    {"token": "ab", "logprob": -0.5, "token_id": 1},
                    {"token": "", "logprob": -1, "token_id": 2},
                    {"token": "c", "logprob": 0},
                ],
                "refusal": [],
            }
        ),
    ),
    "streamed_text": (
        told(
            event("content-start", 0, content={"type": "text", "text": "a"}),
            event("content-delta", 0, content={"text": "b"}), event("content-delta", 0, content={"text": "\u2028"}),
            {"type": "content-end", "index": 0}, ended(),
        ),
        choice(text="ab\u2028"),
    ),
    "streamed_thinking": (
        told(
            event("content-start", 0, content={"type": "thinking", "thinking": ""}),
            event("content-delta", 0, content={"thinking": "w"}), event("content-delta", 0, content={"thinking": "hy"}),
            {"type": "content-end", "index": 0}, event("content-start", 1, content={"type": "text", "text": ""}),
            event("content-delta", 1, content={"text": "a"}), ended(),
        ),
        choice(text="a", thinking="why"),
    ),
    "streamed_calls": (
        told(
            event("tool-plan-delta", tool_plan="I "), event("tool-plan-delta", tool_plan="will."),
            event("tool-call-start", 0, tool_calls=asked("a", "f", "")),
            event("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"x"'}}),
            event("tool-call-delta", 0, tool_calls={"function": {"arguments": ":1}"}}),
            {"type": "tool-call-end", "index": 0},
            event("tool-call-start", 1, tool_calls=asked("b", "g", "")), ended("TOOL_CALL"),
        ),
        choice(
            "TOOL_CALL", "tool_calls", thinking="I will.", tool_calls=[called("a", "f", {"x": 1}), called("b", "g", {})]
        ),
    ),
    "streamed_citations": (
        told(
            event("content-delta", 0, content={"text": "a b"}), event("citation-start", 0, citations=CITED[0]),
            {"type": "citation-end", "index": 0}, event("citation-start", 1, citations=CITED[1]), ended(),
        ),
        choice(text="a b", citations=CITED),
    ),
    "streamed_logprobs": (
        told(
            {**event("content-delta", 0, content={"text": "a"}), "logprobs": {"text": "a", "logprobs": [-1]}},
            {**event("content-delta", 0, content={"text": "b"}), "logprobs": None}, ended(),
        ),
        choice(text="ab", logprobs={"content": [{"token": "a", "logprob": -1}], "refusal": []}),
    ),
    "streamed_without_an_end": (
        told(event("content-delta", 0, content={"text": "a"})),
        choice(None, "unknown", text="a"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("interaction", "expected"), CHOICES.values(), ids=CHOICES)
def test_choices_are_read(interaction: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_answer(interaction)["choices"] == [expected]


@pytest.mark.parametrize("interaction", [answer(), told(ended())])
def test_head_is_the_id_alone(interaction: dict[str, Any]) -> None:
    found = read_answer(interaction)
    assert (found["id"], found["model"], found["service_tier"], found["error"]) == ("m1", None, None, None)


USAGE: dict[str, tuple[Any, Any]] = {
    "absent": (None, None),
    "empty": ({}, None),
    "billed_units_count": (
        {"billed_units": {"input_tokens": 3.0, "output_tokens": 4}, "tokens": {"input_tokens": 90, "output_tokens": 9}},
        usage_words(input_tokens=3, output_tokens=4),
    ),
    "cached_tokens_are_a_share_of_what_was_seen": (
        {"billed_units": {"input_tokens": 265, "output_tokens": 1}, "tokens": {"input_tokens": 9}, "cached_tokens": 4},
        usage_words(input_tokens=265, output_tokens=1),
    ),
    "images_and_reasoning_are_billed": (
        {
            "billed_units": {"input_tokens": 267, "output_tokens": 66},
            "tokens": {"input_tokens": 34, "output_tokens": 91, "image_tokens": 259, "reasoning_tokens": 58},
        },
        usage_words(input_tokens=267, output_tokens=66, input_image_tokens=259, reasoning_tokens=58),
    ),
    "a_part_that_is_greater_than_the_total_is_none": (
        {"billed_units": {"output_tokens": 7}, "tokens": {"reasoning_tokens": 58, "image_tokens": 1}},
        usage_words(output_tokens=7),
    ),
    "tokens_alone": (
        {"tokens": {"input_tokens": 9, "output_tokens": 2}, "cached_tokens": 0},
        usage_words(input_tokens=9, output_tokens=2, cached_tokens=0),
    ),
}


@pytest.mark.parametrize(("sent", "expected"), USAGE.values(), ids=USAGE)
def test_usage_is_what_is_billed(sent: Any, expected: Any) -> None:
    assert read_answer(answer(usage=sent))["usage"] == expected
    assert read_answer(told(ended(usage=sent)))["usage"] == expected


def test_an_end_that_names_an_error_is_an_error_and_keeps_what_came() -> None:
    fault = {"usage": {}, "error": "invalid tool generation", "error_type": "INVALID_TOOL_GENERATION"}
    found = read_answer(told(event("tool-plan-delta", tool_plan="I will."), ended("ERROR", **fault)))
    assert found["error"] == {"message": "invalid tool generation", "code": "INVALID_TOOL_GENERATION", "type": None}
    assert found["choices"] == [choice("ERROR", "error", thinking="I will.")]
    assert found["usage"] is None
    assert read_answer(told(ended("ERROR", error="no")))["error"] == {"message": "no", "code": None, "type": None}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, "InvalidRequestError"),
        (401, "AuthenticationError"),
        (402, "BillingError"),
        (403, "PermissionDenied"),
        (404, "ModelNotFoundError"),
        (405, "InvalidRequestError"),
        (408, "RequestTimeout"),
        (413, "RequestTooLargeError"),
        (422, "InvalidRequestError"),
        (424, "ServerError"),
        (429, "RateLimitError"),
        (498, "AuthenticationError"),
        (500, "ServerError"),
        (503, "OverloadedError"),
        (504, "RequestTimeout"),
        (529, "OverloadedError"),
    ],
)
def test_refusal_has_the_class_of_its_status(status: int, expected: str) -> None:
    found = read_error(plain({"id": "r1", "message": "no"}, status, {"Retry-After": "2"}))
    retryable = expected in {"RateLimitError", "OverloadedError", "RequestTimeout", "ServerError"}
    assert found == {
        "class": expected,
        "status": status,
        "message": "no",
        "request_id": "r1",
        "retryable": retryable,
        "code": None,
        "param": None,
        "retry_after": 2.0,
    }


def test_refusal_without_fields_says_its_body_unless_it_is_a_page() -> None:
    assert read_error(plain("no such thing", 404))["message"] == "no such thing"
    assert read_error(plain("<html>", 502))["message"] is None
    assert read_error(plain({"data": 1}, 400))["message"] is None
    assert read_error(plain({"id": "b"}, 400, {"X-Request-Id": "h"}))["request_id"] == "h"


@pytest.mark.parametrize("body", ['{"text": "a", "generation_id": "g"}', '{"models": []}', "", "<html>"])
def test_body_that_is_no_message_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_answer(plain(body))


def test_stream_of_another_version_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="version 2"):
        read_answer(stream({"event_type": "text-generation", "text": "a"}))


@pytest.mark.needs("recordings")
def test_every_recorded_exchange_is_readable() -> None:
    seen, failed = 0, 0
    for exchange in exchanges("cohere", "chat"):
        seen += 1
        where = f"{exchange.file}#{exchange.index}"
        if exchange.is_error:
            assert read_error(exchange.interaction)["message"], where
            continue
        if "/v2/" not in exchange.url:
            with pytest.raises(ValueError, match=r".+"):
                read_answer(exchange.interaction)
            continue
        found = read_answer(exchange.interaction)
        assert found["id"], where
        assert found["choices"][0]["finish_reason"] != "unknown", where
        failed += found["error"] is not None
        assert (found["usage"] is None) is (found["error"] is not None), where
    assert seen == expected_count("cohere", "chat") > 0
    assert failed == 4
