"""The oracle of Ollama's chat format is judged by hand-written bodies, and reads every recorded exchange."""

import json
from typing import Any

import pytest

from tests.recordings.loader import exchanges, expected_count
from tests.recordings.oracle.cases import plain
from tests.recordings.oracle.ollama_chat import read_answer, read_error
from tests.recordings.oracle.words import choice_words, usage_words


def line(done: bool = False, top: Any = None, **message: Any) -> dict[str, Any]:
    found = {"model": "m", "created_at": "2026", "message": {"role": "assistant", **message}, "done": done}
    return {**found, **(top or {})}


def last(reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    return line(done=True, top={"done_reason": reason}, **message)


def told(*lines: dict[str, Any], end: str = "\n") -> dict[str, Any]:
    return plain("".join(json.dumps(row, ensure_ascii=False) + end for row in lines))


def choice(raw: str | None = "stop", reason: str = "stop", **members: Any) -> dict[str, Any]:
    return {"index": 0, **choice_words(finish_reason=reason, raw_finish_reason=raw, **members)}


def asked(name: str, arguments: Any, **members: Any) -> dict[str, Any]:
    return {**members, "function": {"index": 0, "name": name, "arguments": arguments}}


def called(call_id: str | None, name: str, arguments: Any) -> dict[str, Any]:
    return {"id": call_id, "name": name, "arguments": arguments, "kind": "function"}


ROWS: list[dict[str, Any]] = [
    {"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": []},
    {"token": "b", "logprob": 0},
]

CHOICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (told(last(content="a")), choice(text="a")),
    "empty_text_is_absent": (told(last(content="")), choice()),
    "no_message": (told({"model": "m", "done": True, "done_reason": "stop"}), choice()),
    "thinking": (told(last(content="a", thinking="why")), choice(text="a", thinking="why")),
    "calls": (
        told(last(content="", tool_calls=[asked("f", {"x": 1}, id="c1"), asked("g", None), asked("h", {}, id="")])),
        choice(
            "stop",
            "tool_calls",
            tool_calls=[called("c1", "f", {"x": 1}), called(None, "g", {}), called(None, "h", {})],
        ),
    ),
    "call_cut_by_length": (
        told(last("length", tool_calls=[asked("f", {})])),
        choice("length", "length", tool_calls=[called(None, "f", {})]),
    ),
    "length": (told(last("length", content="a")), choice("length", "length", text="a")),
    "load": (told(last("load", content="")), choice("load", "unknown")),
    "no_reason": (told(last(None, content="a")), choice(None, "unknown", text="a")),
    "call_without_a_reason": (
        told(last(None, tool_calls=[asked("f", {})])),
        choice(None, "tool_calls", tool_calls=[called(None, "f", {})]),
    ),
    "logprobs": (
        told(last(content="ab", thinking=None, tool_calls=None) | {"logprobs": ROWS}),
        choice(text="ab", logprobs={"content": ROWS, "refusal": []}),
    ),
    "streamed_text": (
        told(line(content="a"), line(content="\u2028"), line(content="b"), last(content="")),
        choice(text="a\u2028b"),
    ),
    "streamed_with_carriage_returns_and_blank_lines": (
        told(line(content="a"), last(content="b"), end="\r\n\n"),
        choice(text="ab"),
    ),
    "streamed_thinking": (
        told(line(content="", thinking="w"), line(content="", thinking="hy"), line(content="a"), last(content="")),
        choice(text="a", thinking="why"),
    ),
    "streamed_calls_of_several_lines_are_several": (
        told(
            line(content="", tool_calls=[asked("f", {"x": 1}, id="c1")]),
            line(content="", tool_calls=[asked("f", {"x": 2}, id="c2")]),
            last(content=""),
        ),
        choice("stop", "tool_calls", tool_calls=[called("c1", "f", {"x": 1}), called("c2", "f", {"x": 2})]),
    ),
    "streamed_logprobs": (
        told(line(top={"logprobs": ROWS[:1]}, content="a"), last(content="b") | {"logprobs": ROWS[1:]}),
        choice(text="ab", logprobs={"content": ROWS, "refusal": []}),
    ),
    "streamed_without_an_end": (told(line(content="a")), choice(None, "unknown", text="a")),
}


