"""The oracle of the responses format is judged by hand-written bodies, and reads every recorded exchange."""

from typing import Any

import pytest

from tests.recordings.loader import exchanges, expected_count
from tests.recordings.oracle.cases import plain, stream
from tests.recordings.oracle.openai_responses import read_answer, read_error
from tests.recordings.oracle.words import choice_words, usage_words

PROVIDERS = ["openai", "amazon", "microsoft", "xai", "deepseek", "openrouter", "local-openai"]


def response(*items: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"object": "response", "id": "r1", "model": "m", "status": "completed", "output": list(items), **members}


def said(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "id": "i", "role": "assistant", "content": list(parts)}


def written(text: str, **members: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], **members}


def choice(reason: str = "stop", raw: str | None = "completed", **members: Any) -> dict[str, Any]:
    return {"index": 0, **choice_words(finish_reason=reason, raw_finish_reason=raw, **members)}


def calling(*calls: dict[str, Any]) -> dict[str, Any]:
    return choice("tool_calls", tool_calls=list(calls))


def called(call_id: str | None, name: str, arguments: Any, kind: str = "function") -> dict[str, Any]:
    return {"id": call_id, "name": name, "arguments": arguments, "kind": kind}


def ran(name: str, arguments: Any, kind: str, *results: Any, failed: bool = False) -> dict[str, Any]:
    found = [{"call_id": "i", "content": content, "is_error": failed} for content in results]
    return choice(provider_calls=[called("i", name, arguments, kind)], provider_results=found)


def asked(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, "id": "fc", "call_id": "c", **members}


def item(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, "id": "i", "status": "completed", **members}


WHOLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (response(said(written("a"), written("b")), said(written("c"))), choice(text="abc")),
    "no_output": (response(), choice()),
    "empty_text_is_absent": (response(said(written(""))), choice()),
    "refusal": (
        response(said({"type": "refusal", "refusal": "no"})),
        choice("refusal", refusal="no"),
    ),
    "citations_and_logprobs": (
        response(said(written("a", annotations=[{"n": 1}], logprobs=[{"token": "a"}]), written("b", logprobs=[]))),
        choice(text="ab", citations=[{"n": 1}], logprobs={"content": [{"token": "a"}], "refusal": []}),
    ),
    "reasoning": (
        response(
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
                "content": [{"type": "reasoning_text", "text": "c"}],
                "encrypted_content": "e1",
            },
            {"type": "reasoning", "summary": [], "encrypted_content": None},
            {"type": "reasoning", "summary": [], "encrypted_content": "e2"},
            said(written("x")),
        ),
        choice(text="x", thinking="abc", states=["e1", "e2"]),
    ),
    "function_calls": (
        response(asked("function_call", name="f", arguments='{"x":1}'), asked("function_call", name="g", arguments="")),
        calling(called("c", "f", {"x": 1}), called("c", "g", {})),
    ),
    "arguments_cut_off_stay_text": (
        response(
            asked("function_call", name="f", arguments='{"x":'),
            status="incomplete",
            incomplete_details={"reason": "max_output_tokens"},
        ),
        choice("length", "max_output_tokens", tool_calls=[called("c", "f", '{"x":')]),
    ),
    "custom_call": (
        response(asked("custom_tool_call", name="f", input="{}")),
        calling(called("c", "f", "{}", "custom")),
    ),
    "computer": (
        response(asked("computer_call", action={"type": "click"})),
        calling(called("c", "computer", {"type": "click"}, "computer")),
    ),
    "computer_with_several_actions": (
        response(asked("computer_call", actions=[{"type": "click"}])),
        calling(called("c", "computer", [{"type": "click"}], "computer")),
    ),
    "shells_and_patches": (
        response(
            asked("local_shell_call", action={"a": 1}),
            asked("shell_call", action={"b": 1}),
            asked("apply_patch_call", operation={"c": 1}),
        ),
        calling(
            called("c", "local_shell", {"a": 1}, "native"),
            called("c", "shell", {"b": 1}, "native"),
            called("c", "apply_patch", {"c": 1}, "native"),
        ),
    ),
    "web_search": (
        response(item("web_search_call", action={"type": "search", "query": "q"})),
        ran("web_search", {"type": "search", "query": "q"}, "web_search"),
    ),
    "web_search_without_action": (response(item("web_search_call")), ran("web_search", {}, "web_search")),
    "file_search": (
        response(item("file_search_call", queries=["q"], results=[{"file_id": "f"}])),
        ran("file_search", {"queries": ["q"]}, "file_search", [{"file_id": "f"}]),
    ),
    "file_search_without_results": (
        response(item("file_search_call", queries=["q"], results=None)),
        ran("file_search", {"queries": ["q"]}, "file_search"),
    ),
    "code": (
        response(item("code_interpreter_call", code="1+1", outputs=[])),
        ran("code_interpreter", {"code": "1+1"}, "code", []),
    ),
    "mcp": (
        response(item("mcp_call", name="ask", arguments='{"x":1}', output="o", error=None)),
        ran("ask", {"x": 1}, "mcp", "o"),
    ),
    "mcp_that_failed": (
        response(item("mcp_call", name="ask", arguments="", output=None, error={"code": 1})),
        ran("ask", {}, "mcp", {"code": 1}, failed=True),
    ),
    "image": (response(item("image_generation_call", result="QQ==")), ran("image_generation", {}, "native", "QQ==")),
    "items_without_a_word_say_nothing": (response(item("mcp_list_tools", tools=[]), item("compaction")), choice()),
    "filtered": (
        response(said(written("a")), status="incomplete", incomplete_details={"reason": "content_filter"}),
        choice("content_filter", "content_filter", text="a"),
    ),
    "incomplete_for_an_unknown_reason": (
        response(status="incomplete", incomplete_details=None),
        choice("unknown", "incomplete"),
    ),
    "queued": (response(status="queued"), choice("unknown", "queued")),
    "cancelled": (response(status="cancelled"), choice("cancelled", "cancelled")),
    "complete": (response(said(written("a")), status="complete"), choice(raw="complete", text="a")),
    "failed_without_error": (response(status="failed", error=None), choice("error", "failed")),
}


