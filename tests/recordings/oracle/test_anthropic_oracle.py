"""The oracle of the messages format is judged by hand-written bodies, and reads every recorded exchange."""

from typing import Any

import pytest

from tests.recordings.loader import exchanges, expected_count
from tests.recordings.oracle.anthropic_messages import read_answer, read_error
from tests.recordings.oracle.cases import plain, stream
from tests.recordings.oracle.words import choice_words, usage_words

SEARCH = {"type": "web_search_tool_result_error", "error_code": "unavailable"}


def message(*blocks: dict[str, Any], **members: Any) -> dict[str, Any]:
    body = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": list(blocks)}
    return plain({**body, "stop_reason": "end_turn", "stop_sequence": None, **members})


def started(**members: Any) -> dict[str, Any]:
    return {"type": "message_start", "message": {"id": "m1", "type": "message", "model": "m", "content": [], **members}}


def block(index: int, **members: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": members}


def grown(index: int, kind: str, **members: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **members}}


def ended(reason: str | None = "end_turn", usage: Any = None, **members: Any) -> list[dict[str, Any]]:
    delta = {"stop_reason": reason, "stop_sequence": None, **members}
    return [{"type": "message_delta", "delta": delta, "usage": usage or {}}, {"type": "message_stop"}]


def told(*events: Any) -> dict[str, Any]:
    return stream(*events, done=False)


def choice(raw: str | None = "end_turn", reason: str = "stop", **members: Any) -> dict[str, Any]:
    return {"index": 0, **choice_words(finish_reason=reason, raw_finish_reason=raw, **members)}


def called(call_id: str, name: str, arguments: Any, kind: str = "function") -> dict[str, Any]:
    return {"id": call_id, "name": name, "arguments": arguments, "kind": kind}


def ran(name: str, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        message({"type": "server_tool_use", "id": "s", "name": name, "input": {"q": 1}}),
        choice(provider_calls=[called("s", name, {"q": 1}, kind)]),
    )


CHOICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (message({"type": "text", "text": "a"}, {"type": "text", "text": "b"}), choice(text="ab")),
    "no_content": (message(), choice()),
    "empty_text_is_absent": (message({"type": "text", "text": ""}), choice()),
    "citations_in_order": (
        message(
            {"type": "text", "text": "a", "citations": [{"n": 1}, {"n": 2}]},
            {"type": "text", "text": "b", "citations": None},
            {"type": "text", "text": "c", "citations": [{"n": 3}]},
        ),
        choice(text="abc", citations=[{"n": 1}, {"n": 2}, {"n": 3}]),
    ),
    "thinking_and_states": (
        message(
            {"type": "thinking", "thinking": "why", "signature": "s1"},
            {"type": "redacted_thinking", "data": "r"},
            {"type": "thinking", "thinking": "", "signature": "s2"},
            {"type": "thinking", "thinking": "!", "signature": ""},
        ),
        choice(thinking="why!", states=["s1", "r", "s2"]),
    ),
    "calls": (
        message(
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
            {"type": "tool_use", "id": "b", "name": "computer", "input": {}},
            stop_reason="tool_use",
        ),
        choice("tool_use", "tool_calls", tool_calls=[called("a", "f", {"x": 1}), called("b", "computer", {})]),
    ),
    "call_with_reason_end_turn": (
        message({"type": "tool_use", "id": "a", "name": "f", "input": {}}),
        choice("end_turn", "tool_calls", tool_calls=[called("a", "f", {})]),
    ),
    "call_cut_by_length": (
        message({"type": "tool_use", "id": "a", "name": "f", "input": {}}, stop_reason="max_tokens"),
        choice("max_tokens", "length", tool_calls=[called("a", "f", {})]),
    ),
    **{
        name: ran(name, kind)
        for name, kind in {
            "web_search": "web_search",
            "web_fetch": "web_fetch",
            "code_execution": "code",
            "bash_code_execution": "code",
            "text_editor_code_execution": "code",
            "tool_search_tool_regex": "native",
        }.items()
    },
    "mcp": (
        message(
            {"type": "mcp_tool_use", "id": "c", "name": "web_search", "server_name": "s", "input": {}},
            {"type": "mcp_tool_result", "tool_use_id": "c", "is_error": True, "content": [{"type": "text"}]},
        ),
        choice(
            provider_calls=[called("c", "web_search", {}, "mcp")],
            provider_results=[{"call_id": "c", "content": [{"type": "text"}], "is_error": True}],
        ),
    ),
    "results_of_the_provider": (
        message(
            {"type": "web_search_tool_result", "tool_use_id": "a", "content": [{"url": "u"}]},
            {"type": "web_search_tool_result", "tool_use_id": "b", "content": SEARCH},
            {"type": "bash_code_execution_tool_result", "tool_use_id": "c", "content": {"type": "x_result"}},
        ),
        choice(
            provider_results=[
                {"call_id": "a", "content": [{"url": "u"}], "is_error": False},
                {"call_id": "b", "content": SEARCH, "is_error": True},
                {"call_id": "c", "content": {"type": "x_result"}, "is_error": False},
            ]
        ),
    ),
    "unknown_blocks_say_nothing": (message({"type": "container_upload", "file_id": "f"}), choice()),
    "stop_sequence": (
        message(stop_reason="stop_sequence", stop_sequence="\n"),
        choice("stop_sequence", "stop_sequence", finish_detail="\n"),
    ),
    "refusal": (
        message(stop_reason="refusal", stop_details={"category": "cyber"}),
        choice("refusal", "refusal", finish_detail={"category": "cyber"}),
    ),
    "context": (
        message(stop_reason="model_context_window_exceeded"),
        choice("model_context_window_exceeded", "context"),
    ),
    "pause": (message(stop_reason="pause_turn"), choice("pause_turn", "pause")),
    "unknown_reason": (message(stop_reason="bored"), choice("bored", "unknown")),
    "streamed_text": (
        told(
            started(), {"type": "ping"}, block(0, type="text", text="a"),
            grown(0, "text_delta", text="b"), grown(0, "text_delta", text="\u2028"),
            {"type": "content_block_stop", "index": 0}, *ended(),
        ),
        choice(text="ab\u2028"),
    ),
    "streamed_thinking": (
        told(
            started(), block(0, type="thinking", thinking="", signature=""),
            grown(0, "thinking_delta", thinking="w"), grown(0, "thinking_delta", thinking="hy"),
            grown(0, "signature_delta", signature="s"), grown(0, "signature_delta", signature="1"),
            block(1, type="redacted_thinking", data="r"), *ended(),
        ),
        choice(thinking="why", states=["s1", "r"]),
    ),
    "streamed_calls": (
        told(
            started(), block(0, type="tool_use", id="a", name="f", input={}),
            grown(0, "input_json_delta", partial_json=""), grown(0, "input_json_delta", partial_json='{"x"'),
            block(1, type="tool_use", id="b", name="g", input={}),
            grown(0, "input_json_delta", partial_json=":1}"), grown(1, "input_json_delta", partial_json=""),
            *ended("tool_use"),
        ),
        choice("tool_use", "tool_calls", tool_calls=[called("a", "f", {"x": 1}), called("b", "g", {})]),
    ),
    "streamed_call_cut_by_length_keeps_raw_arguments": (
        told(
            started(), block(0, type="tool_use", id="a", name="f", input={}),
            grown(0, "input_json_delta", partial_json='{"x":'), *ended("max_tokens"),
        ),
        choice("max_tokens", "length", tool_calls=[called("a", "f", '{"x":')]),
    ),
    "streamed_call_with_input_at_the_start": (
        told(started(), block(0, type="tool_use", id="a", name="f", input={"x": 1}), *ended("tool_use")),
        choice("tool_use", "tool_calls", tool_calls=[called("a", "f", {"x": 1})]),
    ),
    "streamed_server_tool": (
        told(
            started(), block(0, type="server_tool_use", id="s", name="web_search", input={}),
            grown(0, "input_json_delta", partial_json='{"query":"q"}'),
            block(1, type="web_search_tool_result", tool_use_id="s", content=[{"url": "u"}]),
            block(2, type="text", text=""), grown(2, "citations_delta", citation={"n": 1}),
            grown(2, "text_delta", text="t"), grown(2, "citations_delta", citation={"n": 2}), *ended(),
        ),
        choice(
            text="t",
            citations=[{"n": 1}, {"n": 2}],
            provider_calls=[called("s", "web_search", {"query": "q"}, "web_search")],
            provider_results=[{"call_id": "s", "content": [{"url": "u"}], "is_error": False}],
        ),
    ),
    "streamed_stop_sequence": (
        told(started(stop_reason=None), *ended("stop_sequence", stop_sequence="X")),
        choice("stop_sequence", "stop_sequence", finish_detail="X"),
    ),
    "streamed_without_reason": (told(started(), block(0, type="text", text="a")), choice(None, "unknown", text="a")),
}  # fmt: skip


