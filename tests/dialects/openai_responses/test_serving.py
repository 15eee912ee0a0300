"""What is served beside answers: errors in bodies and streams, what a request says again, what cannot be said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import Response

from jackfield import (
    AudioOutput,
    AuthenticationError,
    Board,
    Boards,
    Bytes,
    Cache,
    CacheOptions,
    ChatRequest,
    ChatResponse,
    Choice,
    ContextLengthError,
    Finished,
    HostedTool,
    InvalidRequestError,
    JackfieldError,
    Media,
    Message,
    ModelNotFoundError,
    Native,
    NativeTool,
    NotReadyError,
    OverloadedError,
    PartEnded,
    PartStarted,
    PermissionDenied,
    ProviderError,
    ProviderState,
    RateLimitError,
    Reasoning,
    Refusal,
    RequestTimeout,
    Restarted,
    ServerError,
    Started,
    StreamInterrupted,
    Text,
    TextDelta,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UnsupportedFeature,
    WebSearch,
)
from tests.dialects.openai.sdk import read_strictly
from tests.dialects.openai_responses.requests import DIALECT
from tests.dialects.openai_responses.test_answers import (
    ASKED,
    AT,
    STREAMED,
    events,
    framed,
    opened,
    read,
    read_body,
    rendered,
    written,
)
from tests.dialects.openai_responses.test_requests import parsed, sent


@pytest.fixture(scope="module")
def limited() -> Board:
    """A provider that takes what the format has words for, and nothing else."""
    known = {"provider": {"name": "any", "dialect": DIALECT, "base_url": "https://any.invalid/v1"}, "models": []}
    return Boards({"providers": {"any": known}}, environ={}).open("any")


BEGUN = {"type": "response.created", "response": {"id": "resp_1", "object": "response", "model": "m"}}
SAID = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "abc"}


def _failed(**error: Any) -> dict[str, Any]:
    response: dict[str, Any] = {
        "id": "resp_1",
        "object": "response",
        "status": "failed",
        "error": error or None,
        "output": [],
    }
    return {"type": "response.failed", "response": response}


@pytest.mark.parametrize(
    ("row", "kind", "words"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "param": None}, RateLimitError,
         "slow down"),
        ({"type": "error", "error": {"type": "server_error", "code": "server_is_overloaded", "message": "busy"}},
         OverloadedError, "busy"),
        ({"error": {"message": "no", "type": "invalid_request_error"}}, InvalidRequestError, "no"),
        ({"type": "error", "message": 3}, ProviderError, "the stream holds an error"),
        (_failed(code="server_error", message="oops"), ServerError, "oops"),
        (_failed(code="context_length_exceeded", message="too long"), ContextLengthError, "too long"),
        (_failed(), ProviderError, "the stream holds an error"),
        ({"type": "response.failed"}, ProviderError, "the stream holds an error"),
    ],
)  # fmt: skip
def test_an_error_in_a_stream_keeps_what_had_arrived(
    board: Board, row: dict[str, Any], kind: type[ProviderError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        read(board, framed(BEGUN, SAID, row))
    assert type(caught.value) is kind
    assert caught.value.response.text == "abc"
    assert caught.value.response.id == "resp_1"


def test_a_whole_answer_that_failed_is_an_error(board: Board) -> None:
    body = {"id": "resp_1", "object": "response", "status": "failed", "output": []}
    with pytest.raises(ServerError, match="oops"):
        read_body(board, {**body, "error": {"code": "server_error", "message": "oops"}})
    with pytest.raises(ProviderError, match="and not why"):
        read_body(board, {**body, "error": None})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AuthenticationError("x"), AuthenticationError),
        (PermissionDenied("x"), PermissionDenied),
        (RateLimitError("x"), RateLimitError),
        (OverloadedError("x"), OverloadedError),
        (NotReadyError("x"), NotReadyError),
        (ServerError("x"), ServerError),
        (RequestTimeout("x"), RequestTimeout),
        (ModelNotFoundError("x"), ModelNotFoundError),
        (InvalidRequestError("x"), InvalidRequestError),
        (InvalidRequestError("x", code="odd"), InvalidRequestError),
    ],
)
@pytest.mark.parametrize("before", [[], [Started("resp_1", "m", 1), PartStarted(0, 0, Text(text="ab"))]])
def test_an_error_keeps_its_class_whenever_it_comes(
    board: Board, error: JackfieldError, kind: type[JackfieldError], before: list[Any]
) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    data = b"".join(encoder.encode(delta) for delta in before) + encoder.fail(error)
    rows = events(data)
    assert [rows[0]["type"], rows[-1]["type"]] == ["response.created", "response.failed"]
    assert rows[-1]["response"]["status"] == "failed"
    said = [piece["text"] for item in rows[-1]["response"]["output"] for piece in item["content"]]
    assert said == (["ab"] if before else [])
    with pytest.raises(kind) as caught:
        read(board, data)
    assert type(caught.value) is kind
    assert caught.value.response.text == ("ab" if before else "")


def test_a_stream_is_kept_alive_by_comments(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    assert encoder.keep_alive() == b": keep-alive\n\n"
    data = encoder.keep_alive() + encoder.encode(PartStarted(0, 0, Text(text="a"))) + encoder.keep_alive()
    assert read(board, data + encoder.encode(PartEnded(0, 0)) + encoder.close()).text == "a"


@pytest.mark.parametrize("mode", ["continue", "rerun"])
def test_another_provider_may_begin_again_while_nothing_was_sent(board: Board, mode: str) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    first = encoder.encode(Started("resp_1", "m", 1)) + encoder.encode(Restarted("b", "busy", mode))
    again = encoder.encode(Started("resp_2", "n", 2)) + encoder.encode(PartStarted(0, 0, Text(text="x")))
    found = read(board, first + again + encoder.encode(PartEnded(0, 0)) + encoder.close())
    assert (found.text, len([row for row in events(first + again) if row["type"] == "response.created"])) == ("x", 1)


def test_what_was_sent_cannot_be_taken_back(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    encoder.encode(PartStarted(0, 0, Text(text="a")))
    assert encoder.encode(Restarted("b", "busy", "continue")) == b""
    with pytest.raises(JackfieldError, match="cannot take back"):
        encoder.encode(Restarted("b", "busy", "rerun"))


@pytest.mark.parametrize("place", [1, 3, 5])
def test_a_stream_without_its_end_is_an_error_that_keeps_what_came(board: Board, place: int) -> None:
    deltas = [Started("resp_1", "m", 1), PartStarted(0, 0, Text(text="")), TextDelta(0, 0, "abc"), PartEnded(0, 0)]
    rows = written(board, [*deltas, Finished(0, "stop")]).split(b"\n\n")
    with pytest.raises(StreamInterrupted) as caught:
        read(board, b"\n\n".join(rows[:place]) + b"\n\n")
    assert caught.value.response.text == ("abc" if place > 4 else "")


def test_an_empty_stream_is_no_answer(board: Board) -> None:
    with pytest.raises(ProviderError, match="the stream is empty"):
        read(board, b"")


@pytest.mark.parametrize(
    ("members", "reason", "raw"),
    [
        ({"status": "completed"}, "stop", "completed"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length",
         "max_output_tokens"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter",
         "content_filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "unknown", "steered"),
        ({"status": "cancelled"}, "cancelled", "cancelled"),
        ({"status": "queued"}, "unknown", "queued"),
    ],
)  # fmt: skip
def test_why_an_answer_ended(board: Board, members: dict[str, Any], reason: str, raw: str) -> None:
    body = {"id": "resp_1", "object": "response", "output": [], **members}
    for found in (
        read_body(board, body),
        read(board, framed(BEGUN, {"type": "response.incomplete", "response": body})),
    ):
        assert (found.finish_reason, found.choices[0].raw_finish_reason) == (reason, raw)


def _answer(*parts: Any, reason: Any = "stop", **members: Any) -> ChatResponse:
    choice = Choice(message=Message(role="assistant", parts=parts), finish_reason=reason, **members)
    return ChatResponse(id="resp_1", model="m", created=1, choices=(choice,))


def test_an_answer_that_broke_off_is_one_that_failed(board: Board) -> None:
    body = rendered(board, _answer(Text(text="a"), reason="error"))
    assert (body["status"], body["error"]["code"]) == ("failed", "server_error")
    with pytest.raises(ServerError, match="broke the answer off"):
        read_body(board, body)


def test_several_answers_have_no_form(board: Board) -> None:
    two = ChatResponse(choices=(Choice(message=Message(role="assistant", parts="a")),) * 2)
    for ask in (
        lambda: board.render_response(ASKED, two),
        lambda: board.stream_encoder(STREAMED.model_copy(update={"n": 2}), AT),
    ):
        with pytest.raises(UnsupportedFeature, match="one answer, not 2"):
            ask()


def test_an_id_is_given_once(board: Board) -> None:
    call = ToolCall(id="c", name="f", arguments="{}")
    one, two = Text(text="a", group="msg_1"), Text(text="b", group="msg_1")
    items = rendered(board, _answer(one, call, two))["output"]
    assert len({item["id"] for item in items}) == len(items) == 3


def test_what_a_provider_ran_elsewhere_is_told_in_the_forms_of_this_format(board: Board) -> None:
    def ran(kind: Any, arguments: str, *parts: Any) -> list[Any]:
        call = ToolCall(id=kind, name=kind, arguments=arguments, kind=kind, executed_by="provider")
        return [call, ToolResult(call_id=kind, name=kind, parts=parts)]

    parts = [
        *ran("web_search", '{"query":"q","max_uses":3}', Text(text="secret")),
        *ran("code", '{"code":"1"}', Text(text="1")),
        *ran("mcp", '{"a":1}', Text(text="out")),
        *ran("web_fetch", '{"url":"u"}', Text(text="page")),
    ]
    output = rendered(board, _answer(*parts, Text(text="so")))["output"]
    found = [{name: value for name, value in item.items() if name not in ("id", "status")} for item in output[:-1]]
    assert found == [
        {"type": "web_search_call", "action": {"type": "search", "query": "q"}},
        {"type": "code_interpreter_call", "code": "1", "container_id": "",
         "outputs": [{"type": "logs", "logs": "1"}]},
        {"type": "mcp_call", "name": "mcp", "server_label": "", "arguments": '{"a":1}', "output": "out"},
    ]  # fmt: skip


def test_an_answer_says_its_request_again(board: Board) -> None:
    body = {
        "model": "m", "input": "hi", "instructions": "be brief", "max_output_tokens": 9, "truncation": "auto",
        "conversation": "conv_1", "background": True, "max_tool_calls": 3, "reasoning": {"effort": "low"},
        "text": {"verbosity": "low"}, "metadata": {"a": "b"}, "previous_response_id": "resp_0",
        "parallel_tool_calls": False, "include": ["reasoning.encrypted_content"], "temperature": 0.5,
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": True}, {"type": "web_search"}],
        "tool_choice": {"type": "web_search_preview"}, "prompt_cache_options": {"ttl": "30m"}, "stream": False,
    }  # fmt: skip
    request = parsed(board, body)
    answer = rendered(board, _answer(Text(text="x")), request)
    same = body.keys() - {"input", "stream", "include", "prompt_cache_options", "conversation", "text"}
    assert {name: answer[name] for name in same} == {name: body[name] for name in same}
    assert answer["conversation"] == {"id": "conv_1"}
    assert answer["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert read_strictly(Response, json.dumps(answer).encode()) == set()


def test_the_sandbox_marks_its_answers(board: Board) -> None:
    request = ASKED.model_copy(update={"serving": {"sandboxed": True}, "metadata": {"a": "b"}})
    assert rendered(board, _answer(Text(text="x")), request)["metadata"] == {"a": "b", "jackfield": "sandbox"}


def test_thinking_goes_back_before_its_call_to_its_origin_and_nowhere_else(board: Board) -> None:
    def state(**data: Any) -> ProviderState:
        return ProviderState(data, DIALECT, "here")

    thought = Thinking(kind="redacted", group="rs_1", provider_state=state(id="rs_1", encrypted_content="e"))
    call = ToolCall(id="c", name="f", arguments="{}", group="fc_1", provider_state=state(id="fc_1", status="completed"))
    turns = (Message(role="assistant", parts=(thought, call)),
             Message(role="tool", parts=(ToolResult(call_id="c", parts="x"),)))  # fmt: skip
    request = ChatRequest(model="m", messages=turns)
    body = opened(board, request, "here").http_request.json()
    assert body["input"] == [
        {"type": "reasoning", "summary": [], "id": "rs_1", "encrypted_content": "e"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "id": "fc_1", "status": "completed"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
    ]
    there = opened(board, request, "there")
    assert [item["type"] for item in there.http_request.json()["input"]] == ["function_call", "function_call_output"]
    assert [found.parameter for found in there.adjustments] == ["thinking"]


@pytest.mark.parametrize(
    ("item", "result", "member"),
    [
        ("shell_call", ToolResult(call_id="c", parts="x"),
         {"output": [{"stdout": "x", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]}),
        ("shell_call", ToolResult(call_id="c", parts="x", is_error=True),
         {"output": [{"stdout": "", "stderr": "x", "outcome": {"type": "exit", "exit_code": 1}}]}),
        ("local_shell_call", ToolResult(call_id="c", parts="x"), {"output": "x"}),
        ("apply_patch_call", ToolResult(call_id="c", parts="x"), {"output": "x", "status": "completed"}),
        ("computer_call", ToolResult(call_id="c", parts=(Media(kind="image", source="https://a.example"),)),
         {"output": {"type": "computer_screenshot", "image_url": "https://a.example"}}),
        ("custom_tool_call", ToolResult(call_id="c", parts="x"), {"output": "x"}),
    ],
)  # fmt: skip
def test_a_result_has_the_form_of_its_call(board: Board, item: str, result: ToolResult, member: dict[str, Any]) -> None:
    called = {"type": item, "call_id": "c", "name": "f", "input": "", "action": {"type": "wait"}, "operation": {}}
    turns = (*parsed(board, {"input": [called]}).messages, Message(role="tool", parts=(result,)))
    found = sent(board, ChatRequest(model="m", messages=turns))["input"][-1]
    assert found == {"type": f"{item}_output", "call_id": "c", **member}


def _asked(role: Any, *parts: Any, **values: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message(role=role, parts=parts),), **values)


_COMPUTER = ProviderState({"item": "computer_call"}, DIALECT)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (_asked("user", Media(kind="audio", source="https://a.example/x.wav")), "takes no audio by URL"),
        (_asked("user", Media(kind="video", source=Bytes(data=b"x"))), "takes no video by bytes"),
        (_asked("user", Thinking(text="x")), "a thinking cannot stand in this role; take it out"),
        (_asked("user", ToolCall(id="c", name="f")), "a tool_call cannot stand in this role"),
        (_asked("assistant", Media(kind="image", source=b"x")), "takes no image here; give it in a user's message"),
        (
            _asked("assistant", ToolCall(id="c", name="computer", arguments="{", provider_state=_COMPUTER)),
            r"messages\[0\].parts\[0\]: the arguments of computer are no JSON",
        ),
        (_asked("user", Native(dialect="another", body={})), "only another knows"),
        (_asked("user", Text(text="x"), tools=(HostedTool(kind="file_search"),)), "file_search tool needs options"),
        (_asked("user", Text(text="x"), tools=(NativeTool(dialect="another", body={}),)), "no form for a tool of"),
    ],
)
def test_what_the_format_cannot_say_is_refused_with_its_place(board: Board, request_: ChatRequest, words: str) -> None:
    with pytest.raises(UnsupportedFeature, match=words) as caught:
        opened(board, request_)
    assert caught.value.param in ("messages", "tools")


def test_a_computer_returns_what_it_shows_and_nothing_else(board: Board) -> None:
    called = parsed(board, {"input": [{"type": "computer_call", "call_id": "c", "action": {"type": "wait"}}]})
    result = Message(role="tool", parts=(ToolResult(call_id="c", parts="x"),))
    with pytest.raises(UnsupportedFeature, match="one image and nothing else"):
        sent(board, ChatRequest(model="m", messages=(*called.messages, result)))


@pytest.mark.parametrize(
    ("parameter", "value", "action"),
    [
        ("top_k", 3, "dropped"),
        ("seed", 3, "dropped"),
        ("frequency_penalty", 1.0, "dropped"),
        ("presence_penalty", 1.0, "dropped"),
        ("repetition_penalty", 1.0, "dropped"),
        ("logit_bias", {"1": 1.0}, "dropped"),
        ("audio_out", AudioOutput(voice="v"), "dropped"),
        ("prediction", "x", "dropped"),
        ("reasoning", Reasoning(budget=2000), ""),
    ],
)
def test_what_the_format_has_no_word_for_is_told(limited: Board, parameter: str, value: Any, action: str) -> None:
    exchange = opened(limited, ChatRequest(model="m", messages="hi", **{parameter: value}))
    (found,) = exchange.adjustments
    assert found.parameter == parameter
    assert action in found.action
    assert "budget" not in json.dumps(exchange.http_request.json())


@pytest.mark.parametrize(("parameter", "value"), [("n", 2), ("stop", ("x",)), ("modalities", ("text", "audio"))])
def test_what_changes_the_meaning_is_refused(limited: Board, parameter: str, value: Any) -> None:
    with pytest.raises(UnsupportedFeature, match="leave it out") as caught:
        opened(limited, ChatRequest(model="m", messages="hi", **{parameter: value}))
    assert caught.value.param == parameter


def test_members_that_the_format_has_no_word_for_are_told(limited: Board) -> None:
    result = ToolResult(call_id="c", parts="x", is_error=True)
    exchange = opened(
        limited,
        ChatRequest(
            model="m",
            messages=(Message(role="user", parts="hi", name="n"), Message(role="tool", parts=(result,))),
            tools=(Tool(name="f", cache=Cache()),),
            web_search=WebSearch(options={"max_uses": 3}),
        ),
    )
    found = {adjustment.parameter for adjustment in exchange.adjustments}
    assert found == {"message.name", "tool_result.is_error", "tool.cache", "web_search.options"}


def test_breakpoints_stand_on_the_pieces_and_keys_on_the_whole(board: Board) -> None:
    mark = {"mode": "explicit", "ttl": "30m"}
    body = sent(board, _asked("user", Text(text="x", cache=Cache(ttl="30m")), cache=CacheOptions(key="k", ttl="12h")))
    (piece,) = body["input"][0]["content"]
    assert piece == {"type": "input_text", "text": "x", "prompt_cache_breakpoint": mark}
    assert (body["prompt_cache_key"], body["prompt_cache_options"]) == ("k", {"ttl": "12h"})


def test_a_search_is_asked_for_once(board: Board) -> None:
    hosted = HostedTool(kind="web_search", options={"type": "web_search", "filters": {}}, dialect=DIALECT)
    search = WebSearch(context_size="low")
    body = sent(board, ChatRequest(model="m", messages="hi", tools=(hosted,), web_search=search))
    assert body["tools"] == [{"type": "web_search", "filters": {}, "search_context_size": "low"}]
    alone = sent(board, ChatRequest(model="m", messages="hi", web_search=search))
    assert alone["tools"] == [{"type": "web_search", "search_context_size": "low"}]


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("f", {"type": "function", "name": "f"}),
        ("g", {"type": "custom", "name": "g"}),
        ("web_search", {"type": "web_search"}),
        ("s", {"type": "mcp", "server_label": "s"}),
    ],
)
def test_a_tool_is_chosen_by_its_name(board: Board, name: str, choice: dict[str, Any]) -> None:
    mcp = {"type": "mcp", "server_label": "s", "server_url": "https://s.example"}
    tools = (
        Tool(name="f"),
        Tool(name="g", kind="custom"),
        HostedTool(kind="web_search"),
        HostedTool(kind="mcp", name="s", options=mcp, dialect=DIALECT),
    )
    chosen = ToolChoice(mode="required", name=name)
    assert sent(board, ChatRequest(model="m", messages="hi", tools=tools, tool_choice=chosen))["tool_choice"] == choice


def test_a_refusal_of_another_format_is_sent_as_one(board: Board) -> None:
    (item,) = sent(board, _asked("assistant", Refusal(text="no")))["input"]
    assert item == {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}