@pytest.mark.parametrize(("interaction", "expected"), CHOICES.values(), ids=CHOICES)
def test_choices_are_read(interaction: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_answer(interaction)["choices"] == [expected]


@pytest.mark.parametrize("interaction", [told(last()), told(line(), last())])
def test_head_is_the_model_alone(interaction: dict[str, Any]) -> None:
    found = read_answer(interaction)
    assert (found["id"], found["model"], found["service_tier"], found["error"]) == (None, "m", None, None)


USAGE: dict[str, tuple[dict[str, Any], Any]] = {
    "absent": ({}, None),
    "both": ({"prompt_eval_count": 3, "eval_count": 4}, usage_words(input_tokens=3, output_tokens=4)),
    "prompt_from_cache": ({"eval_count": 4, "eval_duration": 9}, usage_words(output_tokens=4)),
    "zero_is_a_count": ({"prompt_eval_count": 3, "eval_count": 0}, usage_words(input_tokens=3, output_tokens=0)),
    "null": ({"prompt_eval_count": 3, "eval_count": None}, usage_words(input_tokens=3)),
}


@pytest.mark.parametrize(("sent", "expected"), USAGE.values(), ids=USAGE)
def test_usage_is_that_of_the_last_line(sent: dict[str, Any], expected: Any) -> None:
    assert read_answer(told(last() | sent))["usage"] == expected
    assert read_answer(told(line() | {"eval_count": 99}, last() | sent))["usage"] == expected


def test_error_line_ends_a_stream_and_keeps_what_came() -> None:
    found = read_answer(told(line(content="a"), {"error": "out of memory"}, line(content="b")))
    assert found["error"] == {"message": "out of memory", "code": None, "type": None}
    assert found["choices"] == [choice(None, "unknown", text="a")]
    assert read_answer(told({"error": "no"}))["choices"] == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, "InvalidRequestError"),
        (401, "AuthenticationError"),
        (402, "BillingError"),
        (403, "PermissionDenied"),
        (404, "ModelNotFoundError"),
        (408, "RequestTimeout"),
        (413, "RequestTooLargeError"),
        (424, "ServerError"),
        (429, "RateLimitError"),
        (500, "ServerError"),
        (502, "ServerError"),
        (503, "OverloadedError"),
        (504, "RequestTimeout"),
        (529, "OverloadedError"),
    ],
)
def test_refusal_has_the_class_of_its_status(status: int, expected: str) -> None:
    retryable = expected in {"RateLimitError", "OverloadedError", "RequestTimeout", "ServerError"}
    assert read_error(plain({"error": "no"}, status, {"Retry-After": "2", "X-Request-Id": "r"})) == {
        "class": expected,
        "status": status,
        "message": "no",
        "request_id": "r",
        "retryable": retryable,
        "code": None,
        "param": None,
        "retry_after": 2.0,
    }


def test_refusal_without_fields_says_its_body_unless_it_is_a_page() -> None:
    assert read_error(plain("404 page not found", 404))["message"] == "404 page not found"
    assert read_error(plain("<html>", 502))["message"] is None
    assert read_error(plain({"status": 1}, 400))["message"] is None


@pytest.mark.parametrize("body", ['{"models": []}', "[]", "", "<html>", '{"status":"pulling manifest"}\n'])
def test_body_that_is_no_message_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_answer(plain(body))


@pytest.mark.needs("recordings")
def test_every_recorded_exchange_is_readable() -> None:
    seen = 0
    for exchange in exchanges("ollama", "chat"):
        seen += 1
        where = f"{exchange.file}#{exchange.index}"
        if exchange.is_error:
            assert read_error(exchange.interaction)["message"], where
            continue
        if not exchange.url.endswith("/chat"):
            with pytest.raises(ValueError, match=r".+"):
                read_answer(exchange.interaction)
            continue
        found = read_answer(exchange.interaction)
        assert found["model"], where
        assert found["choices"][0]["finish_reason"] != "unknown", where
        assert found["usage"]["output_tokens"] is not None, where
    assert seen == expected_count("ollama", "chat") > 0