@pytest.mark.parametrize(("body", "expected"), WHOLE.values(), ids=WHOLE)
def test_choices_are_read(body: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_answer(plain(body))["choices"] == [expected]


@pytest.mark.parametrize(("body", "expected"), WHOLE.values(), ids=WHOLE)
def test_the_last_response_of_a_stream_is_read_like_a_whole_one(body: dict[str, Any], expected: dict[str, Any]) -> None:
    kind = {"incomplete": "incomplete", "failed": "failed"}.get(body["status"], "completed")
    first = {"type": "response.created", "response": response(status="in_progress")}
    assert read_answer(told(first, {"type": f"response.{kind}", "response": body}))["choices"] == [expected]


def told(*events: dict[str, Any]) -> dict[str, Any]:
    return stream(*events, done=False)


CREATED = {"type": "response.created", "response": response(status="in_progress")}


def added(place: int, **members: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": place, "item": members}


def grown(place: int, kind: str, delta: str, **members: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "output_index": place, "delta": delta, **members}


def cut(**members: Any) -> dict[str, Any]:
    return choice("unknown", "in_progress", **members)


CUT: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "text": (
        [
            added(0, type="message", content=[]),
            grown(0, "output_text", "a", content_index=0, logprobs=[{"token": "a"}]),
            grown(0, "output_text", "b", content_index=0),
            {"type": "response.output_text.annotation.added", "output_index": 0, "annotation": {"n": 1}},
            grown(0, "output_text", "c", content_index=1),
        ],
        cut(text="abc", citations=[{"n": 1}], logprobs={"content": [{"token": "a"}], "refusal": []}),
    ),
    "refusal": (
        [added(0, type="message"), grown(0, "refusal", "n"), grown(0, "refusal", "o")],
        cut(refusal="no"),
    ),
    "reasoning": (
        [
            added(0, type="reasoning", summary=[]),
            grown(0, "reasoning_text", "c", content_index=0),
            grown(0, "reasoning_summary_text", "b", summary_index=1),
            grown(0, "reasoning_summary_text", "a", summary_index=0),
        ],
        cut(thinking="abc"),
    ),
    "calls": (
        [
            added(1, type="custom_tool_call", call_id="d", name="g", input=""),
            added(0, type="function_call", call_id="c", name="f", arguments=""),
            grown(0, "function_call_arguments", '{"x"'),
            grown(1, "custom_tool_call_input", "hi"),
            grown(0, "function_call_arguments", ":1}"),
        ],
        choice(
            "tool_calls",
            "in_progress",
            tool_calls=[called("c", "f", {"x": 1}), called("d", "g", "hi", "custom")],
        ),
    ),
    "calls_of_the_provider": (
        [
            added(0, type="mcp_call", id="i", name="ask", arguments=""),
            grown(0, "mcp_call_arguments", "{}"),
            added(1, type="code_interpreter_call", id="i", code=""),
            grown(1, "code_interpreter_call_code", "1"),
        ],
        cut(provider_calls=[called("i", "ask", {}, "mcp"), called("i", "code_interpreter", {"code": "1"}, "code")]),
    ),
    "an_item_that_is_done_replaces_its_pieces": (
        [
            added(0, type="message", content=[]),
            grown(0, "output_text", "a"),
            {"type": "response.output_item.done", "output_index": 0, "item": said(written("ab"))},
            {"type": "keepalive"},
        ],
        cut(text="ab"),
    ),
}


@pytest.mark.parametrize(("events", "expected"), CUT.values(), ids=CUT)
def test_a_stream_without_its_end_reads_what_came(events: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert read_answer(told(CREATED, *events))["choices"] == [expected]


def test_what_came_stays_where_the_last_response_has_no_output() -> None:
    events = [CREATED, added(0, type="message"), grown(0, "output_text", "a")]
    found = read_answer(told(*events, {"type": "response.completed", "response": response()}))
    assert found["choices"] == [choice(text="a")]


def test_head_is_that_of_the_last_response() -> None:
    last = {"type": "response.completed", "response": response(service_tier="flex", model="m2")}
    found = read_answer(told(CREATED, last))
    assert (found["id"], found["model"], found["service_tier"]) == ("r1", "m2", "flex")
    assert found["error"] is None


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, None),
        ({}, None),
        ({"input_tokens": 3, "output_tokens": 0}, usage_words(input_tokens=3, output_tokens=0)),
        (
            {
                "input_tokens": 9,
                "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 3},
            },
            usage_words(
                input_tokens=9, cached_tokens=4, cache_write_tokens=2, output_tokens=5, reasoning_tokens=3
            ),
        ),
        ({"input_tokens": 9, "input_tokens_details": None}, usage_words(input_tokens=9)),
    ],
)  # fmt: skip
def test_usage_is_read(sent: Any, expected: Any) -> None:
    assert read_answer(plain(response(usage=sent)))["usage"] == expected