@pytest.mark.parametrize(("interaction", "expected"), CHOICES.values(), ids=CHOICES)
def test_choices_are_read(interaction: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_answer(interaction)["choices"] == [expected]


def test_head_is_that_of_the_message() -> None:
    for interaction in (message(usage={"service_tier": "batch"}), told(started(usage={"service_tier": "batch"}))):
        found = read_answer(interaction)
        assert (found["id"], found["model"], found["service_tier"]) == ("m1", "m", "batch")
        assert found["error"] is None


USAGE: dict[str, tuple[Any, Any]] = {
    "absent": (None, None),
    "two": ({"input_tokens": 3, "output_tokens": 4}, usage_words(input_tokens=3, output_tokens=4)),
    "caches_stand_beside": (
        {
            "input_tokens": 3,
            "cache_read_input_tokens": 10,
            "cache_creation_input_tokens": 100,
            "cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40},
            "output_tokens": 4,
            "output_tokens_details": {"thinking_tokens": 2},
            "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
        },
        usage_words(
            input_tokens=113,
            output_tokens=4,
            cached_tokens=10,
            cache_write_tokens=100,
            cache_write_5m_tokens=60,
            cache_write_1h_tokens=40,
            reasoning_tokens=2,
            web_searches=1,
            web_fetches=0,
        ),
    ),
    "nulls": (
        {"input_tokens": 3, "cache_read_input_tokens": None, "cache_creation": None, "server_tool_use": None},
        usage_words(input_tokens=3),
    ),
    "only_a_cache": ({"cache_read_input_tokens": 5}, usage_words(input_tokens=5, cached_tokens=5)),
}


@pytest.mark.parametrize(("sent", "expected"), USAGE.values(), ids=USAGE)
def test_usage_is_read_as_inclusive_totals(sent: Any, expected: Any) -> None:
    assert read_answer(message(usage=sent))["usage"] == expected


def test_usage_of_a_stream_is_overwritten_and_nulls_say_nothing() -> None:
    first = {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 1}
    last = {"output_tokens": 9, "cache_read_input_tokens": None, "input_tokens": 4}
    found = read_answer(told(started(usage=first), *ended(usage=last)))["usage"]
    assert found == usage_words(input_tokens=6, cached_tokens=2, output_tokens=9)


FAULT = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"}


@pytest.mark.parametrize("frame", [f"event: error\ndata: {FAULT}".replace("'", '"'), FAULT])
def test_error_inside_a_stream_ends_it_and_keeps_what_came(frame: Any) -> None:
    found = read_answer(told(started(), block(0, type="text", text="a"), frame, grown(0, "text_delta", text="b")))
    assert found["error"] == {"message": "Overloaded", "code": "overloaded_error", "type": "overloaded_error"}
    assert found["choices"][0]["text"] == "a"


def test_error_before_the_message_leaves_no_choice() -> None:
    assert read_answer(told(FAULT))["choices"] == []
    assert read_answer(plain(FAULT))["error"]["message"] == "Overloaded"


def fault(kind: str | None = None, text: str = "bad", **members: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": text, **members}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, fault("invalid_request_error"), "InvalidRequestError"),
        (400, fault("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), "ContextLengthError"),
        (400, fault("invalid_request_error", "input and `max_tokens` exceed context limit"), "ContextLengthError"),
        (400, fault("invalid_request_error", "foo: Extra inputs are not permitted"), "UnsupportedParameterError"),
        (401, fault("authentication_error"), "AuthenticationError"),
        (402, fault("billing_error"), "BillingError"),
        (400, fault("billing_error"), "BillingError"),
        (403, fault("permission_error"), "PermissionDenied"),
        (404, fault("not_found_error"), "ModelNotFoundError"),
        (413, fault("request_too_large"), "RequestTooLargeError"),
        (429, fault("rate_limit_error"), "RateLimitError"),
        (429, fault("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}), "BillingError"),
        (500, fault("api_error"), "ServerError"),
        (504, fault("timeout_error"), "RequestTimeout"),
        (529, fault("overloaded_error"), "OverloadedError"),
        (529, fault(), "OverloadedError"),
        (502, "<html>", "ServerError"),
        (405, "no", "InvalidRequestError"),
    ],
)  # fmt: skip
def test_refusal_has_the_class_its_type_and_status_name(status: int, body: Any, expected: str) -> None:
    found = read_error(plain(body, status))
    assert found["class"] == expected
    assert found["retryable"] is (expected in {"RateLimitError", "OverloadedError", "RequestTimeout", "ServerError"})


def test_refusal_carries_its_fields() -> None:
    body = {**fault("invalid_request_error", "tools.0.x: Extra inputs are not permitted"), "request_id": "inner"}
    headers = {"Request-Id": ["r1"], "Retry-After": "2"}
    assert read_error(plain(body, 400, headers)) == {
        "class": "UnsupportedParameterError",
        "status": 400,
        "message": "tools.0.x: Extra inputs are not permitted",
        "request_id": "r1",
        "retryable": False,
        "code": "invalid_request_error",
        "param": "tools.0.x",
        "retry_after": 2.0,
    }
    assert read_error(plain(body, 400, {}))["request_id"] == "inner"
    assert read_error(plain(fault("x", details={"error_code": "y"}), 400))["code"] == "y"


@pytest.mark.parametrize("body", ['{"data": []}', '{"input_tokens": 3}', "", "<html>"])
def test_body_that_is_no_message_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_answer(plain(body))


@pytest.mark.needs("recordings")
@pytest.mark.parametrize("provider", ["anthropic", "google"])
def test_every_recorded_exchange_is_readable(provider: str) -> None:
    seen = 0
    for exchange in exchanges(provider, "messages"):
        seen += 1
        where = f"{exchange.file}#{exchange.index}"
        path = exchange.url.partition("?")[0]
        if path.endswith(("/models", "/count_tokens")):
            continue
        if exchange.is_error:
            assert read_error(exchange.interaction)["message"], where
            continue
        found = read_answer(exchange.interaction)
        assert all(found[name] for name in ("id", "model", "usage")), where
        assert found["choices"][0]["finish_reason"] != "unknown", where
        if exchange.streaming:
            assert found["usage"]["input_tokens"] is not None, where
    assert seen == expected_count(provider, "messages") > 0
