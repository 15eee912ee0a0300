"""Small hand-written answers, and what the oracle must say of the choices in them."""

import json
from typing import Any

__all__ = ["CHOICES", "USED", "choice", "counts", "delta", "plain", "stream"]


def plain(body: Any, status: int = 200, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an interaction whose answer is not a stream."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "request": {},
        "response": {
            "status": status,
            "headers": {"Content-Type": "application/json"} if headers is None else headers,
            "body": text,
        },
    }


def stream(*chunks: Any, end: str = "\n", done: bool = True) -> dict[str, Any]:
    """Return an interaction whose answer is a stream; a string is a frame of its own."""
    frames = [chunk if isinstance(chunk, str) else f"data: {json.dumps(chunk, ensure_ascii=False)}" for chunk in chunks]
    if done:
        frames.append("data: [DONE]")
    body = "".join(frame.replace("\n", end) + end + end for frame in frames)
    return plain(body, headers={"content-type": "text/event-stream; charset=utf-8"})


def delta(finish: str | None = None, index: int | None = 0, **members: Any) -> dict[str, Any]:
    """Return a chunk with one choice."""
    choice = {"delta": members, "finish_reason": finish}
    return {"id": "c1", "model": "m", "choices": [choice if index is None else {"index": index, **choice}]}


def piece(index: int | None = None, call_id: str | None = None, name: str | None = None, args: Any = None) -> Any:
    """Return an entry of ``tool_calls`` with only the members that are given."""
    call: dict[str, Any] = {"function": {}}
    if index is not None:
        call["index"] = index
    if call_id is not None:
        call.update(id=call_id, type="function")
    if name is not None:
        call["function"]["name"] = name
    if args is not None:
        call["function"]["arguments"] = args
    return call


def ran(kind: str, arguments: str, **members: Any) -> dict[str, Any]:
    """Return an entry of ``executed_tools``."""
    return {"index": 0, "type": kind, "arguments": arguments, **members}


def message(finish: str | None = "stop", **members: Any) -> dict[str, Any]:
    """Return an answer with one message."""
    return plain({"id": "c1", "model": "m", "choices": [{"index": 0, "message": members, "finish_reason": finish}]})


def choice(**members: Any) -> dict[str, Any]:
    """Return what the oracle says of a choice that holds only the members given."""
    return {
        "index": 0,
        "text": None,
        "thinking": None,
        "refusal": None,
        "tool_calls": [],
        "provider_calls": [],
        "provider_results": [],
        "audio": None,
        "citations": [],
        "finish_reason": "stop",
        "raw_finish_reason": "stop",
        "logprobs": None,
        **members,
    }


def called(call_id: str | None, name: str, arguments: Any, kind: str = "function") -> dict[str, Any]:
    """Return what the oracle says of a tool call."""
    return {"id": call_id, "name": name, "arguments": arguments, "kind": kind}


def calling(*calls: dict[str, Any], raw: str | None = "tool_calls") -> dict[str, Any]:
    """Return what the oracle says of a choice that holds only calls."""
    return choice(tool_calls=list(calls), finish_reason="tool_calls", raw_finish_reason=raw)


def counts(**members: int) -> dict[str, Any]:
    """Return what the oracle says of usage with only the counts given."""
    names = ("input", "output", "cached", "cache_write", "reasoning", "input_audio", "output_audio", "input_image")
    zero: dict[str, Any] = {f"{name}_tokens": None for name in names}
    return {**zero, "accepted_prediction_tokens": None, "rejected_prediction_tokens": None, **members}


AB = called("a", "f", {"x": 1}), called("b", "g", {"y": 2})
USED = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}