FAULT = {"code": "server_error", "message": "bad"}
TOLD = {"message": "bad", "code": "server_error", "type": None}


def test_an_error_in_a_whole_answer_is_told() -> None:
    found = read_answer(plain(response(status="failed", error=FAULT)))
    assert (found["error"], found["choices"], found["id"]) == (TOLD, [], "r1")
    found = read_answer(plain(response(said(written("a")), status="failed", error=FAULT)))
    assert [row["text"] for row in found["choices"]] == ["a"]
    assert read_answer(plain({"error": FAULT}))["error"] == TOLD


def test_a_response_that_fails_in_a_stream_keeps_what_came() -> None:
    failed = {"type": "response.failed", "response": response(status="failed", error=FAULT)}
    found = read_answer(told(CREATED, added(0, type="message"), grown(0, "output_text", "a"), failed, CREATED))
    assert found["error"] == TOLD
    assert found["choices"] == [choice("error", "failed", text="a")]
    assert read_answer(told(CREATED, failed))["choices"] == []


def test_an_error_event_is_told() -> None:
    event = 'event: error\ndata: {"type":"error","code":"server_error","message":"bad","param":null}'
    found = read_answer(stream(CREATED, event, done=False))
    assert found["error"] == {**TOLD, "type": "error"}
    nested = {"type": "error", "error": {"type": "x", **FAULT}}
    assert read_answer(told(nested))["error"] == {**TOLD, "type": "x"}
    bare = {"type": "error", **FAULT}
    assert read_answer(told(CREATED, bare))["error"] == {**TOLD, "type": "error"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": {"code": "unsupported_parameter", "message": "x"}}, "UnsupportedParameterError"),
        (400, {"error": {"code": "unsupported_file", "message": "x", "param": "input"}}, "InvalidRequestError"),
        (400, {"error": {"code": "model_not_found", "message": "x", "param": "model"}}, "ModelNotFoundError"),
        (400, {"code": "invalid-argument", "error": "x"}, "InvalidRequestError"),
        (401, {"error": {"code": "invalid_api_key", "message": "x"}}, "AuthenticationError"),
    ],
)  # fmt: skip
def test_refusals_are_those_of_the_chat_format(status: int, body: Any, expected: str) -> None:
    found = read_error(plain(body, status))
    assert (found["class"], found["message"]) == (expected, "x")


@pytest.mark.parametrize("body", ['{"data": []}', '{"object": "file", "id": "f"}', "", "<html>"])
def test_body_that_is_no_response_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_answer(plain(body))


@pytest.mark.needs("recordings")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_recorded_exchange_is_readable(provider: str) -> None:
    seen = 0
    for exchange in exchanges(provider, "responses"):
        seen += 1
        where = f"{exchange.file}#{exchange.index}"
        if not exchange.url.partition("?")[0].endswith("/responses"):
            continue
        if exchange.is_error:
            assert read_error(exchange.interaction)["message"], where
            continue
        found = read_answer(exchange.interaction)
        assert all(found[name] for name in ("id", "model", "usage")), where
        assert found["choices"][0]["finish_reason"] != "unknown", where
        assert found["error"] is None, where
    assert seen == expected_count(provider, "responses") > 0