CHOICES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "text": (message(content="hello"), [choice(text="hello")]),
    "text_parts": (
        message(content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
        [choice(text="ab")],
    ),
    "thinking_parts": (
        message(
            content=[
                {"type": "thinking", "thinking": [{"type": "text", "text": "why"}]},
                {"type": "text", "text": "so"},
            ]
        ),
        [choice(text="so", thinking="why")],
    ),
    "empty_text_is_absent": (message(content=""), [choice()]),
    "blank_text_is_kept": (message(content="\n"), [choice(text="\n")]),
    "think_block_stays_text": (message(content="<think>a</think>b"), [choice(text="<think>a</think>b")]),
    "thinking_sent_under_three_names": (
        message(
            content="b",
            reasoning="a",
            reasoning_content="a",
            reasoning_details=[{"type": "reasoning.text", "text": "a"}],
        ),
        [choice(text="b", thinking="a")],
    ),
    "thinking_only_in_details": (
        message(
            content="b",
            reasoning=None,
            reasoning_details=[
                {"type": "reasoning.text", "text": "a", "signature": "s"},
                {"type": "reasoning.encrypted", "data": "zz"},
                {"type": "reasoning.summary", "summary": "c"},
            ],
        ),
        [choice(text="b", thinking="ac")],
    ),
    "refusal": (
        message(content=None, refusal="no"),
        [choice(refusal="no", finish_reason="refusal")],
    ),
    "empty_members_say_nothing": (
        message(
            "",
            content="x",
            refusal="",
            annotations=None,
            tool_calls=None,
            function_call={"name": "", "arguments": ""},
            audio={"id": "", "data": "", "transcript": "", "expires_at": 0},
        ),
        [choice(text="x", finish_reason="unknown", raw_finish_reason="")],
    ),
    "parallel_calls": (
        message(
            "tool_calls",
            content=None,
            tool_calls=[piece(None, "a", "f", '{"x":1}'), piece(None, "b", "g", '{"y":2}')],
        ),
        [calling(*AB)],
    ),
    "call_with_reason_stop": (
        message("stop", tool_calls=[piece(None, "a", "f", "")]),
        [calling(called("a", "f", {}), raw="stop")],
    ),
    "call_with_empty_reason": (
        message("", tool_calls=[piece(None, "", "f", "{}")]),
        [calling(called(None, "f", {}), raw="")],
    ),
    "call_cut_by_length_keeps_raw_arguments": (
        message("length", tool_calls=[piece(None, "a", "f", '{"x":')]),
        [choice(tool_calls=[called("a", "f", '{"x":')], finish_reason="length", raw_finish_reason="length")],
    ),
    "arguments_sent_as_object": (
        message("tool_calls", tool_calls=[piece(None, "a", "f", {"x": 1})]),
        [calling(called("a", "f", {"x": 1}))],
    ),
    "custom_call": (
        message("tool_calls", tool_calls=[{"id": "a", "type": "custom", "custom": {"name": "f", "input": "{}"}}]),
        [calling(called("a", "f", "{}", "custom"))],
    ),
    "function_call_with_empty_custom": (
        message("tool_calls", tool_calls=[{**piece(None, "a", "f", "{}"), "custom": {"name": "", "input": ""}}]),
        [calling(called("a", "f", {}))],
    ),
    "legacy_function_call": (
        message("function_call", content=None, function_call={"name": "f", "arguments": '{"x":1}'}),
        [calling(called(None, "f", {"x": 1}), raw="function_call")],
    ),
    "citations": (message(content="x", annotations=[{"type": "u"}]), [choice(text="x", citations=[{"type": "u"}])]),
    "message_wins_over_delta_outside_streams": (
        plain(
            {"choices": [{"index": 0, "message": {"content": "x"}, "delta": {"content": ""}, "finish_reason": "eos"}]}
        ),
        [choice(text="x", raw_finish_reason="eos")],
    ),
    "choices_in_order_of_index": (
        plain({"choices": [{"index": i, "message": {"content": str(i)}, "finish_reason": "stop"} for i in (1, 0)]}),
        [choice(text="0"), choice(index=1, text="1")],
    ),
    "null_choices": (plain({"id": "c1", "choices": None}), []),
    "unknown_reason": (
        message("bored", content="x"),
        [choice(text="x", finish_reason="unknown", raw_finish_reason="bored")],
    ),
    "streamed_text": (
        stream(delta(role="assistant", content=""), delta(content="a\u2028"), delta(content="b"), delta("stop")),
        [choice(text="a\u2028b")],
    ),
    "streamed_without_index": (stream(delta(index=None, content="a"), delta("stop", index=None)), [choice(text="a")]),
    "streamed_without_reason": (
        stream(delta(content="a")),
        [choice(text="a", finish_reason="unknown", raw_finish_reason=None)],
    ),
    "last_reason_wins": (
        stream(delta("stop", content="a"), delta("length"), delta()),
        [choice(text="a", finish_reason="length", raw_finish_reason="length")],
    ),
    "comments": (
        stream(": WAIT", delta(content="a"), ": WAIT\n: WAIT", delta("stop")),
        [choice(text="a")],
    ),
    "crlf_without_done": (
        stream(delta(content="a"), "id: 7\nretry: 5", delta("stop"), end="\r\n", done=False),
        [choice(text="a")],
    ),
    "cr_only": (stream(delta(content="a"), delta("stop"), end="\r"), [choice(text="a")]),
    "no_blank_line_at_the_end": (
        plain(f"data: {json.dumps(delta('stop', content='a'))}", headers={"content-type": "text/event-stream"}),
        [choice(text="a")],
    ),
    "no_space_after_colon": (stream(f"data:{json.dumps(delta('stop', content='a'))}"), [choice(text="a")]),
    "data_over_two_lines": (
        stream('data: {"choices":\ndata: [{"delta":{"content":"a"},"finish_reason":"stop"}]}'),
        [choice(text="a")],
    ),
    "nothing_counts_after_done": (
        stream(delta("stop", content="a"), "data: [DONE]", delta(content="b")),
        [choice(text="a")],
    ),
    "cumulative_message_beside_delta": (
        stream(
            {"choices": [{"index": 0, "delta": {"content": "a"}, "message": {"content": "a"}}]},
            {"choices": [{"delta": {"content": "b"}, "message": {"content": "ab"}, "finish_reason": "stop"}]},
        ),
        [choice(text="ab")],
    ),
    "streamed_thinking_under_two_names": (
        stream(
            delta(reasoning="a", reasoning_details=[{"type": "reasoning.text", "text": "a"}]),
            delta(reasoning="b", reasoning_details=[{"type": "reasoning.text", "text": "b"}]),
            delta("stop", content="c"),
        ),
        [choice(text="c", thinking="ab")],
    ),
    "streamed_refusal": (
        stream(delta(refusal="n"), delta(refusal="o"), delta("stop")),
        [choice(refusal="no", finish_reason="refusal")],
    ),
    "streamed_two_choices": (
        stream(delta(content="a"), delta(index=1, content="x"), delta("stop", content="b"), delta("length", index=1)),
        [
            choice(text="ab"),
            choice(index=1, text="x", finish_reason="length", raw_finish_reason="length"),
        ],
    ),
    "call_in_pieces": (
        stream(
            delta(tool_calls=[piece(0, "a", "f", "")]),
            delta(tool_calls=[piece(0, args='{"x"')]),
            delta(tool_calls=[piece(0, "", None, ":1}")]),
            delta("tool_calls"),
        ),
        [calling(AB[0])],
    ),
    "call_repeating_id_and_name": (
        stream(
            delta(tool_calls=[piece(0, "a", "f", '{"x"')]),
            delta(tool_calls=[piece(0, "a", "f", ":1}")]),
            delta(tool_calls=[piece(0, "a", "f", "")]),
            delta("tool_calls"),
        ),
        [calling(AB[0])],
    ),
    "parallel_calls_interleaved": (
        stream(
            delta(tool_calls=[piece(0, "a", "f", '{"x"'), piece(1, "b", "g", '{"y"')]),
            delta(tool_calls=[piece(1, args=":2}"), piece(0, args=":1}")]),
            delta("tool_calls"),
        ),
        [calling(*AB)],
    ),
    "parallel_calls_without_index": (
        stream(
            delta(tool_calls=[piece(None, "a", "f", '{"x"')]),
            delta(tool_calls=[piece(args=":1}")]),
            delta(tool_calls=[piece(None, "b", "g", '{"y"')]),
            delta(tool_calls=[piece(None, "b", None, ":2}")]),
            delta("tool_calls"),
        ),
        [calling(*AB)],
    ),
    "parallel_calls_all_on_index_zero": (
        stream(
            delta(tool_calls=[piece(0, "a", "f", '{"x":1}')]),
            delta(tool_calls=[piece(0, "b", "g", '{"y":')]),
            delta(tool_calls=[piece(0, args="2}")]),
            delta("stop"),
        ),
        [calling(*AB, raw="stop")],
    ),
    "parallel_calls_on_index_zero_without_ids": (
        stream(
            delta(tool_calls=[piece(0, None, "f", '{"x":1}')]),
            delta(tool_calls=[piece(0, None, "g", '{"y":2}')]),
            delta("tool_calls"),
        ),
        [calling(called(None, "f", {"x": 1}), called(None, "g", {"y": 2}))],
    ),
    "streamed_custom_call": (
        stream(
            delta(tool_calls=[{"index": 0, "id": "a", "type": "custom", "custom": {"name": "f", "input": ""}}]),
            delta(tool_calls=[{"index": 0, "custom": {"input": "x ="}}]),
            delta(tool_calls=[{"index": 0, "custom": {"input": " 1"}}]),
            delta("tool_calls"),
        ),
        [calling(called("a", "f", "x = 1", "custom"))],
    ),
    "streamed_legacy_function_call": (
        stream(
            delta(function_call={"name": "f", "arguments": ""}),
            delta(function_call={"arguments": '{"x":1}'}),
            delta("function_call"),
        ),
        [calling(called(None, "f", {"x": 1}), raw="function_call")],
    ),
    "streamed_citations": (
        stream(delta(content="x"), delta(annotations=[{"n": 1}]), delta("stop", annotations=[{"n": 2}])),
        [choice(text="x", citations=[{"n": 1}, {"n": 2}])],
    ),
    "calls_that_the_host_ran": (
        message(content="x", executed_tools=[ran("visit", "{}", output="o"), ran("python", "{", search_results={})]),
        [
            choice(
                text="x",
                provider_calls=[called(None, "visit", {}, "web_fetch"), called(None, "python", "{", "code")],
                provider_results=[{"call_id": None, "content": {"output": "o"}, "is_error": False}],
            )
        ],
    ),
    "streamed_calls_that_the_host_ran": (
        stream(
            delta(executed_tools=[ran("python", "{}")]),
            delta(executed_tools=[ran("python", "{}")]),
            delta(executed_tools=[ran("python", "{}", output="")]),
            delta("stop", executed_tools=[ran("browser", "{}", name="browser.click", output="o")]),
        ),
        [
            choice(
                provider_calls=[
                    called(None, "python", {}, "code"),
                    called(None, "python", {}, "code"),
                    called(None, "browser.click", {}, "native"),
                ],
                provider_results=[
                    {"call_id": None, "content": {"output": ""}, "is_error": False},
                    {"call_id": None, "content": {"output": "o"}, "is_error": False},
                ],
            )
        ],
    ),
}
